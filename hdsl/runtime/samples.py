"""Samples: what a model sees at each step, of rows that come a block at a time; leads and lags reach across the blocks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray

from hdsl.runtime.bad_rows import BadRows
from hdsl.runtime.checked import Rows
from hdsl.runtime.columns import Columns, shape
from hdsl.runtime.scale import Statistics, known_rows
from hdsl.runtime.source.block import ABSENT, Fault, Numbers, sentence

if TYPE_CHECKING:
    from hdsl.model.model import Model

Whole = NDArray[np.int64]
Pair = tuple[Numbers, Numbers]


@dataclass(frozen=True)
class Samples:
    """Some samples, in the units of the stream.

    ``values`` are the inputs and targets: float64 (n, streams, sizes), NaN where a target is missing; int64 (n, streams) for
    an index, −1 where missing. ``boundary`` (n, streams) is true at the last sample of a sequence, None where the stream
    tells of none. ``tau`` (n,) is the time since the previous sample, NaN where there is none; None without a column ``t``.
    ``rows`` (n, streams) count the good rows, ``places`` are their lines in the file; −1 where a stream has ended.
    ``scales`` are mean and deviation (n, streams, numbers) of each real input and target that is scaled.
    """

    values: Mapping[str, torch.Tensor]
    boundary: torch.Tensor | None
    tau: torch.Tensor | None
    rows: Whole
    places: Whole
    scales: Mapping[str, Pair] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.rows)

    def cut(self, start: int, end: int) -> Samples:
        """Those from ``start`` up to ``end``."""
        part = slice(start, end)
        return Samples(
            {name: value[part] for name, value in self.values.items()},
            None if self.boundary is None else self.boundary[part],
            None if self.tau is None else self.tau[part],
            self.rows[part],
            self.places[part],
            {name: (mean[part], deviation[part]) for name, (mean, deviation) in self.scales.items()},
        )

    def untold(self, steps: Sequence[int]) -> Samples:
        """The same with nothing told at some steps: no target is there."""
        values = dict(self.values)
        for name, value in values.items():
            values[name] = value.clone()
            values[name][list(steps)] = torch.nan if value.is_floating_point() else -1
        return replace(self, values=values)

    def scaled(self) -> dict[str, torch.Tensor]:
        """The values as the model sees them; what has no statistics stays as it is."""
        found = dict(self.values)
        for name, (mean, deviation) in self.scales.items():
            value = found[name]
            mean_of, deviation_of = (torch.from_numpy(part).reshape(value.shape) for part in (mean, deviation))
            found[name] = (value - mean_of) / deviation_of
        return found

    def chunk(self, tau: float, dtype: torch.dtype, device: torch.device | str) -> dict[str, torch.Tensor]:
        """What ``Net.run`` takes: scaled, on a device; ``tau`` is the model's own, where the stream tells of none."""
        found = {}
        for name, value in self.scaled().items():
            found[name] = value.to(device, dtype if value.is_floating_point() else value.dtype)
        if self.boundary is not None:
            found["boundary"] = self.boundary
        if self.tau is not None:
            found["tau"] = torch.where(torch.isnan(self.tau), tau, self.tau)
        elif not found:  # a system without a stream: what tells how many steps there are
            found["tau"] = torch.full((len(self),), tau, dtype=torch.float64)
        return found

    def unscaled(self, name: str, value: Numbers) -> Numbers:
        """Predictions (n, streams, numbers) of a target in the units of the stream."""
        if name not in self.scales:
            return value
        mean, deviation = self.scales[name]
        return value * deviation + mean

    def size(self) -> int:
        """How many numbers are held."""
        scales = sum(2 * mean.size for mean, _ in self.scales.values())
        return sum(value.numel() for value in self.values.values()) + scales + 4 * len(self)


