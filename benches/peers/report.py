"""The tables of a run: python report.py FILES... ; ends with 1 if two engines disagree or ours failed.

The files hold lines of JSON as the benchmark and the scripts of the peers write them.
"""
import collections
import json
import math
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
AGREE = 1e-9
PEERS = ("jax", "torch", "casadi")
LINES = [json.loads(line) for path in sys.argv[1:] for line in open(path) if line.startswith("{")]
with open(os.path.join(HERE, "limits.json")) as file:
    LIMITS = json.load(file)


def seconds(line):
    """The median; on one thread what was computed, if others took turns on the core meanwhile."""
    return min(line["median"], line.get("cpu", math.inf)) if line["threads"] == 1 else line["median"]


def best(engine, threads, name, kind="run"):
    """The fastest way of an engine, and its seconds."""
    found = [line for line in LINES if line["engine"] == engine and line.get("threads") == threads and "median" in line
             and f"{line['work']} {line['case']}" == name and line["kind"] == kind]
    return min(((seconds(line), line) for line in found), key=lambda pair: pair[0], default=(None, None))


def figure(x, unit=1e6):
    if x is None:
        return "–"
    x *= unit
    return f"{x:.3f}" if x < 1 else f"{x:.2f}" if x < 100 else f"{x:,.0f}".replace(",", " ")


def table(title, head, rows):
    if rows:
        print(f"\n## {title}\n\n| {' | '.join(head)} |\n|{' --- |' * len(head)}")
        for row in rows:
            print(f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in row)} |")


def names():
    found = [f"{line['work']} {line['case']}" for line in LINES if line["kind"] == "run"]
    return sorted(dict.fromkeys(found), key=lambda name: name[:2])


def slower(name, peers):
    """By which factor this machine is slower than that of the limits, going by the peers that were measured on both."""
    there = LIMITS["microseconds of peers on the machine of these limits"].get(name, {})
    factors = [peers[engine] * 1e6 / taken for engine, taken in there.items() if peers.get(engine)]
    return min(factors, default=None)


def workloads(threads):
    rows = []
    for name in names():
        ours, line = best("jacobi", threads, name)
        if ours is None:
            continue
        peers = {engine: best(engine, threads, name)[0] for engine in PEERS}
        fastest = min((t for t in peers.values() if t is not None), default=None)
        limit = LIMITS["microseconds"].get(name)
        factor = slower(name, peers) if threads == 1 and limit else None
        here = limit * factor if factor else None
        value = best("jacobi", threads, name, "value")[0]
        rows.append([name, figure(ours), *(figure(peers[engine]) for engine in PEERS),
                     f"{fastest / ours:.2f}" if fastest else "–", limit or "–",
                     f"{100 * ours * 1e6 / limit:.0f} %" if limit else "–",
                     *([figure(here, 1), f"{100 * ours * 1e6 / here:.0f} %" if here else "–"] if threads == 1 else []),
                     f"{ours / value:.2f}" if value else "–",
                     line["mode"]])
    head = ["workload", "ours µs", "JAX µs", "PyTorch µs", "CasADi µs", "best peer ÷ ours", "limit µs", "of the limit",
            *(["limit here µs", "of that"] if threads == 1 else []), "derivative ÷ value", "mode"]
    table(f"Derivatives, {threads} thread{'s' * (threads > 1)}", head, rows)
    if threads == 1:
        print("\nThe limits were set on another machine. *Limit here* is a limit times the least factor by which a peer is "
              "slower here than it was there; where no peer was measured on both there is none.")


def scaling():
    rows = []
    for name, wanted in LIMITS["two threads by one, at least"].items():
        one, two = best("jacobi", 1, name)[0], best("jacobi", 2, name)[0]
        if one and two:
            rows.append([name, figure(one), figure(two), f"{one / two:.2f}", wanted])
    table("Two threads", ["workload", "one µs", "two µs", "gain", "wanted"], rows)


def requests():
    rows = []
    for name in names():
        row = [best("jacobi", 1, name, kind)[0] for kind in ("run", "answer", "first")]
        if row[1] is not None:
            line = best("jacobi", 1, name)[1] or {}
            rows.append([name, *map(figure, row), line.get("nodes", "–")])
    head = ["workload", "inside the core µs", "from bytes to bytes µs", "the first time µs", "nodes"]
    table("Whole requests, without HTTP, 1 thread", head, rows)


def memory():
    rows = []
    for name in names():
        ours = [line for line in LINES if line["kind"] == "memory" and f"{line['work']} {line['case']}" == name]
        if ours:
            jax = best("jax", 1, name)[1] or {}
            rows.append([name, figure(ours[0]["bytes"], 1e-3), figure(ours[0]["peak_bytes"], 1e-3),
                         figure(jax.get("peak_bytes"), 1e-3)])
    head = ["workload", "ours, predicted kB", "ours, measured kB", "JAX kB"]
    table("Memory of a run beside its inputs", head, rows)


