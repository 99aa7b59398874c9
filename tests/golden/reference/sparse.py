"""Reference values of the examples whose Jacobians are mostly zeros, computed with JAX in float64, without Jacobi.

The functions are written element by element where the examples are written with whole arrays.
"""

import json

import jax
import jax.numpy as jnp

from written import GOLDEN, golden

jax.config.update("jax_enable_x64", True)


def read(example):
    document = json.loads((GOLDEN.parent.parent / f"examples/{example}.json").read_text())
    (point,) = document["at"].values()
    return document.get("constants", {}), jnp.array(point)


def bratu(u, h, lam):
    """Five-point Laplacian with zeros outside, plus the source."""
    rows, columns = u.shape
    at = lambda i, j: u[i, j] if 0 <= i < rows and 0 <= j < columns else 0.0
    around = lambda i, j: at(i - 1, j) + at(i + 1, j) + at(i, j - 1) + at(i, j + 1)
    residual = lambda i, j: (around(i, j) - 4 * u[i, j]) / h**2 + lam * jnp.exp(u[i, j])
    return jnp.array([[residual(i, j) for j in range(columns)] for i in range(rows)])


def burgers(u, h, dt, nu, before):
    """An implicit Euler step of u_t + u u_x = nu u_xx with central differences and zeros outside."""
    at = lambda i: u[i] if 0 <= i < len(u) else 0.0

    def residual(i):
        slope = (at(i + 1) - at(i - 1)) / (2 * h)
        curvature = (at(i + 1) - 2 * u[i] + at(i - 1)) / h**2
        return u[i] - before[i] + dt * (u[i] * slope - nu * curvature)

    return jnp.array([residual(i) for i in range(len(u))])


def arrow(x):
    """Everything depends on x_0, and the first output on everything."""
    return jnp.array([jnp.sin(x).sum()] + [x[0] * x[i] + x[i] ** 3 for i in range(1, len(x))])


def known(example, output, input, function):
    constants, point = read(example)
    of = lambda x: function(x, **constants)
    value = of(point)
    forward, reverse = (by(of)(point).reshape(value.size, -1) for by in (jax.jacfwd, jax.jacrev))
    assert jnp.allclose(forward, reverse, rtol=1e-14, atol=1e-14)
    return {"inputs": [input], "outputs": {output: {"value": value.tolist(), "jacobian": forward.tolist()}}}


result = {
    "origin": f"JAX {jax.__version__} in float64, forward mode, equal to reverse mode, by tests/golden/reference/sparse.py. "
    "Bratu's problem on a grid: five-point Laplacian plus lam exp(u). Burgers' equation: a step of the implicit Euler "
    "method with central differences. An arrow: one dense row, one dense column, and a diagonal.",
    "examples": {
        "bratu": known("bratu", "residual", "u", bratu),
        "burgers": known("burgers", "residual", "u", burgers),
        "arrow": known("arrow", "f", "x", arrow),
    },
}

golden("sparse", result)
