"""Reference values of the examples with loops, computed with JAX in float64, without Jacobi.

The loops are written with `jax.lax.scan`; the sensitivities of the Lorenz system are also those of a loop in Python.
"""

import json

import jax
import jax.numpy as jnp
import numpy as np

from written import GOLDEN, golden

jax.config.update("jax_enable_x64", True)


def read(example):
    document = json.loads((GOLDEN.parent.parent / f"examples/{example}.json").read_text())
    return {name: jnp.array(value, dtype=float) for name, value in document["at"].items()}


def field(u, sigma, rho, beta):
    x, y, z = u
    return jnp.array([sigma * (y - x), x * (rho - z) - y, x * y - beta * z])


def rk4(u, dt, *parameters):
    k1 = field(u, *parameters)
    k2 = field(u + dt / 2 * k1, *parameters)
    k3 = field(u + dt / 2 * k2, *parameters)
    k4 = field(u + dt * k3, *parameters)
    return u + dt / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


def end(u0, sigma, rho, beta):
    step = lambda u, _: (rk4(u, 0.002, sigma, rho, beta), None)
    return jax.lax.scan(step, u0, None, length=1000)[0]


def loss(Wx, Wh, b):
    xs = jnp.sin(jnp.outer(jnp.arange(300.0), jnp.array([0.05, 0.11, 0.17])))

    def cell(state, x):
        h, c = state
        i, f, g, o = (Wx @ x + Wh @ h + b).reshape(4, 4)
        c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(g)
        h = jax.nn.sigmoid(o) * jnp.tanh(c)
        return (h, c), h

    outs = jax.lax.scan(cell, (jnp.zeros(4), jnp.zeros(4)), xs)[1]
    return jnp.mean((outs[:, 0] - xs[:, 1]) ** 2)


def known(function, example, output):
    at = read(example)
    arguments = list(at.values())
    value = function(*arguments)
    blocks = [jac(function, argnums=tuple(range(len(arguments))))(*arguments) for jac in (jax.jacfwd, jax.jacrev)]
    flat = [np.concatenate([np.reshape(b, (value.size, -1)) for b in both], axis=1) for both in blocks]
    assert np.abs(flat[0] - flat[1]).max() <= 1e-11 * np.abs(flat[0]).max()
    return {
        "inputs": list(at),
        "outputs": {output: {"value": np.asarray(value).tolist(), "jacobian": flat[0].tolist()}},
    }


golden(
    "loops",
    {
        "origin": f"JAX {jax.__version__} in float64, forward mode, equal to reverse mode, by "
        "tests/golden/reference/loops.py. The Lorenz system (E. N. Lorenz, J. Atmos. Sci. 20, 1963) by 1000 steps of "
        "the classical Runge-Kutta method. A cell with long short-term memory (Hochreiter and Schmidhuber, Neural "
        "Computation 9, 1997) along 300 items.",
        "examples": {"lorenz_rk4": known(end, "lorenz_rk4", "end"), "lstm": known(loss, "lstm", "loss")},
    },
)
