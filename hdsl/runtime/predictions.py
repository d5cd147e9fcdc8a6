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

from hdsl.placing import is_special, naming, place


def entries(name: str, sizes: Sequence[int]) -> list[str]:
    """The columns of a quantity: ``y``, or ``y[0]``, ``y[1]``, … (``y[0,0]`` for a matrix)."""
    if not sizes:
        return [name]
    return [f"{name}[{','.join(map(str, place))}]" for place in itertools.product(*map(range, sizes))]


class PredictionFile:
    """A CSV file with a row a step: step, outputs, targets, costs by name; blank where missing.

    A single number of a vector of size 1 keeps its place: ``y[0]``. Steps count from 0. Where several streams run beside one
    another there is a row for each of them, with its number behind the step; one that has ended has none.
    """

    def __init__(self, path: Path, columns: Mapping[str, Sequence[int]], step: int = 0, streams: int = 1) -> None:
        """Open the file at a step: rows before it stay, later ones go. Raises OSError, and ValueError for another file."""
        before = ["step"] if streams == 1 else ["step", "stream"]
        header = [*before, *(entry for name, sizes in columns.items() for entry in entries(name, sizes))]
        told = io.StringIO()
        csv.writer(told, lineterminator="\n").writerow(header)
        self._path, self._special = path, is_special(path)
        if step:
            _cut_back(path, told.getvalue().encode(), step)
        elif not self._special:
            place(path, told.getvalue())
        self._file = open(path, "a", encoding="utf-8", newline="")  # noqa: SIM115 (closed by `close`)
        if self._special:  # opened once: the reader of a pipe sees its end when it is closed
            self._file.write(told.getvalue())
        self._writer = csv.writer(self._file, lineterminator="\n")
        self._columns, self._streams = tuple(columns), streams

    def write(self, values: Mapping[str, NDArray[Any]], step: int, there: NDArray[np.bool_]) -> None:
        """Add steps: each quantity (steps, streams, …) by name, or (steps,); NaN, and −1 of whole numbers, are blank.

        Args:
            step: the first of them.
            there: (steps, streams), false where a stream has ended.
        """
        steps = len(there)
        parts = [self._by_stream(np.asarray(values[name]), steps) for name in self._columns]
        with naming(self._path):
            for k in range(steps):
                for stream in range(self._streams):
                    if there[k, stream]:
                        cells = (_cell(value) for part in parts for value in part[k, stream].tolist())
                        self._writer.writerow([step + k, *([stream] if self._streams > 1 else []), *cells])
            self._file.flush()  # whoever waits for a prediction sees it

    def _by_stream(self, value: NDArray[Any], steps: int) -> NDArray[Any]:
        """(steps, streams, numbers) of what may be shared by all streams."""
        if value.ndim == 1:
            return np.broadcast_to(value[:, None, None], (steps, self._streams, 1))
        return value.reshape(steps, self._streams, -1)

    def flush(self) -> None:
        """Put what was written on the disk: a checkpoint may follow."""
        with naming(self._path):
            self._file.flush()
            if not self._special:  # a pipe has no disk
                os.fsync(self._file.fileno())

    def close(self) -> None:
        with naming(self._path):
            self._file.close()


def _cell(value: float | int) -> str:
    missing = math.isnan(value) if isinstance(value, float) else value < 0
    return "" if missing else repr(value)


def _cut_back(path: Path, header: bytes, step: int) -> None:
    """Cut off what stands from a step on. Raises ValueError where the rows before it are not there."""
    if is_special(path):
        raise ValueError(f"{path} is no ordinary file, and a run cannot go on with it")
    last, end = -1, 0
    with open(path, "rb") as file:
        if file.readline() != header:
            raise ValueError(f"{path} has other columns than this run writes; it cannot be gone on with")
        end = file.tell()
        for line in file:
            number = line.partition(b",")[0]
            if not line.endswith(b"\n") or not number.isdigit() or not last <= int(number) <= min(last + 1, step - 1):
                break
            last, end = int(number), end + len(line)
    if last != step - 1:
        raise ValueError(f"{path} lacks rows before step {step}, where the checkpoint stands")
    os.truncate(path, end)
