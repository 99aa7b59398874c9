"""The functions that servers are compared by, for JAX; each is served under its name."""
import numpy as np

import common as c
import jax
import jax.numpy as jnp

jax.config.update("jax_enable_x64", True)
WEIGHTS, POINTS, _ = c.network()
MATRIX = c.weight(101, 200, 200)


def polar(x):
    return jnp.stack([x[0] * jnp.cos(x[1]), x[0] * jnp.sin(x[1])])


def network(x):
    h = jnp.tanh(WEIGHTS[0] @ x + WEIGHTS[1])
    h = jnp.tanh(WEIGHTS[2] @ h + WEIGHTS[3])
    return jax.nn.softmax(WEIGHTS[4] @ h + WEIGHTS[5])


def dense(x):
    return jnp.tanh(MATRIX @ x)


FUNCTIONS = {"polar": polar, "network": network, "dense": dense}
POINT = {"polar": np.array([1.25, 0.7]), "network": POINTS[0], "dense": c.signed(102, 200)}
OUTPUTS = {"polar": 2, "network": 10, "dense": 200}
