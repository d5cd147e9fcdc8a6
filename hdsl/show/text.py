"""Text: a page for the terminal, equations under one another and the lines of the .ham file beside them."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from itertools import groupby

from hdsl.show.page import Page, Row, Section
from hdsl.syntax.source import ranges

WIDTH = 118
LONGEST = 78  # columns of an equation, beyond which it is broken
MOST_PLACES = 19  # columns of lines, beyond which files that are used are named without theirs
_GAP = 4


def page_text(page: Page) -> str:
    """The page as unicode text, lines up to 118 columns where equations allow."""
    labels = max(len(section.title) for section in page.sections) + 2
    laid = [(section, _lay(section)) for section in page.sections]
    widest = max((columns(line) for _, lines in laid for line, _ in lines), default=0)
    room = min(widest, WIDTH - labels - 24)
    out: list[str] = []
    for section, lines in laid:
        titles = iter([section.title])
        if section.words:
            out.append(f"  {pad(next(titles), labels)}{section.words}")
        for text, right in lines:
            left = f"  {pad(next(titles, ''), labels)}{text}"
            beyond = max(2 + labels + room + _GAP, columns(left) + 2 * bool(right))
            out.append(f"{pad(left, beyond)}{right}".rstrip())
        out.append("")
    gap = max(map(columns, out)) - columns(page.name) - columns(page.facts)
    head = [page.name + " " * max(gap, 4) + page.facts, *page.doc.splitlines(), ""]
    return "\n".join([*head, *out]).rstrip() + "\n"


def _lay(section: Section) -> list[tuple[str, str]]:
    """The lines of a section with what stands beside them: left sides, right sides and second equations in columns."""
    lefts = max((columns(row.equations[0].left) for row in section.rows), default=0)
    paired = [row for row in section.rows if len(row.equations) > 1]
    firsts = max((columns(row.equations[0].right) for row in paired), default=0)
    lines = []
    for row in section.rows:
        first, *others = row.equations
        text = f"{pad(first.left, lefts)} {first.sign} {first.right}"
        long = columns(text) > LONGEST or lefts + 3 + firsts > LONGEST
        if long or not others:
            lines += _broken(text, lefts + 3, beside(row))
            lines += [(str(other), "") for other in others]
        else:
            told = _GAP * " " + (_GAP * " ").join(map(str, others))
            lines.append((pad(text, lefts + 3 + firsts) + told, beside(row)))
    return lines


def _broken(text: str, indent: int, beside_it: str) -> list[tuple[str, str]]:
    """A line, cut before a plus or minus outside all brackets where it is too long."""
    parts, depth, start = [], 0, 0
    for place, mark in enumerate(text):
        depth += (mark in "([⟨") - (mark in ")]⟩")
        if depth == 0 and text[place : place + 3] in (" + ", " − "):
            parts.append(text[start:place])
            start = place
    parts.append(text[start:])
    lines = [parts[0]]
    for part in parts[1:]:
        if columns(lines[-1] + part) > LONGEST:
            lines.append(" " * (indent - 2) + part)
        else:
            lines[-1] += part
    return [(line, beside_it if k == 0 else "") for k, line in enumerate(lines)]


def beside(row: Row) -> str:
    """Lines of the file and of those that it uses, and words: ``18, 21–24, layers.ham:12   adjoint of a``."""
    return "   ".join(part for part in (places(row), row.note) if part)


def places(row: Row) -> str:
    """Lines of the file, then those of files that it uses behind their names: ``18, 21–24, layers.ham:12``.

    Where there are many, the other files are named alone: ``18–24, layers.ham``. Of a derived equation the lines of each
    summand, in their order: ``20 | 17 | learn``, those that stand behind one another alike of files named alone once.
    """
    if row.equations and row.equations[0].marks:
        marks = row.equations[0].marks
        if columns(marks) <= MOST_PLACES:
            return marks
        return " | ".join(next(same) for _, same in groupby(marks.split(" | "), key=_alone))
    own = [ranges(row.lines)] if row.lines else []
    told = ", ".join([*own, *(f"{name}:{ranges(lines)}" for name, lines in row.used)])
    return told if columns(told) <= MOST_PLACES else ", ".join([*own, *(name for name, _ in row.used)])


def _alone(part: str) -> str | object:
    """A file that is named without its lines, which may be said once; of lines each stands for a summand."""
    return object() if any(mark.isdigit() for mark in part) else part


def columns(text: str) -> int:
    """How many columns of a terminal a text takes: combining marks take none, wide characters two."""
    wide = sum(unicodedata.east_asian_width(mark) in "WF" for mark in text)
    return sum(not unicodedata.combining(mark) for mark in text) + wide


def pad(text: str, width: int) -> str:
    return text + " " * (width - columns(text))


def table(rows: Sequence[Sequence[str]]) -> list[str]:
    """Cells under one another, columns two apart."""
    widths = [max(columns(row[k]) for row in rows) for k in range(len(rows[0]))]
    return ["  ".join(pad(cell, width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
