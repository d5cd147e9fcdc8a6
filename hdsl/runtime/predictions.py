"""The file of predictions: a row a step, in the units of the stream, written as the run goes and cut back on resuming."""

from __future__ import annotations

import csv
import io
import itertools
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hdsl.placing import is_special, place


def entries(name: str, sizes: Sequence[int]) -> list[str]:
    """The columns of a quantity: ``y``, or ``y[0]``, ``y[1]``, … (``y[0,0]`` for a matrix)."""
    if not sizes:
        return [name]
    return [f"{name}[{','.join(map(str, place))}]" for place in itertools.product(*map(range, sizes))]


class PredictionFile:
    """A CSV file with a row a step: step, outputs, targets, costs by name; blank where missing.

    A single number of a vector of size 1 keeps its place: ``y[0]``. Steps count from 0.
    """

    def __init__(self, path: Path, columns: Mapping[str, Sequence[int]], step: int = 0) -> None:
        """Open the file at a step: rows before it stay, later ones go. Raises OSError, and ValueError for another file."""
        header = ["step", *(entry for name, sizes in columns.items() for entry in entries(name, sizes))]
        kept = _rows_before(path, header, step) if step else []
        told = io.StringIO()
        csv.writer(told, lineterminator="\n").writerows([header, *kept])
        self._special = is_special(path)
        if not self._special:
            place(path, told.getvalue())
        self._file = open(path, "a", encoding="utf-8", newline="")  # noqa: SIM115 (closed by `close`)
        if self._special:  # opened once: the reader of a pipe sees its end when it is closed
            self._file.write(told.getvalue())
        self._writer = csv.writer(self._file, lineterminator="\n")
        self._columns, self._step = tuple(columns), step

    def write(self, values: Mapping[str, NDArray[Any]]) -> None:
        """Add steps: each quantity (steps, …) by name; NaN, and −1 of whole numbers, are blank."""
        steps = len(values[self._columns[0]])
        parts = [np.asarray(values[name]).reshape(steps, -1) for name in self._columns]
        for k in range(steps):
            cells = (_cell(value) for part in parts for value in part[k].tolist())
            self._writer.writerow([self._step + k, *cells])
        self._step += steps

    def flush(self) -> None:
        """Put what was written on the disk: a checkpoint may follow."""
        self._file.flush()
        if not self._special:  # a pipe has no disk
            os.fsync(self._file.fileno())

    def close(self) -> None:
        self._file.close()


def _cell(value: float | int) -> str:
    missing = math.isnan(value) if isinstance(value, float) else value < 0
    return "" if missing else repr(value)


def _rows_before(path: Path, header: list[str], step: int) -> list[list[str]]:
    """The rows of an earlier run up to a step. Raises ValueError where they are not there."""
    if is_special(path):
        raise ValueError(f"{path} is no ordinary file, and a run cannot go on with it")
    with open(path, encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    if not rows or rows[0] != header:
        raise ValueError(f"{path} has other columns than this run writes; it cannot be gone on with")
    kept = rows[1 : step + 1]
    if len(kept) < step or kept[-1][0] != str(step - 1):
        raise ValueError(f"{path} lacks rows before step {step}, where the checkpoint stands")
    return kept
