"""Writes lenet.json: a LeNet-5 on one 28 x 28 image, by JAX in float64.

Run as `python lenet.py > lenet.json`. Weights and image are formulas, so that documents can repeat
them. Of large arrays the sum, the Euclidean norm, a projection and some entries are kept.
"""

import json

import jax
import jax.numpy as jnp
import numpy as np

jax.config.update("jax_enable_x64", True)

SHAPES = {
    "K1": (6, 1, 5, 5), "b1": (6,), "K2": (16, 6, 5, 5), "b2": (16,),
    "W3": (120, 400), "b3": (120,), "W4": (84, 120), "b4": (84,), "W5": (10, 84), "b5": (10,),
}
SCALE = {"K1": 4, "b1": 10, "K2": 8, "b2": 10, "W3": 12, "b3": 10, "W4": 7, "b4": 10, "W5": 5, "b5": 10}


def counted(shape):
    return np.arange(np.prod(shape, dtype=int), dtype=float).reshape(shape)


weights = {name: np.sin(counted(shape)) / SCALE[name] for name, shape in SHAPES.items()}
image = np.round(np.sin(counted((1, 28, 28)) / 5) ** 2, 2)


def convolution(x, kernel, bias, padding):
    y = jax.lax.conv_general_dilated(x[None], kernel, (1, 1), [(padding, padding)] * 2)[0]
    return y + bias[:, None, None]


def largest(x):
    return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, (1, 2, 2), (1, 2, 2), "VALID")


def network(image, w):
    y = largest(jnp.tanh(convolution(image, w["K1"], w["b1"], 2)))
    y = largest(jnp.tanh(convolution(y, w["K2"], w["b2"], 0))).reshape(-1)
    y = jnp.tanh(w["W3"] @ y + w["b3"])
    y = jnp.tanh(w["W4"] @ y + w["b4"])
    return w["W5"] @ y + w["b5"]


def loss(w):
    scores = network(image, w)
    return jax.nn.logsumexp(scores) - scores[3]


def told(array):
    """What is kept of a large array: sum, norm, projection on cos(0), cos(1), ..., and every n-th entry."""
    flat = np.asarray(array).reshape(-1)
    step = max(1, flat.size // 12)
    return {
        "shape": list(np.shape(array)), "sum": flat.sum(), "norm": np.sqrt((flat**2).sum()),
        "projection": flat @ np.cos(np.arange(flat.size)), "step": step, "entries": flat[::step].tolist(),
    }


scores = network(image, weights)
forward = np.asarray(jax.jacfwd(network)(image, weights)).reshape(10, 784)
reverse = np.asarray(jax.jacrev(network)(image, weights)).reshape(10, 784)
assert np.abs(forward - reverse).max() < 1e-14
gradient = jax.grad(loss)(weights)
kept = {
    "origin": f"LeNet-5 (tanh, largest of 2 x 2) in float64 by JAX {jax.__version__}, written by lenet.py",
    "scores": np.asarray(scores).tolist(),
    "jacobian": [told(row) for row in reverse],
    "middle_row": reverse[:, 14 * 28 : 15 * 28].tolist(),
    "loss": float(loss(weights)),
    "gradient": {name: told(gradient[name]) for name in SHAPES},
}
print("{" + ",\n".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in kept.items()) + "}")
