"""Lay out a .ham file: one form for all that a space does not tell.

Statements stand at the margin, settings and the lines of a component four columns in; one empty line at most parts them.
In a run of lines without an empty one between them, declarations of one kind are aligned at their ``=``, and so are
definitions, and settings; comments behind statements stand in one column. Comments, doc comments and the order of the
lines stay.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace

from hdsl.diagnostics.diagnostic import ModelError
from hdsl.format.words import INDENT, Row, rows
from hdsl.syntax.lines import SPACES, Line, cut
from hdsl.syntax.parse import parse
from hdsl.syntax.source import Source
from hdsl.syntax.tree import ModelText, Version
from hdsl.syntax.words import KEYWORDS

COMMENTS = 46  # the column of comments behind statements
VERSION = "ham 1"
_DEFINING = ("let", "output", "cost", "next", "terminal", "hamiltonian")
# Statements that are aligned with one another; the names of those that arrive with a sample start in one column, too.
_FAMILY = dict.fromkeys(_DEFINING, "definition") | dict.fromkeys(("input", "target"), "sample")
_NEVER = frozenset(
    {"dim", "component", "def", "learn", "use", "reset", "model", "ham", "return", "latex", "local", "horizon", "final"}
)
_FIRST = re.compile(r"[^\W\d]\w*(?:\.\w+)*['′’]?")


@dataclass(frozen=True, slots=True)
class _Placed:
    """A row with the family it is aligned in; the empty family is aligned with nothing. ``row`` is None for an empty line."""

    row: Row | None
    family: str = ""


def formatted(source: Source) -> str:
    """The text of a file in the canonical layout. Raises hdsl.ModelError for a text that cannot be read."""
    text, found = parse(source)
    if any(diagnostic.severity == "error" for diagnostic in found):
        raise ModelError(source, found)
    placed = list(_Layout(source).run())
    if not any(isinstance(statement, Version) for statement in text.statements):
        placed.insert(0, _Placed(Row(0, VERSION)))
    made = "".join(f"{line}\n" for line in _written(placed))
    again, found = parse(Source(made, source.name))
    if any(diagnostic.severity == "error" for diagnostic in found):  # only a bound can be met: `ham 1` is a line more
        raise ModelError(Source(made, source.name), found)
    assert meaning(again) == meaning(text), "the layout would change what the file says"
    return made


def meaning(text: ModelText) -> object:
    """What a text says, without its places: equal for two texts that differ in their layout alone."""
    statements = [statement for statement in text.statements if not isinstance(statement, Version)]
    return [text.doc, *map(_without_places, statements)]


def _without_places(part: object) -> object:
    if isinstance(part, tuple):
        return [_without_places(item) for item in part]
    if is_dataclass(part):
        told = [(f.name, _without_places(getattr(part, f.name))) for f in fields(part) if not f.name.endswith("span")]
        return [type(part).__name__, told]
    return part


class _Layout:
    """One walk over the lines of a file and what stands between them."""

    def __init__(self, source: Source) -> None:
        # Ends of lines and what is no space to see are of one kind from here on; a carriage return alone is no end.
        self.text = source.text.replace("\r\n", "\n")
        self.lines = cut(Source(self.text))[0]
        self.level = 0  # of components
        self.learning = False

    def run(self) -> Iterator[_Placed]:
        at, place = 0, 0
        pending: list[_Placed] = []  # the last statement, to which a comment on its line still belongs
        while place < len(self.lines):
            line = self.lines[place]
            gap, at = self.text[at : line.span.start], line.span.end
            self._settle(line)
            yield from self._gap(gap, pending, self._indent(line) + INDENT * (line.brace == "}"))
            joined = self._in_one_line(place)
            if joined is not None:
                pending, at = [_Placed(Row(self._indent(line), joined))], self.lines[place + 2].span.end
                place += 3
                continue
            pending = self._statement(line)
            if line.brace == "{":
                yield from self._head(line, pending, at)
                at = self._brace(at) + 1
                self.level += 1
            place += 1
        yield from self._gap(self.text[at:], pending, 0)

    def _settle(self, line: Line) -> None:
        """Take note of where a line stands: in a component, below `learn`."""
        first = _FIRST.match(self.text, line.span.start)
        word = first.group() if first else ""
        self.setting = self.learning and word not in KEYWORDS and word[-1:] not in ("'", "′", "’") and not line.brace
        self.learning = self.setting or word == "learn"
        if line.brace == "}":
            self.level -= 1

    def _indent(self, line: Line) -> int:
        return INDENT * (self.level + self.setting)

    def _statement(self, line: Line) -> list[_Placed]:
        text = self.text[line.span.start : line.span.end]
        first = _FIRST.match(text)
        word = first.group() if first else ""
        family = "setting" if self.setting else "dynamics" if word[-1:] in ("'", "′", "’") else _FAMILY.get(word, word)
        made = [Row(self._indent(line), "}")] if line.brace == "}" else rows(text, self._indent(line))
        if word in _NEVER or line.brace:
            family = ""
        return [_Placed(made[0], family), *(_Placed(row) for row in made[1:])]

    # --- components --------------------------------------------------------------------------------------------------

    def _brace(self, at: int) -> int:
        """Where the brace of a component's head is, which ends at ``at``."""
        while self.text[at] != "{":
            at = self.text.index("\n", at) if self.text[at] == "#" else at + 1
        return at

    def _in_one_line(self, place: int) -> str | None:
        """A component that the writer put on one line."""
        if self.lines[place].brace != "{" or place + 2 >= len(self.lines) or self.lines[place + 2].brace != "}":
            return None
        head, body, end = self.lines[place : place + 3]
        if "\n" in self.text[head.span.start : end.span.end] or body.brace or self.text[end.span.start] != "}":
            return None
        parts = [rows(self.text[line.span.start : line.span.end], 0)[0] for line in (head, body)]
        shown = [part.head if part.tail is None else f"{part.head} = {part.tail}" for part in parts]
        return f"{shown[0]} {{ {shown[1]} }}"

    def _head(self, line: Line, made: list[_Placed], at: int) -> Iterator[_Placed]:
        """The head of a component with its brace; a doc comment that stood before the brace goes above it."""
        between = [part.strip(SPACES) for part in self.text[at : self._brace(at)].split("\n")]
        comments = [part for part in between if part]
        indent = self._indent(line)
        for comment in comments:
            yield _Placed(Row(indent, "", None, comment))
        last = made[-1].row
        assert last is not None
        made[-1] = _Placed(replace(last, head=f"{last.head} {{"))

    # --- between statements ------------------------------------------------------------------------------------------

    def _gap(self, gap: str, pending: list[_Placed], indent: int) -> Iterator[_Placed]:
        """The last statement with the comment behind it, then comments and empty lines up to the next, at ``indent``."""
        same, *below = gap.split("\n")
        if not pending:  # at the start of the file, whose first line belongs to no statement
            below.insert(0, same)
        last = pending[-1].row if pending else None
        if last is not None:
            pending[-1] = replace(pending[-1], row=replace(last, comment=same.strip(SPACES) or last.comment))
        yield from pending
        pending.clear()
        inner = [*below[:-1], *filter(str.strip, below[-1:])]
        opens = last is not None and last.head.endswith("{")  # no empty line stands directly below a brace
        for part in inner:
            if part.strip():
                opens = False
                # Behind settings, a comment that is as far in as they are belongs to them.
                further = last is not None and last.indent > indent and part[:1].isspace()
                yield _Placed(Row(last.indent if further and last else indent, "", None, part.strip(SPACES)))
            elif not opens:
                yield _Placed(None)


