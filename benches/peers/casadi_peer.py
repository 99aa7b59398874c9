"""CasADi on one core, by its virtual machine: python casadi_peer.py [--quick] [W1 W2 ...]

Code generated in C and compiled for minutes is another kind of program and not compared.
"""

import numpy as np

import common as c
import casadi as ca

BENCH = c.Bench("casadi")


class Call:
    """A call without copies: dense arrays in, column-major, nonzeros out."""

    def __init__(self, function, args):
        self.function = function
        self.args = [np.ascontiguousarray(np.asarray(a, float).ravel(order="F")) for a in args]
        self.out = [np.zeros(function.nnz_out(i)) for i in range(function.n_out())]
        self.buffer, self.evaluate = function.buffer()
        for i, a in enumerate(self.args):
            assert a.size == function.nnz_in(i)
            self.buffer.set_arg(i, memoryview(a))
        for i, o in enumerate(self.out):
            self.buffer.set_res(i, memoryview(o))

    def __call__(self):
        self.evaluate()
        return self.out


def go(work, case, how, function, args, kind="run", result=lambda o: o, **kw):
    BENCH.run(work, case, how, Call(function, args), result=result, kind=kind, **kw)


def by_columns(rows, columns):
    return lambda o: o[0].reshape(columns, rows).T


def batched(rows, columns, n):
    return lambda o: o[0].reshape(n, columns, rows).transpose(0, 2, 1)


def filled(function):
    return lambda o: np.asarray(ca.DM(function.sparsity_out(0), o[0]).full())


def by_rows(function):
    """Nonzeros row by row."""
    s = function.sparsity_out(0)
    row, column = np.array(s.row()), np.repeat(np.arange(s.size2()), np.diff(np.array(s.colind())))
    order = np.lexsort((column, row))
    return lambda o: o[0][order]


def W1():
    z = ca.SX.sym("z", 2)
    y = ca.vertcat(z[0] * ca.cos(z[1]), z[0] * ca.sin(z[1]))
    f, j = ca.Function("f", [z], [y]), ca.Function("j", [z], [ca.densify(ca.jacobian(y, z))])
    go("W1", "single", "f", f, [c.POLAR_POINT], kind="value")
    go("W1", "single", "jacobian", j, [c.POLAR_POINT], result=by_columns(2, 2))
    n, points = 1_000_000, c.polar_points().T
    go("W1", "batch1e6", "map of jacobian", j.map(n), [points], result=batched(2, 2, n))


def W2():
    for n in (1000, 100):
        x = ca.SX.sym("x", n)
        e = ca.sum1(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)
        at = [c.rosenbrock_point(n)]
        hessian = ca.Function("h", [x], [ca.hessian(e, x)[0]])
        if n == 100:
            go("W2", "hess n=100", "hessian, nonzeros", hessian, at, result=filled(hessian))
            continue
        go("W2", "grad n=1000", "f", ca.Function("f", [x], [e]), at, kind="value")
        go("W2", "grad n=1000", "gradient", ca.Function("g", [x], [ca.gradient(e, x)]), at)
        go("W2", "hess n=1000 sparse", "hessian, nonzeros", hessian, at, result=filled(hessian))
        v = ca.SX.sym("v", n)
        product = ca.Function("p", [x, v], [ca.jtimes(ca.gradient(e, x), x, v)])
        go("W2", "hvp n=1000", "jtimes of gradient", product, [*at, c.rosenbrock_direction()])


def classify(p, x):
    h = ca.tanh(ca.mtimes(p[0], x) + p[1])
    h = ca.tanh(ca.mtimes(p[2], h) + p[3])
    e = ca.mtimes(p[4], h) + p[5]
    e = ca.exp(e - ca.mmax(e))
    return e / ca.sum1(e)


def W3():
    p, X, _ = c.network()
    x = ca.MX.sym("x", 64)
    y = classify([ca.MX(ca.DM(a)) for a in p], x)
    go("W3", "in-jac single", "f", ca.Function("f", [x], [y]), [X[0]], kind="value")
    j = ca.Function("j", [x], [ca.jacobian(y, x)])
    go("W3", "in-jac single", "jacobian", j, [X[0]], result=by_columns(10, 64))
    go("W3", "in-jac batch1024", "map of jacobian", j.map(1024), [X.T], result=batched(10, 64, 1024))


def W4():
    W, at = c.bottleneck()
    x = y = ca.MX.sym("x", 500)
    for w in W:
        y = ca.tanh(ca.mtimes(ca.MX(ca.DM(w)), y))
    go("W4", "500x500", "jacobian", ca.Function("j", [x], [ca.jacobian(y, x)]), [at], result=by_columns(500, 500))


