"""Where text stands: a source and the spans in it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Characters ``[start, end)`` of a source."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Source:
    """The text of a .ham file and the name under which messages show it, then those of the files that it uses.

    ``used`` says where in the text each of these begins, and its name; ``missing`` which paths of `use` were not found, and
    why.
    """

    text: str
    name: str = "<text>"
    used: tuple[tuple[int, str], ...] = ()
    missing: tuple[tuple[str, str], ...] = ()

    @property
    def regions(self) -> tuple[tuple[int, int, str], ...]:
        """Start, end and name of the file itself and of those that it uses."""
        starts = [(0, self.name), *self.used]
        ends = [*(start for start, _ in self.used), len(self.text)]
        return tuple((start, end, name) for (start, name), end in zip(starts, ends, strict=True))

    @property
    def texts(self) -> tuple[tuple[str, str], ...]:
        """Name and text of the file itself and of those that it uses."""
        return tuple((name, self.text[start:end]) for start, end, name in self.regions)

    def region(self, offset: int) -> tuple[int, str]:
        """Where the file begins that an offset lies in, and its name."""
        return max((start, name) for start, name in ((0, self.name), *self.used) if start <= offset or not start)

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset in its own file, both counted from 1."""
        first, _ = self.region(offset)
        ends = _line_ends(self.text)
        before, own = bisect_left(ends, offset), bisect_left(ends, first)
        start = ends[before - 1] + 1 if before > own else first
        return before - own + 1, offset - start + 1

    def line_of(self, span: Span) -> int:
        """The line on which a span starts, counted from 1."""
        return self.position(span.start)[0]

    def lines_of(self, spans: Iterable[Span]) -> tuple[int, ...]:
        """The lines of the file itself on which spans start; those of files that it uses are left out."""
        places = [_place(self, span.start) for span in spans]
        return tuple(sorted({line for start, _, line in places if start == 0}))

    def used_lines_of(self, spans: Iterable[Span]) -> tuple[tuple[str, tuple[int, ...]], ...]:
        """The lines on which spans start in the files that it uses: for each of these its name and its lines."""
        places = sorted({_place(self, span.start) for span in spans})
        files = dict.fromkeys((start, name) for start, name, _ in places if start)
        return tuple((name, tuple(line for at, _, line in places if at == start)) for start, name in files)

    def line_text(self, line: int) -> str:
        """The text of a line, counted from 1, without its end."""
        return self.text.split("\n")[line - 1].rstrip("\r")


def ranges(lines: Sequence[int]) -> str:
    """Numbers in order, three and more in a row as the first and the last: ``9, 12, 14–17``."""
    told: list[str] = []
    start = 0
    for place, line in enumerate(lines):
        if place + 1 == len(lines) or lines[place + 1] != line + 1:
            run = lines[start : place + 1]
            told += [f"{run[0]}–{run[-1]}"] if len(run) > 2 else map(str, run)
            start = place + 1
    return ", ".join(told)


@lru_cache(maxsize=4096)
def _place(source: Source, offset: int) -> tuple[int, str, int]:
    """Where the file begins that an offset lies in, its name, and the line. What is derived tells of the same few lines."""
    return (*source.region(offset), source.position(offset)[0])


@lru_cache(maxsize=16)
def _line_ends(text: str) -> tuple[int, ...]:
    """Where the lines of a text end. Equations ask for their lines again and again, and files are long."""
    return tuple(place for place, mark in enumerate(text) if mark == "\n")
