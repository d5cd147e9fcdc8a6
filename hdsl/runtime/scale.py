"""Scaling: samples brought to mean 0 and deviation 1 by what was known when each arrived, and predictions brought back.

Statistics belong to columns of the table, so an input and the target that is read from the same column are scaled alike.
A column is known up to the present row where an input or a target further ahead reads it; up to the row before where
only the present target does, for that is told after the prediction. Missing cells count for nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hdsl.runtime.columns import Columns
from hdsl.runtime.source.block import StreamError

if TYPE_CHECKING:
    from hdsl.model.model import Model

Numbers = NDArray[np.float64]
Pair = tuple[Numbers, Numbers]


def read_kind(text: str) -> tuple[str, int]:
    """``running``, ``none``, ``whole``, or ``first:N`` with N at least 2. Raises StreamError."""
    match = re.fullmatch(r"first:(\d{1,12})", text, re.ASCII)
    if match and int(match[1]) >= 2:
        return "first", int(match[1])
    if text in ("running", "none", "whole"):
        return text, 0
    raise StreamError(f"there is no scaling `{text}`; expected running, first:N with N at least 2, none or whole")


def known_rows(columns: Columns, model: Model) -> dict[str, int]:
    """For each column up to which row it is known when a sample arrives: 0 is the present row, −1 the one before."""
    known: dict[str, int] = {}
    for name, read in columns.of.items():
        told_late = model.quantities[name].role == "target"
        for column in read:
            row = min(0, column.ahead - told_late)
            known[column.name] = max(known.get(column.name, row), row)
    return known


def scaled_columns(columns: Columns, model: Model) -> tuple[str, ...]:
    """The columns that hold real numbers of inputs and targets."""
    real = (read for name, read in columns.of.items() if model.quantities[name].below is None)
    return tuple(dict.fromkeys(column.name for read in real for column in read))


class Running:
    """Mean and deviation of a column so far, row by row.

    The update is Welford's (Technometrics 4, 1962), which loses nothing to cancellation. A deviation of 0 is given as 1,
    and before anything was seen the mean is 0.
    """

    def __init__(self) -> None:
        self.seen, self.mean, self.squares = 0, 0.0, 0.0

    def add(self, series: Numbers) -> Pair:
        """Mean and deviation (rows,) at each of the next rows, that row included."""
        seen, mean, squares = self.seen, self.mean, self.squares
        deviation = (squares / seen) ** 0.5 if squares > 0 else 1.0
        means, deviations = [], []
        for value in series.tolist():
            if value == value:
                seen += 1
                away = value - mean
                mean += away / seen
                squares += away * (value - mean)
                deviation = (squares / seen) ** 0.5 if squares > 0 else 1.0
            means.append(mean)
            deviations.append(deviation)
        self.seen, self.mean, self.squares = seen, mean, squares
        return np.array(means, dtype=np.float64), np.array(deviations, dtype=np.float64)

    @property
    def now(self) -> tuple[float, float]:
        return self.mean, (self.squares / self.seen) ** 0.5 if self.squares > 0 else 1.0


class Statistics:
    """The scaling of one stream: mean and deviation of each column that is scaled, at each row.

    Args:
        text: ``running`` for mean and deviation of the past; ``first:N`` for the same, held after N rows; ``none``.
        held: those of the whole stream by column, which leak the future: for ``whole``.
    """

    def __init__(self, text: str, columns: tuple[str, ...], held: Mapping[str, tuple[float, float]] | None = None) -> None:
        self.kind, self._until = read_kind(text)
        self._running = {name: Running() for name in columns} if self.kind != "none" else {}
        self._held, self._rows = dict(held or {}), 0

    @property
    def whole(self) -> bool:
        """True where the scaling knows the future."""
        return self.kind == "whole"

    def add(self, numbers: Mapping[str, Numbers]) -> dict[str, Pair]:
        """Mean and deviation (rows,) of each column at each of the next rows."""
        if self.whole:
            return {name: self._constant(name, len(numbers[name])) for name in self._running}
        found = {}
        for name, running in self._running.items():
            series = numbers[name]
            free = len(series) if self.kind == "running" else max(0, min(len(series), self._until - self._rows))
            found[name] = running.add(series[:free])
            if free < len(series):
                rest = len(series) - free
                found[name] = tuple(  # type: ignore[assignment]
                    np.concatenate([part, np.full(rest, held)]) for part, held in zip(found[name], running.now, strict=True)
                )
        self._rows += len(next(iter(numbers.values()), ()))
        return found

    def _constant(self, name: str, rows: int) -> Pair:
        mean, deviation = self._held[name]
        return np.full(rows, mean), np.full(rows, deviation)
