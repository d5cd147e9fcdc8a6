"""Scaling: samples brought to mean 0 and deviation 1 by what was known when each arrived, and predictions brought back.

Statistics belong to columns of the table, so an input and the target that is read from the same column are scaled alike.
A column is known up to the present row where an input or a target further ahead reads it; up to the row before where
only the present target does, for that is told after the prediction. Missing cells count for nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from hdsl.model.model import Model
from hdsl.runtime.columns import Columns
from hdsl.runtime.stream import Stream
from hdsl.runtime.table import StreamError

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Scaling:
    """``mean`` and ``deviation`` of each real input and target at each step, (T, numbers of the quantity)."""

    kind: str
    mean: Mapping[str, Numbers]
    deviation: Mapping[str, Numbers]

    @property
    def leaks(self) -> bool:
        """True where the scaling knows the future."""
        return self.kind == "whole"

    def scaled(self, values: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """The values of a stream, scaled; what has no statistics stays as it is."""
        return {name: self._scaled(name, value) for name, value in values.items()}

    def _scaled(self, name: str, value: torch.Tensor) -> torch.Tensor:
        if name not in self.mean:
            return value
        mean, deviation = (torch.from_numpy(part).reshape(value.shape) for part in (self.mean[name], self.deviation[name]))
        return (value - mean) / deviation

    def unscaled(self, name: str, value: Numbers, start: int = 0) -> Numbers:
        """Predictions (steps, numbers) of a target from step ``start`` on, in the units of the stream."""
        if name not in self.mean:
            return value
        steps = slice(start, start + len(value))
        return value * self.deviation[name][steps] + self.mean[name][steps]


def read_kind(text: str) -> tuple[str, int]:
    """``running``, ``none``, ``whole``, or ``first:N`` with N at least 2. Raises StreamError."""
    match = re.fullmatch(r"first:(\d{1,12})", text, re.ASCII)
    if match and int(match[1]) >= 2:
        return "first", int(match[1])
    if text in ("running", "none", "whole"):
        return text, 0
    raise StreamError(f"there is no scaling `{text}`; expected running, first:N with N at least 2, none or whole")


def scale_stream(stream: Stream, model: Model, text: str) -> Scaling:
    """The scaling of a stream.

    Args:
        text: ``running`` for mean and deviation of the past; ``first:N`` for the same, held after N rows; ``whole`` for
            those of the whole file, which leaks the future; ``none``.
    """
    kind, rows = read_kind(text)
    if kind == "none":
        return Scaling("none", {}, {})
    known = known_rows(stream.columns, model)
    mean: dict[str, Numbers] = {}
    deviation: dict[str, Numbers] = {}
    by_column = {name: _statistics(kind, rows, series) for name, series in stream.series.items()}
    for name, columns in stream.columns.of.items():
        if model.quantities[name].below is not None:
            continue
        pairs = [_known(by_column[c.name], stream.rows, 0 if kind == "whole" else known[c.name]) for c in columns]
        mean[name], deviation[name] = (np.stack(part, axis=1) for part in zip(*pairs, strict=True))
    return Scaling(text, mean, deviation)


def known_rows(columns: Columns, model: Model) -> dict[str, int]:
    """For each column up to which row it is known when a sample arrives: 0 is the present row, −1 the one before."""
    known: dict[str, int] = {}
    for name, read in columns.of.items():
        told_late = model.quantities[name].role == "target"
        for column in read:
            row = min(0, column.ahead - told_late)
            known[column.name] = max(known.get(column.name, row), row)
    return known


def running(series: Numbers) -> tuple[Numbers, Numbers]:
    """Mean and deviation (rows,) of the entries up to each row, that row included; (0, 1) before anything was seen.

    A deviation of 0 is given as 1. The update is Welford's (Technometrics 4, 1962), which loses nothing to cancellation.
    """
    means, deviations = np.zeros(len(series)), np.ones(len(series))
    seen, mean, squares = 0, 0.0, 0.0
    for row, value in enumerate(series.tolist()):
        if value == value:
            seen += 1
            away = value - mean
            mean += away / seen
            squares += away * (value - mean)
        means[row] = mean
        deviations[row] = (squares / seen) ** 0.5 if squares > 0 else 1.0
    return means, deviations


def _statistics(kind: str, rows: int, series: Numbers) -> tuple[Numbers, Numbers]:
    """Mean and deviation at each row of the table; those that are held are those of one row."""
    found = running(series)
    if kind == "running":
        return found
    held = len(series) - 1 if kind == "whole" else min(rows, len(series)) - 1
    start = 0 if kind == "whole" else held
    for part in found:
        part[start:] = part[held]
    return found


def _known(statistics: tuple[Numbers, Numbers], rows: NDArray[np.intp], known: int) -> tuple[Numbers, Numbers]:
    """The statistics at the row that is known at each step; before the first row mean 0 and deviation 1."""
    mean, deviation = statistics
    at = rows + known
    return np.where(at < 0, 0.0, mean[np.maximum(at, 0)]), np.where(at < 0, 1.0, deviation[np.maximum(at, 0)])
