"""``python -m benchmarks.memory``: does memory grow with the number of steps? ``run`` and ``step`` in a process each.

The resident set is read from the system at equal distances. The heap takes a while to settle, so growth is given for
the first and for the second half: a leak shows in both. Live tensors and Python's own blocks are counted likewise, for
the second half (tracemalloc would slow the steps and hold memory itself); torch's allocations are counted over a few
steps by its profiler.
"""

from __future__ import annotations

import argparse
import gc
import json
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass

import torch

from benchmarks.generated import Generated, NotThereYet
from benchmarks.measure import held, machine, table
from benchmarks.workload import WORKLOADS, Workload

WAYS = ("run", "step")
MARKS = 20


@dataclass(frozen=True)
class Mark:
    """What is held after a number of steps: bytes of the resident set, live tensors, Python's allocated blocks."""

    steps: int
    resident: int
    tensors: int
    blocks: int


def mark(steps: int) -> Mark:
    gc.collect()
    tensors = sum(1 for each in gc.get_objects() if type(each) in (torch.Tensor, torch.nn.Parameter))
    return Mark(steps, held("VmRSS"), tensors, sys.getallocatedblocks())


def allocations(work: Callable[[int], object], steps: int = 50) -> float | None:
    """How many times a step asks torch's allocator for memory; None where the profiler does not say."""
    activities = [torch.profiler.ProfilerActivity.CPU]
    with torch.profiler.profile(activities=activities, profile_memory=True) as profile:
        work(steps)
    results = getattr(getattr(profile, "profiler", None), "kineto_results", None)
    if results is None:
        return None
    return sum(1 for event in results.events() if event.name() == "[memory]" and event.nbytes() > 0) / steps


def measure(workload: Workload, way: str, steps: int, chunk: int) -> dict[str, object]:
    """One way over ``steps`` steps, a chunk of the stream at a time. Raises NotThereYet."""
    made = Generated(workload, "sequential")
    stream = workload.stream(chunk)
    call = made.run if way == "run" else made.step

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
    return Mark(
        end.steps - start.steps, end.resident - start.resident, end.tensors - start.tensors, end.blocks - start.blocks
    )


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
    command = [sys.executable, "-m", "benchmarks.memory", "--row", given.row]
    command += ["--steps", str(given.steps), "--chunk", str(given.chunk), "--worker"]
    found = {}
    for way in WAYS:
        # Standard error is kept back because torch's profiler reports there that it starts.
        done = subprocess.run([*command, way], capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{done.stderr}{way} ended with {done.returncode}")
        found[way] = json.loads(done.stdout)
    if given.json:
        print(json.dumps({"machine": machine(1), "row": given.row, "steps": given.steps, "ways": found}, indent=1))
        return 0
    body = []
    for way, result in found.items():
        if "missing" in result:
            body.append([way, f"not there yet: {result['missing']}", *[""] * 7])
            continue
        marks = [Mark(**each) for each in result["marks"]]
        first, second = growth(marks)
        megabytes = marks[-1].resident / 2**20
        per_step = "–" if result["allocations"] is None else f"{result['allocations']:.1f}"
        body.append([way, f"{marks[-1].steps}", f"{megabytes:.1f} MiB", f"{first.resident / 1024:+.0f} KiB"])
        body[-1] += [f"{second.resident / 1024:+.0f} KiB", f"{second.tensors:+d}", f"{second.blocks:+d}", per_step]
        body[-1].append("yes" if result["finite"] else "NO")
    print(f"{machine(1)}; {given.row}, chunks of {given.chunk}\n")
    head = ["way", "steps", "resident", "growth, first half", "second half", "tensors", "Python blocks"]
    head += ["allocations a step", "finite"]
    print(table(head, body))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
