"""``python -m benchmarks.threads``: one thread and two, of rows whose arithmetic is large.

Hand-written, generated and native `run` at one thread and at two take turns in one process, with jax's scan at two; jax takes as
many threads as it started with, so that at one it is measured in a process of its own, right after. Medians over several
processes.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
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
HEADS = {
    "threads": ("row", *(f"{way}, {count}" for way in (*WAYS, "jax scan") for count in ("1", "2")),
                *(f"{way}, {GOALS['one thread / two'].says}" for way in (*WAYS, "jax scan")),
                GOALS["native / jax, two threads"].says),
}  # fmt: skip

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


def variants(workload: Workload, order: str, counts: Sequence[int]) -> dict[str, Work]:
    """Each way at each number of threads; jax at the largest, and alone where that is one."""
    stream = workload.stream(longest(workload))

    def over(run: Callable[[Any], object]) -> Work:
        return lambda steps: run({name: value[:steps] for name, value in stream.items()})

    there: dict[str, Work] = {}
    for count in counts if max(counts) > 1 else ():
        runs = (by_hand(workload, order, "packed").run, *(Generated(workload, order, backend=b).run for b in ("torch", "native")))
        there |= {f"{way}, {count}": at(count, over(run)) for way, run in zip(WAYS, runs, strict=True)}
    try:
        there[f"jax scan, {max(counts)}"] = over(JaxScan(workload, order).run)
    except NotThereYet as reason:
        print(f"no jax scan: {reason}", file=sys.stderr)
    return there


def measure(workloads: Sequence[Workload], order: str, counts: Sequence[int], rounds: int, row: float) -> dict[str, Any]:
    """The rounds of each variant of each row, in this process."""
    if max(counts) == 1:
        one_thread_of_jax()
    found = {}
    for workload in workloads:
        there, most = variants(workload, order, counts), longest(workload)
        least = {name: inf if name.startswith("jax") else fewest(workload) for name in there}
        timings = interleave(there, rounds, 0.02, most, least=least, enough=Enough(0.01, row))
        found[workload.name] = {name: timing.rounds for name, timing in timings.items()}
    return found


def tables(found: dict[str, Timings]) -> list[Table]:
    rows = []
    both, against = GOALS["one thread / two"], GOALS["native / jax, two threads"]
    for name, row in found.items():
        ways = (*WAYS, "jax scan")
        cells = [row.told(f"{way}, {count}") for way in ways for count in (1, 2)]
        cells += [both.told(row.ratio(f"{way}, 1", f"{way}, 2")) for way in WAYS]
        jax = row.seconds("jax scan, 1") / row.seconds("jax scan, 2")
        rows.append((name, *cells, both.told(jax), against.told(row.ratio("native `run`, 2", "jax scan, 2"), name)))
    return [Table("threads", HEADS["threads"], tuple(rows), ("Microseconds a step, semi-implicit order.",))]


def main() -> int:
    load = pages.load()
    options = argparse.ArgumentParser(prog="python -m benchmarks.threads", description=__doc__)
    options.add_argument("--rows", default=",".join(ROWS), help=f"comma-separated, of: {', '.join(WORKLOADS)}")
    options.add_argument("--quick", action="store_true", help="one process, few turns: a look, not a measurement")
    options.add_argument("--docs", action="store_true", help="write the table into docs/speed.md too")
    options.add_argument("--json", action="store_true")
    options.add_argument("--worker", choices=("1", "2"), help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.quick and given.docs:
        options.error("--docs writes what was measured in full: leave out --quick")
    workloads, rounds, row = chosen(given.rows), 3 if given.quick else 15, 3.0 if given.quick else 10.0
    if given.worker:
        counts = (1, 2) if given.worker == "2" else (1,)
        print(json.dumps(measure(workloads, ORDERS[0], counts, rounds, row)))
        return 0
    command = ["benchmarks.threads", "--rows", given.rows, *["--quick"] * given.quick, "--worker"]
    processes = 1 if given.quick else 3
    several, single = (repeated([*command, count], processes) for count in ("2", "1"))
    found = {
        name: Timings([two[name] | one[name] for two, one in zip(several, single, strict=True)])
        for name in given.rows.split(",")
    }
    if given.json:
        told = {name: {way: row.seconds(way) * 1e6 for way in row.timings[0]} for name, row in found.items()}
        print(json.dumps({"machine": machine(2), "microseconds": told}, indent=1))
    else:
        print(machine(2), *(made.text() for made in tables(found)), sep="\n\n")
    if given.docs:
        pages.publish("threads", tables(found), 2, load)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
