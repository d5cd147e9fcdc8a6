"""Show diagnostics: as text with the line and a caret, and as plain data for JSON.

A message is laid out so::

    error[unknown-name]: `wieght` is not declared in this model
      --> tracker.ham:9:14
       |
     9 |   let a = tanh(wieght @ x + b)
       |                ^^^^^^ did you mean `weight` (a param, line 6)?

Further places follow with ``-`` below them, free notes after ``=``. Whatever a file holds, what is shown is one line of
visible characters: control characters and those that turn the direction of text are written as escapes.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_right
from collections.abc import Iterable
from itertools import accumulate
from typing import Any

from hdsl.diagnostics.diagnostic import Diagnostic, Fix
from hdsl.syntax.source import Source, Span

TAB = 4  # columns to the next tab stop
WIDEST = 110  # columns of a source line that are shown; a longer line is cut around the caret
BEFORE = 40  # columns kept before the caret of a line that is cut
INDENT = "   "  # between the bar and the text of a line


class _Layout:
    """The lines of a source, found once: asking `Source.position` for each of many messages would be quadratic."""

    def __init__(self, source: Source) -> None:
        self.regions = [(start, name) for start, _, name in source.regions]
        self.lines = source.text.split("\n")
        self.starts = [0, *accumulate(len(line) + 1 for line in self.lines)][:-1]

    def position(self, offset: int) -> tuple[int, int]:
        line = bisect_right(self.starts, offset)
        return line, offset - self.starts[line - 1] + 1

    def place(self, offset: int) -> tuple[str, int, int]:
        """The file of an offset, and line and column in it."""
        start, name = self.regions[bisect_right(self.regions, offset, key=lambda region: region[0]) - 1]
        line, column = self.position(offset)
        return name, line - bisect_right(self.starts, start) + 1, column

    def excerpt(self, span: Span) -> tuple[int, str, int, int]:
        """The line of a span in its file, its visible text, and where and how wide the caret stands below that text."""
        line, column = self.position(span.start)
        text = self.lines[line - 1].rstrip("\r")
        first = min(column - 1, len(text))
        last = max(first, min(first + span.end - span.start, len(text)))
        # Of a long line only what is near the mark is looked at: there may be a message for each of its words.
        near = max(0, first - 4 * WIDEST)
        head = visible(text[near:first], 0)
        at = columns(head)
        marked = visible(text[first : min(last, first + WIDEST + 1)], at)
        tail = visible(text[last : last + WIDEST + 1], at + columns(marked))
        return self.place(span.start)[1], *_cut(head, marked, tail)


def visible(text: str, column: int = 0) -> str:
    """``text``, which starts at ``column``, with tabs as spaces and whatever would disturb a terminal as an escape."""
    if text.isprintable():
        return text
    shown = []
    for character in text:
        if character == "\t":
            piece = " " * (TAB - column % TAB)
        elif unicodedata.category(character) == "Zs":
            piece = " " * columns(character)
        elif unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"):
            piece = character.encode("unicode_escape", "surrogatepass").decode("ascii")
        else:
            piece = character
        shown.append(piece)
        column += columns(piece)
    return "".join(shown)


def columns(text: str) -> int:
    """The columns that a text takes in a terminal: East Asian wide characters take two, combining marks none."""
    if text.isascii():
        return len(text)
    width = 0
    for character in text:
        if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me"):
            continue
        width += 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1
    return width


def _cut(head: str, marked: str, tail: str) -> tuple[str, int, int]:
    """A line cut to `WIDEST` columns, never without the start of what is marked; and the caret's place and width."""
    if columns(head) + columns(marked) + columns(tail) > WIDEST:
        if columns(head) > BEFORE:
            head = "…" + _last_columns(head, BEFORE - 1)
        room = WIDEST - columns(head) - 1
        if columns(marked) > room:
            marked, tail = _first_columns(marked, room), "…"
        elif columns(marked) + columns(tail) > room + 1:
            tail = _first_columns(tail, room - columns(marked)) + "…"
    return (head + marked + tail).rstrip(), columns(head), max(1, columns(marked))


def _first_columns(text: str, room: int) -> str:
    kept: list[str] = []
    for character in text:
        room -= columns(character)
        if room < 0:
            break
        kept.append(character)
    return "".join(kept)


def _last_columns(text: str, room: int) -> str:
    return _first_columns(text[::-1], room)[::-1]


def _lines_of(layout: _Layout, diagnostic: Diagnostic) -> list[str]:
    file, line, column = layout.place(diagnostic.span.start)
    places = [(diagnostic.span, "^", diagnostic.label), *((other.span, "-", other.text) for other in diagnostic.others)]
    width = max(2, *(len(str(layout.place(span.start)[1])) for span, _, _ in places))
    bar = f"{'':{width}} |"
    shown = [
        f"{diagnostic.severity}[{diagnostic.code}]: {visible(diagnostic.message)}",
        f"{'':{width}}--> {visible(file)}:{line}:{column}",
    ]
    for span, mark, label in places:
        number, text, at, wide = layout.excerpt(span)
        named, (file, line, column) = file, layout.place(span.start)
        shown += [
            bar if file == named else f"{'':{width}}::: {visible(file)}:{line}:{column}",
            f"{number:{width}} |{INDENT}{text}".rstrip(),
            f"{bar}{INDENT}{'':{at}}{mark * wide} {visible(label)}".rstrip(),
        ]
    shown += [f"{'':{width}} = {visible(note)}" for note in diagnostic.notes]
    return shown


def in_order(diagnostics: Iterable[Diagnostic]) -> tuple[Diagnostic, ...]:
    """The diagnostics in the order of the text, each once."""
    return tuple(sorted(dict.fromkeys(diagnostics), key=lambda d: (d.span, d.severity, d.code, d.message)))


def render(source: Source, diagnostic: Diagnostic) -> str:
    """One diagnostic as text of several lines, without a newline at the end."""
    return "\n".join(_lines_of(_Layout(source), diagnostic))


def render_all(source: Source, diagnostics: Iterable[Diagnostic]) -> str:
    """All diagnostics in the order of the text, each once, an empty line between two; no newline at the end."""
    layout = _Layout(source)
    return "\n\n".join("\n".join(_lines_of(layout, diagnostic)) for diagnostic in in_order(diagnostics))


def to_json(source: Source, diagnostics: Iterable[Diagnostic]) -> list[dict[str, Any]]:
    """All diagnostics in the order of the text as plain data. Lines and columns count from 1; ends are exclusive.

    A column counts characters (Unicode code points), whatever their width. The edits of a fix are made at once: their
    places are those of the text as it is.
    """
    layout = _Layout(source)

    def place(span: Span) -> dict[str, Any]:
        (file, line, column), (_, end_line, end_column) = layout.place(span.start), layout.place(span.end)
        return {"file": file, "line": line, "column": column, "end_line": end_line, "end_column": end_column}

    def fixed(fix: Fix) -> dict[str, Any]:
        edits = [{**place(edit.span), "text": edit.text} for edit in fix.edits]
        return {"title": fix.title, "safe": fix.safe, "edits": edits}

    return [
        {
            "code": diagnostic.code,
            "severity": diagnostic.severity,
            "message": diagnostic.message,
            **place(diagnostic.span),
            "label": diagnostic.label,
            "others": [{**place(other.span), "text": other.text} for other in diagnostic.others],
            "notes": list(diagnostic.notes),
            "fixes": [fixed(fix) for fix in (diagnostic.fix,) if fix],
        }
        for diagnostic in in_order(diagnostics)
    ]