def joined(parts: Sequence[Samples], axis: int = 0) -> Samples:
    """Samples one after another; along the axis 1 beside one another, as streams."""
    if len(parts) == 1:
        return parts[0]
    first = parts[0]
    return Samples(
        {name: torch.cat([part.values[name] for part in parts], axis) for name in first.values},
        None if first.boundary is None else torch.cat([part.boundary for part in parts if part.boundary is not None], axis),
        None if first.tau is None else torch.cat([part.tau for part in parts if part.tau is not None]),
        np.concatenate([part.rows for part in parts], axis),
        np.concatenate([part.places for part in parts], axis),
        {
            name: (
                np.concatenate([part.scales[name][0] for part in parts], axis),
                np.concatenate([part.scales[name][1] for part in parts], axis),
            )
            for name in first.scales
        },
    )


class Sampler:
    """Turns rows into samples of one stream as soon as all that they read is there.

    A row whose inputs reach out of its sequence is passed over; a target that does is missing.
    """

    def __init__(
        self, model: Model, columns: Columns, statistics: Statistics, bad: BadRows, ends: bool = False
    ) -> None:
        self._model, self._columns, self._statistics, self._bad = model, columns, statistics, bad
        inputs = {q.name for q in model.of_role("input")}
        ahead = {name: [column.ahead for column in read] for name, read in columns.of.items()}
        reach = [0, *(k for read in ahead.values() for k in read)]
        self._asked = sorted({0, *(k for name in inputs for k in ahead.get(name, ()))})
        self._known = known_rows(columns, model)
        self._back = -min(*reach, *self._known.values(), 0)
        self._ahead = max(reach)
        self._ends = ends or columns.boundary is not None
        if ends or (columns.boundary is not None and not bad.stops):
            # What ends the sequence of a row may come after it: a bad row, or the end of a stream.
            self._ahead = max(self._ahead, max(self._asked) + 1)
        self._numbers = {name: np.empty(0) for name in columns.names()}
        self._scales: dict[str, Pair] = {}
        self._sequence, self._places = np.empty(0, np.int64), np.empty(0, np.int64)
        self._names = np.empty(0, dtype=object)  # of the sources: those of a lane follow one another
        self._base = self._next = 0  # the row at which the buffer starts, and the one to be decided next
        self._before: tuple[int, float] | None = None  # sequence and time of the last sample

    def push(self, rows: Rows, last: bool = False) -> Samples | None:
        """The samples that some more rows complete; with ``last`` all that are left."""
        self._append(rows)
        total = len(self._places)
        ready = total
        if not (last or rows.closed):
            open_from = int(np.searchsorted(self._sequence, self._sequence[-1])) if total else 0
            ready = max(total - self._ahead, open_from)
        at = np.arange(self._next - self._base, max(ready, self._next - self._base))
        within = np.all([self._reach(at, k) for k in self._asked], axis=0)
        made = self._samples(at[within], rows.closed) if len(at) else None
        self._next = self._base + max(ready, self._next - self._base)
        self._forget(self._next - self._base - self._back)
        return made

    def _append(self, rows: Rows) -> None:
        if not len(rows):
            return
        scales = self._statistics.add(rows.numbers)
        self._numbers = {name: np.concatenate([old, rows.numbers[name]]) for name, old in self._numbers.items()}
        self._scales = {
            name: (np.concatenate([old[0], new[0]]), np.concatenate([old[1], new[1]]))
            for name, new in scales.items()
            for old in [self._scales.get(name, (new[0][:0], new[1][:0]))]
        }
        self._sequence = np.concatenate([self._sequence, rows.sequence])
        self._places = np.concatenate([self._places, rows.places])
        self._names = np.concatenate([self._names, np.full(len(rows), rows.name, dtype=object)])

    def _forget(self, count: int) -> None:
        if count <= 0:
            return
        self._numbers = {name: value[count:] for name, value in self._numbers.items()}
        self._scales = {name: (mean[count:], deviation[count:]) for name, (mean, deviation) in self._scales.items()}
        self._sequence, self._places, self._names = self._sequence[count:], self._places[count:], self._names[count:]
        self._base += count

    def _reach(self, at: Whole, ahead: int) -> NDArray[np.bool_]:
        """The rows from which the row ``ahead`` of them is there and in the same sequence."""
        rows = at + ahead
        inside = (rows >= 0) & (rows < len(self._sequence))
        return inside & (self._sequence[np.where(inside, rows, 0)] == self._sequence[at])

    def _samples(self, at: Whole, closed: bool) -> Samples | None:
        read: dict[str, Numbers] = {}
        moves = {column.ahead for columns in self._columns.of.values() for column in columns}
        there = {k: (self._reach(at, k), np.clip(at + k, 0, len(self._sequence) - 1)) for k in moves}
        for name, columns in self._columns.of.items():
            moved = []
            for column in columns:
                reached, rows = there[column.ahead]
                moved.append(np.where(reached, self._numbers[column.name][rows], np.nan))
            read[name] = np.stack(moved, axis=1) if len(at) else np.empty((0, len(columns)))
        whole = self._whole(at, read)
        if not whole.all():
            at, read = at[whole], {name: value[whole] for name, value in read.items()}
        if not len(at):
            return None
        values: dict[str, torch.Tensor] = {}
        for name, numbers in read.items():
            quantity = self._model.quantities[name]
            if quantity.below is not None:
                index = np.where(np.isnan(numbers[:, :1]), -1, numbers[:, :1]).astype(np.int64)
                values[name] = torch.from_numpy(index)
            else:
                sizes = shape(quantity, self._model, self._columns.sizes)
                values[name] = torch.from_numpy(np.ascontiguousarray(numbers).reshape(len(at), 1, *sizes))
        boundary = self._boundary(at, closed) if self._ends else None
        tau = None if self._columns.time is None else self._gaps(at, self._columns.time.name)
        rows = (at + self._base)[:, None]
        return Samples(values, boundary, tau, rows, self._places[at][:, None], self._scales_at(at))

    def _whole(self, at: Whole, read: Mapping[str, Numbers]) -> NDArray[np.bool_]:
        """True for samples whose inputs are all there. A cell that only other rows' samples read is looked at here."""
        whole = np.ones(len(at), dtype=bool)
        for quantity in self._model.of_role("input"):
            missing = np.isnan(read[quantity.name])
            for row in np.flatnonzero(missing.any(1) & whole).tolist():
                whole[row] = False
                column = self._columns.of[quantity.name][int(np.argmax(missing[row]))]
                lies = at[row] + column.ahead
                place = f"{self._names[lies]}:{self._places[lies]}"
                expected = f"a number: `{quantity.name}` is an input, and only targets may be missing"
                self._bad.take(Fault(ABSENT, sentence(place, "", column.name, expected)))
        return whole

    def _boundary(self, at: Whole, closed: bool) -> torch.Tensor:
        """True where no later row of the sequence has a sample."""
        after = at + max(self._asked) + 1
        inside = after < len(self._sequence)
        changed = self._sequence[np.where(inside, after, 0)] != self._sequence[at]
        return torch.from_numpy(np.where(inside, changed, closed))[:, None]

    def _gaps(self, at: Whole, name: str) -> torch.Tensor:
        """Time since the previous sample (n,), NaN at the first of each sequence."""
        times, sequence = self._numbers[name][at], self._sequence[at]
        before = self._before or (-1, np.nan)
        follows = np.concatenate([[before[0]], sequence[:-1]]) == sequence
        gaps = np.where(follows, np.diff(times, prepend=before[1]), np.nan)
        self._before = int(sequence[-1]), float(times[-1])
        return torch.from_numpy(gaps)

    def _scales_at(self, at: Whole) -> dict[str, Pair]:
        """What is known of each quantity's columns at each sample (n, 1, numbers); before the first row mean 0, deviation 1."""
        found: dict[str, Pair] = {}
        if not self._scales:
            return found
        for name, columns in self._columns.of.items():
            if self._model.quantities[name].below is None:
                pairs = [self._known_at(at, column.name) for column in columns]
                found[name] = np.stack([p[0] for p in pairs], 1)[:, None], np.stack([p[1] for p in pairs], 1)[:, None]
        return found

    def _known_at(self, at: Whole, name: str) -> Pair:
        mean, deviation = self._scales[name]
        rows = at + (0 if self._statistics.whole else self._known[name])
        none, rows = rows < 0, np.maximum(rows, 0)
        return np.where(none, 0.0, mean[rows]), np.where(none, 1.0, deviation[rows])
