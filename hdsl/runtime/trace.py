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

PARTS = 256  # arrays beside one another before they become one


class Trace:
    """Some arrays by name, a row a step: all of them while they are few, then every second, fourth, … and the last ones.

    Args:
        everything: keep all, however many.
    """

    def __init__(self, everything: bool = False) -> None:
        self.everything, self.every = everything, 1
        self._parts: list[Part] = []
        self._recent: list[Part] = []
        self._count = 0

    def add(self, first: int, arrays: Arrays) -> None:
        """The next steps (steps, …) by name, from ``first`` on."""
        steps = first + np.arange(len(next(iter(arrays.values()))))
        self._recent.append((steps, dict(arrays)))
        while sum(len(at) for at, _ in self._recent[1:]) >= RECENT:
            self._recent.pop(0)
        self._keep(steps, arrays)
        width = sum(value[0].size for value in arrays.values()) if len(steps) else 1
        most = max(RECENT, min(STEPS, NUMBERS // max(1, width)))
        while self._count > most and not self.everything:
            self.every *= 2
            at, kept = _joined(self._parts)
            self._parts, self._count = [], 0
            self._keep(at, kept)

    def _keep(self, steps: NDArray[np.int64], arrays: Arrays) -> None:
        chosen = steps % self.every == 0
        if chosen.any():
            self._parts.append((steps[chosen], {name: value[chosen] for name, value in arrays.items()}))
            self._count += int(chosen.sum())
            if len(self._parts) > PARTS and not self.everything:  # many small arrays take more than what they hold
                self._parts = [_joined(self._parts)]

    def kept(self) -> Part:
        """The steps that are kept, in their order, and the arrays at them."""
        if not self._recent:
            return np.zeros(0, np.int64), {}
        at, arrays = _joined(self._parts)
        if self.every == 1:
            return at, arrays
        last, recent = self._last()
        before = at < last[0]
        return np.concatenate([at[before], last]), {
            name: np.concatenate([value[before], recent[name]]) for name, value in arrays.items()
        }

    def _last(self) -> Part:
        at, arrays = _joined(self._recent)
        return at[-RECENT:], {name: value[-RECENT:] for name, value in arrays.items()}

    def state(self) -> dict[str, NDArray[Any]]:
        """What is kept, as arrays by name; its size does not depend on the number of steps."""
        found: dict[str, NDArray[Any]] = {"every": np.array(self.every)}
        for name, parts in (("kept", self._parts), ("recent", self._recent)):
            if parts:
                at, arrays = self._last() if name == "recent" else _joined(parts)
                found |= {f"{name}/at": at, **{f"{name}/of/{key}": value for key, value in arrays.items()}}
        return found

    def put_back(self, arrays: Arrays) -> None:
        """Go on from what `state` gave."""
        self.every = int(arrays["every"])
        for name in ("kept", "recent"):
            if f"{name}/at" in arrays:
                start = f"{name}/of/"
                of = {key.removeprefix(start): value for key, value in arrays.items() if key.startswith(start)}
                part = (arrays[f"{name}/at"], of)
                if name == "kept":
                    self._parts, self._count = [part], len(part[0])
                else:
                    self._recent = [part]


def _joined(parts: list[Part]) -> Part:
    names = parts[0][1]
    return np.concatenate([at for at, _ in parts]), {
        name: np.concatenate([arrays[name] for _, arrays in parts]) for name in names
    }
