"""Unseen: characters of a text that do not show, or that show it in another order than it is read."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Collection, Sequence

from hdsl.diagnostics import catalogue_syntax as catalogue
from hdsl.diagnostics.diagnostic import Diagnostic
from hdsl.syntax.lines import Line
from hdsl.syntax.source import Source, Span

# What turns a text around; and with it control characters and what does not show.
_TURNS = re.compile("[\u202a-\u202e\u2066-\u2069]")
_INVISIBLE = re.compile("[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ud800-\udfff]")


def turned(source: Source, lines: Sequence[Line]) -> list[Diagnostic]:
    """Messages about comments that hold characters by which a text is shown in another order than it is read."""
    places = [match.start() for match in _TURNS.finditer(source.text)]
    starts = [line.span.start for line in lines]
    inside = {at for at in places if (k := bisect_right(starts, at)) and at < lines[k - 1].span.end}
    return [catalogue.character(Span(at, at + 1), source.text[at]) for at in places if at not in inside]


def invisible(text: str) -> set[int]:
    """The places of all characters that cannot be seen."""
    return {match.start() for match in _INVISIBLE.finditer(text)}


def hidden(span: Span, text: str, places: Collection[int]) -> Diagnostic | None:
    """The message about the first character of a line that cannot be seen; ``places`` are those of the whole text."""
    at = next((at for at in range(span.start, span.end) if at in places), None) if places else None
    return None if at is None else catalogue.character(Span(at, at + 1), text[at])
