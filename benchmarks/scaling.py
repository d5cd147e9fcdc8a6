"""``python -m benchmarks.scaling``: how the time of a generated step grows, what it allocates, and its share of a roofline.

Each row of the first table grows one thing and holds the rest; the slope is that of the logarithms of seconds by least squares
over the larger half of the sizes, where the fixed costs of calls weigh least. 1 is linear. The roofline is measured on the
spot: bandwidth by an addition in place over as many numbers as the model has parameters, operations by a matrix product. A step
is taken to need at least 16 bytes a parameter (weight and costate, each read and written once) and the operations of its
products.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from math import log
from statistics import median
from time import process_time
from typing import Any

import torch

from benchmarks.generated import Generated
from benchmarks.measure import machine, table
from benchmarks.memory import allocations
from benchmarks.workload import ORDERS, WORKLOADS, Workload

LAYER = "param W{k}[n, n] = normal(0, 1/sqrt(n))\n"
PRODUCTS = {"semi-implicit": 3, "sequential": 4}
"""How often a step of the recurrent network multiplies by its weights: forward (at two points), back, and the outer product."""


def deep(layers: int, kind: str) -> str:
    """A net of so many layers, or of as many definitions of one number each."""
    head = "ham 1\nmodel deep\ndim n = 32\ninput u[n]\ntarget v[n]\n"
    if kind == "depth":
        head += "".join(LAYER.format(k=k) for k in range(layers))
        body = "".join(f"let a{k} = tanh(W{k} @ {f'a{k - 1}' if k else 'u'})\n" for k in range(layers))
    else:
        head += LAYER.format(k="")
        body = "let a0 = tanh(W @ u)\n" + "".join(f"let a{k} = sin(a{k - 1})\n" for k in range(1, layers))
    end = f"output y = a{layers - 1}\ncost fit = 1/2 * squared(y - v)\nlearn\n    step = euler\n    order = sequential\n"
    return head + body + end + "    tau = 1\n    eta = 0.5\n    beta = 0.001\n"


def seconds(work: Callable[[], object], rounds: int) -> float:
    """Processor seconds of a call: the median."""
    work()
    taken = []
    for _ in range(rounds):
        start = process_time()
        work()
        taken.append(process_time() - start)
    return median(taken)


def runner(workload: Workload, order: str, steps: int) -> Callable[[], object]:
    made, stream = Generated(workload, order), workload.stream(steps)
    return lambda: made.run(stream)


def text_runner(text: str, steps: int) -> Callable[[], object]:
    import hdsl

    net: Any = hdsl.loads(text).compile()()
    generator = torch.Generator().manual_seed(0)
    stream = {name: torch.randn(steps, 1, 32, generator=generator) for name in ("u", "v")}
    return lambda: net.run(stream)


def rnn(n: int, batch: int) -> Workload:
    return Workload(f"rnn-{n}-batch-{batch}", "rnn", {"n": n, "m": 16, "d": 16}, batch)


def growth(rounds: int, quick: bool) -> dict[str, dict[int, float]]:
    """Seconds a step by size, a row for each thing that grows; of the stream's length seconds in all."""
    few = 64 if quick else 256
    wide = [rnn(n, 1) for n in (64, 128, 256, 512, 1024)]
    rows: dict[str, Mapping[int, tuple[Callable[[], object], int]]] = {
        "parameters (n = 64 … 1024)": {w.parameters: (runner(w, "sequential", few), few) for w in wide},
        "batch, n = 64": {b: (runner(rnn(64, b), "sequential", few), few) for b in (1, 8, 32, 128, 512)},
        "depth, layers of 32": {k: (text_runner(deep(k, "depth"), few), few) for k in (2, 4, 8, 16)},
        "definitions": {k: (text_runner(deep(k, "definitions"), few), few) for k in (4, 8, 16, 32)},
        "steps, n = 16": {k: (runner(rnn(16, 1), "sequential", k), 1) for k in (512, 1024, 2048, 4096)},
    }
    return {
        name: {size: seconds(work, rounds) / steps for size, (work, steps) in sizes.items()} for name, sizes in rows.items()
    }


