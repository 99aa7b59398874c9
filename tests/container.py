"""Tiny and huge requests together, for as many seconds as asked: `container.py host:port seconds [kind...]`.

Tells what was answered, by kind of request and status, and fails if an answer is one that operators must not see: a
server error that is not 503 with `retry-after`, or a connection that ends without an answer.
"""

import base64
import collections
import http.client
import json
import random
import struct
import sys
import threading
import time

ADDRESS, SECONDS, ONLY = sys.argv[1], float(sys.argv[2]), sys.argv[3:]
END = time.monotonic() + SECONDS


def array(rng, *shape):
    count = 1
    for length in shape:
        count *= length
    data = struct.pack(f"<{count}d", *(rng.uniform(-1, 1) for _ in range(count)))
    return {"shape": list(shape), "base64": base64.b64encode(data).decode()}


def document(rng, body, **fields):
    return json.dumps({"define": {"f(x)": body}, **fields}).encode()


def kinds(rng):
    """Each kind: its name, how many clients send it, the path, and the bodies, or none for ever fresh ones."""
    vector = lambda n: {"x": array(rng, n)}
    square = array(rng, 300, 300)
    yield "tiny", 4, "/jacobian", [document(rng, f"sum(x^2) + {i}*x[0]", at={"x": [i, 1]}) for i in range(50)]
    yield "small", 2, "/gradient", [document(rng, "sum(tanh(W @ x)^2)", constants={"W": array(rng, 50, 50)}, at=vector(50))]
    yield "never seen", 1, "/hessian", None
    yield "large", 2, "/jacobian", [
        document(rng, "tanh(W @ x)", constants={"W": square}, at=vector(300), encoding="base64"),
        document(rng, "inv(W + 9*eye(300)) @ x", constants={"W": square}, at=vector(300)),
    ]
    yield "long answer", 1, "/jacobian", [document(rng, "x*sum(x)", at=vector(1200))]
    yield "slow", 1, "/value", [document(rng, "repeat(step, x, 20000000)", at={"x": [0.5]}).replace(b'"f(x)"', b'"step(y)": "cos(y)", "f(x)"')]
    yield "over the limit", 1, "/jacobian", [document(rng, "outer(x, x)", at=vector(3000))]
    yield "large body", 2, "/gradient", [document(rng, "sum(sin(x))", at=vector(500_000))]
    yield "body over the limit", 1, "/gradient", [b" " * (65 << 20)]
    yield "nonsense", 1, "/jacobian", [b"{", b'{"define": {"f(x)": "sin(x"}, "at": {"x": 1}}', b"\xff" * 100]


counts, faults, times = collections.Counter(), [], collections.defaultdict(list)
lock = threading.Lock()


def fresh(rng):
    """A document that no cache knows."""
    terms = " + ".join(f"{rng.uniform(0.5, 2):.6f}*sin({rng.uniform(0.5, 2):.6f}*x[{i}]*x[{i + 1}])" for i in range(20))
    return document(rng, terms, at={"x": [rng.uniform(-1, 1) for _ in range(21)]})


def client(name, path, bodies, seed):
    rng = random.Random(seed)
    connection = http.client.HTTPConnection(ADDRESS, timeout=90)
    while time.monotonic() < END:
        body = rng.choice(bodies) if bodies else fresh(rng)
        start = time.monotonic()
        try:
            connection.request("POST", path, body, {"content-type": "application/json"})
            answer = connection.getresponse()
            answer.read()
            status, retry = answer.status, answer.getheader("retry-after")
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            # Told early that a body is too large, the server may hang up on what follows of it.
            refused = name == "body over the limit" and isinstance(error, (BrokenPipeError, ConnectionResetError))
            status, retry = "hung up" if refused else repr(error), None
        with lock:
            counts[name, status] += 1
            times[name].append(time.monotonic() - start)
            if not isinstance(status, int) and status != "hung up" or isinstance(status, int) and status >= 500 and (status != 503 or not retry):
                faults.append((name, status, retry))
        if status == 503:
            time.sleep(min(float(retry or 1), 2) * rng.random())
        elif name not in ("tiny", "small"):
            time.sleep(0.2 * rng.random())


def hang_up(body, seed):
    """Asks for something long and goes away."""
    rng = random.Random(seed)
    while time.monotonic() < END:
        connection = http.client.HTTPConnection(ADDRESS, timeout=90)
        try:
            connection.request("POST", "/value", body, {"content-type": "application/json"})
            time.sleep(0.5 * rng.random())
            with lock:
                counts["goes away", "not waited for"] += 1
        except OSError as error:
            with lock:
                faults.append(("goes away", repr(error), None))
        connection.close()


rng, threads = random.Random(1), []
for name, clients, path, bodies in kinds(rng):
    if ONLY and name not in ONLY:
        continue
    threads += [threading.Thread(target=client, args=(name, path, bodies, f"{name} {i}")) for i in range(clients)]
    if name == "slow":
        threads.append(threading.Thread(target=hang_up, args=(bodies[0], 7)))
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()

total = collections.Counter()
for (name, status), count in sorted(counts.items(), key=str):
    total[status] += count
    print(f"{name:>20} {status}: {count}")
for name, taken in times.items():
    taken.sort()
    print(f"{name:>20} median {1e3 * taken[len(taken) // 2]:.1f} ms, 99 % within {1e3 * taken[int(0.99 * (len(taken) - 1))]:.1f} ms")
print("by status:", ", ".join(f"{status}: {count}" for status, count in sorted(total.items(), key=str)))
if faults:
    print(f"{len(faults)} answers that nobody should get, such as", faults[:5])
if faults or not (ONLY or counts["tiny", 200]):
    sys.exit(1)
