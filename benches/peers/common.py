"""What the scripts of the peers share: the data of the workloads, the clock, and the lines they write.

The data are those of benches/workloads, made by the same formulas; every array is float64 and row-major.
"""
import json
import math
import os
import sys
import time

QUICK = "--quick" in sys.argv
NAMES = [a for a in sys.argv[1:] if a.startswith("W")]
THREADS = int(sys.argv[sys.argv.index("--threads") + 1]) if "--threads" in sys.argv else os.cpu_count()
if "--threads" in sys.argv:
    for _name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[_name] = str(THREADS)
    _cpus = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, _cpus[-THREADS:])

import numpy as np  # noqa: E402  (after the number of its threads is set)

EXAMPLES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "examples", "adbench")


def uniform(seed, *shape):
    n = int(np.prod(shape))
    with np.errstate(over="ignore"):
        z = np.uint64(seed) + np.arange(1, n + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return ((z >> np.uint64(11)).astype(np.float64) * 2.0**-53).reshape(shape)


def signed(seed, *shape):
    return 2.0 * uniform(seed, *shape) - 1.0


def weight(seed, rows, columns):
    return signed(seed, rows, columns) * math.sqrt(3.0 / columns)


# W1
POLAR_POINT = np.array([1.5, 0.7])


def polar_points(n=1_000_000):
    return np.stack([0.5 + uniform(11, n), 2.0 * math.pi * uniform(12, n)], axis=1)


# W2
def rosenbrock_point(n):
    return signed(21, n)


def rosenbrock_direction():
    return signed(22, 1000)


# W3
def network():
    weights = [weight(31, 128, 64), 0.1 * signed(32, 128), weight(33, 128, 128), 0.1 * signed(34, 128),
               weight(35, 10, 128), 0.1 * signed(36, 10)]
    return weights, signed(37, 1024, 64), np.arange(1024) % 10


# W4
def bottleneck():
    return [weight(41, 500, 500), weight(42, 2, 500), weight(43, 500, 2), weight(44, 500, 500)], signed(45, 500)


# W5
GRID, LAMBDA = 100, 6.0
NU, DT = 0.01, 1e-3


def bratu_point():
    return uniform(51, GRID, GRID)


def bratu_pattern():
    """Rows and columns of the five-point Jacobian, columns ascending in each row, and a colour for each cell."""
    rows, columns = [], []
    for i in range(GRID):
        for j in range(GRID):
            for di, dj in ((-1, 0), (0, -1), (0, 0), (0, 1), (1, 0)):
                a, b = i + di, j + dj
                if 0 <= a < GRID and 0 <= b < GRID:
                    rows.append(i * GRID + j)
                    columns.append(a * GRID + b)
    i, j = np.meshgrid(np.arange(GRID), np.arange(GRID), indexing="ij")
    return np.array(rows), np.array(columns), ((i + 2 * j) % 5).ravel()


def burgers_point(n=100_000):
    h = 1.0 / (n + 1)
    before = np.sin(2 * math.pi * ((np.arange(n) + 1) * h))
    return before + 0.1 * signed(52, n), before, h


def burgers_pattern(n):
    rows = np.repeat(np.arange(n), 3)
    columns = (np.arange(n)[:, None] + np.array([-1, 0, 1])).ravel()
    inside = (columns >= 0) & (columns < n)
    return rows[inside], columns[inside], np.arange(n) % 3


# W6: the documents of examples/adbench hold the data of ADBench
def example(name):
    with open(os.path.join(EXAMPLES, name + ".json")) as file:
        return json.load(file)


def mixture(d=10, k=25, n=1000):
    return (signed(62, k), uniform(63, k, d), signed(64, k, d * (d + 1) // 2), signed(61, n, d), 1.0, 0)


def bundle(cameras=49, points=7776, observations=31843):
    doc = example("ba")
    one = {name: np.array(values[0], float) for name, values in doc["at"].items()}
    i = np.arange(observations)
    feature = np.tile(np.array(doc["constants"]["feature"]), (observations, 1))
    return (np.tile(one["cams"], (cameras, 1)), np.tile(one["X"], (points, 1)), np.full(observations, one["w"]),
            i % cameras, i % points, feature)


def characters():
    doc = example("lstm")
    main = np.array(doc["at"]["main"], float).reshape(4, 56)
    start = np.array(doc["constants"]["start"], float).reshape(4, 14)
    return main, np.array(doc["at"]["extra"], float), start, np.array(doc["constants"]["text"], float)


# Each bone's parent: the wrist, five fingers of four bones, and the forearm.
PARENTS = [-1] + [0 if bone % 4 == 0 else bone for finger in range(5) for bone in range(4 * finger, 4 * finger + 4)] + [0]


def hand():
    doc = example("hand")
    c = {name: np.array(values) for name, values in doc["constants"].items()}
    base = np.ones((4, len(c["vertices"])))
    base[:3] = c["vertices"].T
    return dict(parents=PARENTS, rel=c["offset"], absinv=c["inverse_absolute"], base=base, wts=c["weights"].T,
                corr=c["vertex"].astype(int), pts=c["measured"].T.copy(), theta=np.array(doc["at"]["theta"], float))


# W7
def matrix():
    g = signed(71, 100, 100)
    return g @ g.T / 100 + np.eye(100), uniform(72, 100), signed(73, 100)


# W8: offsets along the joints, and the exact cosines and sines of the twists between them
OFFSET = [0.36, 0.0, 0.42, 0.0, 0.40, 0.0, 0.126]
COS_TWIST = [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0]
SIN_TWIST = [-1.0, 1.0, 1.0, -1.0, -1.0, 1.0, 0.0]


def angles(n=100_000):
    return 0.9 * math.pi * signed(81, n, 7)


def checksum(arrays):
    """Two sums over all elements, the first with weights that tell places apart."""
    r = np.concatenate([np.asarray(a, dtype=np.float64).ravel() for a in arrays])
    c = ((np.arange(r.size, dtype=np.int64) * 7919) % 1009) / 1009.0 - 0.5
    return [float(np.dot(r, c)), float(np.abs(r).sum())]


def seconds(act, most=6.0):
    """Median and least seconds for one call, over 15 samples of at least 30 ms (5 of 10 ms if quick), and the median
    of what the process itself computed meanwhile, whoever else used the machine."""
    reps, least = (5, 0.010) if QUICK else (15, 0.030)
    most = min(most, 1.0) if QUICK else most
    act()
    act()
    inner = 1
    while True:
        start = time.perf_counter()
        for _ in range(inner):
            act()
        taken = time.perf_counter() - start
        if taken >= least:
            break
        inner = math.ceil(inner * min(max(least / max(taken, 1e-9), 1.1), 100))
    samples, own, begun = [], [], time.perf_counter()
    while len(samples) < reps and (len(samples) < 5 or time.perf_counter() - begun < most):
        start, before = time.perf_counter(), time.process_time()
        for _ in range(inner):
            act()
        own.append((time.process_time() - before) / inner)
        samples.append((time.perf_counter() - start) / inner)
    samples.sort()
    own.sort()
    middle = len(samples) // 2
    return dict(median=samples[middle], min=samples[0], cpu=own[middle], samples=len(samples))


class Bench:
    """Measures one engine and writes a line of JSON for each figure."""

    def __init__(self, engine):
        self.engine = engine

    def wants(self, work, case):
        return not NAMES or any(name in f"{work} {case}" for name in NAMES)

    def run(self, work, case, how, act, result=None, kind="run", most=6.0, **more):
        """`act` computes; `result(what it returned)` are the arrays of its checksum; `kind` is run or value."""
        if not self.wants(work, case):
            return
        line = dict(engine=self.engine, threads=THREADS, work=work, case=case, how=how, kind=kind, **more)
        try:
            start = time.perf_counter()
            out = act()
            line["first"] = time.perf_counter() - start
            if result is not None:
                arrays = result(out)
                line["checksum"] = checksum(arrays if isinstance(arrays, (list, tuple)) else [arrays])
            line.update(seconds(act, most))
        except Exception as fault:  # one engine that cannot do one thing does not end the run
            line["error"] = f"{type(fault).__name__}: {str(fault)[:300]}"
        print(json.dumps(line), flush=True)
