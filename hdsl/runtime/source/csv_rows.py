"""CSV: rows of text cells with commas between them, the names of the columns in the first line."""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from hdsl.runtime.source.block import (
    BROKEN,
    CELLS,
    CUT,
    NUMBER,
    ROWS,
    Block,
    Fault,
    Numbers,
    Source,
    StreamError,
    numbers_of,
    sentence,
    truths_of,
)
from hdsl.runtime.source.lines import Lines, undecoded

MOST = 1000  # lines of one row: quotes that never close would hold the rest of the file in memory


@dataclass
class _Parsed:
    """Rows of cells, the line on which each starts counted from 1, that line's text, and rows that cannot be read.

    Where all are as wide as the header, ``cells`` may hold theirs one after another in place of ``rows``.
    """

    rows: list[list[str]] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    faults: dict[int, Fault] = field(default_factory=dict)
    cells: list[str] | None = None

    def add(self, row: list[str], line: int, text: str, fault: Fault | None = None) -> None:
        if fault is not None:
            self.faults[len(self.rows)] = fault
        self.rows.append(row)
        self.lines.append(line)
        self.texts.append(text)


class CsvSource(Source):
    """A CSV file or pipe. Raises StreamError where the first line holds no names."""

    def __init__(self, lines: Lines, name: str | None = None) -> None:
        self._lines, self.name, self.live = lines, name or lines.name, lines.live
        self.header, first, rest = self._open(ROWS)
        self._pending = (first, rest) if self.live else None

    def expected(self) -> int | None:
        lines = self._lines.expected()
        return None if lines is None else max(0, lines - 1)

    def blocks(self, wanted: Sequence[str], truths: Collection[str] = (), size: int = ROWS) -> Iterator[Block]:
        if not self.live:
            _, first, rest = self._open(size)
        elif self._pending is not None:
            (first, rest), self._pending = self._pending, None
        else:
            raise StreamError(f"{self.name} is a pipe, and what came down it cannot be read a second time")
        return self._blocks(first, rest, wanted, truths)

    def _blocks(
        self, first: int, rest: Iterator[list[str]], wanted: Sequence[str], truths: Collection[str]
    ) -> Iterator[Block]:
        held: list[str] = []  # the beginning of a row whose quotes are still open
        for batch in rest:
            lines = held + batch
            parsed, used = self._parse(first, lines, last=False, width=len(self.header))
            first, held = first + used, lines[used:]
            if parsed.lines or self.live:
                yield self._block(parsed, wanted, truths)
        if held:
            parsed, _ = self._parse(first, held, last=True)
            yield self._block(parsed, wanted, truths)

    def _open(self, size: int) -> tuple[tuple[str, ...], int, Iterator[list[str]]]:
        """The header, the number of the line after it, and the lines from there on."""
        batches = self._lines.batches(size)
        lines: list[str] = []
        while True:
            batch = next(batches, None)
            lines += batch or []
            parsed, used = self._parse(1, lines, last=batch is None or len(lines) > MOST)
            if parsed.rows:
                break
            if batch is None:
                raise StreamError(f"{self.name}: the file is empty; expected the names of the columns in the first line")
        if 0 in parsed.faults:
            raise StreamError(parsed.faults[0].message)
        header = self._names(parsed.rows[0], parsed.lines[0])
        after = parsed.lines[1] if len(parsed.rows) > 1 else used + 1
        return header, after, _chained(lines[after - 1 :], batches)

    def _names(self, row: list[str], line: int) -> tuple[str, ...]:
        header = tuple(cell.strip() for cell in row)
        if all(NUMBER.fullmatch(name) for name in header):
            raise StreamError(f"{self.name}:{line}:1: found numbers, expected the names of the columns in the first line")
        for name in header:
            if name and header.count(name) > 1:
                raise StreamError(f"{self.name}:{line}: the column `{name}` stands there twice")
        return header

    def _parse(self, first: int, lines: list[str], last: bool, width: int = 0) -> tuple[_Parsed, int]:
        """Rows that are not blank, and how many lines were used: those of an open quote are not, unless they are the last.

        Of rows that have a known ``width`` the cells are enough.
        """
        joined = "".join(lines)
        if '"' not in joined and not undecoded(joined) and not self._lines.cut:
            if (cells := _plain(joined, lines, width)) is not None:
                return _Parsed([], list(range(first, first + len(lines))), lines, cells=cells), len(lines)
            try:
                rows = list(csv.reader(lines, strict=True))
            except csv.Error:
                rows = []
            if len(rows) == len(lines):
                numbers = list(range(first, first + len(lines)))
                if all(rows):
                    return _Parsed(rows, numbers, lines), len(lines)
                kept = [k for k, row in enumerate(rows) if row]
                return _Parsed([rows[k] for k in kept], [numbers[k] for k in kept], [lines[k] for k in kept]), len(lines)
        parsed, used = _Parsed(), 0
        while used < len(lines):
            taken = self._rows(parsed, first, lines, used, last)
            if taken == 0:
                break
            used += taken
        return parsed, used

    def _rows(self, parsed: _Parsed, first: int, lines: list[str], start: int, last: bool) -> int:
        """Rows from a line on, up to one that cannot be read, that one included; the number of lines that they take."""
        reader = csv.reader(lines[start:], strict=True)
        before = 0
        try:
            for row in reader:
                text = "".join(lines[start + before : start + reader.line_num])
                at = first + start + before
                if row:
                    ends = start + reader.line_num == len(lines)
                    parsed.add(row, at, lines[start + before], self._unreadable(text, at, ends))
                before = reader.line_num
        except csv.Error as wrong:
            at, rest = first + start + before, len(lines) - start - before
            if "unexpected end" in str(wrong) and not last and rest <= MOST:
                return before
            fault = Fault(BROKEN, f"{self.name}:{at}: this is no CSV ({wrong})")
            parsed.add([], at, lines[start + before], fault)
            return before + 1
        return before

    def _unreadable(self, text: str, line: int, ends: bool) -> Fault | None:
        if found := undecoded(text):
            return Fault(BROKEN, f"{self.name}:{line}: this is no UTF-8 text ({found})")
        if ends and self._lines.cut:
            return Fault(CUT, f"{self.name}:{line}: the stream ends in the middle of this line")
        return None

    def _block(self, parsed: _Parsed, wanted: Sequence[str], truths: Collection[str]) -> Block:
        width, rows, faults, flat = len(self.header), parsed.rows, dict(parsed.faults), parsed.cells
        if set(map(len, rows)) - {width}:
            for k, row in enumerate(rows):
                if len(row) != width:
                    told = f"found {_cells(len(row))}, expected {width} as in the first line"
                    faults.setdefault(k, Fault(CELLS, f"{self.name}:{parsed.lines[k]}: {told}"))
            rows = [row if len(row) == width else [""] * width for row in rows]

        def tell(row: int, name: str, expected: str) -> str:
            place = self.header.index(name)
            where = f"{self.name}:{parsed.lines[row]}:{_starts(parsed.texts[row], place)}"
            return sentence(where, rows[row][place] if flat is None else flat[row * width + place], name, expected)

        numbers: dict[str, Numbers] = {}
        for name in wanted:
            place = self.header.index(name)
            cells = [row[place] for row in rows] if flat is None else flat[place::width]
            numbers[name], wrong = truths_of(cells) if name in truths else numbers_of(cells)
            for row, (kind, expected) in wrong.items():
                faults.setdefault(row, Fault(kind, tell(row, name, expected)))
        return Block(numbers, np.array(parsed.lines, dtype=np.int64), faults, tell)


def _plain(joined: str, lines: list[str], width: int) -> list[str] | None:
    """The cells of whole lines without quotes that all have ``width`` of them; None where csv has to look.

    A list a row would be looked at by the garbage collector again and again, which takes longer than reading them.
    """
    joined = joined.replace("\r\n", "\n")
    if not width or not joined.endswith("\n") or "\r" in joined or "\n\n" in joined or joined.startswith("\n"):
        return None
    if {line.count(",") for line in lines} != {width - 1} or max(map(len, lines)) > csv.field_size_limit():
        return None
    return joined[:-1].replace("\n", ",").split(",")


def _chained(lines: list[str], batches: Iterator[list[str]]) -> Iterator[list[str]]:
    yield lines
    yield from batches


def _cells(count: int) -> str:
    return f"{count} cell{'s' * (count != 1)}"


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
    return len(line.rstrip("\r\n")) + 1
