"""JAX: python jax_peer.py [--threads 1|2] [--quick] [W1 W2 ...]"""
import numpy as np

import common as c
import jax
import jax.numpy as jnp
from jax import grad, hessian, jacfwd, jacrev, jit, jvp, vmap

jax.config.update("jax_enable_x64", True)
BENCH = c.Bench("jax")
D = jnp.asarray


def go(work, case, how, fn, *args, kind="run", result=lambda o: o, **kw):
    if not BENCH.wants(work, case):
        return
    more = {}
    try:
        m = fn.lower(*args).compile().memory_analysis()
        more["peak_bytes"] = m.temp_size_in_bytes + m.output_size_in_bytes
    except Exception:  # what it cannot tell is left out
        pass
    BENCH.run(work, case, how, lambda: jax.block_until_ready(fn(*args)), result=result, kind=kind, **more, **kw)


def polar(z):
    return jnp.array([z[0] * jnp.cos(z[1]), z[0] * jnp.sin(z[1])])


def W1():
    z, Z = D(c.POLAR_POINT), D(c.polar_points())
    go("W1", "single", "f", jit(polar), z, kind="value")
    go("W1", "single", "jacfwd", jit(jacfwd(polar)), z)
    go("W1", "single", "jacrev", jit(jacrev(polar)), z)
    go("W1", "batch1e6", "vmap f", jit(vmap(polar)), Z, kind="value")
    go("W1", "batch1e6", "vmap jacfwd", jit(vmap(jacfwd(polar))), Z)
    go("W1", "batch1e6", "vmap jacrev", jit(vmap(jacrev(polar))), Z)
    columns = D(c.polar_points().T.copy())
    go("W1", "batch1e6", "vmap jacfwd, batch last", jit(vmap(jacfwd(polar), 1, -1)), columns,
       result=lambda o: np.moveaxis(np.asarray(o), -1, 0))


def rosenbrock(x):
    return jnp.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def W2():
    x, y, v = D(c.rosenbrock_point(1000)), D(c.rosenbrock_point(100)), D(c.rosenbrock_direction())
    go("W2", "grad n=1000", "f", jit(rosenbrock), x, kind="value")
    go("W2", "grad n=1000", "grad", jit(grad(rosenbrock)), x)
    go("W2", "hess n=100", "f", jit(rosenbrock), y, kind="value")
    go("W2", "hess n=100", "hessian", jit(hessian(rosenbrock)), y)
    go("W2", "hess n=100", "jacrev of jacrev", jit(jacrev(jacrev(rosenbrock))), y)
    go("W2", "hess n=1000 dense", "hessian", jit(hessian(rosenbrock)), x)
    go("W2", "hvp n=1000", "jvp of grad", jit(lambda x, v: jvp(grad(rosenbrock), (x,), (v,))[1]), x, v)


def logits(p, x):
    h = jnp.tanh(p[0] @ x + p[1])
    h = jnp.tanh(p[2] @ h + p[3])
    return p[4] @ h + p[5]


def classify(p, x):
    return jax.nn.softmax(logits(p, x))


def by_hand(p, x):
    """The Jacobian of one point as matrix products in the best order."""
    h1 = jnp.tanh(p[0] @ x + p[1])
    h2 = jnp.tanh(p[2] @ h1 + p[3])
    s = jax.nn.softmax(p[4] @ h2 + p[5])
    a = s[:, None] * (p[4] - s @ p[4])
    return (((a * (1 - h2 * h2)) @ p[2]) * (1 - h1 * h1)) @ p[0]


def W3():
    p, X, label = c.network()
    p, X, label = [D(a) for a in p], D(X), D(label)
    x, across = X[0], (None, 0)
    go("W3", "in-jac single", "f", jit(classify), p, x, kind="value")
    go("W3", "in-jac single", "jacrev", jit(jacrev(classify, 1)), p, x)
    go("W3", "in-jac single", "matrix chain", jit(by_hand), p, x)
    go("W3", "in-jac batch1024", "vmap f", jit(vmap(classify, across)), p, X, kind="value")
    go("W3", "in-jac batch1024", "vmap jacrev", jit(vmap(jacrev(classify, 1), across)), p, X)
    go("W3", "in-jac batch1024", "vmap matrix chain", jit(vmap(by_hand, across)), p, X)

    def loss1(p, x, l):
        return -jax.nn.log_softmax(logits(p, x))[l]

    def loss(p, X, label):
        return jnp.mean(vmap(loss1, (None, 0, 0))(p, X, label))

    go("W3", "param-grad batch1024", "f", jit(loss), p, X, label, kind="value")
    go("W3", "param-grad batch1024", "grad", jit(grad(loss)), p, X, label)
    go("W3", "param-grad single", "f", jit(loss1), p, x, 0, kind="value")
    go("W3", "param-grad single", "grad", jit(grad(loss1)), p, x, 0)


