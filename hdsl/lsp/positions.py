"""Positions: places of a text as editors count them, lines and code units from 0, and as hdsl does, characters from the start.

The protocol ends a line at ``\\n``, ``\\r\\n`` and ``\\r`` and nowhere else. pygls, too, keeps texts, but cuts them by
`str.splitlines`, which takes form feeds and U+2028 for ends as well: every place behind one would be wrong.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from lsprotocol import types

from hdsl.syntax.source import Span

_END = re.compile(r"\r\n|\n|\r")
# For each encoding of positions its codec and the bytes of one code unit.
_UNITS = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}


@dataclass(frozen=True)
class Lines:
    """The lines of a text; ``encoding`` is that in which columns are counted, as the client and the server agreed."""

    text: str
    encoding: str = "utf-16"

    @cached_property
    def _bounds(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Where lines begin, and where each ends without its line end."""
        ends = list(_END.finditer(self.text))
        return (0, *(end.end() for end in ends)), (*(end.start() for end in ends), len(self.text))

    def offset(self, position: types.Position) -> int:
        """The character at a position; what lies behind a line is its end, what lies behind the text the text's end.

        A position within a character is that character.
        """
        starts, ends = self._bounds
        if position.line >= len(starts):
            return len(self.text)
        start, end = starts[position.line], ends[position.line]
        line = self.text[start:end]
        if line.isascii():
            return min(start + position.character, end)
        left = position.character
        for character in line:
            left -= self._units(character)
            if left < 0:
                break
            start += 1
        return start

    def position(self, offset: int) -> types.Position:
        """The position of a character; one between the two characters of a line end is that of the line's end."""
        starts, ends = self._bounds
        line = bisect_right(starts, offset) - 1
        before = self.text[starts[line] : min(offset, ends[line])]
        return types.Position(line, len(before) if before.isascii() else self._units(before))

    def range(self, span: Span) -> types.Range:
        return types.Range(self.position(span.start), self.position(span.end))

    def span(self, place: types.Range) -> Span:
        """The characters of a range; one that ends before it starts is empty."""
        start = self.offset(place.start)
        return Span(start, max(start, self.offset(place.end)))

    def _units(self, text: str) -> int:
        codec, size = _UNITS[self.encoding]
        return len(text.encode(codec, "surrogatepass")) // size


def changed(text: str, changes: Iterable[types.TextDocumentContentChangeEvent], encoding: str) -> str:
    """A text after changes, each of which is told in the positions of the text as the one before it left it."""
    for change in changes:
        if isinstance(change, types.TextDocumentContentChangePartial):
            span = Lines(text, encoding).span(change.range)
            text = text[: span.start] + change.text + text[span.end :]
        else:
            text = change.text
    return text
