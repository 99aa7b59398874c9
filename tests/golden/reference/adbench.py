"""Reference values of the ADBench objectives, computed with JAX in float64, without Jacobi.

    python adbench.py DATA

DATA is the folder `data` of ADBench (github.com/microsoft/ADBench, MIT licence: examples/adbench/LICENSE), from which
the numbers in the documents of examples/adbench come too. It writes a file of values and Jacobians for each document to
tests/golden/adbench.
"""

import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import logsumexp, multigammaln

from written import golden

jax.config.update("jax_enable_x64", True)

ORIGIN = (
    "Objective and data ({data}): ADBench, github.com/microsoft/ADBench, Copyright (c) Microsoft Corporation, MIT "
    "licence (examples/adbench/LICENSE). Numbers: JAX {jax} in float64, {mode}, by tests/golden/reference/adbench.py."
)


class Numbers:
    """The numbers of a text file, taken from the front."""

    def __init__(self, path):
        self.rest = np.array(Path(path).read_text().split(), dtype=float)

    def take(self, *shape):
        count = int(np.prod(shape))
        head, self.rest = self.rest[:count], self.rest[count:]
        return head.reshape(shape)

    def whole(self, count):
        return [int(x) for x in self.take(count)]


def evaluate(function, inputs, mode):
    """Value and Jacobian of a function of named arrays, the inputs' columns side by side."""
    names = list(inputs)
    flat = lambda *arrays: jnp.ravel(function(**dict(zip(names, arrays))))
    parts = jax.jit(mode(flat, argnums=tuple(range(len(names)))))(*inputs.values())
    value = function(**inputs)
    jacobian = np.hstack([np.reshape(part, (value.size, -1)) for part in parts])
    return {"value": value.tolist(), "jacobian": jacobian.tolist()}


def hessian(function, inputs):
    """All second derivatives of a scalar function of named arrays, rows and columns in the order of the inputs."""
    shapes = [np.shape(array) for array in inputs.values()]
    ends = np.cumsum([array.size for array in inputs.values()])

    def flat(x):
        parts = jnp.split(x, ends[:-1])
        return function(*(part.reshape(shape) for part, shape in zip(parts, shapes)))

    return jax.jit(jax.hessian(flat))(np.concatenate([np.ravel(array) for array in inputs.values()])).tolist()


# Gaussian mixture model: log-likelihood with a Wishart prior on the inverse covariances.


