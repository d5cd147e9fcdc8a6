"""Feed: the samples of a whole run in pieces, over one pass or several, from its beginning or from where it was left."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import torch

from hdsl.runtime.bad_rows import BadRows
from hdsl.runtime.columns import Columns
from hdsl.runtime.samples import Samples, joined
from hdsl.runtime.source.block import StreamError

if TYPE_CHECKING:
    from hdsl.model.model import Model

PIECE = 256
"""Steps between two looks at a run. Pieces lie on a fixed grid, so that a resumed run takes the same ones.

A step of a session is a sample; where samples are held, the module takes several ticks for each.
"""

AHEAD, NUMBERS = 1 << 16, 1 << 22
"""The samples, and the numbers, that are read before a run begins. A stream that ends among them is known whole: its length,
and every bad row in it, before anything is learned; and later passes read it from memory."""


class Reading(Protocol):
    """One stream, or several beside one another."""

    @property
    def name(self) -> str: ...
    @property
    def model(self) -> Model: ...
    @property
    def columns(self) -> Columns: ...
    @property
    def scale(self) -> str: ...
    @property
    def leaks(self) -> bool: ...
    @property
    def bad(self) -> BadRows: ...
    @property
    def live(self) -> bool: ...
    @property
    def batch(self) -> int: ...
    def samples(self, again: bool = False) -> Iterator[Samples | None]: ...
    def known(self) -> int | None: ...
    def expected(self) -> int | None: ...


@dataclass(frozen=True)
class Piece:
    """Some samples from a ``row`` of a pass on; ``last`` where they are known to end it."""

    samples: Samples
    epoch: int
    row: int
    last: bool


class Feed:
    """``length`` is the number of samples of a pass, as soon as its end was seen.

    Args:
        ends: whether a sequence ends where the stream does, so that the next pass begins with a new one.
        again: whether the stream has been read before: nothing is told of its bad rows then.
    """

    def __init__(
        self, reading: Reading, epochs: int = 1, steps: int | None = None, ends: bool = False, again: bool = False
    ) -> None:
        if reading.live and epochs > 1:
            raise StreamError(f"{reading.name} can be read once, not {epochs} times")
        self.reading, self.epochs, self.steps, self.ends = reading, epochs, steps, ends
        self._again, self._start = again, 0
        self.length: int | None = None
        self._known, self._guessed = reading.known(), reading.expected()
        self._digest = Digest()
        self._held: list[Samples] = []
        self._rest: Iterator[Samples | None] = iter(())
        self._read_ahead()

    @property
    def digest(self) -> str:
        """Sixteen hexadecimal digits of the samples of the first pass that were handed out."""
        return self._digest.digits()

    @property
    def known(self) -> int | None:
        """The number of samples of a pass, where it was seen or is known beforehand."""
        return self._known if self.length is None else self.length

    @property
    def total(self) -> int | None:
        """The number of steps to do, where it is known."""
        if self.known is None:
            return None
        whole = self.epochs * self.known
        return whole if self.steps is None else min(self.steps, whole)

    def expected(self) -> int | None:
        """About how many steps there are to do."""
        rows = self._guessed if self.known is None else self.known
        if rows is None:
            return self.steps
        return self.epochs * rows if self.steps is None else min(self.steps, self.epochs * rows)

    def pieces(
        self, start: int = 0, every: int | None = None, stop: Callable[[], bool] = lambda: False
    ) -> Iterator[Piece | None]:
        """Pieces from a step on, cut at a fixed grid, at the end of a pass and where checkpoints fall.

        What stands before ``start`` is read and passed over here, unless ``stop`` says to leave it, so that `digest` tells
        whether it is the same. None stands for nothing where a live stream gave none for a while.

        Raises:
            StreamError: as `Stream.samples` does, and where a pass has no sample.
        """
        self._start = start
        pieces, step = self._pieces(every), 0
        while step < start and not stop():
            try:
                piece = next(pieces)
            except StopIteration:
                break
            step += 0 if piece is None else len(piece.samples)
        return pieces

    def _pieces(self, every: int | None) -> Iterator[Piece | None]:
        limit = None if self.steps is None else max(self.steps, self._start)
        step = 0
        if limit == 0:
            return
        for epoch in range(self.epochs):
            for piece in self._cut(epoch, step, every):
                if piece is not None:
                    if epoch == 0:
                        self._digest.add(piece.samples)
                    step += len(piece.samples)
                yield piece
                if step == limit:
                    return

    def _cut(self, epoch: int, before: int, every: int | None) -> Iterator[Piece | None]:
        """One pass in pieces."""
        row, count = 0, 0
        pending: list[Samples] = []
        for part in self._pass(epoch):
            if part is not None:
                pending.append(part)
                count += len(part)
            while count:
                size = self._size(row, before + row, every)
                if count <= size and not self.reading.live:  # the last piece of a pass is known by what follows it
                    break
                whole = joined(pending)
                size = min(size, count)
                pending, count = [whole.cut(size, count)], count - size
                yield Piece(whole.cut(0, size), epoch, row, False)
                row += size
            if part is None:
                yield None
        while count:
            size = min(self._size(row, before + row, every), count)
            whole = joined(pending)
            pending, count = [whole.cut(size, count)], count - size
            last = not count
            yield Piece(_ended(whole.cut(0, size)) if last and self.ends else whole.cut(0, size), epoch, row, last)
            row += size
        if not row and not self.reading.live:
            raise nothing_left(self.reading)
        self.length = row

    def _size(self, row: int, step: int, every: int | None) -> int:
        ends = [PIECE - row % PIECE]
        ends += [self._start - step] if step < self._start else []
        ends += [every - step % every] if every else []
        ends += [self.steps - step] if self.steps is not None and step < self.steps else []
        return min(ends)

    def _read_ahead(self) -> None:
        if self.reading.live:
            self._rest = self.reading.samples(self._again)
            return
        samples, count, numbers = self.reading.samples(self._again), 0, 0
        while count < AHEAD and numbers < NUMBERS:
            part = next(samples, None)
            if part is None:
                if not count:
                    raise nothing_left(self.reading)
                self.length = count
                return
            self._held.append(part)
            count, numbers = count + len(part), numbers + part.size()
        self._rest = samples

    def _pass(self, epoch: int) -> Iterator[Samples | None]:
        if self.length is not None and self._held:
            yield from self._held
        elif epoch == 0:
            held, self._held = self._held, []
            while held:
                yield held.pop(0)
            yield from self._rest
        else:
            yield from self.reading.samples(again=True)


def nothing_left(reading: Reading) -> StreamError:
    """The error of a stream without samples."""
    return StreamError(f"{reading.name}: no row is left in which every input has a value")


def _ended(samples: Samples) -> Samples:
    """The same, with the end of a sequence at the last."""
    boundary = torch.zeros(samples.rows.shape, dtype=torch.bool) if samples.boundary is None else samples.boundary.clone()
    boundary[-1] = True
    return replace(samples, boundary=boundary)


class Digest:
    """Tells whether samples are the same as another stream's, however they are cut."""

    def __init__(self) -> None:
        self._told: dict[str, Any] = {}

    def add(self, samples: Samples) -> None:
        for name, value in sorted({**samples.values, "boundary": samples.boundary, "tau": samples.tau}.items()):
            if value is not None:
                kind = hashlib.sha256(name.encode() + str(tuple(value.shape[1:])).encode())
                self._told.setdefault(name, kind).update(np.ascontiguousarray(value.numpy()).tobytes())

    def digits(self) -> str:
        told = ",".join(f"{name}={each.hexdigest()}" for name, each in sorted(self._told.items()))
        return hashlib.sha256(told.encode()).hexdigest()[:16]