def chain(W, x):
    for w in W:
        x = jnp.tanh(w @ x)
    return x


def chain_by_hand(W, x):
    """The Jacobian in the best order."""
    h1 = jnp.tanh(W[0] @ x)
    h2 = jnp.tanh(W[1] @ h1)
    h3 = jnp.tanh(W[2] @ h2)
    h4 = jnp.tanh(W[3] @ h3)
    right = ((1 - h2 * h2)[:, None] * (W[1] * (1 - h1 * h1))) @ W[0]
    left = (1 - h4 * h4)[:, None] * (W[3] @ ((1 - h3 * h3)[:, None] * W[2]))
    return left @ right


def W4():
    W, x = c.bottleneck()
    W, x = [D(a) for a in W], D(x)
    go("W4", "500x500", "f", jit(chain), W, x, kind="value")
    go("W4", "500x500", "jacfwd", jit(jacfwd(chain, 1)), W, x)
    go("W4", "500x500", "jacrev", jit(jacrev(chain, 1)), W, x)
    go("W4", "500x500", "best order by hand", jit(chain_by_hand), W, x)


def bratu(u):
    h = 1.0 / (c.GRID + 1)
    p = jnp.pad(u, 1)
    return 4 * u - p[:-2, 1:-1] - p[2:, 1:-1] - p[1:-1, :-2] - p[1:-1, 2:] - h * h * c.LAMBDA * jnp.exp(u)


def burgers(u, before, h):
    p = jnp.pad(u, 1)
    l, r = p[:-2], p[2:]
    return u - before + c.DT * u * (r - l) / (2 * h) - c.NU * c.DT * (r - 2 * u + l) / (h * h)


def compressed(f, rows, columns, colour):
    """The elements of a sparse Jacobian by one sweep for each colour, the colours being known."""
    count = int(colour.max()) + 1
    seeds = jnp.asarray((colour[None, :] == np.arange(count)[:, None]).astype(float))
    pick = jnp.asarray(colour[columns] * len(colour) + rows)

    def jacobian(u):
        return vmap(lambda s: jvp(f, (u,), (s.reshape(u.shape),))[1].ravel())(seeds).ravel()[pick]

    return jacobian


def W5():
    u = D(c.bratu_point())
    go("W5", "bratu n=1e4", "f", jit(bratu), u, kind="value")
    go("W5", "bratu n=1e4", "jvp by 5 colours given", jit(compressed(bratu, *c.bratu_pattern())), u)
    u, before, h = c.burgers_point()
    u, before = D(u), D(before)
    g = lambda v: burgers(v, before, h)  # noqa: E731
    go("W5", "burgers n=1e5", "f", jit(g), u, kind="value")
    go("W5", "burgers n=1e5", "jvp by 3 colours given", jit(compressed(g, *c.burgers_pattern(u.size))), u)


def mixture(alphas, means, icf, x, gamma, m):
    n, d = x.shape
    k = alphas.shape[0]
    qs = icf[:, :d]
    sums, Q = qs.sum(1), jnp.exp(qs)
    below = np.concatenate([np.arange(i + 1, d) for i in range(d)])
    left = np.concatenate([np.full(d - 1 - i, i) for i in range(d)])
    L = jnp.zeros((k, d, d)).at[:, below, left].set(icf[:, d:]) + vmap(jnp.diag)(Q)
    z = jnp.einsum("kij,nkj->nki", L, x[:, None, :] - means[None])
    main = alphas + sums - 0.5 * jnp.sum(z**2, 2)
    lse = jax.scipy.special.logsumexp
    nu = d + m + 1
    constant = nu * d * (jnp.log(gamma) - 0.5 * jnp.log(2.0)) - jax.scipy.special.multigammaln(0.5 * nu, d)
    prior = 0.5 * gamma**2 * (jnp.sum(Q**2) + jnp.sum(icf[:, d:] ** 2)) - m * jnp.sum(sums) - k * constant
    return -n * d * 0.5 * np.log(2 * np.pi) + jnp.sum(lse(main, axis=1)) - n * lse(alphas) + prior