def read_gmm(path):
    file = Numbers(path)
    d, k, n = file.whole(3)
    inputs = {"alpha": file.take(k), "mu": file.take(k, d), "icf": file.take(k, d * (d + 1) // 2)}
    x, gamma, m = file.take(n, d), float(file.take(1)[0]), int(file.take(1)[0])
    return inputs, (x, gamma, m)


def gmm(alpha, mu, icf, x, gamma, m):
    n, d = x.shape
    k = len(alpha)
    log_diagonal, below = icf[:, :d], icf[:, d:]
    column, row = np.triu_indices(d, 1)  # column by column below the diagonal
    q = jnp.zeros((k, d, d)).at[:, row, column].set(below)
    q = q.at[:, np.arange(d), np.arange(d)].set(jnp.exp(log_diagonal))
    z = jax.vmap(lambda point: jnp.matvec(q, point - mu))(x)
    log_det = log_diagonal.sum(axis=1)
    likelihood = logsumexp(alpha + log_det - 0.5 * (z**2).sum(axis=2), axis=1).sum() - n * logsumexp(alpha)
    nu = d + m + 1
    constant = nu * d * (np.log(gamma) - 0.5 * np.log(2)) - multigammaln(0.5 * nu, d)
    prior = 0.5 * gamma**2 * (q**2).sum() - m * log_det.sum() - k * constant
    return likelihood - 0.5 * n * d * np.log(2 * np.pi) + prior


# Bundle adjustment: weighted reprojection errors of points seen by cameras.


def read_ba(path):
    """The file holds one camera, point, weight and feature, which stand for all of them."""
    file = Numbers(path)
    n, m, p = file.whole(3)
    camera, point, weight, feature = file.take(11), file.take(3), file.take(1), file.take(2)
    inputs = {"cams": np.tile(camera, (n, 1)), "X": np.tile(point, (m, 1)), "w": np.tile(weight, p)}
    return inputs, (np.arange(p) % n, np.arange(p) % m, feature)


def rotate(r, v):
    """The matrix exponential of [r]x applied to v, to first order where r is zero."""
    theta2 = r @ r
    zero = theta2 == 0
    theta = jnp.sqrt(jnp.where(zero, 1.0, theta2))
    k = r / theta
    turned = jnp.cos(theta) * v + jnp.sin(theta) * jnp.cross(k, v) + (1 - jnp.cos(theta)) * (k @ v) * k
    return jnp.where(zero, v + jnp.cross(r, v), turned)


def reproject(camera, point, weight, feature):
    r, center, focal, principal, (k1, k2) = camera[:3], camera[3:6], camera[6], camera[7:9], camera[9:11]
    v = rotate(r, point - center)
    p = v[:2] / v[2]
    r2 = p @ p
    return weight * (focal * (1 + k1 * r2 + k2 * r2**2) * p + principal - feature)


def bundle(cams, X, w, camera, point, feature):
    return jax.vmap(reproject, (0, 0, 0, None))(cams[camera], X[point], w, feature)


# Hand tracking: distances between measured points and a skinned model of a hand.


def read_model(folder):
    bones = [line.split(":") for line in (folder / "bones.txt").read_text().split("\n") if line.count(":") > 30]
    vertices = [line.split(":") for line in (folder / "vertices.txt").read_text().split()]
    weights = np.zeros((len(vertices), len(bones)))
    for v, fields in enumerate(vertices):
        for i in range(int(fields[8])):
            weights[v, int(fields[9 + 2 * i])] = float(fields[10 + 2 * i])
    return {
        "parents": [int(fields[1]) for fields in bones],
        "relative": np.array([fields[2:18] for fields in bones], dtype=float).reshape(-1, 4, 4),
        "inverse_absolute": np.array([fields[18:34] for fields in bones], dtype=float).reshape(-1, 4, 4),
        "vertices": np.array([fields[:3] for fields in vertices], dtype=float),
        "weights": weights,
        "triangles": np.array([line.split(":") for line in (folder / "triangles.txt").read_text().split()], dtype=int),
    }


def read_hand(path):
    file = Numbers(path)
    points, parameters = file.whole(2)
    rows = file.take(points, 4)
    return {"theta": file.take(parameters)}, rows[:, 0].astype(int), rows[:, 1:]


def turn(axis, angle):
    """The 4 x 4 rotation about a coordinate axis."""
    i, j = (axis + 1) % 3, (axis + 2) % 3
    c, s = jnp.cos(angle), jnp.sin(angle)
    return jnp.eye(4).at[i, i].set(c).at[j, j].set(c).at[j, i].set(s).at[i, j].set(-s)


def angles(theta, bones):
    """Flexion about x and abduction about z of every bone; a finger bends at its second to fourth bone."""
    pose = [(0.0, 0.0)] * bones
    bends = iter(theta[6:])
    for finger in range(5):
        base = 4 * finger + 2
        pose[base] = (next(bends), next(bends))
        pose[base + 1] = (next(bends), 0.0)
        pose[base + 2] = (next(bends), 0.0)
    return pose


def pose(theta, model):
    """All vertices of the model, posed."""
    absolute = []
    for parent, relative, (flexion, abduction) in zip(
        model["parents"], model["relative"], angles(theta, len(model["parents"]))
    ):
        local = relative @ turn(2, abduction) @ turn(0, flexion)
        absolute.append(local if parent < 0 else absolute[parent] @ local)
    posed = jnp.stack(absolute) @ model["inverse_absolute"]
    homogeneous = np.column_stack([model["vertices"], np.ones(len(model["vertices"]))])
    skinned = jnp.einsum("vb,bij,vj->vi", model["weights"], posed, homogeneous)[:, :3]
    return jax.vmap(lambda v: rotate(theta[:3], v) + theta[3:6])(skinned)


def on_triangles(model, vertex):
    """Six measured points, each on the first triangle that has its vertex: ADBench gives no small data of this kind."""
    triangle = np.array([model["triangles"][(model["triangles"] == v).any(axis=1)][0] for v in vertex[:6]])
    return triangle, np.array([[0.1, 0.2], [0.3, 0.3], [0.5, 0.1], [0.2, 0.7], [0.6, 0.2], [0.4, 0.5]])


def barycentric(hand, triangle, u):
    a, b, c = hand[triangle[:, 0]], hand[triangle[:, 1]], hand[triangle[:, 2]]
    return u[:, :1] * a + u[:, 1:] * b + (1 - u[:, :1] - u[:, 1:]) * c


# Character model: the log-likelihood of a text by a two-layer LSTM with diagonal weights.


def read_lstm(path, characters):
    """The first characters of the text, or all of them."""
    file = Numbers(path)
    layers, length, b = file.whole(3)
    main = file.take(layers, 2, 4, b)
    extra = file.take(3, b)
    state = file.take(layers, 2, b)
    text = file.take(length, b)
    return {"main": main, "extra": extra}, (state, text[:characters])


def cell(hidden, memory, x, weight, bias):
    """Gates: forget and output look at the input, ingate and change at the hidden state."""
    forget = jax.nn.sigmoid(weight[0] * x + bias[0])
    ingate = jax.nn.sigmoid(weight[1] * hidden + bias[1])
    output = jax.nn.sigmoid(weight[2] * x + bias[2])
    change = jnp.tanh(weight[3] * hidden + bias[3])
    memory = forget * memory + ingate * change
    return output * jnp.tanh(memory), memory


def lstm(main, extra, state, text):
    def predict(state, character):
        signal, states = extra[0] * character, []
        for (hidden, memory), (weight, bias) in zip(state, main):
            signal, memory = cell(hidden, memory, signal, weight, bias)
            states.append(jnp.stack([signal, memory]))
        score = extra[1] * signal + extra[2]
        return jnp.stack(states), score - jnp.log(2 + jnp.exp(score).sum())

    _, predicted = jax.lax.scan(predict, jnp.asarray(state), text[:-1])
    return -(predicted * text[1:]).mean()


def write(name, data, inputs, outputs, mode, more={}):
    """Writes the values and Jacobians of one document, and what else is known."""
    origin = ORIGIN.format(data=data, jax=jax.__version__, mode=mode.__name__)
    known = {output: evaluate(function, inputs, mode) for output, function in outputs.items()}
    golden(f"adbench/{name}", {"origin": origin, "inputs": list(inputs), "outputs": known} | more)


def main(data):
    inputs, (x, gamma, m) = read_gmm(data / "gmm/test.txt")
    mixture = {"objective": lambda alpha, mu, icf: gmm(alpha, mu, icf, x, gamma, m)}
    write("gmm", "gmm/test.txt", inputs, mixture, jax.jacrev, {"hessian": hessian(mixture["objective"], inputs)})

    inputs, (camera, point, feature) = read_ba(data / "ba/test.txt")
    bundles = {
        "reprojection": lambda cams, X, w: bundle(cams, X, w, camera, point, feature),
        "weight": lambda cams, X, w: 1 - w**2,
    }
    write("ba", "ba/test.txt", inputs, bundles, jax.jacfwd)
    inputs["cams"][:, :3] = 0
    write("ba_unrotated", "ba/test.txt, no camera rotated", inputs, bundles, jax.jacfwd)

    model = read_model(data / "hand/simple_small/model")
    source = "{}, hand/simple_small/model"
    for name, file in [("hand_test", "hand/test.txt"), ("hand", "hand/simple_small/hand1_t26_c100.txt")]:
        inputs, vertex, measured = read_hand(data / file)
        simple = {"error": lambda theta: measured - pose(theta, model)[vertex]}
        write(name, source.format(file), inputs, simple, jax.jacfwd)
    triangle, inputs["u"] = on_triangles(model, vertex)
    complicated = {"error": lambda theta, u: measured[:6] - barycentric(pose(theta, model), triangle, u)}
    write("hand_complicated", source.format(f"{file}, six points"), inputs, complicated, jax.jacfwd)

    for name, characters in [("lstm_test", 12), ("lstm", None)]:
        inputs, (state, text) = read_lstm(data / "lstm/lstm_l2_c1024.txt", characters)
        language = {"loss": lambda main, extra: lstm(main, extra, state, text)}
        write(name, f"lstm/lstm_l2_c1024.txt, {len(text)} characters", inputs, language, jax.jacrev)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
