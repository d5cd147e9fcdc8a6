"""``python -m benchmarks.reading``: is reading a stream the bottleneck, and does memory grow with its length?

The bare loop is ``Net.run`` over tensors in memory, already scaled. Beside it the same samples as `hdsl run` learns them:
read, checked, scaled by the past, scored beside the baselines; from arrays in memory and from a file of each kind. All take
turns in one process, a stretch of steps each, so that a machine that slows down slows all of them; where others use it, read
the ratios of processor time. What reading takes by itself is told beside them. Memory is the peak of a process that reads a
CSV file, by its length. Files are made in a temporary folder.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from typing import Any

import numpy as np
import torch

import hdsl
from benchmarks.measure import held, machine, table
from hdsl.runtime.session import Plan, Progress, run_session
from hdsl.runtime.stream import Stream, read_stream

KINDS = (".csv", ".jsonl", ".npy", ".parquet")
Told = Callable[[int], None]
Worker = Callable[[Told], object]
BARE, HELD = "bare loop", "arrays in memory"
SMALL = """ham 1
input u
target v
param w = 0
output y = w * u
cost fit = squared(y - v)
learn
    eta = 1
    beta = 0.01
"""


def series(rows: int) -> np.ndarray:
    """A noisy wave, (rows + 1,): the last one is the target of the last but one."""
    draw = np.random.default_rng(0)
    return np.sin(np.arange(rows + 1) / 7) + 0.3 * draw.normal(size=rows + 1)


def write(path: Path, values: np.ndarray) -> Path:
    """A file of the kind that its suffix tells: the wave, and two columns that nobody reads."""
    number = np.arange(len(values))
    if path.suffix == ".csv":
        with path.open("w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(["row", "x", "other"])
            writer.writerows(zip(number.tolist(), values.tolist(), number.tolist(), strict=True))
    elif path.suffix == ".jsonl":
        with path.open("w") as file:
            pairs = zip(number.tolist(), values.tolist(), strict=True)
            file.writelines(f'{{"row": {k}, "x": {value!r}}}\n' for k, value in pairs)
    elif path.suffix == ".npy":
        held = np.zeros(len(values), dtype=[("row", "i8"), ("x", "f8")])
        held["row"], held["x"] = number, values
        np.save(path, held)
    else:
        import pyarrow
        import pyarrow.parquet

        pyarrow.parquet.write_table(pyarrow.table({"row": number, "x": values}), path)
    return path


class Turns:
    """Workers that take turns: each runs alone for a stretch of steps, then hands over to the next."""

    def __init__(self, workers: Mapping[str, Worker], stretch: int) -> None:
        self._workers, self._stretch = dict(workers), stretch
        self._names = list(workers)
        self._turn, self._free = 0, threading.Condition()
        self._left = set(self._names)
        self.seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in workers}

    def run(self) -> dict[str, list[tuple[float, float]]]:
        """Seconds of every whole stretch by worker: by the clock, and of the processor, where nobody else works meanwhile."""
        threads = [threading.Thread(target=self._work, args=(name,)) for name in self._names]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return self.seconds

    def _work(self, name: str) -> None:
        place = self._names.index(name)
        self._wait(place)
        mark = [perf_counter(), process_time(), self._stretch]

        def told(step: int) -> None:
            if step >= mark[2]:
                self.seconds[name].append((perf_counter() - mark[0], process_time() - mark[1]))
                mark[2] += self._stretch
                self._pass()
                self._wait(place)
                mark[:2] = [perf_counter(), process_time()]

        try:
            self._workers[name](told)
        finally:
            self._left.discard(name)
            self._pass()

    def _wait(self, place: int) -> None:
        with self._free:
            self._free.wait_for(lambda: self._turn % len(self._names) == place)

    def _pass(self) -> None:
        with self._free:
            self._turn += 1
            while self._left and self._names[self._turn % len(self._names)] not in self._left:
                self._turn += 1
            self._free.notify_all()


def stream(given: object, model: Any) -> Stream:
    return read_stream(given, model.product("model"), {"u": "x", "v": "x@+1"}, scale="running")


def workers(folder: Path, rows: int, size: int, steps: int | None = None) -> dict[str, Worker]:
    """The bare loop, and a session on each kind of stream."""
    model, values = hdsl.load("sunspots", n=size), series(rows)
    net_class = model.compile()
    steps = steps or rows
    scaled = {name: value.float()[:steps] for name, value in stream({"x": values}, model).whole().scaled().items()}

    def bare(told: Told) -> object:
        return net_class(batch=1, seed=0, dtype=torch.float32).run(scaled, told=lambda step, results: told(step))

    def session(given: object) -> Worker:
        plan = Plan(model.product("model"), net_class, stream(given, model))

        def work(told: Told) -> object:
            done: list[int] = []  # the stream is as long as it is: a run that ends early would have other baselines

            def progress(here: Progress) -> None:
                done.append(here.step)
                told(here.step)

            return run_session(plan, progress, lambda: done[-1] >= steps)

        return work

    files = {kind: write(folder / f"wave{kind}", values) for kind in KINDS}
    return {BARE: bare, HELD: session({"x": values}), **{kind: session(path) for kind, path in files.items()}}


def rates(
    rows: int, stretch: int, size: int, turns: int | None = None
) -> tuple[dict[str, list[tuple[float, float]]], int]:
    """Seconds of each stretch by way; the first is left out, for it reads ahead."""
    with tempfile.TemporaryDirectory() as folder:
        found = Turns(workers(Path(folder), rows, size, turns and turns * stretch), stretch).run()
    rounds = min(map(len, found.values()))
    return {name: seconds[1:rounds] for name, seconds in found.items()}, rounds - 1


def ratio(over: list[tuple[float, float]], taken: list[tuple[float, float]], kind: int) -> float:
    """The median over the turns of how much faster ``taken`` is: 0 by the clock, 1 by processor time."""
    return median(a[kind] / b[kind] for a, b in zip(over, taken, strict=True))


def reading_alone(rows: int) -> dict[str, float]:
    """Microseconds of processor time a row, of all threads, to read, check and scale a file of each kind and learn nothing."""
    found, model, values = {}, hdsl.loads(SMALL), series(rows)
    with tempfile.TemporaryDirectory() as folder:
        for kind in KINDS:
            samples = stream(write(Path(folder) / f"wave{kind}", values), model).samples()
            begun = process_time()
            read = sum(len(part) for part in samples if part is not None)
            found[kind] = 1e6 * (process_time() - begun) / read
    return found


def peak(path: Path) -> float:
    """The peak of this process's memory after a run on a file, in MiB."""
    model = hdsl.loads(SMALL)
    plan = Plan(model.product("model"), model.compile(), stream(path, model))
    run_session(plan)
    return held("VmHWM") / 2**20


