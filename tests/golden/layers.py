"""Writes layers.json: layers of networks with odd settings, by JAX and by loops of NumPy, in float64.

Run as `python layers.py > layers.json`. Input number k holds sin(7 k + i) for i = 0, 1, ...; of a
Jacobian J the products cos(i) @ J by each input and J @ sin(i) by all of them are kept.
"""

import itertools
import json

import jax
import jax.numpy as jnp
import numpy as np

jax.config.update("jax_enable_x64", True)


def convolution(x, weight, bias, stride, padding, dilation, groups=1):
    single = x.ndim == weight.ndim - 1
    x = x[None] if single else x
    y = jax.lax.conv_general_dilated(
        x, weight, stride, padding, rhs_dilation=dilation, feature_group_count=groups, precision="highest"
    )
    y = y if bias is None else y + bias.reshape((-1,) + (1,) * (x.ndim - 2))
    return y[0] if single else y


def convolution_by_loops(x, weight, bias, stride, padding, dilation, groups=1):
    single = x.ndim == weight.ndim - 1
    x = x[None] if single else x
    axes = x.ndim - 2
    if padding == "SAME":
        padding = []
        for n, k, s, d in zip(x.shape[2:], weight.shape[2:], stride, dilation):
            total = max((-(-n // s) - 1) * s + (k - 1) * d + 1 - n, 0)
            padding.append((total // 2, total - total // 2))
    padding = [(0, 0)] * axes if padding == "VALID" else padding
    x = np.pad(x, [(0, 0), (0, 0), *padding])
    spans = [(k - 1) * d + 1 for k, d in zip(weight.shape[2:], dilation)]
    shape = [(n - span) // s + 1 for n, span, s in zip(x.shape[2:], spans, stride)]
    filters, channels = weight.shape[0] // groups, weight.shape[1]
    y = np.zeros((x.shape[0], weight.shape[0], *shape))
    for at in itertools.product(*map(range, y.shape)):
        group = at[1] // filters
        for tap in itertools.product(range(channels), *map(range, weight.shape[2:])):
            place = [i * s + j * d for i, s, j, d in zip(at[2:], stride, tap[1:], dilation)]
            y[at] += x[(at[0], group * channels + tap[0], *place)] * weight[(at[1], *tap)]
        y[at] += 0 if bias is None else bias[at[1]]
    return y[0] if single else y


def pool(x, window, stride, padding, dilation, combine, start):
    lead = x.ndim - len(window)
    wide = lambda values, unit: (unit,) * lead + tuple(values)
    return jax.lax.reduce_window(
        x, start, combine, wide(window, 1), wide(stride, 1), wide(padding, (0, 0)), window_dilation=wide(dilation, 1)
    )


def largest(x, window, stride, padding, dilation):
    # reduce_window has no derivative here if it is dilated: one strided slice for each element of a window instead.
    lead = x.ndim - len(window)
    padded = jnp.pad(x, [(0, 0)] * lead + padding, constant_values=-jnp.inf)
    counts = [(n - (k - 1) * d - 1) // s + 1 for n, k, s, d in zip(padded.shape[lead:], window, stride, dilation)]
    slices = []
    for tap in itertools.product(*map(range, window)):
        ranges = [slice(j * d, j * d + (c - 1) * s + 1, s) for j, d, s, c in zip(tap, dilation, stride, counts)]
        slices.append(padded[(..., *ranges)])
    result = jnp.max(jnp.stack(slices), axis=0)
    if not isinstance(x, jax.core.Tracer):
        assert (result == pool(x, window, stride, padding, dilation, jax.lax.max, -jnp.inf)).all()
    return result


def mean(x, window, stride, padding, dilation, count_padding=True):
    total = pool(x, window, stride, padding, dilation, jax.lax.add, 0.0)
    if count_padding:
        return total / np.prod(window)
    return total / pool(jnp.ones_like(x), window, stride, padding, dilation, jax.lax.add, 0.0)


def layer_norm(x, weight, bias, axes, eps):
    return weight * jax.nn.standardize(x, axis=axes, epsilon=eps) + bias


def batch_norm(x, mean, var, weight, bias, axis, eps):
    along = lambda v: v.reshape([-1 if i == axis else 1 for i in range(x.ndim)])
    return along(weight) * (x - along(mean)) / jnp.sqrt(along(var) + eps) + along(bias)


def attention(query, key, value, mask=None, causal=False):
    # jax.nn.dot_product_attention takes its softmax in float32, so it serves to compare only.
    scores = jnp.einsum("hld,hsd->hls", query, key) / np.sqrt(query.shape[-1])
    allowed = jnp.ones(scores.shape, bool) if mask is None else mask[0]
    allowed = jnp.tril(allowed) if causal else allowed
    result = jax.nn.softmax(scores, axis=-1, where=allowed) @ value
    if not isinstance(result, jax.core.Tracer):
        swap = lambda a: jnp.swapaxes(a, 0, 1)
        known = jax.nn.dot_product_attention(swap(query), swap(key), swap(value), mask=mask, is_causal=causal)
        assert jnp.abs(swap(known) - result).max() < 1e-6
    return result


both = lambda p, *rest: [(p, p), *[(q, q) for q in rest]]
CONVOLUTIONS = [
    ("conv1d(x, y, z)", [(3, 8), (4, 3, 3), (4,)], ((1,), both(0), (1,))),
    ("conv1d(x, y, z, stride=3, padding=2, dilation=2)", [(2, 3, 9), (4, 3, 3), (4,)], ((3,), both(2), (2,))),
    ("conv1d(x, y, groups=3, padding='same')", [(6, 5), (3, 2, 4)], ((1,), "SAME", (1,), 3)),
    ("conv1d(x, y, stride=2, padding='same', dilation=3)", [(2, 10), (1, 2, 3)], ((2,), "SAME", (3,))),
    ("conv2d(x, y, z)", [(2, 5, 6), (3, 2, 3, 2), (3,)], ((1, 1), both(0, 0), (1, 1))),
    ("conv2d(x, y, z, 2, 1)", [(2, 2, 5, 4), (3, 2, 3, 3), (3,)], ((2, 2), both(1, 1), (1, 1))),
    (
        "conv2d(x, y, stride=[2, 3], padding=[3, 1], dilation=[3, 2])",
        [(1, 7, 8), (2, 1, 2, 3)], ((2, 3), both(3, 1), (3, 2)),
    ),
    ("conv2d(x, y, z, groups=2, padding=[0, 2])", [(2, 4, 3, 4), (6, 2, 2, 3), (6,)], ((1, 1), both(0, 2), (1, 1), 2)),
    ("conv2d(x, y, groups=4, stride=[1, 2])", [(4, 4, 5), (4, 1, 2, 2)], ((1, 2), both(0, 0), (1, 1), 4)),
    ("conv2d(x, y, stride=[3, 2], padding='same')", [(2, 7, 5), (2, 2, 4, 3)], ((3, 2), "SAME", (1, 1))),
    ("conv2d(x, y, padding='valid', dilation=2)", [(1, 5, 6), (2, 1, 3, 2)], ((1, 1), "VALID", (2, 2))),
    ("conv2d(x, y)", [(3, 2, 2), (2, 3, 1, 1)], ((1, 1), both(0, 0), (1, 1))),
]
OTHERS = [
    ("max_pool(x, [2])", [(2, 7)], lambda x: largest(x, (2,), (2,), both(0), (1,))),
    ("max_pool(x, [3], stride=2, padding=1, dilation=2)", [(2, 9)], lambda x: largest(x, (3,), (2,), both(1), (2,))),
    ("max_pool(x - 5, [3, 2], [2, 1], 1)", [(2, 5, 4)], lambda x: largest(x - 5, (3, 2), (2, 1), both(1, 1), (1, 1))),
    ("max_pool(x, [3, 3], 2)", [(2, 2, 6, 7)], lambda x: largest(x, (3, 3), (2, 2), both(0, 0), (1, 1))),
    ("avg_pool(x, [3])", [(2, 7)], lambda x: mean(x, (3,), (3,), both(0), (1,))),
    ("avg_pool(x, [3, 2], [1, 2], [1, 1])", [(2, 4, 5)], lambda x: mean(x, (3, 2), (1, 2), both(1, 1), (1, 1))),
    (
        "avg_pool(x, [3, 4], 2, [1, 2], count_include_pad=False)", [(2, 5, 5)],
        lambda x: mean(x, (3, 4), (2, 2), both(1, 2), (1, 1), False),
    ),
    ("avg_pool(x, [2, 2], 1, dilation=[2, 1])", [(4, 3)], lambda x: mean(x, (2, 2), (1, 1), both(0, 0), (2, 1))),
    ("layer_norm(x, y, z)", [(3, 5), (5,), (5,)], lambda x, y, z: layer_norm(x, y, z, -1, 1e-5)),
    ("layer_norm(x, y, axis=(1, 2), eps=0.01)", [(2, 3, 4), (3, 4)], lambda x, y: layer_norm(x, y, 0, (1, 2), 0.01)),
    (
        "batch_norm(x, y, z^2 + 0.5, z, y)", [(2, 3, 2, 2), (3,), (3,)],
        lambda x, y, z: batch_norm(x, y, z**2 + 0.5, z, y, 1, 1e-5),
    ),
    (
        "batch_norm(x, y, exp(z), eps=0.001, axis=0)", [(3, 2, 2), (3,), (3,)],
        lambda x, y, z: batch_norm(x, y, jnp.exp(z), jnp.ones(3), jnp.zeros(3), 0, 0.001),
    ),
    ("embedding([4, 0, 4, -1], x)", [(5, 3)], lambda x: jnp.take(x, jnp.array([4, 0, 4, 4]), axis=0)),
    ("attention(x, y, z)", [(2, 3, 4), (2, 5, 4), (2, 5, 4)], attention),
    ("attention(x, y, z, causal=True)", [(2, 4, 3)] * 3, lambda x, y, z: attention(x, y, z, causal=True)),
    (
        "attention(x, y, z, mask=[[1, 0, 1], [0, 1, 1]])", [(2, 2, 4), (2, 3, 4), (2, 3, 4)],
        lambda x, y, z: attention(x, y, z, jnp.array([[[[True, False, True], [False, True, True]]]])),
    ),
]


def point(shapes):
    return [np.sin(7 * k + np.arange(np.prod(s), dtype=float)).reshape(s) for k, s in enumerate(shapes)]


def case(call, shapes, function):
    at = point(shapes)
    function(*at)
    value, pull = jax.vjp(function, *at)
    weights = np.cos(np.arange(value.size)).reshape(value.shape)
    directions = [np.sin(np.arange(a.size, dtype=float)).reshape(a.shape) for a in at]
    _, along = jax.jvp(function, tuple(at), tuple(directions))
    flat = lambda a: np.asarray(a).reshape(-1).tolist()
    return {
        "call": call, "inputs": [list(s) for s in shapes], "shape": list(value.shape), "value": flat(value),
        "weighed": [flat(p) for p in pull(weights)], "along": flat(along),
    }


def convolved(call, shapes, settings):
    split = lambda args: (args[0], args[1], args[2] if len(args) > 2 else None)
    at = split(point(shapes))
    difference = np.abs(convolution(*map(lambda a: a, at), *settings) - convolution_by_loops(*at, *settings)).max()
    assert difference < 1e-14, (call, difference)
    return case(call, shapes, lambda *args: convolution(*split(args), *settings))


cases = [convolved(*c) for c in CONVOLUTIONS] + [case(*c) for c in OTHERS]
text = ",\n".join(json.dumps(c) for c in cases)
print(f'{{"origin": "JAX {jax.__version__} in float64, convolutions compared with loops; written by layers.py",')
print(f'"cases": [\n{text}\n]}}')
