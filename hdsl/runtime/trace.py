"""Trace: what a run keeps of its steps to draw them, in memory that does not grow with the stream."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Arrays = Mapping[str, NDArray[Any]]
Part = tuple[NDArray[np.int64], dict[str, NDArray[Any]]]

STEPS, NUMBERS = 1 << 14, 1 << 20
"""The most steps, and the most numbers, that are kept; where there are more, every second one goes."""

RECENT = 480
"""The last steps, which are kept one by one."""


class Trace:
    """Some arrays by name, a row a step: all of them while they are few, then every second, fourth, … and the last ones.

    Args:
        everything: keep all, however many.
    """

    def __init__(self, everything: bool = False) -> None:
        self.everything, self.every = everything, 1
        self._all, self._recent = _Rows(), _Rows()

    def add(self, first: int, arrays: Arrays) -> None:
        """The next steps (steps, …) by name, from ``first`` on."""
        steps = first + np.arange(len(next(iter(arrays.values()))))
        self._recent.drop(self._recent.count + min(len(steps), RECENT) - RECENT)
        self._recent.add(steps[-RECENT:], {name: value[-RECENT:] for name, value in arrays.items()}, RECENT)
        width = sum(value[0].size for value in arrays.values()) if len(steps) else 1
        most = None if self.everything else max(RECENT, min(STEPS, NUMBERS // max(1, width)))
        chosen = steps % self.every == 0
        while most is not None and self._all.count + int(chosen.sum()) > most:
            self.every *= 2
            self._all.thin(self.every)
            chosen = steps % self.every == 0
        if chosen.any():
            self._all.add(steps[chosen], {name: value[chosen] for name, value in arrays.items()}, most)

    def kept(self) -> Part:
        """The steps that are kept, in their order, and the arrays at them."""
        at, arrays = self._all.now
        last, recent = self._recent.now
        if self.every == 1:
            return at.copy(), {name: value.copy() for name, value in arrays.items()}
        before = at < last[0]
        return np.concatenate([at[before], last]), {
            name: np.concatenate([value[before], recent[name]]) for name, value in arrays.items()
        }

    def state(self) -> dict[str, NDArray[Any]]:
        """What is kept, as arrays by name; its size does not depend on the number of steps."""
        found: dict[str, NDArray[Any]] = {"every": np.array(self.every)}
        for name, rows in (("kept", self._all), ("recent", self._recent)):
            if rows.count:
                at, arrays = rows.now
                found |= {f"{name}/at": at, **{f"{name}/of/{key}": value for key, value in arrays.items()}}
        return found

    def put_back(self, arrays: Arrays) -> None:
        """Go on from what `state` gave."""
        self.every = int(arrays["every"])
        for name, rows in (("kept", self._all), ("recent", self._recent)):
            if f"{name}/at" in arrays:
                start = f"{name}/of/"
                of = {key.removeprefix(start): value for key, value in arrays.items() if key.startswith(start)}
                rows.add(arrays[f"{name}/at"], of)


class _Rows:
    """Steps and arrays at them, in buffers that stay: what came and went with each piece would leave holes in the heap."""

    def __init__(self) -> None:
        self.count = 0
        self._at = np.zeros(0, np.int64)
        self._of: dict[str, NDArray[Any]] = {}

    @property
    def now(self) -> Part:
        """The rows there are, as views of the buffers."""
        return self._at[: self.count], {name: buffer[: self.count] for name, buffer in self._of.items()}

    def add(self, at: NDArray[np.int64], arrays: Arrays, most: int | None = None) -> None:
        """Copy in rows. Buffers that are full become twice as long, but no longer than ``most``, which is enough."""
        start, self.count = self.count, self.count + len(at)
        if self.count > len(self._at):
            room = max(self.count, 2 * len(self._at)) if most is None else min(most, max(self.count, 2 * len(self._at)))
            self._at = _longer(self._at, room, at)
            self._of = {name: _longer(self._of.get(name, value[:0]), room, value) for name, value in arrays.items()}
        self._at[start : self.count] = at
        for name, value in arrays.items():
            self._of[name][start : self.count] = value

    def drop(self, rows: int) -> None:
        """Leave the first so many out; none where ``rows`` is below one."""
        if rows > 0:
            self._only(slice(rows, self.count), self.count - rows)

    def thin(self, every: int) -> None:
        """Leave the steps that are no multiple out."""
        there = self._at[: self.count] % every == 0
        self._only(np.flatnonzero(there), int(there.sum()))

    def _only(self, which: slice | NDArray[np.int64], count: int) -> None:
        for buffer in (self._at, *self._of.values()):
            buffer[:count] = buffer[which]
        self.count = count


def _longer(buffer: NDArray[Any], room: int, like: NDArray[Any]) -> NDArray[Any]:
    longer = np.empty((room, *like.shape[1:]), like.dtype)
    longer[: len(buffer)] = buffer
    return longer
