"""Writes ../matrices.json: values and derivatives of linear algebra by JAX, for tests/operations/matrices.rs.

    pip install jax numpy && python tests/golden/reference/matrices.py > tests/golden/matrices.json

Signs of vectors follow the conventions of the table of operations; a sign is constant, so derivatives turn with it.
"""

import json

import jax
import jax.numpy as jnp
import numpy as np

jax.config.update("jax_enable_x64", True)


def positive_diagonal(q, r):
    s = jnp.sign(jnp.diagonal(r))
    return q * s, s[:, None] * r


def largest_positive(u):
    k = jnp.argmax(jnp.abs(u), axis=0)
    return jnp.sign(u[k, jnp.arange(u.shape[1])])


def qr(x):
    return positive_diagonal(*jnp.linalg.qr(x))


def svd(x):
    u, s, vh = jnp.linalg.svd(x, full_matrices=False)
    sign = jax.lax.stop_gradient(largest_positive(u))
    return u * sign, s, sign[:, None] * vh


def eigh(x):
    w, v = jnp.linalg.eigh((x + x.T) / 2)
    return w, v * jax.lax.stop_gradient(largest_positive(v))


TALL = [[0.5, -1.25], [2.0, 0.75], [-0.375, 1.5], [1.0, 3.0]]
SQUARE = [[1.5, -0.25, 0.5], [0.75, -2.0, 1.0], [0.125, 0.625, 3.0]]
WEIGHT = jnp.array([[1.0, -2.0, 0.5], [0.25, 1.5, -1.0], [3.0, -0.75, 2.0]])
RIGHT = jnp.array([1.0, -2.0, 0.5, 4.0])

CASES = [
    ("expm(x)", SQUARE, jax.scipy.linalg.expm),
    ("sum(expm(x) * W)", SQUARE, lambda x: jnp.sum(jax.scipy.linalg.expm(x) * WEIGHT)),
    ("matrix_power(x, -3)", SQUARE, lambda x: jnp.linalg.matrix_power(x, -3)),
    ("kron(x, W)[:4, 2:7]", SQUARE, lambda x: jnp.kron(x, WEIGHT)[:4, 2:7]),
    ("lstsq(x, b)", TALL, lambda x: jnp.linalg.lstsq(x, RIGHT)[0]),
    ("sum((x @ lstsq(x, b) - b)^2)", TALL, lambda x: jnp.sum((x @ jnp.linalg.pinv(x) @ RIGHT - RIGHT) ** 2)),
    ("pinv(x)", TALL, jnp.linalg.pinv),
    ("pinv(x.T)", TALL, lambda x: jnp.linalg.pinv(x.T)),
    ("qr(x)[0]", TALL, lambda x: qr(x)[0]),
    ("qr(x)[1]", TALL, lambda x: qr(x)[1]),
    ("sum(qr(x)[0] * W)", SQUARE, lambda x: jnp.sum(qr(x)[0] * WEIGHT)),
    ("svd(x)[0]", TALL, lambda x: svd(x)[0]),
    ("svd(x)[1]", TALL, lambda x: svd(x)[1]),
    ("svd(x.T)[2]", TALL, lambda x: svd(x.T)[2]),
    ("sum(svdvals(x)^3)", SQUARE, lambda x: jnp.sum(svd(x)[1] ** 3)),
    ("eigh(x)[0]", SQUARE, lambda x: eigh(x)[0]),
    ("eigh(x)[1]", SQUARE, lambda x: eigh(x)[1]),
    ("eigvalsh(x)[-1]", SQUARE, lambda x: eigh(x)[0][-1]),
    ("sum(eigh(x)[1] * W)", SQUARE, lambda x: jnp.sum(eigh(x)[1] * WEIGHT)),
    ("triangular_solve(x, W, lower=True, trans=True)", SQUARE,
     lambda x: jax.scipy.linalg.solve_triangular(x, WEIGHT, lower=True, trans=1)),
]


def case(expression, x, f):
    x = jnp.array(x)
    value = f(x)
    known = {
        "expression": expression,
        "x": x.tolist(),
        "value": np.ravel(value).tolist(),
        "jacobian": np.ravel(jax.jacobian(f)(x)).tolist(),
    }
    if value.shape == ():
        known["hessian"] = np.ravel(jax.hessian(f)(x)).tolist()
    return known


origin = f"JAX {jax.__version__} in float64, jacobian and hessian, by tests/golden/reference/matrices.py."
constants = json.dumps({"W": WEIGHT.tolist(), "b": RIGHT.tolist()})
cases = ",\n    ".join(json.dumps(case(*c)) for c in CASES)
print(f'{{\n  "origin": "{origin}",\n  "constants": {constants},\n  "cases": [\n    {cases}\n  ]\n}}')
