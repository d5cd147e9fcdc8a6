"""``python -m benchmarks.soak``: does a run on an endless generator stay as it began: its memory, its rate, its numbers?

Each way has a process of its own and the same samples, drawn a block at a time from a seed. ``net.run`` takes them as
tensors, in float32 and in float64 from the same initial values; ``session`` is `hdsl run` as Python reaches it: samples
checked, scaled by the past, scored beside baselines, traced for a report; ``session-live`` is the same on a generator that
can be gone through once: where it has to be waited for a millisecond, what is there is handed on, in blocks of any length.
The process's own time, of which other processes take little, is read at equal distances, and so is memory, always at the
end of a block of the generator, where this holds the same: what Python and the C allocator have handed out and not got back,
which a leak would raise, and the resident set, which is that and whatever the allocator keeps free in between.
At about each power of ten (the end of the chunk of 1024 steps in which it falls) parameters, states, costates and the mean
cost so far are kept, and those of float32 held against those of float64. So are those of float64 from initial values that are
nudged by what rounding to float32 would do to them: where these part as far, it is learning that is sensitive, not the
arithmetic that is poor.
"""

from __future__ import annotations

import argparse
import gc
import json
import math
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import torch

import hdsl
from benchmarks.measure import allocated, held, machine, table
from hdsl.runtime.session import Plan, run_session

WAYS = ("run-float32", "run-float64", "run-nudged", "session", "session-live")
NUDGE = 2.0**-24  # the relative error of rounding to float32
TENTHS = 10
MARKS = 40  # looks at the memory
BLOCK = 4096
KINDS = ("parameters", "states", "costates", "mean cost so far")
UNITS = {"resident": resource.getpagesize(), "given": 1024, "free": 1024, "objects": 1}
Told = Callable[[int], None]
Snapshot = dict[str, Any]
Look = dict[str, int]


def blocks(steps: int) -> Iterator[np.ndarray]:
    """A noisy wave whose period and height wander, (BLOCK + 1,) at a time, the last value being the next block's first.

    ``steps`` and one values in all, the same at every call.
    """
    draw, phase, wander, before, done = np.random.default_rng(0), 0.0, np.zeros(2), 0.0, 0
    while done < steps:
        moves = wander + np.cumsum(0.01 * draw.normal(size=(BLOCK, 2)), axis=0)
        moves *= 0.999 ** np.arange(1, BLOCK + 1)[:, None]  # back to where it began, in the long run
        phases = phase + np.cumsum(np.exp(np.clip(moves[:, 0], -1, 1)) / 7)
        noise = 0.3 * draw.normal(size=BLOCK)
        values = np.exp(np.clip(moves[:, 1], -1, 1)) * np.sin(phases) + noise
        wander, phase = moves[-1], float(phases[-1] % math.tau)
        yield np.concatenate([[before], values[: steps - done]])
        before, done = values[-1], done + BLOCK


@dataclass
class Watch:
    """Reads clock and memory at equal distances, and keeps the numbers at each power of ten."""

    steps: int
    snapshot: Callable[[], Snapshot] | None = None

    def __post_init__(self) -> None:
        self.begun = process_time()
        self.memory = [_looked(0)]
        self.times = [(0, 0.0)]
        self.kept: list[Snapshot] = []
        self._power = 1000

    def told(self, step: int) -> None:
        """To be called after each chunk, with the steps done so far."""
        if step >= self.times[-1][0] + self.steps / TENTHS or step >= self.steps:
            self.times.append((step, process_time() - self.begun))
        if step >= self.memory[-1]["step"] + self.steps / MARKS and step % BLOCK == 0:
            self.memory.append(_looked(step))
        if self.snapshot is not None and step >= self._power:
            self.kept.append({"step": step, **self.snapshot()})
            self._power *= 10


def _looked(step: int) -> Look:
    """Bytes resident, bytes handed out and kept free by the C allocator (0 where it does not tell), objects of Python's own."""
    gc.collect()
    given, free = allocated() or (0, 0)
    return {"step": step, "resident": held("VmRSS"), "given": given, "free": free, "objects": sys.getallocatedblocks()}


def run(watch: Watch, size: int, dtype: torch.dtype, nudge: float = 0.0) -> None:
    """``net.run`` on a generator of tensors."""
    net = hdsl.load("sunspots", n=size).compile()(batch=1, seed=0, dtype=torch.float32).to(dtype)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter.mul_(1 + nudge)
    total = [0.0]

    def tensors() -> Iterator[dict[str, torch.Tensor]]:
        for block in blocks(watch.steps):
            values = torch.from_numpy(block).to(dtype).reshape(-1, 1, 1).unbind(0)
            yield from ({"u": u, "v": v} for u, v in pairwise(values))

    def told(step: int, results: dict[str, torch.Tensor]) -> None:
        total[0] += float(results["fit"].double().sum())
        watch.told(step)

    def snapshot() -> Snapshot:
        state = net.state_dict()
        kinds = {"states": "state.", "costates": "costate."}
        names = {kind: [name for name in state if name.startswith(begins)] for kind, begins in kinds.items()}
        names["parameters"] = [name for name, _ in net.named_parameters()]
        flat = {kind: torch.cat([state[k].double().flatten() for k in of]).tolist() for kind, of in names.items()}
        return {**flat, "cost": total[0] / int(net.clock)}

    watch.snapshot = snapshot
    net.run(tensors(), told=told, keep=False)


