"""``python -m benchmarks.memory``: does memory grow with the steps? ``run``, ``step``, native ``run``, a process each.

The resident set is read from the system at equal distances. The heap takes a while to settle, so growth is given for
the first and for the second half: a leak shows in both. Live tensors and Python's own blocks are counted likewise, for
the second half (tracemalloc would slow the steps and hold memory itself), and so is what the C allocator has handed out and not
got back, tensors among it; torch's allocations are counted over a few steps by its profiler.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, astuple, dataclass
from itertools import accumulate
from typing import Any

import torch

from benchmarks.generated import Generated, NotThereYet
from benchmarks.measure import allocated, held, machine, table
from benchmarks.workload import WORKLOADS, Workload

WAYS = ("run", "step", "native")
MARKS = 20


@dataclass(frozen=True)
class Mark:
    """After a number of steps: bytes of the resident set, live tensors, Python's allocated blocks, bytes handed out by C."""

    steps: int
    resident: int
    tensors: int
    blocks: int
    handed: int = 0


def mark(steps: int) -> Mark:
    gc.collect()
    tensors = sum(1 for each in gc.get_objects() if type(each) in (torch.Tensor, torch.nn.Parameter))
    told = allocated()
    return Mark(steps, held("VmRSS"), tensors, sys.getallocatedblocks(), told[0] if told else 0)


@contextmanager
def quiet() -> Iterator[None]:
    """Keeps back what libraries write to standard error: torch's profiler says there that it starts and stops."""
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


def taken(work: Callable[[], object]) -> list[int] | None:
    """Bytes that torch's allocator hands out (> 0) and takes back, in order; None where the profiler does not say."""
    activities = [torch.profiler.ProfilerActivity.CPU]
    with quiet(), torch.profiler.profile(activities=activities, profile_memory=True) as profile:
        work()
    results = getattr(getattr(profile, "profiler", None), "kineto_results", None)
    if results is None:
        return None
    events = [event for event in results.events() if event.name() == "[memory]"]
    return [event.nbytes() for event in sorted(events, key=lambda event: event.start_ns())]


def allocations(work: Callable[[int], object], steps: int = 50) -> float | None:
    """How many times a step asks torch's allocator for memory; None where the profiler does not say."""
    told = taken(lambda: work(steps))
    return None if told is None else sum(1 for each in told if each > 0) / steps


@dataclass(frozen=True)
class Held:
    """Bytes: of the parameters, of all tensors of a module, and at most more within a run of a few steps."""

    parameters: int
    module: int
    run: int

    @property
    def share(self) -> float:
        """All over twice the parameters."""
        return (self.module + self.run) / (2 * self.parameters)


def held_in_a_run(workload: Workload, backend: str, order: str = "sequential", steps: int = 16) -> Held:
    """What a module holds, and a run of it. Raises NotThereYet, also where the profiler does not say."""
    made, stream = Generated(workload, order, backend=backend), workload.stream(steps)
    made.run(stream)  # what is made once and kept is made
    found = taken(lambda: made.run(stream))
    if found is None:
        raise NotThereYet("torch's profiler does not say")
    own = {id(each): each for each in (*made.net.parameters(), *made.net.buffers(), *vars(made.net).values())}
    places = {each.untyped_storage().data_ptr(): each.untyped_storage().nbytes() for each in own.values()
              if isinstance(each, torch.Tensor)}  # fmt: skip
    return Held(4 * workload.parameters, sum(places.values()), max(accumulate(found, initial=0)))


