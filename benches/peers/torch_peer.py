"""PyTorch, eager: python torch_peer.py [--threads 1|2] [--quick] [W1 W2 ...]"""
import warnings

import numpy as np

import common as c
import torch
from torch.func import grad, hessian, jacfwd, jacrev, jvp, vmap

warnings.filterwarnings("ignore")
torch.set_default_dtype(torch.float64)
torch.set_num_threads(c.THREADS)
BENCH = c.Bench("torch")


def D(a):
    return torch.as_tensor(np.ascontiguousarray(a))


def arrays(o):
    return [q.detach().numpy() for q in o] if isinstance(o, (tuple, list)) else o.detach().numpy()


def go(work, case, how, fn, *args, kind="run", result=arrays, **kw):
    BENCH.run(work, case, how, lambda: fn(*args), result=result, kind=kind, **kw)


def tape(work, case, f, params, *args, **kw):
    """The gradient as PyTorch users take it."""
    params = [p.clone().requires_grad_() for p in params]
    go(work, case, "autograd.grad", lambda: torch.autograd.grad(f(params, *args), params), **kw)


def polar(z):
    return torch.stack([z[0] * torch.cos(z[1]), z[0] * torch.sin(z[1])])


def W1():
    z, Z = D(c.POLAR_POINT), D(c.polar_points())
    go("W1", "single", "f", polar, z, kind="value")
    go("W1", "single", "jacfwd", jacfwd(polar), z)
    go("W1", "single", "jacrev", jacrev(polar), z)
    go("W1", "batch1e6", "vmap jacfwd", vmap(jacfwd(polar)), Z)
    go("W1", "batch1e6", "vmap jacrev", vmap(jacrev(polar)), Z)


def rosenbrock(x):
    return torch.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def W2():
    x, y, v = D(c.rosenbrock_point(1000)), D(c.rosenbrock_point(100)), D(c.rosenbrock_direction())
    go("W2", "grad n=1000", "f", rosenbrock, x, kind="value")
    tape("W2", "grad n=1000", lambda p: rosenbrock(p[0]), [x])
    go("W2", "hess n=100", "hessian", hessian(rosenbrock), y)
    go("W2", "hess n=1000 dense", "hessian", hessian(rosenbrock), x)
    go("W2", "hvp n=1000", "jvp of grad", lambda x, v: jvp(grad(rosenbrock), (x,), (v,))[1], x, v)


def logits(p, x):
    h = torch.tanh(p[0] @ x + p[1])
    h = torch.tanh(p[2] @ h + p[3])
    return p[4] @ h + p[5]


def classify(p, x):
    return torch.softmax(logits(p, x), 0)


def by_hand(p, x):
    h1 = torch.tanh(p[0] @ x + p[1])
    h2 = torch.tanh(p[2] @ h1 + p[3])
    s = torch.softmax(p[4] @ h2 + p[5], 0)
    a = s[:, None] * (p[4] - s @ p[4])
    return (((a * (1 - h2 * h2)) @ p[2]) * (1 - h1 * h1)) @ p[0]


def loss(p, X, label):
    h = torch.tanh(X @ p[0].T + p[1])
    h = torch.tanh(h @ p[2].T + p[3])
    return torch.nn.functional.cross_entropy(h @ p[4].T + p[5], label)


def W3():
    p, X, label = c.network()
    p, X, label = [D(a) for a in p], D(X), D(label)
    x, across = X[0].clone(), (None, 0)
    go("W3", "in-jac single", "f", classify, p, x, kind="value")
    go("W3", "in-jac single", "jacrev", jacrev(classify, 1), p, x)
    go("W3", "in-jac single", "matrix chain", by_hand, p, x)
    go("W3", "in-jac batch1024", "vmap f", vmap(classify, across), p, X, kind="value")
    go("W3", "in-jac batch1024", "vmap jacrev", vmap(jacrev(classify, 1), across), p, X)
    go("W3", "in-jac batch1024", "vmap matrix chain", vmap(by_hand, across), p, X)
    go("W3", "param-grad batch1024", "f", loss, p, X, label, kind="value")
    tape("W3", "param-grad batch1024", loss, p, X, label)
    tape("W3", "param-grad single", loss, p, X[:1], label[:1])


