"""``python -m benchmarks.speed``: generated steps against hand-written ones and against autograd with SGD.

Every variant of a row takes turns in one process, and the whole is repeated in several processes. Times are
microseconds a step; a ratio is the median over the turns of a process, then over processes. On a shared machine read
the ratios.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import isnan
from statistics import median

import torch

from benchmarks.autograd import OPTIMISERS, Autograd
from benchmarks.by_hand import by_hand, layouts
from benchmarks.generated import Generated, NotThereYet
from benchmarks.measure import CLOCKS, Timing, interleave, machine, table
from benchmarks.rivals import Compiled, Functional, JaxScan
from benchmarks.workload import ORDERS, WORKLOADS, Workload, chosen

DEFAULT_ROWS = [name for name in WORKLOADS if name not in ("rnn-16-batch-32", "rnn-256-batch-32")]
GOALS = {"rnn-16": 16.0, "rnn-64": 14.0, "rnn-256": 6.5, "rnn-1024": 1.8, "mlp": 3.4, "oscillators": 10.0}
"""Goals of `run` against autograd and SGD, best variant, batch 1. Issue 2 asks for 8 at rnn-64."""
NATIVE_GOALS = {"rnn-16": 880.0, "rnn-64": 160.0, "rnn-256": 25.0, "rnn-1024": 3.6, "mlp": 9.0, "oscillators": 200.0}
"""Goals of a native `run` against the same, which were measured on a semi-implicit step that hands nothing out."""


@dataclass(frozen=True)
class Effort:
    """How long to measure."""

    rounds: int
    seconds: float
    processes: int


Work = Callable[[int], object]
RIVALS = ("func", "compile", "jax")
NAMES = {"func": "torch.func", "compile": "torch.compile", "jax": "jax scan"}


def rival(name: str, workload: Workload, order: str) -> Callable[[dict[str, torch.Tensor]], object]:
    """Another way to learn from a stream. Raises NotThereYet."""
    if name == "jax":
        return JaxScan(workload, order).run
    return (Functional(workload) if name == "func" else Compiled(workload)).run


def variants(
    workload: Workload, orders: list[str], most: int, rivals: Sequence[str] = ()
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
                there[f"{order} | {NAMES[name]}" if order else NAMES[name]] = over(rival(name, workload, order))
            except NotThereYet as reason:
                missing[name] = str(reason)
    return there, missing


def measure(
    workloads: list[Workload], orders: list[str], effort: Effort, threads: int, rivals: Sequence[str], clock: str
) -> dict[str, object]:
    """One process: the rounds of each variant of each row, and what is missing."""
    torch.set_num_threads(threads)
    found: dict[str, object] = {"machine": machine(threads)}
    rows: dict[str, dict[str, tuple[float, ...]]] = {}
    missing: dict[str, dict[str, str]] = {}
    for workload in workloads:
        most = 4000 if workload.kind != "mlp" and workload.sizes["n"] * workload.batch < 4000 else 400
        there, missing[workload.name] = variants(workload, orders, most, rivals)
        # What a run does once a chunk is to be spread over many steps, as it is in a long one.
        timings = interleave(there, effort.rounds, effort.seconds, most, clock, most // 8)
        rows[workload.name] = {name: timing.rounds for name, timing in timings.items()}
        print(f"{workload.name} measured", file=sys.stderr, flush=True)
    return {**found, "rows": rows, "missing": missing}


def processes(given: argparse.Namespace, effort: Effort) -> list[dict[str, object]]:
    """Repeats the measurement in ``effort.processes`` processes of their own. Raises SystemExit where one fails."""
    command = [sys.executable, "-m", "benchmarks.speed", "--worker", "--rows", given.rows, "--orders", given.orders]
    command += ["--rounds", str(effort.rounds), "--seconds", str(effort.seconds), "--threads", str(given.threads)]
    command += ["--rivals", given.rivals, "--clock", given.clock]
    results = []
    for index in range(effort.processes):
        print(f"process {index + 1} of {effort.processes}", file=sys.stderr, flush=True)
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"process {index + 1} ended with {done.returncode}")
        results.append(json.loads(done.stdout))
    return results


class Row:
    """One workload at one order over all processes."""

    def __init__(self, results: list[dict], name: str, order: str) -> None:  # type: ignore[type-arg]
        self.name, self.order = name, order
        self.timings = [
            {each.removeprefix(f"{order} | "): Timing(tuple(rounds)) for each, rounds in result["rows"][name].items()}
            for result in results
        ]
        self.missing = results[0]["missing"][name].get(order, "")
        self.without = [results[0]["missing"][name].get(each, "") for each in (order, *RIVALS)]
        self.autograd = min((f"autograd {optimiser}" for optimiser in OPTIMISERS), key=self.seconds)
        self.by_hand = min((f"{layout} run" for layout in layouts(WORKLOADS[name])), key=self.seconds)
        self.inner = min((f"{layout} inner" for layout in layouts(WORKLOADS[name])), key=self.seconds)

    def has(self, variant: str) -> bool:
        return variant in self.timings[0]

    def seconds(self, variant: str) -> float:
        """Seconds a step: the median over processes of the median over rounds; nan where it is missing."""
        return median(timings[variant].median for timings in self.timings) if self.has(variant) else float("nan")

    def spread(self, variant: str) -> float:
        """How far apart the processes are: half of (largest − least median) over the median."""
        medians = [timings[variant].median for timings in self.timings]
        return (max(medians) - min(medians)) / median(medians) / 2

    def ratio(self, slower: str, faster: str) -> float:
        """How many times longer ``slower`` takes; nan where one is missing."""
        if not (self.has(slower) and self.has(faster)):
            return float("nan")
        return median(timings[slower].over(timings[faster]) for timings in self.timings)

    def above_inner(self, variant: str) -> float:
        """Microseconds a step above the fastest hand-written inner step."""
        return (self.seconds(variant) - self.seconds(self.inner)) * 1e6

    def record(self) -> dict[str, object]:
        """What ``--json`` prints of this row."""
        mine = [name for name in self.timings[0] if " | " not in name]
        pairs = {
            "autograd_over_by_hand_run": (self.autograd, self.by_hand),
            "autograd_over_separate_run": (self.autograd, "separate run"),
            "autograd_over_generated_run": (self.autograd, "generated run"),
            "autograd_over_native_run": (self.autograd, "native run"),
            "generated_run_over_native_run": ("generated run", "native run"),
            "generated_run_over_by_hand_run": ("generated run", self.by_hand),
            "generated_run_over_separate_run": ("generated run", "separate run"),
        }
        return {
            "row": self.name,
            "order": self.order,
            "parameters": WORKLOADS[self.name].parameters,
            "microseconds": {name: round(self.seconds(name) * 1e6, 2) for name in mine},
            "spread": {name: round(self.spread(name), 3) for name in mine},
            "fastest": {"autograd": self.autograd, "by_hand": self.by_hand, "inner": self.inner},
            "ratios": {name: number(self.ratio(*pair)) for name, pair in pairs.items()},
            "step_above_inner_microseconds": number(self.above_inner("generated step")),
            "native_step_above_inner_microseconds": number(self.above_inner("native step")),
            "missing": self.missing,
        }


def number(value: float) -> float | None:
    """Rounded to three places; None for nan, which JSON has not."""
    return None if isnan(value) else round(value, 3)


def shown(row: Row, variant: str, name: str = "") -> str:
    """Microseconds with their spread, and the name of the variant."""
    if not row.has(variant):
        return "not there yet"
    return f"{name} {row.seconds(variant) * 1e6:.1f} ±{row.spread(variant) * 100:.0f}%".strip()


def times(value: float) -> str:
    return "–" if isnan(value) else f"{value:.2f}x"


def report(rows: list[Row]) -> str:
    """Two tables for people: times, then ratios beside the goals."""
    head = ["row", "order", "parameters", "autograd, best", "by hand, best run", "best inner", "separate run"]
    head += ["generated run", "generated step"]
    body = []
    for row in rows:
        cells = [row.name, row.order, f"{WORKLOADS[row.name].parameters:,}".replace(",", " ")]
        cells.append(shown(row, row.autograd, row.autograd.split()[1]))
        cells += [shown(row, best, best.split()[0]) for best in (row.by_hand, row.inner)]
        body.append(cells + [shown(row, name) for name in ("separate run", "generated run", "generated step")])
    text = "microseconds a step (± half the range of the processes' medians)\n\n" + table(head, body)

    head = ["row", "order", "autograd / by hand", "/ separate", "/ generated", "goal"]
    head += ["generated / by hand", "/ separate", "goal", "step above inner, µs", "goal"]
    body = []
    for row in rows:
        cells = [row.name, row.order, *(times(row.ratio(row.autograd, run)) for run in (row.by_hand, "separate run"))]
        cells += [times(row.ratio(row.autograd, "generated run")), f"{GOALS[row.name]:g}x" if row.name in GOALS else ""]
        cells += [times(row.ratio("generated run", run)) for run in (row.by_hand, "separate run")] + ["1.1x"]
        body.append([*cells, f"{row.above_inner('generated step'):.1f}".replace("nan", "–"), "8"])
    text += "\n\nratios (paired)\n\n" + table(head, body)
    head = ["row", "order", *(f"{name}, µs" for name in NAMES.values()), *(f"{name} / generated" for name in NAMES.values())]
    body = []
    for row in rows:
        told = [shown(row, name) if row.has(name) else "–" for name in NAMES.values()]
        body.append([row.name, row.order, *told, *(times(row.ratio(name, "generated run")) for name in NAMES.values())])
    if any(row.has(name) for row in rows for name in NAMES.values()):
        text += "\n\nother ways, and how many times longer they take than the generated run (paired)\n\n" + table(head, body)
    head = ["row", "order", "native run", "native step", "autograd / native run", "goal", "generated / native run"]
    head += ["step above inner, µs", "goal"]
    body = []
    for row in rows:
        cells = [row.name, row.order, *(shown(row, name) for name in ("native run", "native step"))]
        cells += [times(row.ratio(row.autograd, "native run"))]
        cells += [f"{NATIVE_GOALS[row.name]:g}x" if row.name in NATIVE_GOALS else ""]
        cells += [times(row.ratio("generated run", "native run"))]
        body.append([*cells, f"{row.above_inner('native step'):.1f}".replace("nan", "–"), "8"])
    text += "\n\nnative code, microseconds a step and ratios (paired)\n\n" + table(head, body)
    missing = {reason for row in rows for reason in row.without if reason}
    return text + "".join(f"\n\nnot there yet: {reason}" for reason in sorted(missing))


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=__doc__)
    options.add_argument("--rows", default=None, help=f"comma-separated, of: {', '.join(WORKLOADS)}")
    options.add_argument("--orders", default=",".join(ORDERS))
    options.add_argument("--quick", action="store_true", help="one process, few turns: a look, not a measurement")
    options.add_argument("--json", action="store_true", help="one JSON object instead of tables")
    options.add_argument("--threads", type=int, default=1)
    options.add_argument("--rounds", type=int, default=None, help="turns in a process (default 15)")
    options.add_argument("--seconds", type=float, default=None, help="of one turn of one variant (default 0.02)")
    options.add_argument("--processes", type=int, default=None, help="default 3")
    options.add_argument("--rivals", default=None, help=f"comma-separated, of: {', '.join(RIVALS)} (all; --quick: no compile)")
    options.add_argument("--clock", default="wall", choices=list(CLOCKS))
    options.add_argument("--worker", action="store_true", help=argparse.SUPPRESS)
    given = options.parse_args()
    given.rows = given.rows or ",".join(DEFAULT_ROWS)
    workloads, orders = chosen(given.rows), given.orders.split(",")
    if unknown := [order for order in orders if order not in ORDERS]:
        raise SystemExit(f"no such order here: {', '.join(unknown)}; orders: {', '.join(ORDERS)}")
    if given.rivals is None:
        given.rivals = ",".join(name for name in RIVALS if not (given.quick and name == "compile"))
    rivals = [name for name in given.rivals.split(",") if name]
    if unknown := [name for name in rivals if name not in RIVALS]:
        raise SystemExit(f"no such rival: {', '.join(unknown)}; rivals: {', '.join(RIVALS)}")
    rounds, seconds, count = (3, 0.01, 1) if given.quick else (15, 0.02, 3)
    effort = Effort(given.rounds or rounds, given.seconds or seconds, given.processes or count)
    if given.worker:
        print(json.dumps(measure(workloads, orders, effort, given.threads, rivals, given.clock)))
        return 0
    results = processes(given, effort)
    rows = [Row(results, workload.name, order) for workload in workloads for order in orders]
    if given.json:
        print(json.dumps({"machine": results[0]["machine"], "rows": [row.record() for row in rows]}, indent=1))
    else:
        print(f"{results[0]['machine']}; {effort.processes} processes of {effort.rounds} turns\n\n{report(rows)}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
