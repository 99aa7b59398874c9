"""Reference values of the Lorenz example, computed with JAX in float64, without Jacobi."""

import json

import jax
import jax.numpy as jnp

from written import GOLDEN, golden

jax.config.update("jax_enable_x64", True)

DOCUMENT = json.loads((GOLDEN.parent.parent / "examples/lorenz.json").read_text())
CONSTANTS, START = DOCUMENT["constants"], DOCUMENT["at"]["start"]
INPUTS = {"start": START, "sigma": CONSTANTS["sigma"], "rho": CONSTANTS["rho"], "beta": CONSTANTS["beta"]}
STEPS = 20


def flow(start, sigma, rho, beta):
    """The state after so many steps of the classical Runge-Kutta method."""

    def rate(s):
        return jnp.array([sigma * (s[1] - s[0]), s[0] * (rho - s[2]) - s[1], s[0] * s[1] - beta * s[2]])

    state, h = start, CONSTANTS["h"]
    for _ in range(STEPS):
        k1 = rate(state)
        k2 = rate(state + h / 2 * k1)
        k3 = rate(state + h / 2 * k2)
        k4 = rate(state + h * k3)
        state = state + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return state


arguments = [jnp.array(value, dtype=float) for value in INPUTS.values()]
columns = [jnp.reshape(part, (3, -1)) for part in jax.jacfwd(flow, argnums=range(4))(*arguments)]
golden(
    "lorenz",
    {
        "origin": f"The Lorenz system by {STEPS} steps of the classical Runge-Kutta method, with sensitivities to the "
        f"start and the parameters: JAX {jax.__version__} in float64, forward mode, by tests/golden/reference/lorenz.py.",
        "inputs": list(INPUTS),
        "outputs": {"flow": {"value": flow(*arguments).tolist(), "jacobian": jnp.hstack(columns).tolist()}},
    },
)
