"""Streams beside one another: a batch whose streams each go through sequences of their own, of any length.

What follows in one lane is a stream by itself: it has its own past, its own scaling by it, its own leads and lags, which
reach into no other sequence. So it moves through the samples that it would have alone.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import torch

from hdsl.runtime.bad_rows import BadRows
from hdsl.runtime.checked import Rows
from hdsl.runtime.columns import Columns
from hdsl.runtime.samples import Samples, joined
from hdsl.runtime.scale import Running, Statistics, read_kind, scaled_columns
from hdsl.runtime.source.block import StreamError
from hdsl.runtime.stream import Stream, sampled

if TYPE_CHECKING:
    from hdsl.model.model import Model


@dataclass(frozen=True)
class Beside:
    """Several streams, or the sequences of one, ``batch`` at a time.

    Each lane takes the next stream, or the next sequence, when its own has ended, with a boundary there. A lane for which
    nothing is left is idle: its targets are missing, its inputs 0, and it counts in no figure. Where the model replays, all
    lanes begin their sequences together, and one whose sequence is shorter is idle until the longest has ended.
    """

    streams: Sequence[Stream]
    batch: int

    def __post_init__(self) -> None:
        first = self.streams[0]
        for stream in self.streams:
            if stream.columns.time is not None:
                raise StreamError(
                    "streams beside one another share the time of a step; run them one by one, or without it: --map t="
                )
            if stream.live and len(self.streams) < self.batch:
                raise StreamError(f"{stream.name} is read as it arrives, and gives its sequences one after another")
            if stream.columns != first.columns:
                raise StreamError(f"{stream.name} has not the columns that {first.name} is read from; name them with --map")

    @property
    def name(self) -> str:
        names = [stream.name for stream in self.streams]
        return ", ".join(names) if len(names) < 4 else f"{names[0]}, … {names[-1]} ({len(names)} streams)"

    @property
    def model(self) -> Model:
        return self.streams[0].model

    @property
    def columns(self) -> Columns:
        return self.streams[0].columns

    @property
    def scale(self) -> str:
        return self.streams[0].scale

    @property
    def leaks(self) -> bool:
        return read_kind(self.scale)[0] == "whole"

    @property
    def bad(self) -> BadRows:
        return self.streams[0].bad

    @property
    def live(self) -> bool:
        return any(stream.live for stream in self.streams)

    def known(self) -> int | None:
        """How many steps there are: nobody knows beforehand."""
        return None

    def expected(self) -> int | None:
        """About how many steps there are."""
        found = [stream.expected() for stream in self.streams]
        rows = sum(rows for rows in found if rows is not None)
        return None if None in found else -(-rows // self.batch)

    def samples(self, again: bool = False) -> Iterator[Samples | None]:
        """One pass, as `Stream.samples` gives it, with an axis of streams."""
        streams = [replace(stream, bad=stream.bad.silent()) if again else stream for stream in self.streams]
        sequences, statistics = _Sequences(streams), [self._statistics() for _ in range(self.batch)]
        lanes = [_Lane(sampled(streams[0], sequences.rows(), each, ends=True, live=self.live)) for each in statistics]
        if self.model.learning.replays:
            yield from _together(lanes, self.model)
            return
        while True:
            for lane in lanes:
                lane.fill()
            ready = [len(lane) for lane in lanes if len(lane) or not lane.ended]
            if not ready:
                return
            if steps := min(ready):
                taken = [lane.take(steps) if len(lane) else None for lane in lanes]
                there = next(part for part in taken if part is not None)
                yield joined([_idle(there, self.model) if part is None else part for part in taken], axis=1)
            else:
                yield None

    @cached_property
    def _whole(self) -> dict[str, tuple[float, float]]:
        """Mean and deviation of each column over all streams."""
        running = {name: Running() for name in scaled_columns(self.columns, self.model)}
        for stream in self.streams:
            stream.gather(running)
        return {name: each.now for name, each in running.items()}

    def _statistics(self) -> Statistics:
        """The scaling of one lane."""
        return Statistics(self.scale, scaled_columns(self.columns, self.model), self._whole if self.leaks else None)


@dataclass
class _Lane:
    """Samples of one stream that wait to be taken."""

    source: Iterator[Samples | None]
    held: list[Samples] = field(default_factory=list)
    ended: bool = False
    waits: bool = False

    def __len__(self) -> int:
        return sum(len(part) for part in self.held)

    def fill(self) -> None:
        """Have some samples, unless there are none at present."""
        self.waits = False
        while not self.held and not self.ended and not self.waits:
            try:
                part = next(self.source)
            except StopIteration:
                self.ended = True
                return
            if part is None:
                self.waits = True
            elif len(part):
                self.held.append(part)

    def until_boundary(self) -> int:
        """How many of the next samples are of its sequence, as far as they are held in one piece."""
        part = self.held[0]
        ends = part.boundary.flatten().nonzero().flatten().tolist() if part.boundary is not None else []
        return ends[0] + 1 if ends else len(part)

    def take(self, steps: int) -> Samples:
        whole = joined(self.held)
        self.held = [whole.cut(steps, len(whole))] if len(whole) > steps else []
        return whole.cut(0, steps)


def _together(lanes: Sequence[_Lane], model: Model) -> Iterator[Samples | None]:
    """The samples of lanes whose sequences begin together."""
    waits = [False] * len(lanes)
    while True:
        for lane in lanes:
            lane.fill()
        done = [lane.ended and not len(lane) for lane in lanes]
        going = [k for k, lane in enumerate(lanes) if not waits[k] and not done[k]]
        if all(done):
            return
        if not going:  # the longest has ended, too
            waits = [False] * len(lanes)
        elif not all(len(lanes[k]) for k in going):
            yield None
        else:
            steps = min(lanes[k].until_boundary() for k in going)
            taken = {k: lanes[k].take(steps) for k in going}
            for k, part in taken.items():
                waits[k] = part.boundary is not None and bool(part.boundary[-1].any())
            there = taken[going[0]]
            yield joined([taken[k] if k in taken else _idle(there, model, done[k]) for k in range(len(lanes))], axis=1)


class _Sequences:
    """Hands streams, or the sequences of one stream, to lanes: each goes to the first that has none.

    Of one source, what a lane does not want yet is held: as much as lies between the sequences that run together.
    """

    def __init__(self, streams: Sequence[Stream]) -> None:
        self._todo = deque(streams)
        self._rows = streams[0].rows() if len(streams) == 1 else None
        self._waiting: deque[deque[Rows]] = deque()  # sequences that no lane has taken
        self._open: deque[Rows] | None = None  # the sequence that is being read
        self._number = -1

    def rows(self) -> Iterator[Rows]:
        """The rows of one lane, its sequences counted from 0; a sequence ends with rows that are closed."""
        return self._files() if self._rows is None else self._parts()

    def _files(self) -> Iterator[Rows]:
        before = 0
        while self._todo:
            rows, last = None, before
            for rows in self._todo.popleft().rows():
                shifted = rows.sequence + before
                last = int(shifted[-1]) if len(shifted) else last
                yield replace(rows, sequence=shifted)
            if rows is not None:
                before = last + 1
                yield replace(rows.cut(slice(0, 0)), closed=True)

    def _parts(self) -> Iterator[Rows]:
        sequence = 0
        while (mine := self._next()) is not None:
            part = mine[0]
            while mine or (self._open is mine and self._read()):
                if mine:
                    part = mine.popleft()
                    yield replace(part, sequence=np.full(len(part), sequence), closed=False)
            sequence += 1
            yield replace(part.cut(slice(0, 0)), closed=True)

    def _next(self) -> deque[Rows] | None:
        """The next sequence, read up to its beginning at least; None where there is none."""
        while not self._waiting:
            if not self._read():
                return None
        return self._waiting.popleft()

    def _read(self) -> bool:
        """Read on and share out the rows; false at the end."""
        rows = next(self._rows, None) if self._rows is not None else None
        if rows is None:
            self._open = None
            return False
        for number in np.unique(rows.sequence).tolist():
            if self._open is None or number != self._number:
                self._open, self._number = deque(), number
                self._waiting.append(self._open)
            first, end = np.searchsorted(rows.sequence, [number, number + 1]).tolist()
            self._open.append(rows.cut(slice(first, end)))
        if rows.closed:
            self._open = None
        return True


def _idle(like: Samples, model: Model, ended: bool = False) -> Samples:
    """Steps of a lane for which nothing is left: inputs 0, targets missing; ``ended`` where others should not wait for it."""
    values = {}
    for name, value in like.values.items():
        missing = (float("nan") if value.is_floating_point() else -1) if model.quantities[name].role == "target" else 0
        values[name] = torch.full_like(value, missing)
    nothing = np.full_like(like.rows, -1)
    assert like.boundary is not None
    scales = {name: (np.zeros_like(mean), np.ones_like(mean)) for name, (mean, _) in like.scales.items()}
    return Samples(values, torch.full_like(like.boundary, ended), None, nothing, nothing, scales)
