"""``python -m benchmarks.speed``: generated steps against hand-written ones, autograd, torch.func, torch.compile and jax.

Every variant of a row takes turns in one process, and the whole is repeated in several processes. Times are microseconds a
step; a ratio is the median over the turns of a process, then over processes. Turns end once ratios are known to 1 %, or with
the row's time. On a shared machine read the ratios.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from math import inf, isnan
from typing import Any

import torch

from benchmarks import pages
from benchmarks.autograd import OPTIMISERS, Autograd
from benchmarks.by_hand import by_hand, layouts
from benchmarks.generated import Generated, NotThereYet
from benchmarks.goals import GOALS
from benchmarks.measure import CLOCKS, Enough, interleave, machine
from benchmarks.pages import Table
from benchmarks.processes import Timings, figure, repeated
from benchmarks.rivals import Compiled, Functional, JaxScan, one_thread_of_jax
from benchmarks.workload import ORDERS, WORKLOADS, Workload, chosen

RIVALS = {"func": "torch.func", "compile": "torch.compile", "jax": "jax scan"}


@dataclass(frozen=True)
class Effort:
    """How long to measure: at most so many turns, seconds of a variant in a turn and of all turns of a row, processes."""

    rounds: int
    seconds: float
    row: float
    processes: int
    within: float = 0.01


Work = Callable[[int], object]
FULL, QUICK = Effort(15, 0.02, 12.0, 3), Effort(3, 0.01, 3.0, 1)


def fewest(workload: Workload) -> int:
    """The least steps of a run in a turn: a chunk's, over which a long run spreads what it does once a chunk; fewer of large
    rows."""
    return max(32, min(1024, 2**31 // (workload.parameters * workload.batch)))


def longest(workload: Workload) -> int:
    """Steps of the stream, and the most of a turn; of jax all, for it compiles anew for each length."""
    return max(fewest(workload), min(8192, 2**26 // (workload.parameters * workload.batch)))


def orders_of(workload: Workload, orders: Sequence[str]) -> Sequence[str]:
    """The orders that differ: without a state both are the same step."""
    return orders[:1] if workload.kind == "mlp" else orders


def rival(name: str, workload: Workload, order: str) -> Callable[[dict[str, torch.Tensor]], object]:
    """Another way to learn from a stream. Raises NotThereYet."""
    if name == "jax":
        return JaxScan(workload, order).run
    return (Functional(workload) if name == "func" else Compiled(workload)).run


def variants(
    workload: Workload, orders: Sequence[str], most: int, rivals: Sequence[str] = ()
) -> tuple[dict[str, Work], dict[str, str]]:
    """The variants of a row by name, each taking a number of steps, and for those that are missing why."""
    stream = workload.stream(most)
    there: dict[str, Work] = {}
    missing: dict[str, str] = {}

    def over(call: Callable[[dict[str, torch.Tensor]], object]) -> Work:
        return lambda steps: call({name: value[:steps] for name, value in stream.items()})

    for optimiser in OPTIMISERS:
        there[f"autograd {optimiser}"] = over(Autograd(workload, optimiser).run)
    for order in orders:
        for layout in layouts(workload):
            there[f"{order} | {layout} run"] = over(by_hand(workload, order, layout).run)
            there[f"{order} | {layout} inner"] = over(by_hand(workload, order, layout).advance)
        try:
            there[f"{order} | generated run"] = over(Generated(workload, order).run)
            there[f"{order} | generated step"] = over(Generated(workload, order).step)
            there[f"{order} | native run"] = over(Generated(workload, order, backend="native").run)
            there[f"{order} | native step"] = over(Generated(workload, order, backend="native").step)
        except NotThereYet as reason:
            missing[order] = str(reason)
    for name in rivals:
        for order in orders if name == "jax" else ("",):
            try:
                there[f"{order} | {RIVALS[name]}" if order else RIVALS[name]] = over(rival(name, workload, order))
            except NotThereYet as reason:
                missing[name] = str(reason)
    return there, missing


def measure(
    workloads: list[Workload], orders: list[str], effort: Effort, threads: int, rivals: Sequence[str], clock: str
) -> dict[str, object]:
    """One process: the rounds of each variant of each row, and what is missing."""
    torch.set_num_threads(threads)
    if "jax" in rivals and threads == 1:
        one_thread_of_jax()
    rows: dict[str, dict[str, tuple[float, ...]]] = {}
    missing: dict[str, dict[str, str]] = {}
    for workload in workloads:
        most = longest(workload)
        there, missing[workload.name] = variants(workload, orders_of(workload, orders), most, rivals)
        least: dict[str, float] = {name: fewest(workload) for name in there if name.endswith("run")}
        least |= {name: inf for name in there if name.endswith(RIVALS["jax"])}
        enough = Enough(effort.within, effort.row)
        timings = interleave(there, effort.rounds, effort.seconds, most, clock, least, enough)
        rows[workload.name] = {name: timing.rounds for name, timing in timings.items()}
        print(f"{workload.name} measured", file=sys.stderr, flush=True)
    return {"machine": machine(threads), "rows": rows, "missing": missing}


class Row(Timings):
    """One workload at one order over all processes."""

    def __init__(self, results: Sequence[Any], name: str, order: str) -> None:
        found = [
            {each.removeprefix(f"{order} | "): rounds for each, rounds in result["rows"][name].items()} for result in results
        ]
        super().__init__(found)
        self.name, self.order = name, order
        self.both = len(orders_of(WORKLOADS[name], ORDERS)) == 1
        self.without = [told for result in results for each in (order, *RIVALS) if (told := result["missing"][name].get(each))]
        self.autograd = min((f"autograd {optimiser}" for optimiser in OPTIMISERS), key=self.seconds)
        self.by_hand = min((f"{layout} run" for layout in layouts(WORKLOADS[name])), key=self.seconds)
        self.inner = min((f"{layout} inner" for layout in layouts(WORKLOADS[name])), key=self.seconds)

    @property
    def head(self) -> tuple[str, str]:
        return self.name, "both" if self.both else self.order

    def above_inner(self, variant: str) -> float:
        """Microseconds a step above the fastest hand-written inner step, paired."""
        return self.above(variant, self.inner) * 1e6

    def goals(self) -> dict[str, float]:
        """What the goals by row are about, by their names in `GOALS`."""
        return {
            "autograd / generated": self.ratio(self.autograd, "generated run"),
            "generated / by hand": self.ratio("generated run", self.by_hand),
            "step above inner": self.above_inner("generated step"),
            "native step above inner": self.above_inner("native step"),
            "autograd / native": self.ratio(self.autograd, "native run"),
            "jax / native": self.ratio(RIVALS["jax"], "native run"),
        }

    def ratios(self) -> dict[str, float]:
        """The ratios without a goal, by the heads of their columns."""
        return {
            "generated / separate": self.ratio("generated run", "separate run"),
            "autograd / by hand": self.ratio(self.autograd, self.by_hand),
            **{f"{name} / generated": self.ratio(name, "generated run") for name in RIVALS.values()},
            "generated / native": self.ratio("generated run", "native run"),
        }

    def record(self) -> dict[str, object]:
        """What ``--json`` prints of this row."""
        mine = [name for name in self.timings[0] if " | " not in name]
        return {
            "row": self.name,
            "order": self.order,
            "parameters": WORKLOADS[self.name].parameters,
            "microseconds": {name: round(self.seconds(name) * 1e6, 3) for name in mine},
            "spread": {name: round(self.spread(name), 3) for name in mine},
            "turns": [len(each.rounds) for timings in self.timings for each in list(timings.values())[:1]],
            "fastest": {"autograd": self.autograd, "by_hand": self.by_hand, "inner": self.inner},
            "goals": {name: number(value) for name, value in self.goals().items()},
            "ratios": {name: number(value) for name, value in self.ratios().items()},
            "missing": self.without,
        }


def number(value: float) -> float | None:
    """Rounded to three places; None for nan, which JSON has not."""
    return None if isnan(value) else round(value, 3)


GOAL_COLUMNS = ("autograd / generated", "generated / by hand", "step above inner", "native step above inner")
GOAL_COLUMNS += ("autograd / native", "jax / native")
RATIO_COLUMNS = ("generated / separate", "autograd / by hand", *(f"{name} / generated" for name in RIVALS.values()))
RATIO_COLUMNS += ("generated / native",)
HEADS: dict[str, tuple[str, ...]] = {
    "goals by row": ("row", "order", *(GOALS[name].says for name in GOAL_COLUMNS)),
    "times": (
        "row", "order", "parameters", "autograd + SGD", *RIVALS.values(), "by hand", "separate", "inner", "`run`", "`step`",
        "native `run`", "native `step`",
    ),
    "ratios": ("row", "order", *RATIO_COLUMNS),
}  # fmt: skip
"""The marks of docs/speed.md that this command writes, and the head of the table at each."""


def tables(rows: list[Row]) -> list[Table]:
    """Goals, times and ratios."""
    goals = tuple((*row.head, *(GOALS[name].told(row.goals()[name], row.name) for name in GOAL_COLUMNS)) for row in rows)
    times = []
    for row in rows:
        cells = [*row.head, f"{WORKLOADS[row.name].parameters:,}".replace(",", " ")]
        cells.append(row.told(row.autograd, row.autograd.split()[1]))
        cells += [row.told(name) for name in RIVALS.values()]
        cells += [row.told(row.by_hand, row.by_hand.split()[0]), row.told("separate run")]
        cells.append(row.told(row.inner, row.inner.split()[0]))
        cells += [row.told(name) for name in ("generated run", "generated step", "native run", "native step")]
        times.append(tuple(cells))
    ratios = tuple((*row.head, *(figure(row.ratios()[name]) for name in RATIO_COLUMNS)) for row in rows)
    missing = tuple(f"Not there: {each}." for each in sorted({reason for row in rows for reason in row.without}))
    turns = sorted({len(each.rounds) for row in rows for timings in row.timings for each in timings.values()})
    told = f"Microseconds a step; {len(rows[0].timings)} processes, {turns[0]} to {turns[-1]} turns of a row in each"
    told += f", jax {version('jax')}." if any(row.has(RIVALS["jax"]) for row in rows) else "."
    return [
        Table("goals by row", HEADS["goals by row"], goals),
        Table("times", HEADS["times"], tuple(times), (told, *missing)),
        Table("ratios", HEADS["ratios"], ratios),
    ]


def options() -> argparse.ArgumentParser:
    reader = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=__doc__)
    reader.add_argument("--rows", default=",".join(WORKLOADS), help=f"comma-separated, of: {', '.join(WORKLOADS)}")
    reader.add_argument("--orders", default=",".join(ORDERS))
    reader.add_argument("--quick", action="store_true", help="one process, few turns: a look, not a measurement")
    reader.add_argument("--docs", action="store_true", help="write the tables into docs/speed.md too")
    reader.add_argument("--json", action="store_true", help="one JSON object instead of tables")
    reader.add_argument("--threads", type=int, default=1)
    reader.add_argument("--rounds", type=int, default=None, help=f"most turns in a process (default {FULL.rounds})")
    reader.add_argument("--seconds", type=float, default=None, help=f"of one turn of one variant (default {FULL.seconds})")
    reader.add_argument("--row-seconds", type=float, default=None, help=f"of all turns of a row (default {FULL.row:g})")
    reader.add_argument("--processes", type=int, default=None, help=f"default {FULL.processes}")
    reader.add_argument("--rivals", default=None, help=f"comma-separated, of: {', '.join(RIVALS)} (all; --quick: no compile)")
    reader.add_argument("--clock", default="wall", choices=list(CLOCKS))
    reader.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    return reader


def main() -> int:
    load, reader = pages.load(), options()
    given = reader.parse_args()
    if given.quick and given.docs:
        reader.error("--docs writes what was measured in full: leave out --quick")
    workloads, orders = chosen(given.rows), given.orders.split(",")
    if unknown := [order for order in orders if order not in ORDERS]:
        raise SystemExit(f"no such order here: {', '.join(unknown)}; orders: {', '.join(ORDERS)}")
    if given.rivals is None:
        given.rivals = ",".join(name for name in RIVALS if not (given.quick and name == "compile"))
    rivals = [name for name in given.rivals.split(",") if name]
    if unknown := [name for name in rivals if name not in RIVALS]:
        raise SystemExit(f"no such rival: {', '.join(unknown)}; rivals: {', '.join(RIVALS)}")
    usual = QUICK if given.quick else FULL
    effort = Effort(
        given.rounds or usual.rounds,
        given.seconds or usual.seconds,
        given.row_seconds or usual.row,
        given.processes or usual.processes,
    )
    if given.worker:
        print(json.dumps(measure(workloads, orders, effort, given.threads, rivals, given.clock)))
        return 0
    command = ["benchmarks.speed", "--worker", "--rows", given.rows, "--orders", given.orders, "--rivals", given.rivals]
    command += ["--rounds", str(effort.rounds), "--seconds", str(effort.seconds), "--row-seconds", str(effort.row)]
    results = repeated([*command, "--threads", str(given.threads), "--clock", given.clock], effort.processes)
    rows = [Row(results, each.name, order) for each in workloads for order in orders_of(each, orders)]
    if given.json:
        print(json.dumps({"machine": results[0]["machine"], "rows": [row.record() for row in rows]}, indent=1))
    else:
        print(results[0]["machine"], *(made.text() for made in tables(rows)), sep="\n\n")
    if given.docs:
        pages.publish("speed", tables(rows), given.threads, load)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