def reprojection(z, feature):
    cam, X, w = z[:11], z[11:14], z[14]
    Xo, r = X - cam[3:6], cam[:3]
    square = jnp.sum(r * r)
    theta = jnp.sqrt(square)
    co, si, a = jnp.cos(theta), jnp.sin(theta), r / theta
    turned = Xo * co + jnp.cross(a, Xo) * si + a * (jnp.dot(a, Xo) * (1 - co))
    Xc = jnp.where(square != 0, turned, Xo + jnp.cross(r, Xo))
    p = Xc[:2] / Xc[2]
    rr = jnp.sum(p * p)
    p = p * (1 + cam[9] * rr + cam[10] * rr * rr)
    return w * (p * cam[6] + cam[7:9] - feature)


def lstm(main, extra, state, text):
    b = main.shape[1] // 4
    count = text.shape[0]

    def step(st, xy):
        x, y = xy
        o, new = x * extra[0], []
        for i in range(main.shape[0] // 2):
            wt, bs = main[2 * i].reshape(4, b), main[2 * i + 1].reshape(4, b)
            h, memory = st[2 * i], st[2 * i + 1]
            forget = jax.nn.sigmoid(o * wt[0] + bs[0])
            admit = jax.nn.sigmoid(h * wt[1] + bs[1])
            emit = jax.nn.sigmoid(o * wt[2] + bs[2])
            change = jnp.tanh(h * wt[3] + bs[3])
            memory = memory * forget + admit * change
            o = emit * jnp.tanh(memory)
            new += [o, memory]
        y1 = o * extra[1] + extra[2]
        return jnp.stack(new), jnp.dot(y, y1 - jnp.log(jnp.sum(jnp.exp(y1)) + 2.0))

    _, t = jax.lax.scan(step, state, (text[:-1], text[1:]))
    return -jnp.sum(t) / ((count - 1) * b)


def hand_error(theta, d):
    bones = len(d["parents"])
    pose = [jnp.zeros(3)] * bones
    at, bone = 6, 2
    for _ in range(5):
        for i in range(2, 5):
            two = i == 2
            pose[bone] = jnp.array([theta[at], theta[at + 1] if two else 0.0, 0.0])
            at += 2 if two else 1
            bone += 1
        bone += 1
    angle = jnp.stack(pose)
    co, si = jnp.cos(angle), jnp.sin(angle)
    z, o = jnp.zeros(bones), jnp.ones(bones)
    M = lambda *rows: jnp.stack([jnp.stack(q, -1) for q in rows], -2)  # noqa: E731
    Rx = M((o, z, z), (z, co[:, 0], -si[:, 0]), (z, si[:, 0], co[:, 0]))
    Ry = M((co[:, 2], z, si[:, 2]), (z, o, z), (-si[:, 2], z, co[:, 2]))
    Rz = M((co[:, 1], -si[:, 1], z), (si[:, 1], co[:, 1], z), (z, z, o))
    T = jnp.zeros((bones, 4, 4)).at[:, :3, :3].set(Rz @ Ry @ Rx).at[:, 3, 3].set(1.0)
    relative, absolute = jnp.asarray(d["rel"]) @ T, []
    for i, p in enumerate(d["parents"]):
        absolute.append(relative[i] if p < 0 else absolute[p] @ relative[i])
    motion = jnp.stack(absolute) @ jnp.asarray(d["absinv"])
    skin = jnp.einsum("bij,jv,bv->iv", motion[:, :3], jnp.asarray(d["base"]), jnp.asarray(d["wts"]))
    r = theta[:3]
    n = jnp.sqrt(jnp.sum(r * r))
    axis = r / n
    turned = skin * jnp.cos(n) + jnp.cross(axis[:, None], skin, axis=0) * jnp.sin(n)
    turned = turned + axis[:, None] * (axis @ skin)[None] * (1 - jnp.cos(n))
    return (jnp.asarray(d["pts"]) - (turned + theta[3:6, None])[:, d["corr"]]).T.ravel()


def W6():
    a, m, icf, x, gamma, wm = c.mixture()
    f = lambda a, m, i, x: mixture(a, m, i, x, gamma, wm)  # noqa: E731
    args = (D(a), D(m), D(icf), D(x))
    go("W6", "gmm d10 k25 n1000", "f", jit(f), *args, kind="value")
    go("W6", "gmm d10 k25 n1000", "grad", jit(grad(f, (0, 1, 2))), *args)

    cams, X, w, oc, op, feature = c.bundle()
    cams, X, w, feature = map(D, (cams, X, w, feature))

    def residuals(cams, X, w):
        z = jnp.concatenate([cams[oc], X[op], w[:, None]], 1)
        return vmap(reprojection)(z, feature), 1 - w * w

    def blocks(mode):
        def j(cams, X, w):
            z = jnp.concatenate([cams[oc], X[op], w[:, None]], 1)
            return vmap(mode(reprojection))(z, feature), -2 * w
        return j

    go("W6", "ba1 p31843", "f", jit(residuals), cams, X, w, kind="value")
    go("W6", "ba1 p31843", "vmap jacfwd", jit(blocks(jacfwd)), cams, X, w)
    go("W6", "ba1 p31843", "vmap jacrev", jit(blocks(jacrev)), cams, X, w)

    args = [D(q) for q in c.characters()]
    go("W6", "lstm l2 c1024", "f", jit(lstm), *args, kind="value")
    go("W6", "lstm l2 c1024", "grad", jit(grad(lstm, (0, 1))), *args)

    d = c.hand()
    h, theta = (lambda t: hand_error(t, d)), D(d["theta"])
    go("W6", "hand1 t26 c100", "f", jit(h), theta, kind="value")
    go("W6", "hand1 t26 c100", "jacfwd", jit(jacfwd(h)), theta)


def W7():
    A0, x, b = map(D, c.matrix())
    A = A0 + jnp.diag(x)
    logdet = lambda A: jnp.linalg.slogdet(A)[1]  # noqa: E731
    by_x = lambda x: logdet(A0 + jnp.diag(x))  # noqa: E731
    solution = lambda x: jnp.linalg.solve(A0 + jnp.diag(x), b)  # noqa: E731
    half = lambda A, b: 0.5 * jnp.sum(jnp.linalg.solve(A, b) ** 2)  # noqa: E731
    go("W7", "logdet grad full A", "f", jit(logdet), A, kind="value")
    go("W7", "logdet grad full A", "grad", jit(grad(logdet)), A)
    go("W7", "logdet grad x", "f", jit(by_x), x, kind="value")
    go("W7", "logdet grad x", "grad", jit(grad(by_x)), x)
    go("W7", "solve jac x 100x100", "f", jit(solution), x, kind="value")
    go("W7", "solve jac x 100x100", "jacfwd", jit(jacfwd(solution)), x)
    go("W7", "solve jac x 100x100", "jacrev", jit(jacrev(solution)), x)
    go("W7", "half|A^-1 b|^2 grad A,b", "f", jit(half), A, b, kind="value")
    go("W7", "half|A^-1 b|^2 grad A,b", "grad", jit(grad(half, (0, 1))), A, b)


def arm(q):
    """The product entry by entry, so that all is elementwise work."""
    T = [[1.0 if i == j else 0.0 for j in range(4)] for i in range(3)]
    for k in range(7):
        co, si, ca, sa, d = jnp.cos(q[k]), jnp.sin(q[k]), c.COS_TWIST[k], c.SIN_TWIST[k], c.OFFSET[k]
        T = [[a * co + b * si, (-si * ca) * a + (co * ca) * b + sa * e, (si * sa) * a + (-co * sa) * b + ca * e, d * e + t]
             for a, b, e, t in T]
    return T


def position(q):
    return jnp.stack([row[3] for row in arm(q)])


def pose(q):
    T = arm(q)
    turn = [jnp.arctan2(T[2][1], T[2][2]), jnp.arctan2(-T[2][0], jnp.sqrt(T[0][0] ** 2 + T[1][0] ** 2)),
            jnp.arctan2(T[1][0], T[0][0])]
    return jnp.stack([row[3] for row in T] + turn)


def W8():
    Q = D(c.angles())
    columns = D(c.angles().T.copy())
    back = lambda o: np.moveaxis(np.asarray(o), -1, 0)  # noqa: E731
    for name, f in (("3x7", position), ("6x7", pose)):
        go("W8", f"{name} single", "f", jit(f), Q[0], kind="value")
        go("W8", f"{name} single", "jacfwd", jit(jacfwd(f)), Q[0])
        go("W8", f"{name} batch1e5", "vmap f", jit(vmap(f)), Q, kind="value")
        go("W8", f"{name} batch1e5", "vmap jacfwd", jit(vmap(jacfwd(f))), Q)
        go("W8", f"{name} batch1e5", "vmap jacrev", jit(vmap(jacrev(f))), Q)
        go("W8", f"{name} batch1e5", "vmap jacfwd, batch last", jit(vmap(jacfwd(f), 1, -1)), columns, result=back)


for family in (W1, W2, W3, W4, W5, W6, W7, W8):
    if not c.NAMES or any(name.startswith(family.__name__) for name in c.NAMES):
        family()
