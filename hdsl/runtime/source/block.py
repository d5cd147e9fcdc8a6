"""Block: some rows of a table as numbers, each row with its place, and what is wrong with those that are bad."""

from __future__ import annotations

import math
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

ROWS = 4096
"""The most rows of a block: enough for one call of numpy a column, little enough to stay in memory."""

NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
MISSING = ("", "nan", "na")
TRUTH = {"": 0.0, "0": 0.0, "1": 1.0, "false": 0.0, "true": 1.0}
_UNUSUAL = re.compile(r"[^0-9+\-.eE \t\r\n]")

WANTED_NUMBER = "a number, or nothing where it is missing"
WANTED_FINITE = "a number that a float64 can hold"
WANTED_TRUTH = "0, 1, false or true"


class StreamError(ValueError):
    """A stream cannot be read as the model wants it. The message says where, what was found and what was expected."""


@dataclass(frozen=True)
class Fault:
    """What is wrong with a row: ``kind`` is what is counted, ``message`` has the place, what was found and expected."""

    kind: str
    message: str


CELLS, TYPE, SIZE, ABSENT, RANGE, TIME, BROKEN, CUT = KINDS = (
    "wrong number of cells",
    "no number",
    "too large a number",
    "missing input",
    "out of range",
    "time not moving forward",
    "unreadable line",
    "cut off in the middle of a line",
)
"""Every kind of bad row, in the order in which they are counted at the end."""


@dataclass(frozen=True)
class Block:
    """``numbers`` are the wanted columns (rows,), NaN where missing; ``places`` the line or the row number of each row.

    ``faults`` are the rows that are bad, by their position in the block; their numbers mean nothing, but for those of a
    boundary that could be read. ``tell`` makes the message that points at a cell: (position, column, expected).
    """

    numbers: Mapping[str, Numbers]
    places: NDArray[np.int64]
    faults: Mapping[int, Fault]
    tell: Callable[[int, str, str], str]

    def __len__(self) -> int:
        return len(self.places)


class Source(ABC):
    """Where rows come from.

    ``name`` is its place, ``label`` a short one; ``header`` are the names of the columns. A source that is ``live`` gives
    its rows as they arrive, once, and an empty block now and then while it waits. ``rows`` is how many there are, where that
    is known.
    """

    name: str
    header: tuple[str, ...]
    live: bool = False
    rows: int | None = None

    @property
    def label(self) -> str:
        return Path(self.name).name or self.name

    def expected(self) -> int | None:
        """About how many rows there are; None where nobody knows."""
        return self.rows

    @abstractmethod
    def blocks(self, wanted: Sequence[str], truths: Collection[str] = (), size: int = ROWS) -> Iterator[Block]:
        """All rows from the first, as blocks of at most ``size``.

        Args:
            wanted: the columns to read.
            truths: those of them that hold 0 and 1, false and true; nothing is false there.

        Raises:
            StreamError: what cannot be read at all. A bad row is a fault of its block.
            OSError: the file cannot be read.
        """


def shown(text: str) -> str:
    """A cell as a message shows it."""
    text = text.strip()
    return f"`{text[:40]}{'…' if len(text) > 40 else ''}`" if text else "nothing"


def sentence(place: str, found: str, name: str, expected: str) -> str:
    """The message of a bad cell; ``found`` is its text."""
    return f"{place}: found {shown(found)} in the column `{name}`, expected {expected}"


def numbers_of(cells: Sequence[str]) -> tuple[Numbers, dict[int, tuple[str, str]]]:
    """Texts as numbers, NaN where missing; what is none by position, as kind and what was expected."""
    if not _UNUSUAL.search("\n".join(cells)):  # nothing that float() would read and a table should not hold
        try:
            values = np.fromiter((float(cell) if cell else math.nan for cell in cells), np.float64, len(cells))
        except ValueError:
            pass
        else:
            if not np.isinf(values).any():
                return values, {}
    values, wrong = np.empty(len(cells)), {}
    for row, cell in enumerate(cells):
        text = cell.strip()
        values[row] = math.nan
        if NUMBER.fullmatch(text):
            values[row] = float(text)
            if math.isinf(values[row]):
                wrong[row] = SIZE, WANTED_FINITE
        elif text.lower() not in MISSING:
            wrong[row] = TYPE, WANTED_NUMBER
    return values, wrong


def truths_of(cells: Sequence[str]) -> tuple[Numbers, dict[int, tuple[str, str]]]:
    """Texts as 0 and 1; what is neither by position."""
    read = [TRUTH.get(cell.strip().lower()) for cell in cells]
    wrong = {row: (TYPE, WANTED_TRUTH) for row, value in enumerate(read) if value is None}
    return np.array([value or 0.0 for value in read]), wrong
