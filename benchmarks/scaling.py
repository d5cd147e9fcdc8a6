"""``python -m benchmarks.scaling``: how the time of a step grows, what it allocates and holds, and its share of a roofline.

Each row of the first table grows one thing and holds the rest; the slope is that of the logarithms of seconds by least squares
over the larger half of the sizes, where the fixed costs of calls weigh least. 1 is linear. The roofline is measured on the
spot: bandwidth by an addition in place over as many numbers as the model has parameters (32 768 at least), operations by a
matrix product. A step is taken to need at least 16 bytes a parameter (weight and costate, each read and written once) and the
operations of its products. Memory is watched over 10^6 steps by `benchmarks.memory`, before the rest, so that it disturbs no
times.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from math import log, nan
from statistics import median
from time import process_time
from typing import Any

import torch

from benchmarks import memory, pages
from benchmarks.autograd import Autograd
from benchmarks.by_hand import by_hand
from benchmarks.generated import Generated, NotThereYet
from benchmarks.goals import GOALS, HEAD
from benchmarks.measure import machine
from benchmarks.memory import Held, Mark, allocations, held_in_a_run
from benchmarks.pages import Table
from benchmarks.processes import figure
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


def runner(workload: Workload, order: str, steps: int, backend: str = "torch") -> Callable[[], object]:
    made, stream = Generated(workload, order, backend=backend), workload.stream(steps)
    return lambda: made.run(stream)


def text_runner(text: str, steps: int) -> Callable[[], object]:
    import hdsl

    net: Any = hdsl.loads(text).compile()()
    generator = torch.Generator().manual_seed(0)
    stream = {name: torch.randn(steps, 1, 32, generator=generator) for name in ("u", "v")}
    return lambda: net.run(stream)


def rnn(n: int, batch: int) -> Workload:
    return Workload(f"rnn-{n}-batch-{batch}", "rnn", {"n": n, "m": 16, "d": 16}, batch)


def steps_of(workload: Workload, few: int, backend: str) -> int:
    """Steps of a run that is timed: many of native code, for what a run does once is much beside steps that are short."""
    most = 2**28 // (workload.parameters * workload.batch)
    return max(16, min(few, 4 * most) if backend == "torch" else min(8192, max(most, few // 4)))


PARAMETERS, STEPS = "parameters (n = 64 … 1024)", "steps, n = 16"


def growth(rounds: int, quick: bool) -> dict[str, dict[int, float]]:
    """Seconds a step by size, a row for each thing that grows; of the stream's length seconds in all."""
    few, order = 64 if quick else 256, "sequential"
    wide, lengths = [rnn(n, 1) for n in (64, 128, 256, 512, 1024)], (512, 1024, 2048, 4096)
    sizes: dict[str, Mapping[int, Any]] = {}
    for name, backend, more in (("", "torch", 1), ("native, ", "native", 4)):

        def timed(w: Workload, backend: str = backend) -> tuple[Callable[[], object], int]:
            steps = steps_of(w, few, backend)
            return runner(w, order, steps, backend), steps

        sizes[name + PARAMETERS] = {w.parameters: timed(w) for w in wide}
        sizes[f"{name}batch, n = 64"] = {b: timed(rnn(64, b)) for b in (1, 8, 32, 128, 512)}
        sizes[name + STEPS] = {more * k: (runner(rnn(16, 1), order, more * k, backend), 1) for k in lengths}
    sizes["depth, layers of 32"] = {k: (text_runner(deep(k, "depth"), few), few) for k in (2, 4, 8, 16)}
    sizes["definitions"] = {k: (text_runner(deep(k, "definitions"), few), few) for k in (4, 8, 16, 32)}
    return {name: {size: seconds(work, rounds) / steps for size, (work, steps) in row.items()} for name, row in sizes.items()}


