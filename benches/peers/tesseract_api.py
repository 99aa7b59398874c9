"""A Tesseract of one function, named by PEER_FUNCTION, made with the helpers for JAX of its toolkit."""
import os
from typing import Any

import equinox as eqx
from functions import FUNCTIONS, OUTPUTS, POINT
from pydantic import BaseModel
from tesseract_core.runtime import Array, Differentiable, Float64
from tesseract_core.runtime.jax_recipes import jax_abstract_eval, jax_apply, jax_jacobian, jax_jvp, jax_vjp

NAME = os.environ.get("PEER_FUNCTION", "polar")


class InputSchema(BaseModel):
    x: Differentiable[Array[POINT[NAME].shape, Float64]]


class OutputSchema(BaseModel):
    y: Differentiable[Array[(OUTPUTS[NAME],), Float64]]


@eqx.filter_jit
def apply_jit(inputs: dict) -> dict:
    return {"y": FUNCTIONS[NAME](inputs["x"])}


def apply(inputs: InputSchema) -> OutputSchema:
    return OutputSchema(**jax_apply(apply_jit, inputs))


def jacobian(inputs: InputSchema, jac_inputs: set[str], jac_outputs: set[str]):
    return jax_jacobian(apply_jit, inputs, jac_inputs, jac_outputs)


def jacobian_vector_product(inputs: InputSchema, jvp_inputs: set[str], jvp_outputs: set[str],
                            tangent_vector: dict[str, Any]):
    return jax_jvp(apply_jit, inputs, jvp_inputs, jvp_outputs, tangent_vector)


def vector_jacobian_product(inputs: InputSchema, vjp_inputs: set[str], vjp_outputs: set[str],
                            cotangent_vector: dict[str, Any]):
    return jax_vjp(apply_jit, inputs, vjp_inputs, vjp_outputs, cotangent_vector)


def abstract_eval(abstract_inputs):
    return jax_abstract_eval(apply_jit, abstract_inputs)
