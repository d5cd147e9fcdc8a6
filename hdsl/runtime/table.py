"""Table: the columns of a CSV file that are wanted, each cell with its place, so that a bad one can be pointed at."""

from __future__ import annotations

import csv
import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_MISSING = ("", "nan", "na")
_TRUTH = {"0": False, "1": True, "false": False, "true": True}


class StreamError(ValueError):
    """A stream cannot be read as the model wants it. The message says where, what was found and what was expected."""


@dataclass(frozen=True)
class Table:
    """``cells`` holds the text of the wanted columns, by name; ``lines`` the line of the file on which each row starts."""

    path: Path
    header: tuple[str, ...]
    cells: dict[str, list[str]]
    lines: list[int]

    def __len__(self) -> int:
        return len(self.lines)

    def numbers(self, name: str) -> NDArray[np.float64]:
        """A column as numbers (rows,), NaN where a cell is blank or says nan.

        Raises StreamError, with the place, for any other text and for what is not finite.
        """
        values = np.empty(len(self))
        for row, cell in enumerate(self.cells[name]):
            text = cell.strip()
            if _NUMBER.fullmatch(text):
                values[row] = float(text)
            elif text.lower() in _MISSING:
                values[row] = math.nan
            else:
                raise self.wrong(row, name, "a number, or nothing where it is missing")
            if math.isinf(values[row]):
                raise self.wrong(row, name, "a number that a float64 can hold")
        return values

    def truths(self, name: str) -> NDArray[np.bool_]:
        """A column of 0 and 1, false and true (rows,); blank is false. Raises StreamError with the place."""
        values = np.zeros(len(self), dtype=bool)
        for row, cell in enumerate(self.cells[name]):
            text = cell.strip().lower()
            if text and text not in _TRUTH:
                raise self.wrong(row, name, "0, 1, false or true")
            values[row] = _TRUTH.get(text, False)
        return values

    def wrong(self, row: int, name: str, expected: str) -> StreamError:
        """An error that points at one cell."""
        found = self.cells[name][row].strip()
        shown = f"`{found[:40]}{'…' if len(found) > 40 else ''}`" if found else "nothing"
        return StreamError(f"{self.place(row, name)}: found {shown} in the column `{name}`, expected {expected}")

    def place(self, row: int, name: str) -> str:
        """``file:line:column`` of a cell."""
        line = self.lines[row]
        with open(self.path, encoding="utf-8-sig", errors="replace", newline="") as file:
            text = "".join(file).splitlines()[line - 1]
        return f"{self.path}:{line}:{_starts(text, self.header.index(name))}"


def read_header(path: Path) -> tuple[str, ...]:
    """The names in the first line of a CSV file. Raises StreamError where there are none, or one stands twice."""
    for _, row in _rows(path):
        header = tuple(cell.strip() for cell in row)
        if all(_NUMBER.fullmatch(name) for name in header):
            raise StreamError(f"{path}:1:1: found numbers, expected the names of the columns in the first line")
        for name in header:
            if name and header.count(name) > 1:
                raise StreamError(f"{path}:1: the column `{name}` stands there twice")
        return header
    raise StreamError(f"{path}: the file is empty; expected the names of the columns in the first line")


def read_table(path: Path, wanted: Iterable[str]) -> Table:
    """The wanted columns of a CSV file; blank lines are passed over.

    Raises StreamError for a row that is shorter or longer than the first line, and for a file without rows.
    """
    header = read_header(path)
    table = Table(path, header, {name: [] for name in dict.fromkeys(wanted)}, [])
    places = [(header.index(name), cells) for name, cells in table.cells.items()]
    rows = _rows(path)
    next(rows)
    for line, row in rows:
        if len(row) != len(header):
            raise StreamError(f"{path}:{line}: found {_cells(len(row))}, expected {len(header)} as in the first line")
        for place, cells in places:
            cells.append(row[place])
        table.lines.append(line)
    if not table.lines:
        raise StreamError(f"{path}: there is no row below the names of the columns")
    return table


def _cells(count: int) -> str:
    return f"{count} cell{'s' * (count != 1)}"


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Rows that are not blank, with the line on which each starts."""
    with open(path, encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file, strict=True)
        before = 0
        try:
            for row in reader:
                start, before = before + 1, reader.line_num
                if row:
                    yield start, row
        except csv.Error as wrong:
            raise StreamError(f"{path}:{before + 1}: this is no CSV ({wrong})") from None
        except UnicodeDecodeError as wrong:
            raise StreamError(f"{path}: this is no UTF-8 text ({wrong.reason} at byte {wrong.start})") from None


def _starts(line: str, position: int) -> int:
    """The column, from 1, at which a cell of a line starts; commas between quotes separate nothing."""
    quoted, seen = False, 0
    for column, character in enumerate(line):
        if seen == position:
            return column + 1
        if character == '"':
            quoted = not quoted
        elif character == "," and not quoted:
            seen += 1
    return len(line) + 1
