"""Where text stands: a source and the spans in it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """Characters ``[start, end)`` of a source."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Source:
    """The text of one .ham file and the name under which messages show it."""

    text: str
    name: str = "<text>"

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset, both counted from 1."""
        before = self.text[:offset]
        line = before.count("\n") + 1
        return line, offset - (before.rfind("\n") + 1) + 1

    def line_of(self, span: Span) -> int:
        """The line on which a span starts, counted from 1."""
        return self.position(span.start)[0]

    def line_text(self, line: int) -> str:
        """The text of a line, counted from 1, without its end."""
        return self.text.split("\n")[line - 1].rstrip("\r")
