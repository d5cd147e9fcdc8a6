"""The same measurement in several processes, and what is told of them: the median of their medians, and their range."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from math import isnan, nan
from statistics import median
from typing import Any

from benchmarks.measure import Timing


def repeated(arguments: Sequence[str], count: int) -> list[Any]:
    """What ``python -m ARGUMENTS`` printed as JSON, so many times in succession. Raises SystemExit where a process fails."""
    results = []
    for index in range(count):
        print(f"process {index + 1} of {count}", file=sys.stderr, flush=True)
        done = subprocess.run([sys.executable, "-m", *arguments], stdout=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"process {index + 1} ended with {done.returncode}")
        results.append(json.loads(done.stdout))
    return results


class Timings:
    """Variants of one row, in every process."""

    def __init__(self, found: Sequence[Mapping[str, Sequence[float]]]) -> None:
        self.timings = [{name: Timing(tuple(rounds)) for name, rounds in each.items()} for each in found]

    def has(self, variant: str) -> bool:
        return all(variant in timings for timings in self.timings)

    def seconds(self, variant: str) -> float:
        """Seconds a step: the median over processes of the median over rounds; nan where it is missing."""
        return median(timings[variant].median for timings in self.timings) if self.has(variant) else nan

    def spread(self, variant: str) -> float:
        """How far apart the processes are: half of (largest − least median) over the median."""
        medians = [timings[variant].median for timings in self.timings]
        return (max(medians) - min(medians)) / median(medians) / 2

    def ratio(self, slower: str, faster: str) -> float:
        """How many times longer ``slower`` takes; nan where one is missing."""
        if not (self.has(slower) and self.has(faster)):
            return nan
        return median(timings[slower].over(timings[faster]) for timings in self.timings)

    def above(self, slower: str, faster: str) -> float:
        """Seconds a step that ``slower`` takes more; nan where one is missing."""
        if not (self.has(slower) and self.has(faster)):
            return nan
        return median(timings[slower].above(timings[faster]) for timings in self.timings)

    def told(self, variant: str, name: str = "") -> str:
        """Microseconds a step, with the spread over the processes in brackets."""
        if not self.has(variant):
            return "–"
        spread = f" ({self.spread(variant) * 100:.0f} %)" if len(self.timings) > 1 else ""
        return f"{name} {figure(self.seconds(variant) * 1e6)}{spread}".strip()


def figure(value: float) -> str:
    """Three figures; a dash for nan."""
    if isnan(value):
        return "–"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"