def slope(found: Mapping[int, float]) -> float:
    """The slope of log seconds against log size, by least squares over the larger half."""
    points = [(log(size), log(each)) for size, each in sorted(found.items())][len(found) // 2 - (len(found) % 2 == 0) :]
    x, y = (sum(values) / len(points) for values in zip(*points, strict=True))
    return sum((a - x) * (b - y) for a, b in points) / sum((a - x) ** 2 for a, _ in points)


def bandwidth(numbers: int, rounds: int) -> float:
    """Bytes a second of ``a += b`` over two float32 arrays of so many numbers: each is read, one is written."""
    a, b = torch.ones(numbers), torch.ones(numbers)
    times = max(1, 10**7 // numbers)

    def work() -> None:
        for _ in range(times):
            a.add_(b, alpha=1e-9)

    return 12 * numbers * times / seconds(work, rounds)


def operations(rounds: int) -> float:
    """Additions and multiplications a second of a product of two matrices of 512 rows."""
    a, b, c = (torch.ones(512, 512) for _ in range(3))
    return 2 * 512**3 / seconds(lambda: torch.mm(a, b, out=c), 5 * rounds)


def roofline(names: list[str], rounds: int, steps: int) -> list[dict[str, Any]]:
    """For each row and order: seconds a step, the least that the roofline allows, and the share."""
    peak, found = operations(rounds), []
    for name in names:
        workload = WORKLOADS[name]
        carried = bandwidth(max(workload.parameters, 1024), rounds)
        for order in ORDERS:
            products = PRODUCTS[order] if workload.kind == "rnn" else 3
            least = max(16 * workload.parameters / carried, 2 * products * workload.parameters * workload.batch / peak)
            taken = seconds(runner(workload, order, steps), rounds) / steps
            found.append({"row": name, "order": order, "bandwidth": carried, "peak": peak, "least": least, "seconds": taken})
    return found


def allocated(names: list[str]) -> list[dict[str, Any]]:
    """How often a step of ``run`` and of ``step`` asks for memory; two lengths tell apart what a run allocates once a chunk."""
    found = []
    for name in names:
        made, stream = Generated(WORKLOADS[name], "sequential"), WORKLOADS[name].stream(128)

        def part(count: int, stream: Any = stream) -> Any:
            return {key: value[:count] for key, value in stream.items()}

        one, two = (allocations(lambda k, made=made: made.run(part(k)), steps) for steps in (64, 128))  # type: ignore[misc]
        step = allocations(lambda k, made=made: made.step(part(k)), 50)  # type: ignore[misc]
        run = None if one is None or two is None else (128 * two - 64 * one) / 64
        found.append({"row": name, "run": run, "step": step})
    return found


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m benchmarks.scaling", description=__doc__)
    options.add_argument("--rows", default="rnn-16,rnn-64,rnn-256,rnn-1024,mlp,oscillators,rnn-64-batch-32,mlp-batch-32")
    options.add_argument("--quick", action="store_true")
    options.add_argument("--json", action="store_true")
    given = options.parse_args()
    torch.set_num_threads(1)
    names, rounds = given.rows.split(","), 2 if given.quick else 5
    grown, roof, taken = growth(rounds, given.quick), roofline(names, rounds, 64 if given.quick else 256), allocated(names)
    if given.json:
        print(json.dumps({"machine": machine(1), "growth": grown, "roofline": roof, "allocations": taken}, indent=1))
        return 0
    print(f"{machine(1)}; seconds of the processor\n")
    told = {name: ", ".join(f"{size}: {each * 1e6:.0f}" for size, each in sizes.items()) for name, sizes in grown.items()}
    body = [[name, told[name], f"{slope(sizes):.2f}"] for name, sizes in grown.items()]
    print(table(["grows", "µs a step by size (of the length: in all)", "slope"], body), end="\n\n")
    body = [[f["row"], f["order"], f"{f['bandwidth'] / 1e9:.0f}", f"{f['peak'] / 1e9:.0f}", f"{f['least'] * 1e6:.2f}",
             f"{f['seconds'] * 1e6:.1f}", f"{f['least'] / f['seconds'] * 100:.0f} %"] for f in roof]
    print(table(["row", "order", "GB/s", "Gflop/s", "least, µs", "run, µs", "share"], body), end="\n\n")
    body = [[f["row"], *("–" if f[way] is None else f"{f[way]:.1f}" for way in ("run", "step"))] for f in taken]
    print(table(["row", "allocations a step, run", "step"], body))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