class Numbers:
    """The samples as numbers, which can be gone through again."""

    def __init__(self, steps: int) -> None:
        self.steps = steps

    def __iter__(self) -> Iterator[dict[str, float]]:
        return ({"u": u, "v": v} for block in blocks(self.steps) for u, v in pairwise(block.tolist()))


def session(watch: Watch, size: int, live: bool = False) -> None:
    """A session on numbers, as `hdsl run` makes one."""
    model, numbers = hdsl.load("sunspots", n=size), Numbers(watch.steps)
    stream = model.stream(iter(numbers) if live else numbers, scale="running")
    run_session(Plan(model.product("model"), model.compile(), stream), lambda progress: watch.told(progress.step))


def worker(way: str, steps: int, size: int) -> dict[str, Any]:
    """What one way tells."""
    watch = Watch(steps)
    if way.startswith("session"):
        session(watch, size, live=way == "session-live")
    else:
        run(watch, size, torch.float32 if way == "run-float32" else torch.float64, NUDGE if way == "run-nudged" else 0.0)
    return {"memory": watch.memory, "times": watch.times, "kept": watch.kept}


def measured(way: str, folder: Path, steps: int, size: int) -> dict[str, Any]:
    """What one way tells, run in a process of its own unless it was run into this folder before."""
    told = folder / f"{way}.json"
    if not told.exists():
        command = [sys.executable, "-m", "benchmarks.soak", "--steps", str(steps), "--size", str(size)]
        subprocess.run([*command, "--folder", str(folder), "--worker", way], check=True)
    return dict(json.loads(told.read_text(encoding="ascii")))


def flatness(memory: list[Look], kind: str) -> tuple[int, int]:
    """What was gained in the second half, by its last look over its first, and by its highest over its lowest."""
    half = [look[kind] for look in memory if 2 * look["step"] >= memory[-1]["step"]]
    return half[-1] - half[0], max(half) - min(half)


def rates(times: list[list[float]]) -> list[float]:
    """Steps a second between looks at the clock."""
    return [(b[0] - a[0]) / (b[1] - a[1]) for a, b in pairwise(times)]


def drift(low: Snapshot, high: Snapshot) -> dict[str, float]:
    """How far float32 is from float64: |a − b| / |b| of all numbers of a kind, and of the mean cost so far."""
    found = {}
    for kind in KINDS[:-1]:
        a, b = np.array(low[kind]), np.array(high[kind])
        found[kind] = float(np.linalg.norm(a - b) / np.linalg.norm(b))
    return found | {KINDS[-1]: abs(low["cost"] - high["cost"]) / high["cost"]}


def drifts(low: dict[str, Any], high: dict[str, Any]) -> dict[int, dict[str, float]]:
    """`drift` at each step at which both were kept, and the mean cost so far of the second."""
    by_step = {kept["step"]: kept for kept in low["kept"]}
    pairs = [(by_step[kept["step"]], kept) for kept in high["kept"] if kept["step"] in by_step]
    return {b["step"]: drift(a, b) | {"cost": b["cost"]} for a, b in pairs}


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    options.add_argument("--steps", type=int, default=10_000_000)
    options.add_argument("--size", type=int, default=32, help="states of the model")
    options.add_argument("--ways", default=",".join(WAYS), help="which, with commas between them")
    options.add_argument("--folder", type=Path, help="where each way leaves what it found; a way that has is not run again")
    options.add_argument("--json", action="store_true")
    options.add_argument("--worker", choices=WAYS, help="run one way only, and tell nothing")
    given = options.parse_args()
    if given.steps < 10_000 or not {*given.ways.split(",")} <= {*WAYS}:
        raise SystemExit(f"--steps should be at least 10000, and --ways of {', '.join(WAYS)}")
    torch.set_num_threads(1)
    if given.worker:
        found = worker(given.worker, given.steps, given.size)
        (given.folder or Path()).joinpath(f"{given.worker}.json").write_text(json.dumps(found), encoding="ascii")
        return 0
    with tempfile.TemporaryDirectory() as folder:
        found = {way: measured(way, given.folder or Path(folder), given.steps, given.size) for way in given.ways.split(",")}
    others = ("run-float32", "run-nudged") if "run-float64" in found else ()
    apart = {way: drifts(found[way], found["run-float64"]) for way in others if way in found}
    if given.json:
        print(json.dumps({"machine": machine(1), "drift": apart, "ways": found}, indent=1))
        return 0
    print(f"{machine(1)}; sunspots at n = {given.size}, {given.steps:,} steps\n")
    body = []
    for way, told in found.items():
        every = rates(told["times"])
        row = [way, f"{told['memory'][-1]['resident'] / 2**20:.1f} MiB"]
        for kind, unit in UNITS.items():
            gained, spread = flatness(told["memory"], kind)
            row.append(f"{gained / unit:+.0f} ({spread / unit:.0f})")
        body.append([*row, f"{sum(every) / len(every):,.0f}", " ".join(f"{rate / 1000:.1f}" for rate in every)])
    print("gained in the second half, by its last look over its first (by its highest over its lowest)\n")
    head = ["way", "resident", "pages resident", "KiB handed out", "KiB free between", "objects"]
    print(table([*head, "steps/s", "of each tenth, in thousands"], body) + "\n")
    for way, at in apart.items():
        rows = [[f"{step:,}", *(f"{of[k]:.1e}" for k in KINDS), f"{of['cost']:.4f}"] for step, of in at.items()]
        print(f"{way} from run-float64, relative\n")
        print(table(["step", *KINDS, "mean cost, float64"], rows) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