def chain(W, x):
    for w in W:
        x = torch.tanh(w @ x)
    return x


def chain_by_hand(W, x):
    h1 = torch.tanh(W[0] @ x)
    h2 = torch.tanh(W[1] @ h1)
    h3 = torch.tanh(W[2] @ h2)
    h4 = torch.tanh(W[3] @ h3)
    right = ((1 - h2 * h2)[:, None] * (W[1] * (1 - h1 * h1))) @ W[0]
    left = (1 - h4 * h4)[:, None] * (W[3] @ ((1 - h3 * h3)[:, None] * W[2]))
    return left @ right


def W4():
    W, x = c.bottleneck()
    W, x = [D(a) for a in W], D(x)
    go("W4", "500x500", "f", chain, W, x, kind="value")
    go("W4", "500x500", "jacrev", jacrev(chain, 1), W, x)
    go("W4", "500x500", "best order by hand", chain_by_hand, W, x)


def bratu(u):
    h = 1.0 / (c.GRID + 1)
    p = torch.nn.functional.pad(u, (1, 1, 1, 1))
    return 4 * u - p[:-2, 1:-1] - p[2:, 1:-1] - p[1:-1, :-2] - p[1:-1, 2:] - h * h * c.LAMBDA * torch.exp(u)


def burgers(u, before, h):
    p = torch.nn.functional.pad(u, (1, 1))
    l, r = p[:-2], p[2:]
    return u - before + c.DT * u * (r - l) / (2 * h) - c.NU * c.DT * (r - 2 * u + l) / (h * h)


def compressed(f, rows, columns, colour):
    count = int(colour.max()) + 1
    seeds = D((colour[None, :] == np.arange(count)[:, None]).astype(float))
    pick = torch.as_tensor(colour[columns] * len(colour) + rows)

    def jacobian(u):
        return vmap(lambda s: jvp(f, (u,), (s.reshape(u.shape),))[1].reshape(-1))(seeds).reshape(-1)[pick]

    return jacobian


def W5():
    u = D(c.bratu_point())
    go("W5", "bratu n=1e4", "jvp by 5 colours given", compressed(bratu, *c.bratu_pattern()), u)
    u, before, h = c.burgers_point()
    u, before = D(u), D(before)
    g = lambda v: burgers(v, before, h)  # noqa: E731
    go("W5", "burgers n=1e5", "jvp by 3 colours given", compressed(g, *c.burgers_pattern(u.numel())), u)


def mixture(p, x):
    alphas, means, icf = p
    n, d = x.shape
    k = alphas.shape[0]
    below = torch.as_tensor(np.concatenate([np.arange(i + 1, d) for i in range(d)]))
    left = torch.as_tensor(np.concatenate([np.full(d - 1 - i, i) for i in range(d)]))
    qs = icf[:, :d]
    sums, Q = qs.sum(1), torch.exp(qs)
    L = torch.diag_embed(Q).index_put((torch.arange(k)[:, None], below[None], left[None]), icf[:, d:])
    z = torch.bmm(x[None] - means[:, None], L.transpose(1, 2))
    main = (alphas + sums)[:, None] - 0.5 * (z * z).sum(2)
    prior = 0.5 * ((Q * Q).sum() + (icf[:, d:] ** 2).sum())
    return torch.logsumexp(main, 0).sum() - n * torch.logsumexp(alphas, 0) + prior


def reprojection(z, feature):
    r, off = z[:3], z[11:14] - z[3:6]
    angle = torch.sqrt((r * r).sum())
    co, si, axis = torch.cos(angle), torch.sin(angle), r / angle
    local = off * co + torch.linalg.cross(axis, off) * si + axis * ((axis * off).sum() * (1 - co))
    p = local[:2] / local[2]
    rr = (p * p).sum()
    return z[14] * (p * (1 + z[9] * rr + z[10] * rr * rr) * z[6] + z[7:9] - feature)


