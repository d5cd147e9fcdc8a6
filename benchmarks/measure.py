"""Paired timing: variants take turns (A B C, A B C, …) in one process, and a ratio is taken within each turn."""

from __future__ import annotations

import ctypes
import gc
import os
import platform
import resource
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import inf, log, sqrt
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter, process_time


@dataclass(frozen=True)
class Timing:
    """Seconds of one unit of work, one entry a round; entries of the same position belong together."""

    rounds: tuple[float, ...]

    @property
    def median(self) -> float:
        return median(self.rounds)

    def over(self, other: Timing) -> float:
        """The median over rounds of how many times longer this takes than ``other``."""
        return median(a / b for a, b in zip(self.rounds, other.rounds, strict=True))

    def above(self, other: Timing) -> float:
        """The median over rounds of how many seconds longer this takes than ``other``."""
        return median(a - b for a, b in zip(self.rounds, other.rounds, strict=True))


CLOCKS: dict[str, Callable[[], float]] = {"wall": perf_counter, "processor": process_time}
"""Seconds on the wall, or seconds that this process had a processor for, which the load of others moves less."""


def steps_for(work: Callable[[int], object], seconds: float, most: int, clock: str = "wall", least: float = 1) -> int:
    """How many steps of ``work`` take about ``seconds``, at least ``least`` and at most ``most``; warms up on the way.

    No ``least`` makes a turn longer than ``LONGEST`` times ``seconds``; infinity is all of ``most``, and nothing else is tried.
    """
    now, steps = CLOCKS[clock], min(2, most)
    if least == inf:
        work(most)
        return most
    work(steps)  # what the first call sets up must not pass for the time of a step
    while True:
        start = now()
        work(steps)
        taken = now() - start
        if taken >= seconds / 2 or steps >= most:
            wanted = max(seconds, min(least * taken / steps, LONGEST * seconds))
            return max(1, min(most, round(wanted * steps / taken)))
        steps = min(most, steps * 4)


LONGEST = 25


@dataclass(frozen=True)
class Enough:
    """When turns may end: where ratios are known to ``within``, or after ``seconds``; never before ``FEWEST`` turns."""

    within: float = 0.0
    seconds: float = inf


FEWEST = 5


def interleave(
    variants: Mapping[str, Callable[[int], object]],
    rounds: int,
    seconds: float,
    most: int,
    clock: str = "wall",
    least: float | Mapping[str, float] = 1,
    enough: Enough = Enough(),
) -> dict[str, Timing]:
    """Times each variant at most ``rounds`` times in turn; a variant takes a number of steps that last about ``seconds``.

    At least ``least`` (of each variant, or 1 where a mapping does not name it) and at most ``most`` steps a call, by one of
    `CLOCKS`. Returns seconds a step. The garbage collector runs between rounds only.
    """
    fewest = {name: least.get(name, 1) if isinstance(least, Mapping) else least for name in variants}
    steps = {name: steps_for(work, seconds, most, clock, fewest[name]) for name, work in variants.items()}
    now, begun = CLOCKS[clock], perf_counter()
    taken: dict[str, list[float]] = {name: [] for name in variants}
    gc.disable()
    try:
        for turn in range(rounds):
            late = perf_counter() - begun > enough.seconds
            if turn >= FEWEST and (late or uncertainty(taken) <= enough.within):
                break
            gc.collect()
            for name, work in variants.items():
                start = now()
                work(steps[name])
                taken[name].append((now() - start) / steps[name])
    finally:
        gc.enable()
    return {name: Timing(tuple(each)) for name, each in taken.items()}


def uncertainty(taken: Mapping[str, Sequence[float]]) -> float:
    """The standard error of the median over rounds of a variant's time over the mean of all in a round; the largest of them.

    By the distance of the quartiles, 1.35 standard deviations of a normal variable; a median errs 1.25 times as far as a mean.
    """
    rounds = list(zip(*([log(each) for each in times] for times in taken.values()), strict=True))
    errors = []
    for column in range(len(taken)):
        lower, _, upper = quantiles([times[column] - sum(times) / len(times) for times in rounds], n=4)
        errors.append(1.25 / 1.35 * (upper - lower) / sqrt(len(rounds)))
    return max(errors)


def held(figure: str) -> int:
    """Bytes of this process's memory, by Linux's name of the figure: VmRSS now, VmHWM at most so far, VmSize of addresses.

    Elsewhere the largest resident set so far.
    """
    status = Path("/proc/self/status")
    if status.exists():  # what getrusage tells there begins with the peak of the process that started this one
        lines = status.read_text(encoding="ascii", errors="replace").splitlines()
        return 1024 * int(next(line for line in lines if line.startswith(f"{figure}:")).split()[1])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


_MALLINFO = ("arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost")


class _Mallinfo(ctypes.Structure):
    """What glibc (2.33 and later) tells of its heap; mallinfo(3)."""

    _fields_ = [(name, ctypes.c_size_t) for name in _MALLINFO]


def allocated() -> tuple[int, int] | None:
    """Bytes that the C allocator has handed out and not got back, and bytes that it holds free between them.

    Tensors, arrays and Python's objects above 512 bytes are among the first; smaller ones lie in arenas of Python's own, and
    ``sys.getallocatedblocks`` counts them. None where the C library does not tell.
    """
    tell = getattr(ctypes.CDLL(None), "mallinfo2", None) if sys.platform == "linux" else None
    if tell is None:
        return None
    tell.restype = _Mallinfo
    told = tell()
    return told.uordblks + told.hblkhd, told.fordblks


def machine(threads: int) -> str:
    """The kind of machine: processor, cores, threads used, versions."""
    model = platform.processor() or platform.machine()
    information = Path("/proc/cpuinfo")
    if information.exists():
        lines = information.read_text(encoding="utf-8", errors="replace").splitlines()
        model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), model)
    versions = [f"Python {platform.python_version()}"]
    if "torch" in sys.modules:
        versions.append(f"torch {sys.modules['torch'].__version__}")
    return f"{model}, {os.cpu_count()} cores, {threads} thread{'s' * (threads != 1)}, {', '.join(versions)}"


def table(head: list[str], rows: list[list[str]]) -> str:
    """Plain text in columns; the first to the left, the others to the right."""
    widths = [max(len(row[column]) for row in [head, *rows]) for column in range(len(head))]
    lines = []
    for row in [head, ["-" * width for width in widths], *rows]:
        cells = [cell.rjust(width) for cell, width in zip(row, widths, strict=True)]
        lines.append("  ".join([row[0].ljust(widths[0]), *cells[1:]]).rstrip())
    return "\n".join(lines)