def W5():
    n, h = c.GRID, 1.0 / (c.GRID + 1)
    u = ca.SX.sym("u", n * n)
    cell = lambda i, j: u[i * n + j] if 0 <= i < n and 0 <= j < n else 0  # noqa: E731
    f = ca.vertcat(*[4 * cell(i, j) - cell(i - 1, j) - cell(i + 1, j) - cell(i, j - 1) - cell(i, j + 1)
                     - h * h * c.LAMBDA * ca.exp(cell(i, j)) for i in range(n) for j in range(n)])
    j = ca.Function("j", [u], [ca.jacobian(f, u)])
    go("W5", "bratu n=1e4", "jacobian, nonzeros", j, [c.bratu_point().ravel()], result=by_rows(j))
    at, before, h = c.burgers_point()
    u, zero = ca.SX.sym("u", at.size), ca.SX(1, 1)
    l, r = ca.vertcat(zero, u[:-1]), ca.vertcat(u[1:], zero)
    f = u - ca.DM(before) + c.DT * u * (r - l) / (2 * h) - c.NU * c.DT * (r - 2 * u + l) / (h * h)
    j = ca.Function("j", [u], [ca.jacobian(f, u)])
    go("W5", "burgers n=1e5", "jacobian, nonzeros", j, [at], result=by_rows(j))


def mixture():
    a, m, icf, x, _, _ = c.mixture()
    (k, d), n, size = m.shape, len(x), icf.shape[1]
    t, xi = ca.SX.sym("t", k + k * d + k * size), ca.SX.sym("xi", d)
    mu, ic = ca.reshape(t[k:k + k * d], d, k), ca.reshape(t[k + k * d:], size, k)
    main = []
    for q in range(k):
        off, at = xi - mu[:, q], d
        rows = [ca.exp(ic[i, q]) * off[i] for i in range(d)]
        for i in range(d):
            for j in range(i + 1, d):
                rows[j] = rows[j] + ic[at, q] * off[i]
                at += 1
        main.append(t[q] + ca.sum1(ic[:d, q]) - 0.5 * sum(r * r for r in rows))
    main = ca.vertcat(*main)
    most = ca.mmax(main)
    one = ca.Function("one", [t, xi], [ca.log(ca.sum1(ca.exp(main - most))) + most])
    T, X = ca.MX.sym("T", t.numel()), ca.MX.sym("X", d, n)
    icm = ca.reshape(T[k + k * d:], size, k)
    prior = 0.5 * (ca.sumsqr(ca.exp(icm[:d, :])) + ca.sumsqr(icm[d:, :]))
    total = ca.sum2(one.map("many", "serial", n, [0], [])(T, X)) - n * ca.logsumexp(T[:k]) + prior
    at = [np.concatenate([a, m.ravel(), icf.ravel()]), x.T]
    go("W6", "gmm d10 k25 n1000", "f", ca.Function("f", [T, X], [total]), at, kind="value", result=None)
    go("W6", "gmm d10 k25 n1000", "gradient", ca.Function("g", [T, X], [ca.gradient(total, T)]), at)


def bundle():
    z, feature = ca.SX.sym("z", 15), ca.SX.sym("feature", 2)
    r, off = z[:3], z[11:14] - z[3:6]
    angle = ca.sqrt(ca.sumsqr(r))
    axis = r / angle
    local = off * ca.cos(angle) + ca.cross(axis, off) * ca.sin(angle) + axis * (ca.dot(axis, off) * (1 - ca.cos(angle)))
    p = local[:2] / local[2]
    rr = ca.sumsqr(p)
    e = z[14] * (p * (1 + z[9] * rr + z[10] * rr * rr) * z[6] + z[7:9] - feature)
    cams, X, w, oc, op, features = c.bundle()
    at, n = np.concatenate([cams[oc], X[op], w[:, None]], 1), len(w)
    j = ca.Function("j", [z, feature], [ca.densify(ca.jacobian(e, z))])
    go("W6", "ba1 p31843", "map of jacobian", j.map(n), [at.T, features.T],
       result=lambda o: [batched(2, 15, n)(o), -2 * w])


