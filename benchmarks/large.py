"""``python -m benchmarks.large``: what matters where matrices are large: two threads, and moves held back by native code.

Hand-written, generated and native `run` at one thread and at two take turns in one process, with jax's scan at two; jax takes
as many threads as it started with, so that at one it is measured in processes of its own, right after. Moves held back
(``compile(backend="native", held_back=…)``) take turns with the same native run that holds nothing back; what a run does once
counts in both. Medians over several processes.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from math import inf
from typing import Any

import torch

from benchmarks import pages
from benchmarks.by_hand import by_hand
from benchmarks.generated import Generated, NotThereYet
from benchmarks.goals import GOALS
from benchmarks.measure import Enough, interleave, machine
from benchmarks.pages import Table
from benchmarks.processes import Timings, repeated
from benchmarks.rivals import JaxScan, one_thread_of_jax
from benchmarks.speed import fewest, longest
from benchmarks.workload import ORDERS, WORKLOADS, Workload, chosen

ROWS = ("rnn-1024", "rnn-1024-batch-32", "mlp-batch-32")
WAYS = ("by hand", "`run`", "native `run`")
HELD, HELD_STEPS = (1024, 2048, 4096), 128
"""Sizes at which moves are held back, and the least steps of a run there."""
HEADS = {
    "threads": ("row", "way", "one thread", "two", GOALS["one thread / two"].says),
    "held back": ("row", "order", "native `run`, nothing held back", "held back", GOALS["native / held back"].says),
}

Work = Callable[[int], object]


def at(count: int, work: Work) -> Work:
    """The work with so many threads of torch's, which native code takes as well, and afterwards as many as before."""

    def with_threads(steps: int) -> object:
        before = torch.get_num_threads()
        torch.set_num_threads(count)
        try:
            return work(steps)
        finally:
            torch.set_num_threads(before)

    return with_threads


def over(run: Callable[[Any], object], stream: Mapping[str, torch.Tensor]) -> Work:
    return lambda steps: run({name: value[:steps] for name, value in stream.items()})


def by_threads(workload: Workload, counts: Sequence[int]) -> dict[str, Work]:
    """Each way at each number of threads; jax at the largest, and alone where that is one."""
    stream, order = workload.stream(longest(workload)), ORDERS[0]
    there: dict[str, Work] = {}
    for count in counts if max(counts) > 1 else ():
        generated = (Generated(workload, order, backend=backend).run for backend in ("torch", "native"))
        runs = (by_hand(workload, order, "packed").run, *generated)
        there |= {f"{way}, {count}": at(count, over(run, stream)) for way, run in zip(WAYS, runs, strict=True)}
    try:
        there[f"jax scan, {max(counts)}"] = over(JaxScan(workload, order).run, stream)
    except NotThereYet as reason:
        print(f"no jax scan: {reason}", file=sys.stderr)
    return there


def measure(workloads: Sequence[Workload], counts: Sequence[int], rounds: int, row: float) -> dict[str, Any]:
    """The rounds of each variant of each row, in this process."""
    if max(counts) == 1:
        one_thread_of_jax()
    found = {}
    for workload in workloads:
        there, most = by_threads(workload, counts), longest(workload)
        least = {name: inf if name.startswith("jax") else fewest(workload) for name in there}
        timings = interleave(there, rounds, 0.02, most, least=least, enough=Enough(0.01, row))
        found[workload.name] = {name: timing.rounds for name, timing in timings.items()}
        print(f"{workload.name} measured", file=sys.stderr, flush=True)
    return found


def held(sizes: Sequence[int], rounds: int, row: float) -> dict[str, Any]:
    """The rounds of native runs that hold nothing back and of those that do, at each size and order."""
    torch.set_num_threads(1)
    found = {}
    for n in sizes:
        workload = Workload(f"rnn-{n}", "rnn", {"n": n, "m": 16, "d": 16})
        stream = workload.stream(HELD_STEPS)
        for order in ORDERS:
            ways = {name: Generated(workload, order, backend="native", held_back=K) for name, K in (("0", 0), ("K", None))}
            there = {name: over(made.run, stream) for name, made in ways.items()}
            timings = interleave(there, rounds, 1.0, HELD_STEPS, least=inf, enough=Enough(0.02, row))
            found[f"{n} {order}"] = {name: timing.rounds for name, timing in timings.items()}
        print(f"{workload.name} measured", file=sys.stderr, flush=True)
    return found


def tables(threads: Mapping[str, Timings], held: Mapping[str, Timings]) -> list[Table]:
    """One thread and two, and moves held back."""
    rows, notes, both, against = [], [], GOALS["one thread / two"], GOALS["native / jax, two threads"]
    for name, row in threads.items():
        for way in (*WAYS, "jax scan"):
            one, two = f"{way}, 1", f"{way}, 2"
            ratio = row.seconds(one) / row.seconds(two) if way == "jax scan" else row.ratio(one, two)
            rows.append((name, way, row.told(one), row.told(two), both.told(ratio)))
        notes.append(f"{name} {against.told(row.ratio('native `run`, 2', 'jax scan, 2'), name)}")
    wanted = GOALS["native / held back"]
    back = [(f"n = {name.split()[0]}", name.split()[1], row.told("0"), row.told("K"), wanted.told(row.ratio("0", "K")))
            for name, row in held.items()]  # fmt: skip
    return [
        Table("threads", HEADS["threads"], tuple(rows), (f"Microseconds a step. {against.says}: {', '.join(notes)}.",)),
        Table("held back", HEADS["held back"], tuple(back), (f"Microseconds a step, of runs of {HELD_STEPS} steps.",)),
    ]


def main() -> int:
    load = pages.load()
    options = argparse.ArgumentParser(prog="python -m benchmarks.large", description=__doc__)
    options.add_argument("--rows", default=",".join(ROWS), help=f"comma-separated, of: {', '.join(WORKLOADS)}")
    options.add_argument("--sizes", default=",".join(map(str, HELD)), help="at which moves are held back")
    options.add_argument("--quick", action="store_true", help="one process, few turns: a look, not a measurement")
    options.add_argument("--docs", action="store_true", help="write the tables into docs/speed.md too")
    options.add_argument("--json", action="store_true")
    options.add_argument("--worker", choices=("1", "2", "held"), help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.quick and given.docs:
        options.error("--docs writes what was measured in full: leave out --quick")
    workloads, sizes = chosen(given.rows) if given.rows else [], [int(n) for n in given.sizes.split(",") if n]
    rounds, row = (3, 3.0) if given.quick else (15, 8.0)
    if given.worker:
        counts = (1, 2) if given.worker == "2" else (1,)
        print(json.dumps(held(sizes, rounds, row) if given.worker == "held" else measure(workloads, counts, rounds, row)))
        return 0
    command = ["benchmarks.large", "--rows", given.rows, "--sizes", given.sizes, *["--quick"] * given.quick, "--worker"]
    two, one, back = (repeated([*command, worker], 1 if given.quick else 3) for worker in ("2", "1", "held"))
    threads = {each.name: Timings([a[each.name] | b[each.name] for a, b in zip(two, one, strict=True)]) for each in workloads}
    made = [each for each in tables(threads, {name: Timings([each[name] for each in back]) for name in back[0]}) if each.rows]
    if given.json:
        print(json.dumps({"machine": machine(2), "two": two, "one": one, "held back": back}, indent=1))
    else:
        print(machine(2), *(each.text() for each in made), sep="\n\n")
    if given.docs:
        pages.publish("large", made, 2, load)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
