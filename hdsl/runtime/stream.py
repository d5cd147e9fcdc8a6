"""Stream: a table as the samples that a model wants, tensors (T, 1, …) by name, with boundaries and gaps of time."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from hdsl.model.model import Model, Quantity
from hdsl.runtime.columns import Column, Columns, find_columns, number, shape
from hdsl.runtime.table import StreamError, Table, read_header, read_table

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Stream:
    """What a table holds for a model, in the units of the file.

    ``values`` are the inputs and targets: float64 (T, 1, sizes), NaN where a target is missing; int64 (T, 1) for an index,
    −1 where missing. ``boundary`` (T,) is true at the last sample of a sequence, None where the file tells of none.
    ``tau`` (T,) is the time since the previous sample, NaN where there is none; None without a column ``t``.
    ``rows`` are the rows of the table that samples stand for, ``lines`` their lines in the file. ``series`` holds each
    column of real numbers that is read, over all rows of the table.
    """

    name: str
    columns: Columns
    values: Mapping[str, torch.Tensor]
    boundary: torch.Tensor | None
    tau: torch.Tensor | None
    rows: NDArray[np.intp]
    lines: NDArray[np.intp]
    series: Mapping[str, Numbers]

    def __len__(self) -> int:
        return len(self.rows)

    def digest(self, steps: int) -> str:
        """Sixteen hexadecimal digits that tell whether the first ``steps`` samples are the same as another stream's."""
        told = hashlib.sha256()
        for name, value in sorted({**self.values, "boundary": self.boundary, "tau": self.tau}.items()):
            if value is not None:
                told.update(name.encode() + str(tuple(value.shape[1:])).encode())
                told.update(value[:steps].numpy().tobytes())
        return told.hexdigest()[:16]


def read_stream(path: Path, model: Model, told: Mapping[str, str], columns: Columns | None = None) -> Stream:
    """Read a CSV file for a model.

    Args:
        told: columns by name, as `hdsl.runtime.columns.read_map` gives them.
        columns: as `find_columns` gives them, where the caller has looked already.

    Raises:
        StreamError: with file, line and column, what was found and what was expected.
        OSError: the file cannot be read.
    """
    columns = columns or find_columns(read_header(path), model, told)
    table = read_table(path, columns.names())
    ends = table.truths(columns.boundary.name) if columns.boundary else np.zeros(len(table), dtype=bool)
    sequence = np.cumsum(ends) - ends
    inputs = [c for q in model.of_role("input") for c in columns.of.get(q.name, ())]
    rows = np.flatnonzero(np.all([_reachable(c.ahead, sequence) for c in (Column(""), *inputs)], axis=0))
    if not len(rows):
        raise StreamError(f"{path}: no row is left in which every input has a value ({len(table)} rows)")
    values, series = {}, {}
    for name, found in columns.of.items():
        quantity = model.quantities[name]
        read = [table.numbers(column.name) for column in found]
        moved = [_moved(column.ahead, sequence, numbers) for column, numbers in zip(found, read, strict=True)]
        stacked = np.stack(moved, axis=1)[rows]
        if quantity.role == "input":
            _check_present(table, found, stacked, rows, name)
        if quantity.below is not None:
            values[name] = torch.from_numpy(_whole(table, found[0], stacked[:, :1], rows, quantity, model, columns))
            continue
        series.update({column.name: numbers for column, numbers in zip(found, read, strict=True)})
        sizes = shape(quantity, model, columns.sizes)
        values[name] = torch.from_numpy(np.ascontiguousarray(stacked).reshape(len(rows), 1, *sizes))
    lines = np.asarray(table.lines)[rows]
    tau = _gaps(table, columns.time.name, rows, sequence[rows]) if columns.time else None
    boundary = _boundaries(sequence[rows], bool(ends[-1])) if columns.boundary else None
    return Stream(path.name, columns, values, boundary, tau, rows, lines, series)


def _reachable(ahead: int, sequence: NDArray[np.intp]) -> NDArray[np.bool_]:
    """The rows from which the row ``ahead`` of them is in the table and in the same sequence."""
    rows = np.arange(len(sequence)) + ahead
    inside = (rows >= 0) & (rows < len(sequence))
    return inside & (sequence[np.where(inside, rows, 0)] == sequence)


def _moved(ahead: int, sequence: NDArray[np.intp], numbers: Numbers) -> Numbers:
    """A column read ``ahead`` rows later, NaN where there is no such row in the sequence."""
    rows = np.clip(np.arange(len(numbers)) + ahead, 0, len(numbers) - 1)
    return np.where(_reachable(ahead, sequence), numbers[rows], np.nan)


def _check_present(table: Table, found: tuple[Column, ...], stacked: Numbers, rows: NDArray[np.intp], name: str) -> None:
    missing = np.argwhere(np.isnan(stacked))
    if len(missing):
        row, column = missing[0]
        at = int(rows[row]) + found[column].ahead
        raise table.wrong(at, found[column].name, f"a number: `{name}` is an input, and only targets may be missing")


def _whole(
    table: Table, column: Column, stacked: Numbers, rows: NDArray[np.intp], quantity: Quantity, model: Model, columns: Columns
) -> NDArray[np.int64]:
    """Index values (T, 1): whole numbers from 0 below the bound, −1 where missing."""
    below = number(quantity.below, model, columns.sizes)
    if below is None:
        raise StreamError(f"the size {quantity.below} of `{quantity.name}` is not known; give it with --dim {quantity.below}=…")
    given = ~np.isnan(stacked)
    lowest = 0 if quantity.role == "input" else -1
    wrong = given & ((stacked != np.floor(stacked)) | (stacked < lowest) | (stacked >= below))
    if wrong.any():
        row = int(rows[np.flatnonzero(wrong)[0]]) + column.ahead
        wanted = f"a whole number from 0 to {below - 1}: `{quantity.name}` is an index below {quantity.below}"
        raise table.wrong(row, column.name, wanted)
    return np.where(given, stacked, -1).astype(np.int64)


def _gaps(table: Table, name: str, rows: NDArray[np.intp], sequence: NDArray[np.intp]) -> torch.Tensor:
    """Time since the previous sample (T,), NaN at the first of each sequence."""
    times = table.numbers(name)[rows]
    if np.isnan(times).any():
        raise table.wrong(int(rows[np.flatnonzero(np.isnan(times))[0]]), name, "a time")
    gaps = np.full(len(rows), np.nan)
    follows = sequence[1:] == sequence[:-1]
    gaps[1:][follows] = np.diff(times)[follows]
    late = np.flatnonzero(gaps <= 0)
    if len(late):
        before = times[late[0] - 1]
        raise table.wrong(int(rows[late[0]]), name, f"a time after {before:.12g}, that of the row before: time moves forward")
    return torch.from_numpy(gaps)


def _boundaries(sequence: NDArray[np.intp], last: bool) -> torch.Tensor:
    """True at the last sample of each sequence; at the very last where the file says so."""
    return torch.from_numpy(np.append(sequence[1:] != sequence[:-1], last))