def peaks(lengths: list[int]) -> dict[int, float]:
    """The same, in a process for each length."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        for rows in lengths:
            path = write(Path(folder) / "wave.csv", series(rows))
            command = [sys.executable, "-m", "benchmarks.reading", "--worker", str(path)]
            found[rows] = float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return found


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m benchmarks.reading", description=__doc__)
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--stretch", type=int, default=20_480, help="steps of a turn")
    options.add_argument("--turns", type=int, help="end after so many; all rows if not given")
    options.add_argument("--size", type=int, default=32, help="states of the model")
    options.add_argument("--lengths", default="100000,1000000,4000000", help="rows whose memory is measured; none for no such")
    options.add_argument("--json", action="store_true")
    options.add_argument("--worker", type=Path, help=argparse.SUPPRESS)
    given = options.parse_args()
    torch.set_num_threads(1)
    if given.worker:
        print(peak(given.worker))
        return 0
    if given.rows < 3 * given.stretch:
        raise SystemExit("--rows should be at least three stretches")
    alone = reading_alone(given.rows)
    seconds, rounds = rates(given.rows, given.stretch, given.size, given.turns)
    held = peaks([int(length) for length in given.lengths.split(",") if length])
    if given.json:
        told = {"machine": machine(1), "rows": given.rows, "seconds": seconds, "alone": alone, "peaks": held}
        print(json.dumps(told, indent=1))
        return 0
    print(f"{machine(1)}; sunspots at n = {given.size}, {given.rows} rows, {rounds} turns of {given.stretch} steps\n")
    body = []
    for name, taken in seconds.items():
        rate = given.stretch / median(clock for clock, _ in taken)
        ratios = [ratio(seconds[BARE], taken, 0), ratio(seconds[BARE], taken, 1), ratio(seconds[HELD], taken, 1)]
        read = f"{alone[name]:.2f} µs" if name in alone else ""
        body.append([name, f"{rate:,.0f}", *(f"{each:.3f}" for each in ratios), read])
    head = ["read from", "steps/s", f"rate / {BARE}", "by processor time", f"the same / {HELD}", "reading alone, a row"]
    print(table(head, body))
    if held:
        rows = [[f"{length:,}", f"{peak_of:.1f} MiB"] for length, peak_of in held.items()]
        print("\n" + table(["rows of CSV", "peak memory"], rows))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