def extras():
    rows = []
    growth = collections.defaultdict(dict)
    for line in LINES:
        if line["kind"] == "growth" and line["threads"] == 1:
            growth[line["case"]][line["n"]] = seconds(line)
    for name, points in growth.items():
        n = sorted(points)
        x, y = [math.log(k) for k in n], [math.log(points[k]) for k in n]
        mx, my = sum(x) / len(x), sum(y) / len(y)
        slope = sum((a - mx) * (b - my) for a, b in zip(x, y)) / sum((a - mx) ** 2 for a in x)
        rows.append([f"{name}: log-log slope, n = {n[0]} … {n[-1]}", f"{slope:.3f}",
                     f"{LIMITS['slope, at least']} … {LIMITS['slope, at most']}"])
    get = lambda case, kind: best("jacobi", 1, f"extra {case}", kind)[0]  # noqa: E731
    for what, limit in (("read", "read by serde_json, at least"), ("written", "written by serde_json, at least")):
        ours, theirs = get(what, "json"), get(f"{what} by serde_json", "json")
        if ours and theirs:
            rows.append([f"100 000 numbers {what}: {figure(ours)} µs, by serde_json {figure(theirs)} µs",
                         f"{theirs / ours:.2f} ×", f"{LIMITS[limit]} ×"])
    first = get("100 operations", "first")
    if first:
        rows.append(["the first request of a function of a hundred operations", f"{figure(first)} µs",
                     f"{LIMITS['first of a hundred operations']} µs"])
    products = [(line["product_flops"] / seconds(line) / 1e9, line["engine"]) for line in LINES
                if line["kind"] == "product" and line["threads"] == 1]
    if products:
        peak, engine = max(products)
        for speed, who in sorted(products):
            rows.append([f"product of two matrices, n = 1024, by {who}", f"{speed:.1f} Gflop/s", "–"])
        for name, wanted in LIMITS["percent of dgemm, at least"].items():
            ours, line = best("jacobi", 1, name)
            if ours:
                speed = line["product_flops"] / ours / 1e9
                rows.append([f"{name}: {speed:.1f} Gflop/s of products, of the {peak:.1f} of {engine}",
                             f"{100 * speed / peak:.0f} %", f"{wanted} %"])
    for name, wanted in LIMITS["derivative by value, at most"].items():
        ours, value = best("jacobi", 1, name)[0], best("jacobi", 1, name, "value")[0]
        if ours and value:
            rows.append([f"{name}: derivative ÷ value", f"{ours / value:.2f}", f"{wanted}"])
    table("Other figures, 1 thread", ["what", "measured", "limit"], rows)


def servers():
    rows = []
    by_case = collections.defaultdict(dict)
    for line in LINES:
        if line["kind"] == "http" and "per_second" in line:
            by_case[line["case"]][line["engine"]] = line
    for case, found in by_case.items():
        ours = found.get("jacobi")
        for engine, line in found.items():
            wanted = LIMITS["requests a second by those of"].get(case, {}).get(engine)
            rows.append([case, engine, f"{line['per_second']:.0f}", f"{line['median'] * 1e3:.3f}", f"{line['p99'] * 1e3:.2f}",
                         figure(line["cpu"]), line["sent"], f"{ours['per_second'] / line['per_second']:.2f} ({line['cpu'] / ours['cpu']:.2f})" if ours else "–", wanted or "–"])
    head = ["function", "server", "requests/s", "median ms", "p99 ms", "server's computing µs a request", "bytes sent", "ours ÷ this (by computing)", "wanted"]
    table("Over HTTP, 16 connections", head, rows)


def disagreements():
    known, wrong, compared = {}, [], collections.Counter()
    for line in sorted(LINES, key=lambda line: line["engine"] == "jacobi"):
        if line["kind"] == "run" and line.get("checksum"):
            name, sums = f"{line['work']} {line['case']}", line["checksum"]
            if name not in known:
                known[name] = sums
                continue
            compared[name] += 1
            size = AGREE * abs(known[name][1])
            if not (abs(sums[0] - known[name][0]) <= size and abs(sums[1] - known[name][1]) <= size):
                wrong.append(f"{name}: {line['engine']} has {sums}, others {known[name]}")
    print(f"\n{sum(compared.values())} answers of {len(known)} workloads compared with those of another engine: "
          + (f"{len(wrong)} differ" if wrong else f"all agree to {AGREE}"))
    alone = [name for name in known if not compared[name]]
    if alone:
        print("\nCompared with nobody: " + ", ".join(alone))
    return wrong


for count in (1, 2):
    workloads(count)
scaling()
requests()
extras()
servers()
memory()
WRONG = disagreements()
WRONG += [f"{line['engine']}: {line['work']} {line['case']}, {line.get('how', '')}: {line['error']}" for line in LINES
          if "error" in line]
for problem in WRONG:
    print(f"\n- {problem}")
OURS = [line for line in LINES if line["engine"] == "jacobi" and line["kind"] == "run"]
sys.exit(1 if any("has [" in problem for problem in WRONG) or not OURS else 0)