def slope(found: Mapping[int, float]) -> float:
    """The slope of log seconds against log size, by least squares over the larger half."""
    points = [(log(size), log(each)) for size, each in sorted(found.items())][len(found) // 2 - (len(found) % 2 == 0) :]
    x, y = (sum(values) / len(points) for values in zip(*points, strict=True))
    return float(sum((a - x) * (b - y) for a, b in points) / sum((a - x) ** 2 for a, _ in points))


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
    """For each row and order: seconds a step of both backends and the least that the roofline allows."""
    peak, found = operations(rounds), []
    for name in names:
        workload = WORKLOADS[name]
        carried = bandwidth(max(workload.parameters, 2**15), rounds)  # of fewer numbers the call is what takes time
        for order in ORDERS if workload.kind != "mlp" else ORDERS[:1]:
            products = PRODUCTS[order] if workload.kind == "rnn" else 3
            least = max(16 * workload.parameters / carried, 2 * products * workload.parameters * workload.batch / peak)
            both = {}
            for backend in ("torch", "native"):
                own = steps_of(workload, steps, backend)
                both[backend] = seconds(runner(workload, order, own, backend), rounds) / own
            found.append({"row": name, "order": order, "bandwidth": carried, "peak": peak, "least": least, **both})
    return found


WAYS = ("autograd + SGD", "by hand", "`run`", "`step`", "native `run`", "native `step`")


def allocated(names: list[str], ways: tuple[str, ...] = WAYS) -> list[dict[str, Any]]:
    """How often a step of each way asks for memory; of a run two lengths tell apart what it allocates once a chunk."""
    found = []
    for name in names:
        workload = WORKLOADS[name]
        stream = workload.stream(128)
        counts = {}
        for way in ways:
            work = _way(way, workload)

            def part(count: int, work: Callable[..., object] = work, stream: Any = stream) -> object:
                return work({key: value[:count] for key, value in stream.items()})

            part(4)
            one, two = (allocations(part, steps) for steps in (64, 128))
            whole = nan if one is None or two is None else (128 * two - 64 * one) / 64
            counts[way] = two if way.endswith("`step`") and two is not None else whole
        found.append({"row": name, **counts})
    return found


def _way(way: str, workload: Workload) -> Callable[..., object]:
    """One of `WAYS`, of a workload in sequential order."""
    if way == "autograd + SGD":
        return Autograd(workload, "fused").run
    if way == "by hand":
        return by_hand(workload, "sequential", "packed").run
    made = Generated(workload, "sequential", backend="native" if way.startswith("native") else "torch")
    return made.step if way.endswith("`step`") else made.run


def held(names: list[str]) -> dict[str, Held]:
    """What a module and a run of it hold, by row and backend; nothing where the profiler does not say."""
    found = {}
    for name in names:
        for backend in ("torch", "native"):
            try:
                found[f"{name}, {backend}"] = held_in_a_run(WORKLOADS[name], backend)
            except NotThereYet:
                continue
    return found


HEADS: dict[str, tuple[str, ...]] = {
    "goals of growth": HEAD,
    "growth": ("grows", "µs a step by size (of steps: in all)", "slope"),
    "memory": memory.HEAD,
    "held": ("row", "parameters, KiB", "module", "more in a run", "all over twice the parameters"),
    "allocations": ("row", *WAYS),
    "roofline": ("row", "order", "GB/s", "Gflop/s", "least, µs", "`run`, µs", "share", "native `run`, µs", "share of native"),
}
"""The marks of docs/speed.md that this command writes, and the head of the table at each."""


def tables(grown: Mapping[str, Mapping[int, float]], kept: Mapping[str, Any], own: Mapping[str, Held],
           taken: list[dict[str, Any]], roof: list[dict[str, Any]]) -> list[Table]:  # fmt: skip
    """Goals, growth, memory, what is held, allocations, roofline."""
    body: dict[str, list[tuple[str, ...]]] = {mark: [] for mark in HEADS}
    for name, goal in ((PARAMETERS, "linear in parameters"), (STEPS, "linear in steps")):
        for way in ("", "native, "):
            body["goals of growth"].append(GOALS[goal].line(slope(grown[way + name]), way=way))
    for way, result in kept.items():
        gained = memory.growth([Mark(**each) for each in result["marks"]])[1].resident / 1024
        body["goals of growth"].append(GOALS["flat memory"].line(gained, f"{gained:+.0f}", f"{way}, "))
    for name, each in own.items():
        if name.startswith("rnn-1024,"):
            body["goals of growth"].append(GOALS["twice the parameters"].line(each.share, way=f"{name.split()[-1]}, "))
        cells = (f"{number / 1024:.0f}" for number in (each.parameters, each.module, each.run))
        body["held"].append((name, *cells, f"{each.share:.2f}"))
    for name, sizes in grown.items():
        told = ", ".join(f"{size}: {figure(each * 1e6)}" for size, each in sizes.items())
        body["growth"].append((name, told, f"{slope(sizes):.2f}"))
    body["memory"] = memory.rows(kept)
    body["allocations"] = [(f["row"], *("–" if f[way] != f[way] else f"{f[way]:.1f}" for way in WAYS)) for f in taken]
    for f in roof:
        roofs = (f"{f['bandwidth'] / 1e9:.0f}", f"{f['peak'] / 1e9:.0f}", figure(f["least"] * 1e6))
        shares = (told for b in ("torch", "native") for told in (figure(f[b] * 1e6), f"{f['least'] / f[b] * 100:.0f} %"))
        body["roofline"].append((f["row"], f["order"], *roofs, *shares))
    told = "Native code that holds moves back reads and writes less than 16 bytes a parameter, and may go beyond."
    notes = {"roofline": (told,)}
    return [Table(mark, HEADS[mark], tuple(rows), notes.get(mark, ())) for mark, rows in body.items() if rows]


def main() -> int:
    load = pages.load()
    options = argparse.ArgumentParser(prog="python -m benchmarks.scaling", description=__doc__)
    options.add_argument("--rows", default="rnn-16,rnn-64,rnn-256,rnn-1024,mlp,oscillators,rnn-64-batch-32,mlp-batch-32")
    options.add_argument("--steps", type=int, default=None, help="over which memory is watched (default 10^6; --quick: 20 000)")
    options.add_argument("--quick", action="store_true", help="few turns: a look, not a measurement")
    options.add_argument("--docs", action="store_true", help="write the tables into docs/speed.md too")
    options.add_argument("--json", action="store_true")
    given = options.parse_args()
    if given.quick and given.docs:
        options.error("--docs writes what was measured in full: leave out --quick")
    torch.set_num_threads(1)
    names, rounds = given.rows.split(","), 2 if given.quick else 5
    kept = memory.measured("rnn-16", given.steps or (20_000 if given.quick else 10**6), 1000)
    grown = growth(rounds, given.quick)
    roof, taken, own = roofline(names, rounds, 64 if given.quick else 256), allocated(names), held(names)
    if given.json:
        found = {"memory": kept, "growth": grown, "roofline": roof, "allocations": taken}
        print(json.dumps({"machine": machine(1), **found, "held": {name: vars(each) for name, each in own.items()}}, indent=1))
    else:
        print(machine(1), *(made.text() for made in tables(grown, kept, own, taken, roof)), sep="\n\n")
    if given.docs:
        pages.publish("scaling", tables(grown, kept, own, taken, roof), 1, load)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