def lstm(p, state, text):
    main, extra = p
    b = main.shape[1] // 4
    st, total = list(state.unbind(0)), 0.0
    layers = [(main[2 * i].reshape(4, b), main[2 * i + 1].reshape(4, b)) for i in range(main.shape[0] // 2)]
    for t in range(text.shape[0] - 1):
        o = text[t] * extra[0]
        for i, (w, s) in enumerate(layers):
            h, memory = st[2 * i], st[2 * i + 1]
            forget, admit = torch.sigmoid(o * w[0] + s[0]), torch.sigmoid(h * w[1] + s[1])
            emit, change = torch.sigmoid(o * w[2] + s[2]), torch.tanh(h * w[3] + s[3])
            memory = memory * forget + admit * change
            o = emit * torch.tanh(memory)
            st[2 * i], st[2 * i + 1] = o, memory
        y = o * extra[1] + extra[2]
        total = total + (text[t + 1] * (y - torch.log(torch.exp(y).sum() + 2.0))).sum()
    return -total / ((text.shape[0] - 1) * b)


def W6():
    a, m, icf, x, _, _ = c.mixture()
    tape("W6", "gmm d10 k25 n1000", mixture, [D(a), D(m), D(icf)], D(x))
    cams, X, w, oc, op, feature = c.bundle()
    z, feature = D(np.concatenate([cams[oc], X[op], w[:, None]], 1)), D(feature)
    go("W6", "ba1 p31843", "vmap jacrev", vmap(jacrev(reprojection)), z, feature,
       result=lambda o: [arrays(o), -2 * w])
    main, extra, state, text = map(D, c.characters())
    tape("W6", "lstm l2 c1024", lstm, [main, extra], state, text, most=2)


def W7():
    A0, x, b = map(D, c.matrix())
    A = A0 + torch.diag(x)
    tape("W7", "logdet grad full A", lambda p: torch.linalg.slogdet(p[0])[1], [A])
    tape("W7", "logdet grad x", lambda p: torch.linalg.slogdet(A0 + torch.diag(p[0]))[1], [x])
    solution = lambda x: torch.linalg.solve(A0 + torch.diag(x), b)  # noqa: E731
    go("W7", "solve jac x 100x100", "jacfwd", jacfwd(solution), x)
    go("W7", "solve jac x 100x100", "jacrev", jacrev(solution), x)
    tape("W7", "half|A^-1 b|^2 grad A,b", lambda p: 0.5 * (torch.linalg.solve(p[0], p[1]) ** 2).sum(), [A, b])


def arm(q):
    o, z = torch.ones_like(q[0]), torch.zeros_like(q[0])
    T = [[o if i == j else z for j in range(4)] for i in range(3)]
    for k in range(7):
        co, si, ca, sa, d = torch.cos(q[k]), torch.sin(q[k]), c.COS_TWIST[k], c.SIN_TWIST[k], c.OFFSET[k]
        T = [[a * co + b * si, (-si * ca) * a + (co * ca) * b + sa * e, (si * sa) * a + (-co * sa) * b + ca * e, d * e + t]
             for a, b, e, t in T]
    return T


def position(q):
    return torch.stack([row[3] for row in arm(q)])


def pose(q):
    T = arm(q)
    turn = [torch.atan2(T[2][1], T[2][2]), torch.atan2(-T[2][0], torch.sqrt(T[0][0] ** 2 + T[1][0] ** 2)),
            torch.atan2(T[1][0], T[0][0])]
    return torch.stack([row[3] for row in T] + turn)


def W8():
    Q = D(c.angles())
    for name, f in (("3x7", position), ("6x7", pose)):
        go("W8", f"{name} single", "jacrev", jacrev(f), Q[0].clone())
        go("W8", f"{name} batch1e5", "vmap jacrev", vmap(jacrev(f)), Q, most=3)


for family in (W1, W2, W3, W4, W5, W6, W7, W8):
    if not c.NAMES or any(name.startswith(family.__name__) for name in c.NAMES):
        family()