def characters():
    main, extra, state, text = c.characters()
    b = main.shape[1] // 4
    P = ca.SX.sym("P", main.size + extra.size)
    M, E = ca.reshape(P[:main.size], 4 * b, len(main)), ca.reshape(P[main.size:], b, 3)
    st, total = [ca.DM(q) for q in state], 0
    sigmoid = lambda v: 1 / (1 + ca.exp(-v))  # noqa: E731
    for t in range(len(text) - 1):
        o = ca.DM(text[t]) * E[:, 0]
        for i in range(len(main) // 2):
            w, s = ca.reshape(M[:, 2 * i], b, 4), ca.reshape(M[:, 2 * i + 1], b, 4)
            h, memory = st[2 * i], st[2 * i + 1]
            forget, admit = sigmoid(o * w[:, 0] + s[:, 0]), sigmoid(h * w[:, 1] + s[:, 1])
            emit, change = sigmoid(o * w[:, 2] + s[:, 2]), ca.tanh(h * w[:, 3] + s[:, 3])
            memory = memory * forget + admit * change
            o = emit * ca.tanh(memory)
            st[2 * i], st[2 * i + 1] = o, memory
        y = o * E[:, 1] + E[:, 2]
        total += ca.dot(ca.DM(text[t + 1]), y - ca.log(ca.sum1(ca.exp(y)) + 2))
    loss = -total / ((len(text) - 1) * b)
    at = [np.concatenate([main.ravel(), extra.ravel()])]
    go("W6", "lstm l2 c1024", "gradient, unrolled", ca.Function("g", [P], [ca.gradient(loss, P)]), at)


def hand():
    d = c.hand()
    t, bones = ca.SX.sym("t", 26), len(d["parents"])
    pose, at, bone = [(0, 0)] * bones, 6, 2
    for _ in range(5):
        for i in range(2, 5):
            two = i == 2
            pose[bone] = (t[at], t[at + 1] if two else 0)
            at += 2 if two else 1
            bone += 1
        bone += 1
    motion, absolute = [], []
    for i, parent in enumerate(d["parents"]):
        x, z = pose[i]
        Rx, Rz, T = ca.SX.eye(3), ca.SX.eye(3), ca.SX.eye(4)
        Rx[1, 1], Rx[2, 1], Rx[1, 2], Rx[2, 2] = ca.cos(x), ca.sin(x), -ca.sin(x), ca.cos(x)
        Rz[0, 0], Rz[1, 0], Rz[0, 1], Rz[1, 1] = ca.cos(z), ca.sin(z), -ca.sin(z), ca.cos(z)
        T[:3, :3] = ca.mtimes(Rz, Rx)
        relative = ca.mtimes(ca.DM(d["rel"][i]), T)
        absolute.append(relative if parent < 0 else ca.mtimes(absolute[parent], relative))
        motion.append(ca.mtimes(absolute[i], ca.DM(d["absinv"][i])))
    r = t[:3]
    angle = ca.norm_2(r)
    axis, errors = r / angle, []
    for q, vertex in enumerate(d["corr"]):
        skin = 0
        for i in range(bones):
            if d["wts"][i, vertex]:
                skin = skin + ca.mtimes(motion[i][:3, :], ca.DM(d["base"][:, vertex])) * d["wts"][i, vertex]
        turned = skin * ca.cos(angle) + ca.cross(axis, skin) * ca.sin(angle)
        turned = turned + axis * (ca.dot(axis, skin) * (1 - ca.cos(angle)))
        errors.append(ca.DM(d["pts"][:, q]) - (turned + t[3:6]))
    j = ca.Function("j", [t], [ca.jacobian(ca.vertcat(*errors), t)])
    go("W6", "hand1 t26 c100", "jacobian, nonzeros", j, [d["theta"]], result=filled(j))


def W6():
    mixture()
    bundle()
    characters()
    hand()


def W7():
    A0, at, b0 = c.matrix()
    A, x, b = ca.MX.sym("A", 100, 100), ca.MX.sym("x", 100), ca.MX.sym("b", 100)
    for plugin in ("lapacklu", "qr"):
        try:
            y = ca.solve(ca.MX(ca.DM(A0)) + ca.diag(x), ca.DM(b0), plugin)
            j = ca.Function("j", [x], [ca.jacobian(y, x)])
            go("W7", "solve jac x 100x100", f"jacobian, {plugin}", j, [at], result=by_columns(100, 100))
            half = 0.5 * ca.sumsqr(ca.solve(A, b, plugin))
            g = ca.Function("g", [A, b], [ca.gradient(half, A), ca.gradient(half, b)])
            go("W7", "half|A^-1 b|^2 grad A,b", f"gradient, {plugin}", g, [A0 + np.diag(at), b0],
               result=lambda o: [o[0].reshape(100, 100).T, o[1]])
        except Exception:  # a plugin that this build lacks
            pass


def W8():
    q = ca.SX.sym("q", 7)
    T = [[1.0 if i == j else 0.0 for j in range(4)] for i in range(3)]
    for k in range(7):
        co, si, sa, cc, d = ca.cos(q[k]), ca.sin(q[k]), c.SIN_TWIST[k], c.COS_TWIST[k], c.OFFSET[k]
        T = [[a * co + b * si, (-si * cc) * a + (co * cc) * b + sa * e, (si * sa) * a + (-co * sa) * b + cc * e, d * e + t]
             for a, b, e, t in T]
    position = ca.vertcat(*[row[3] for row in T])
    turn = [ca.atan2(T[2][1], T[2][2]), ca.atan2(-T[2][0], ca.sqrt(T[0][0] ** 2 + T[1][0] ** 2)),
            ca.atan2(T[1][0], T[0][0])]
    points, n = c.angles(), 100_000
    for name, y, rows in (("3x7", position, 3), ("6x7", ca.vertcat(position, *turn), 6)):
        j = ca.Function("j", [q], [ca.densify(ca.jacobian(y, q))])
        go("W8", f"{name} single", "f", ca.Function("f", [q], [y]), [points[0]], kind="value")
        go("W8", f"{name} single", "jacobian", j, [points[0]], result=by_columns(rows, 7))
        go("W8", f"{name} batch1e5", "map of jacobian", j.map(n), [points.T], result=batched(rows, 7, n))


for family in (W1, W2, W3, W4, W5, W6, W7, W8):
    if not c.NAMES or any(name.startswith(family.__name__) for name in c.NAMES):
        family()
