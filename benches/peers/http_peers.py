"""Servers under the same load, one after another in turns: python http_peers.py JACOBI LOAD [--quick] [--connections n]

JACOBI and LOAD are the programs (the load is benches/load.rs). Each answer is compared with JAX before it is timed.
A line of JSON for each server and function goes to standard output.
"""
import base64
import contextlib
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

import numpy as np
import orjson

import common as c
from functions import FUNCTIONS, MATRIX, POINT, WEIGHTS, jax

HERE = os.path.dirname(os.path.abspath(__file__))
JACOBI, LOAD = sys.argv[1:3]
SECONDS, ROUNDS = (1, 2) if c.QUICK else (3, 5)
CONNECTIONS = 16
BIN = os.path.dirname(sys.executable)
ENV = {**os.environ, "JAX_PLATFORMS": "cpu", "PYTHONPATH": HERE, "PYTHONDONTWRITEBYTECODE": "1"}


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@contextlib.contextmanager
def running(command, port, **env):
    """A server in a process of its own, until the block ends."""
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, env={**ENV, **env}, stdout=log, stderr=log)
        try:
            for _ in range(1200):
                with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
                    break
                if process.poll() is not None:
                    log.seek(0)
                    raise RuntimeError(f"{command[0]} ended: {log.read()[-2000:].decode()}")
                time.sleep(0.1)
            yield process.pid, port
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextlib.contextmanager
def bare(answer):
    """The handler that only answers with a file."""
    with tempfile.NamedTemporaryFile() as file:
        file.write(answer)
        file.flush()
        process = subprocess.Popen([LOAD, "bare", file.name], stdout=subprocess.PIPE)
        try:
            yield process.pid, int(process.stdout.readline().split(b":")[-1])
        finally:
            process.terminate()
            process.wait()


def computed(pid):
    """Seconds that a process has computed, whoever else used the machine."""
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def packed(a):
    a = np.ascontiguousarray(a, dtype="<f8")
    return {"shape": list(a.shape), "base64": base64.b64encode(a.tobytes()).decode()}


def document(name, encoding):
    """The function as Jacobi's clients post it: text, and its constants with it."""
    array = packed if encoding == "base64" else (lambda a: a.tolist())
    constants = {}
    if name == "polar":
        define = {"f(x)": "[x[0]*cos(x[1]), x[0]*sin(x[1])]"}
    elif name == "network":
        names = ["W1", "b1", "W2", "b2", "W3", "b3"]
        constants = {n: array(a) for n, a in zip(names, WEIGHTS)}
        define = {"f(x)": "softmax(W3 @ tanh(W2 @ tanh(W1 @ x + b1) + b2) + b3)"}
    else:
        constants, define = {"W": array(MATRIX)}, {"f(x)": "tanh(W @ x)"}
    doc = {"define": define, "at": {"x": array(POINT[name])}, "want": ["jacobian"], "encoding": encoding}
    return {**doc, "constants": constants} if constants else doc


def numbers(answer):
    """The Jacobian of an answer, whichever server gave it."""
    answer = json.loads(answer)
    if isinstance(answer["jacobian"] if "jacobian" in answer else None, list):
        return np.array(answer["jacobian"])
    if "y" in answer:
        return np.array(answer["y"]["x"]["data"]["buffer"])
    found = answer["jacobian"]["f"]["x"]
    if "base64" in found or isinstance(found.get("data"), str):
        data = base64.b64decode(found.get("base64", found.get("data")))
        return np.frombuffer(data, "<f8").reshape(found["shape"])
    return np.array(found["data"])


def post(port, path, body):
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", body, {"content-type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return answer.read()


def drive(server, path, body, seconds):
    pid, port = server
    with tempfile.NamedTemporaryFile() as file:
        file.write(body)
        file.flush()
        command = [LOAD, "drive", f"127.0.0.1:{port}", path, file.name, str(CONNECTIONS), str(seconds)]
        before = computed(pid)
        run = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
        return {**run, "cpu": (computed(pid) - before) / run["requests"]}


def compare(case, encoding, servers, bodies):
    """Loads the servers in turns and writes the median of each."""
    name = case.split()[0]
    known = np.asarray(jax.jacrev(FUNCTIONS[name])(POINT[name]))
    for server, (where, path) in servers.items():
        if server != "bare axum":
            got = numbers(post(where[1], path, bodies[server]))
            assert got.shape == known.shape and np.allclose(got, known, rtol=1e-9, atol=1e-11), f"{server} is wrong"
        drive(where, path, bodies[server], 0.5)
    rounds = {server: [] for server in servers}
    for _ in range(ROUNDS):
        for server, (where, path) in servers.items():
            rounds[server].append(drive(where, path, bodies[server], SECONDS))
    for server, runs in rounds.items():
        line = dict(engine=server, work="http", case=case, kind="http", connections=CONNECTIONS, encoding=encoding,
                    **{what: statistics.median(run[what] for run in runs) for what in ("per_second", "median", "p99", "cpu")},
                    sent=len(bodies[server]))
        print(json.dumps(line), flush=True)


def tesseract(stack, name):
    """A Tesseract without a container, if its runtime is there."""
    program = os.path.join(BIN, "tesseract-runtime")
    if not os.path.exists(program):
        return None
    out = stack.enter_context(tempfile.TemporaryDirectory())
    port = free_port()
    command = [program, "serve", "--host", "127.0.0.1", "--port", str(port)]
    try:
        settings = dict(PEER_FUNCTION=name, TESSERACT_NAME=name, TESSERACT_OUTPUT_PATH=out,
                        TESSERACT_API_PATH=os.path.join(HERE, "tesseract_api.py"))
        return stack.enter_context(running(command, port, **settings))
    except RuntimeError as fault:
        print(json.dumps(dict(engine="tesseract", work="http", case=name, kind="http", error=str(fault))), flush=True)
        return None


def main():
    with contextlib.ExitStack() as stack:
        port = free_port()
        ours = stack.enter_context(running([JACOBI, "serve", "--listen", f"127.0.0.1:{port}", "--log", "warn"], port))
        port = free_port()
        uvicorn = [os.path.join(BIN, "uvicorn"), "fastapi_server:app", "--app-dir", HERE, "--host", "127.0.0.1", "--port",
                   str(port), "--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning"]
        fastapi = stack.enter_context(running(uvicorn, port))
        for case, encoding in (("polar 2 to 2", "nested"), ("network 10x64", "nested"), ("network 10x64 base64", "base64"),
                               ("dense 200x200", "nested"), ("dense 200x200 base64", "base64")):
            name, x = case.split()[0], POINT[case.split()[0]].tolist()
            bodies = {"jacobi": json.dumps(document(name, encoding)).encode(),
                      "fastapi": orjson.dumps({"fn": name, "x": x})}
            bodies["bare axum"] = bodies["jacobi"]
            with contextlib.ExitStack() as more:
                answer = post(ours[1], "/jacobian", bodies["jacobi"])
                servers = {"jacobi": (ours, "/jacobian"), "fastapi": (fastapi, "/jacobian"),
                           "bare axum": (more.enter_context(bare(answer)), "/")}
                peer = tesseract(more, name) if encoding == "nested" else None
                if peer:
                    servers["tesseract"] = (peer, "/jacobian")
                    value = {"object_type": "array", "shape": [len(x)], "dtype": "float64",
                             "data": {"buffer": x, "encoding": "json"}}
                    bodies["tesseract"] = orjson.dumps({"inputs": {"x": value}, "jac_inputs": ["x"], "jac_outputs": ["y"]})
                compare(case, encoding, servers, bodies)


main()