def measure(workload: Workload, way: str, steps: int, chunk: int) -> dict[str, object]:
    """One way over ``steps`` steps, a chunk of the stream at a time. Raises NotThereYet."""
    made = Generated(workload, "sequential", backend="native" if way == "native" else "torch")
    stream = workload.stream(chunk)
    call = made.step if way == "step" else made.run

    def work(count: int) -> None:
        call({name: value[:count] for name, value in stream.items()})

    work(chunk)
    marks = [mark(0)]
    for index in range(1, steps // chunk + 1):
        work(chunk)
        if index % max(1, steps // chunk // MARKS) == 0:
            marks.append(mark(index * chunk))
    finite = all(bool(torch.isfinite(value).all()) for value in made.parameters().values())
    # The profiler holds memory of its own, so it comes last.
    return {"marks": [asdict(each) for each in marks], "allocations": allocations(work), "finite": finite}


def growth(marks: list[Mark]) -> tuple[Mark, Mark]:
    """What was gained in the first and in the second half, each with its number of steps."""
    middle = next(each for each in marks if each.steps * 2 >= marks[-1].steps)
    return gained(marks[0], middle), gained(middle, marks[-1])


def gained(start: Mark, end: Mark) -> Mark:
    return Mark(*(last - first for first, last in zip(astuple(start), astuple(end), strict=True)))


def measured(row: str, steps: int, chunk: int) -> dict[str, dict[str, Any]]:
    """Every way in a process of its own, all at the same time: it is bytes that are told. Raises SystemExit where one fails."""
    command = [sys.executable, "-m", "benchmarks.memory", "--row", row]
    command += ["--steps", str(steps), "--chunk", str(chunk), "--worker"]
    # Standard error is kept back because torch's profiler reports there that it starts.
    pipe = subprocess.PIPE
    begun = {way: subprocess.Popen([*command, way], stdout=pipe, stderr=pipe, text=True) for way in WAYS}
    found = {}
    for way, process in begun.items():
        told, wrong = process.communicate()
        if process.returncode:
            raise SystemExit(f"{wrong}{way} ended with {process.returncode}")
        found[way] = json.loads(told)
    return found


HEAD = ("way", "steps", "resident", "gained in the first half", "in the second half", "handed out in the second half")
HEAD += ("tensors", "Python blocks", "allocations a step", "finite")


def rows(found: Mapping[str, Mapping[str, Any]]) -> list[tuple[str, ...]]:
    """A row of `HEAD` a way."""
    body: list[tuple[str, ...]] = []
    for way, result in found.items():
        if "missing" in result:
            body.append((way, f"not there yet: {result['missing']}", *[""] * (len(HEAD) - 2)))
            continue
        marks = [Mark(**each) for each in result["marks"]]
        first, second = growth(marks)
        cells = [f"{marks[-1].steps}", f"{marks[-1].resident / 2**20:.1f} MiB"]
        cells += [f"{each / 1024:+.0f} KiB" for each in (first.resident, second.resident, second.handed)]
        cells += [f"{second.tensors:+d}", f"{second.blocks:+d}"]
        cells.append("–" if result["allocations"] is None else f"{result['allocations']:.1f}")
        body.append((way, *cells, "yes" if result["finite"] else "NO"))
    return body


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m benchmarks.memory", description=__doc__)
    options.add_argument("--row", default="rnn-64", choices=list(WORKLOADS))
    options.add_argument("--steps", type=int, default=100_000)
    options.add_argument("--chunk", type=int, default=1000, help="steps handed to one call of run")
    options.add_argument("--json", action="store_true")
    options.add_argument("--worker", choices=WAYS, help=argparse.SUPPRESS)
    given = options.parse_args()
    if given.steps < given.chunk * 10:
        raise SystemExit("--steps should be at least ten chunks")
    torch.set_num_threads(1)
    workload = WORKLOADS[given.row]
    if given.worker:
        try:
            print(json.dumps(measure(workload, given.worker, given.steps, given.chunk)))
        except NotThereYet as missing:
            print(json.dumps({"missing": str(missing)}))
        return 0
    found = measured(given.row, given.steps, given.chunk)
    if given.json:
        print(json.dumps({"machine": machine(1), "row": given.row, "steps": given.steps, "ways": found}, indent=1))
        return 0
    print(f"{machine(1)}; {given.row}, chunks of {given.chunk}\n")
    print(table(list(HEAD), [list(row) for row in rows(found)]))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