def _written(placed: Sequence[_Placed]) -> Iterator[str]:
    """The lines, aligned, with no empty line at the ends, before a closing brace, or behind another."""
    kept: list[_Placed] = []
    for item in placed:
        closes = item.row is not None and item.row.head == "}"
        while kept and kept[-1].row is None and (item.row is None or closes):
            kept.pop()
        if item.row is not None or kept:
            kept.append(item)
    while kept and kept[-1].row is None:
        kept.pop()
    start = 0
    while start < len(kept):
        end = start + 1
        while end < len(kept) and kept[start].family and _in_family(kept[end], kept[start].family):
            end += 1
        heads = _aligned([item.row for item in kept[start:end] if item.row], kept[start].family)
        for item in kept[start:end]:
            yield _line(item.row, next(heads)) if item.row else ""
        start = end


def _in_family(item: _Placed, family: str) -> bool:
    return item.row is not None and item.family == family


def _aligned(run: Sequence[Row], family: str) -> Iterator[str]:
    """The heads of a run of rows, as wide as the widest of those that define something."""
    heads = [row.head for row in run]
    if family == "sample":
        roles = [head.split(" ", 1) for head in heads]
        width = max((len(role[0]) for role in roles), default=0)
        heads = [f"{role:{width}} {rest}" for role, rest in roles]
    width = max((len(head) for head, row in zip(heads, run, strict=True) if row.tail is not None), default=0)
    for head, row in zip(heads, run, strict=True):
        yield head if row.tail is None else f"{head:{width}}"


def _line(row: Row, head: str) -> str:
    code = " " * row.indent + (head if row.tail is None else f"{head} = {row.tail}")
    if not row.comment:
        return code.rstrip()
    if not row.head and row.tail is None:
        return " " * row.indent + row.comment
    return f"{code:{COMMENTS}}{row.comment}" if len(code) <= COMMENTS - 2 else f"{code}  {row.comment}"
