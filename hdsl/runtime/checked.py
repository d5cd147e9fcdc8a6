"""Checked rows: what a model wants of a row by itself, its sequence and its time; bad rows go no further."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from hdsl.runtime.bad_rows import BadRows
from hdsl.runtime.columns import Columns, number
from hdsl.runtime.source.block import ABSENT, RANGE, TIME, Block, Fault, Numbers, StreamError

if TYPE_CHECKING:
    from hdsl.model.model import Model


@dataclass(frozen=True)
class Rows:
    """Good rows: ``numbers`` by column (rows,), their ``places``, and the ``sequence`` that each is in, counted from 0.

    ``closed`` is true where the sequence of the last good row has ended, be it with a bad row after it. ``name`` is that of
    their source, for messages.
    """

    numbers: Mapping[str, Numbers]
    places: NDArray[np.int64]
    sequence: NDArray[np.int64]
    closed: bool
    name: str

    def __len__(self) -> int:
        return len(self.places)

    def cut(self, part: slice) -> Rows:
        """Some of them."""
        numbers = {name: value[part] for name, value in self.numbers.items()}
        return replace(self, numbers=numbers, places=self.places[part], sequence=self.sequence[part])


class Checker:
    """Takes the blocks of a source one after another; ``name`` is that of the source."""

    def __init__(self, model: Model, columns: Columns, bad: BadRows, name: str) -> None:
        self._columns, self._bad, self._name = columns, bad, name
        self._present = {
            column.name: name for name, read in columns.of.items() if model.quantities[name].role == "input"
            for column in read if column.ahead == 0
        }  # fmt: skip
        self._below = _bounds(model, columns)
        self._sequence = 0
        self._good = 0  # the sequence of the last good row
        self._last: tuple[int, float] | None = None  # sequence and time of the last good row
        self._error: StreamError | None = None

    def check(self, block: Block) -> Rows:
        """The good rows of a block. Where a bad one ends the run, those before it, and the next call raises StreamError."""
        if self._error is not None:
            raise self._error
        faults = dict(block.faults)
        sequence = self._sequences(block)
        for name, quantity in self._present.items():
            expected = f"a number: `{quantity}` is an input, and only targets may be missing"
            for row in np.flatnonzero(np.isnan(block.numbers[name])).tolist():
                if row not in faults:
                    faults[row] = Fault(ABSENT, block.tell(row, name, expected))
        for name, (lowest, below, expected) in self._below.items():
            values = block.numbers[name]
            wrong = ~np.isnan(values) & ((values != np.floor(values)) | (values < lowest) | (values >= below))
            for row in np.flatnonzero(wrong).tolist():
                if row not in faults:
                    faults[row] = Fault(RANGE, block.tell(row, name, expected))
        if self._columns.time is not None:
            self._check_times(block, self._columns.time.name, sequence, faults)
        good = self._kept(len(block), faults)
        kept = sequence[good]
        self._good = int(kept[-1]) if len(kept) else self._good
        closed = self._error is None and self._good != self._sequence
        return Rows({n: v[good] for n, v in block.numbers.items()}, block.places[good], kept, closed, self._name)

    def finish(self) -> None:
        """The source has ended. Raises StreamError where a bad row ends the run."""
        if self._error is not None:
            raise self._error

    def _sequences(self, block: Block) -> NDArray[np.int64]:
        if self._columns.boundary is None or not len(block):
            return np.full(len(block), self._sequence)
        # A bad row ends its sequence too, where so much of it could be read.
        ends = block.numbers[self._columns.boundary.name] > 0
        sequence = self._sequence + np.cumsum(ends) - ends
        self._sequence = int(sequence[-1] + ends[-1])
        return sequence

    def _check_times(self, block: Block, name: str, sequence: NDArray[np.int64], faults: dict[int, Fault]) -> None:
        times = block.numbers[name]
        for row in range(len(block)):
            if row in faults:
                continue
            here, at = int(sequence[row]), float(times[row])
            if math.isnan(at):
                faults[row] = Fault(TIME, block.tell(row, name, "a time"))
                continue
            if self._last is not None and self._last[0] == here and at <= self._last[1]:
                expected = f"a time after {self._last[1]:.12g}, that of the row before: time moves forward"
                faults[row] = Fault(TIME, block.tell(row, name, expected))
                continue
            self._last = here, at

    def _kept(self, length: int, faults: Mapping[int, Fault]) -> NDArray[np.bool_]:
        good = np.ones(length, dtype=bool)
        for row in sorted(faults):
            good[row] = False
            try:
                self._bad.take(faults[row])
            except StreamError as wrong:
                self._error = wrong
                good[row:] = False
                break
        return good


def _bounds(model: Model, columns: Columns) -> dict[str, tuple[int, int, str]]:
    """For each column of an index the lowest value, the bound, and what is expected. Raises StreamError."""
    found: dict[str, tuple[int, int, str]] = {}
    for name, read in columns.of.items():
        quantity = model.quantities[name]
        if quantity.below is None:
            continue
        below = number(quantity.below, model, columns.sizes)
        if below is None:
            raise StreamError(
                f"the size {quantity.below} of `{name}` is not known; give it with --dim {quantity.below}=…"
            )
        lowest = 0 if quantity.role == "input" else -1
        expected = f"a whole number from 0 to {below - 1}: `{name}` is an index below {quantity.below}"
        for column in read:
            before = found.get(column.name)
            if before is None or (below, -lowest) < (before[1], -before[0]):
                found[column.name] = lowest, below, expected
    return found
