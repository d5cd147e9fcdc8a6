"""Where each quantity of a native program lies: a pointer, and how far one entry is from the next along each axis."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sympy

from hdsl.emit.names import Names
from hdsl.terms.term import Definition, Size, Structured

LINE = 64
"""Bytes of a line of cache: every array of the work space begins at one."""


@dataclass(frozen=True)
class Place:
    """``strides`` are one an axis and ``batch`` is that from stream to stream (0 where shared), in numbers."""

    pointer: str
    sizes: tuple[int, ...]
    strides: tuple[int, ...]
    batch: int

    def at(self, subscripts: Sequence[str], stream: str = "b") -> str:
        """One entry as text."""
        return f"{self.pointer}[{self.offset(subscripts, stream)}]"

    def offset(self, subscripts: Sequence[str], stream: str = "b") -> str:
        parts = [(stream, self.batch), *zip(subscripts, self.strides, strict=True)]
        told = [text if stride == 1 else f"{text} * {stride}" for text, stride in parts if stride and text != "0"]
        return " + ".join(told) or "0"

    @property
    def numbers(self) -> int:
        """How many numbers one stream has."""
        return math.prod(self.sizes)

    @property
    def whole(self) -> bool:
        """Whether the numbers of a stream lie beside one another, the last axis fastest."""
        return self.strides == row_major(self.sizes)


def row_major(sizes: Sequence[int]) -> tuple[int, ...]:
    return tuple(math.prod(sizes[k + 1 :]) for k in range(len(sizes)))


class Identifiers:
    """Identifiers of C: those of the generated Python, with letters beyond ASCII spelt otherwise, and an underscore behind.

    No word of C, of its headers or of the fixed text ends so, so that none is taken for a quantity.
    """

    def __init__(self) -> None:
        self._names, self._given = Names(()), dict[str, str]()

    def __getitem__(self, name: str) -> str:
        if name not in self._given:
            made = "".join(letter if letter.isascii() else f"u{ord(letter):x}_" for letter in self._names[name]) + "_"
            while made in self._given.values():
                made += "_"
            self._given[name] = made
        return self._given[name]


class Sizes:
    """Sizes as numbers."""

    def __init__(self, numbers: Mapping[str, int]) -> None:
        self._known = {sympy.Symbol(n, integer=True, positive=True): value for n, value in numbers.items()}

    def __call__(self, size: Size) -> int:
        return int(size.xreplace(self._known)) if isinstance(size, sympy.Basic) else int(size)

    def of(self, sizes: Sequence[Size]) -> tuple[int, ...]:
        return tuple(map(self, sizes))


class WorkSpace:
    """Hands out room for what a step makes, in numbers from the beginning of a block."""

    def __init__(self, item: int) -> None:
        self._line, self.size = LINE // item, 0

    def take(self, numbers: int) -> int:
        start = self.size
        self.size += -(-max(1, numbers) // self._line) * self._line
        return start


def viewed(line: Definition, source: Place, sizes: Sizes) -> Place | None:
    """A slice or a diagonal, or another shape of what lies beside one another, as a place in its operand; else None."""
    body = line.body
    if not isinstance(body, Structured):
        return None
    attributes: Mapping[str, Any] = dict(body.attributes)
    if body.row == "slice":
        start, strides = 0, []
        for place, stride in zip(attributes["places"], source.strides, strict=True):
            start += sizes(place[0]) * stride
            if len(place) == 3:
                strides.append(stride * int(place[2]))
        return replace(source, pointer=_moved(source.pointer, start), sizes=sizes.of(line.sizes), strides=tuple(strides))
    if body.row == "diagonal":
        return replace(source, sizes=source.sizes[:1], strides=(sum(source.strides),))
    if body.row == "reshape" and source.whole:
        shape = sizes.of(line.sizes)
        return replace(source, sizes=shape, strides=row_major(shape))
    return None


def _moved(pointer: str, start: int) -> str:
    return f"({pointer} + {start})" if start else pointer

