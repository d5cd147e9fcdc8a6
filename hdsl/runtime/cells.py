"""Cells: sums over stretches of a stream, so that its whole and its second half have figures however long it becomes.

A cell is one step of a stream at first; where there are too many, two become one. Memory does not grow with the stream,
the figures of the whole are exact, and those of the second half are exact up to `MOST` steps, or where its first step was
known beforehand; else they begin at the edge of a cell nearest to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

MOST = 1024  # cells


@dataclass(frozen=True)
class Sums:
    """Of samples from the step ``start`` on: their ``count``, the sum of squares about their mean, and other ``sums``."""

    count: int
    squares: float
    sums: Numbers
    start: int


class Cells:
    """Sums of samples that come in the order of their steps.

    Args:
        numbers: of a sample whose mean and squares are kept, 0 for none.
        sums: of what is added up besides.
        half: the step at which the second half begins, where that is known.
    """

    STATE = ("width", "edge", "steps", "count", "mean", "squares", "sums", "at")

    def __init__(self, numbers: int, sums: int, half: int | None = None) -> None:
        self.width, self.edge, self.steps = 1, -1 if half is None else half, 0
        self.at = np.zeros(0, np.int64)
        self.count = np.zeros(0)
        self.mean = np.zeros((0, numbers))
        self.squares = np.zeros(0)
        self.sums = np.zeros((0, sums))

    def add(self, steps: NDArray[np.int64], truth: Numbers, sums: Numbers) -> None:
        """Take in samples: their ``steps`` (n,) in order, ``truth`` (n, numbers) and ``sums`` (n, sums), all finite."""
        if not len(steps):
            return
        cell = self._cell(steps)
        first = _firsts(cell)
        count = np.diff(np.append(first, len(cell)))
        mean = np.add.reduceat(truth, first, axis=0) / count[:, None] if truth.shape[1] else np.zeros((len(first), 0))
        away = ((truth - np.repeat(mean, count, axis=0)) ** 2).sum(1)
        new = (cell[first], count * 1.0, mean, np.add.reduceat(away, first), np.add.reduceat(sums, first, axis=0))
        old = (self.at, self.count, self.mean, self.squares, self.sums)
        joint = int(bool(len(self.at)) and self.at[-1] == cell[0])  # the last cell goes on: it alone is added up again
        parts = [np.concatenate([o[len(o) - joint :], n]) for o, n in zip(old, new, strict=True)]
        parts = _merged(*parts) if joint else parts
        self.at, self.count, self.mean, self.squares, self.sums = (
            np.concatenate([o[: len(o) - joint], n]) for o, n in zip(old, parts, strict=True)
        )
        self.steps = int(steps[-1]) + 1
        while len(self.at) > MOST:
            self.width *= 2
            self.at, self.count, self.mean, self.squares, self.sums = _merged(
                self._cell(self.at), self.count, self.mean, self.squares, self.sums
            )

    def part(self, first: int = 0) -> Sums:
        """The sums of all samples from the edge of a cell nearest to the step ``first``."""
        cell = int(self._cell(np.array([first]))[0])
        after = cell + self.width if not cell < self.edge < cell + self.width else self.edge
        start = cell if first - cell <= after - first else after
        chosen = self.at >= start
        count, mean = self.count[chosen], self.mean[chosen]
        total = count.sum()
        middle = (count[:, None] * mean).sum(0) / total if total else np.zeros(mean.shape[1])
        squares = self.squares[chosen].sum() + (count * ((mean - middle) ** 2).sum(1)).sum()
        return Sums(int(total), float(squares), self.sums[chosen].sum(0), start)

    def _cell(self, steps: NDArray[np.int64]) -> NDArray[np.int64]:
        """The first step of the cell of each step; the second half begins a cell."""
        start = steps // self.width * self.width
        if self.edge > 0:
            start = np.where((steps >= self.edge) & (start < self.edge), self.edge, start)
        return start


def _firsts(cell: NDArray[np.int64]) -> NDArray[np.intp]:
    """Where each cell begins among ascending entries."""
    return np.flatnonzero(np.concatenate([[True], cell[1:] != cell[:-1]]))


def _merged(cell: NDArray[np.int64], count: Numbers, mean: Numbers, squares: Numbers, sums: Numbers) -> list[NDArray[Any]]:
    """Cells of one name added up (Chan, Golub, LeVeque, The American Statistician 37, 1983)."""
    first = _firsts(cell)
    counts = np.add.reduceat(count, first)
    means = np.add.reduceat(count[:, None] * mean, first, axis=0) / counts[:, None] if mean.shape[1] else mean[first]
    group = np.repeat(np.arange(len(first)), np.diff(np.append(first, len(cell))))
    between = count * ((mean - means[group]) ** 2).sum(1)
    return [cell[first], counts, means, np.add.reduceat(squares + between, first), np.add.reduceat(sums, first, axis=0)]
