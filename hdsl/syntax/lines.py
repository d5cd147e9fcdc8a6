"""Cut a source into logical lines: one statement each, with its doc comments, whatever else is wrong in the file.

A line goes on while a bracket is open. So that a forgotten bracket does not swallow the file, an open line ends where
the next physical line starts as only a statement can. The brace of a component ends its line: the lines up to the brace
that closes it are statements like any others.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from hdsl.diagnostics import catalogue_syntax as catalogue
from hdsl.diagnostics.diagnostic import Diagnostic
from hdsl.syntax.source import Source, Span
from hdsl.syntax.words import KEYWORDS

MOST_LINES = 5_000
LONGEST_WORD = 100  # that is looked for before a brace: of longer ones there may be too many
DEEPEST = 100  # brackets in brackets; the passes that follow recurse, and Python allows them about 1000 calls

_PIECE = re.compile(r"""\n|\#[^\n]*|"[^"\n]*"?|[(\[{]|[)\]}]|[^\n\#"()\[\]{}]+""")
SPACES = " \t\f\r\u00a0\ufeff"
# What no expression can hold: two words side by side, a prime, `return` with a value, `learn` on a line of its own.
_NOT_BETWEEN = r"(?!(?:if|else)\b)"
_SIDE_BY_SIDE = rf"{_NOT_BETWEEN}[^\W\d][\w.]*[ \t]+{_NOT_BETWEEN}\w"
_START = rf"(?:{_SIDE_BY_SIDE}|[^\W\d]\w*['′’]|return[ \t]*[(\[-]|learn[ \t]*(?:#|\r?$))"
# What an expression can hold only as an argument of a call, behind `(` or a comma.
_DEFINES = re.compile(r"[ \t]*[^\W\d][\w.]*[ \t]*=(?!=)")
_STATEMENT_STARTS = re.compile(rf"[ \t]*{_START}", re.MULTILINE)
_LONE = re.compile(r"\w+\s*")
_SIGNS = re.compile(r"\W+")
_COMPONENT = re.compile(r"component(?=[ \t\f]|$)")
# The brace of a component may stand on a line of its own; how far below is bounded, since every newline looks there.
# A line that only the head of a component can have been, whatever its first word has become.
_HEAD = re.compile(r"\W*(?:(?P<word>\w+)\s+)?\w+\s*\([^\n]*\)\s*")
_REST_EMPTY = re.compile(r"[ \t\f\r]*(?:#[^\n]*)?(?:\n|\Z)")
# Lines that are further in, up to a brace at the margin: the body of a component whose own brace is missing.
_BODY_BELOW = re.compile(r"(?:[ \t\f\r]*(?:#[^\n]*)?\n)*+(?:[ \t]+[^\s}][^\n]*\n|[ \t\f\r]*\n){1,200}\}")
_BRACE_BELOW = re.compile(r"(?:[ \t\f\r]*(?:#[^\n]*)?\n){0,20}[ \t\f]*\{")


@dataclass(frozen=True, slots=True)
class Line:
    """One logical line.

    ``span`` runs from its first to its last character without comments around it. ``doc`` joins the doc comments
    directly before it and behind it, ``apart`` those before it that an empty line separates from it. ``mistake`` says
    what is wrong with its brackets, if anything is. ``brace`` is ``{`` for the line of a component whose brace ended it,
    and ``}`` for the brace that ends the body, whose span holds it alone (and is empty where it is missing); ``?`` is for
    the line of a component without a brace, below which a body and its last brace stand all the same.
    """

    span: Span
    doc: str
    apart: str
    mistake: Diagnostic | None
    brace: Literal["", "{", "}", "?"] = ""


class _Cutter:
    """The state of one walk over a text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.lines: list[Line] = []
        self.too_many: Diagnostic | None = None
        self.docs: list[str] = []
        self.apart: list[str] = []
        self.found: list[Diagnostic] = []
        self.bodies: list[tuple[int, int]] = []  # open braces of components: where, and how many lines stood before
        self._begin()

    def _begin(self) -> None:
        self.start: int | None = None
        self.end = 0
        self.open: list[tuple[str, int]] = []
        self.surplus = 0  # open brackets beyond the deepest
        self.mistake: Diagnostic | None = None
        self.component = False
        self.commented = False

    def run(self) -> None:
        while len(self.lines) <= MOST_LINES and self._step():
            pass
        if len(self.lines) > MOST_LINES:
            self.too_many = catalogue.too_many_statements(self.lines.pop().span, MOST_LINES)

    def _step(self) -> bool:
        """Take one piece of the text; false at its end."""
        piece = _PIECE.match(self.text, self.at)
        if piece is None:
            return not self._at_end()
        self.at = piece.end()
        text = piece.group()
        if text == "\n":
            self._newline()
        elif text.startswith("#"):
            self._comment(text)
        else:
            self._code(text, piece.start())
        return True

    def _comment(self, text: str) -> None:
        self.commented = True
        if text.startswith("##") and not text.startswith("###") and not self.open:
            self.docs.append(text[2:].strip(SPACES))

    def _newline(self) -> None:
        if self.start is None:
            if not self.commented:
                self.apart += self.docs
                self.docs = []
            self.commented = False
        elif not self.open:
            if self.component and _BRACE_BELOW.match(self.text, self.at):
                return
            self._finish_head()
        elif self._starts_statement():
            self._unclosed()
            self._finish_head()

    def _finish_head(self) -> None:
        """End a line; a component's without a brace opens its body all the same, where one follows."""
        bodiless = self.component and not self.bodies and _BODY_BELOW.match(self.text, self.at) is not None
        place = self.end
        self._finish("?" if bodiless else "")
        self.bodies += [(place, len(self.lines))] if bodiless else []

    def _starts_statement(self) -> bool:
        """True where the next physical line cannot go on with what is open."""
        if _STATEMENT_STARTS.match(self.text, self.at):
            return True
        argument = self.open[-1][0] == "(" and self.text[self.end - 1] in "(,"
        return not argument and _DEFINES.match(self.text, self.at) is not None

    def _at_end(self) -> bool:
        """End the last line, and the bodies whose brace is missing."""
        if self.start is not None:
            if self.open:
                self._unclosed()
            self._finish()
        while self.bodies:
            self._end_unclosed(*self.bodies.pop())
        return True

    def _end_unclosed(self, brace: int, first: int) -> None:
        """A body that no brace closes ends before the first of its lines that starts at the margin."""
        self.found.append(catalogue.unclosed(Span(brace, brace + 1), "{"))
        inside = range(first, len(self.lines))
        place = next((k for k in inside if self._at_margin(self.lines[k].span.start)), len(self.lines))
        at = self.lines[place - 1].span.end
        if place < len(self.lines) and _SIGNS.fullmatch(self.text, *self._ends(place)):
            del self.lines[place]  # a slip for the brace
        self.lines.insert(place, Line(Span(at, at), "", "", None, "}"))

    def _ends(self, place: int) -> tuple[int, int]:
        return self.lines[place].span.start, self.lines[place].span.end

    def _at_margin(self, at: int) -> bool:
        return at == 0 or self.text[at - 1] == "\n"

    def _code(self, text: str, at: int) -> None:
        stripped = text.strip(SPACES)
        if not stripped:
            return
        first = at + text.index(stripped)
        if self.start is None:
            self.start = first
            self.component = _COMPONENT.match(stripped) is not None
        if stripped == "{" and (self.component or self._is_head(at)):
            if self.open:
                self._unclosed()
            self._finish("{")
            self.bodies.append((at, len(self.lines)))
        elif stripped == "}" and self.bodies and not self._is_slip(at):
            self._end_body(at)
        else:
            self.end = first + len(stripped)
            self._bracket(stripped, at)

    def _is_head(self, brace: int) -> bool:
        """Whether what stands before a brace can only be a component's head with a slip in front."""
        if self.open or not _REST_EMPTY.match(self.text, brace + 1):
            return False
        head = _HEAD.fullmatch(self.text, self.start or 0, brace)
        return head is not None and head["word"] not in KEYWORDS - {"component"}

    def _is_slip(self, brace: int) -> bool:
        """Whether a closing brace is for another bracket, in the middle of a line."""
        start = brace if self.start is None else self.start
        begun = bool(self.open) or (brace - start < LONGEST_WORD and _LONE.fullmatch(self.text, start, brace) is not None)
        inside = begun and start < brace and _REST_EMPTY.match(self.text, brace + 1) is None
        return inside or any(bracket == "{" for bracket, _ in self.open)

    def _end_body(self, at: int) -> None:
        if self.start != at:  # a statement stands before the brace
            if self.open:
                self._unclosed()
            self._finish()
        self.bodies.pop()
        self.start, self.end = at, at + 1
        self._finish("}")

    def _bracket(self, stripped: str, at: int) -> None:
        if stripped in catalogue.CLOSING:
            self._open(stripped, at)
        elif stripped in (")", "]", "}"):
            self._close(stripped, Span(at, at + 1))

    def _open(self, bracket: str, at: int) -> None:
        if len(self.open) < DEEPEST:
            self.open.append((bracket, at))
        else:
            self.surplus += 1
            self._say(catalogue.brackets_too_deep(Span(at, at + 1), DEEPEST))

    def _close(self, bracket: str, span: Span) -> None:
        if self.surplus:
            self.surplus -= 1
            return
        if not self.open:
            self._say(catalogue.closes_nothing(span, bracket))
            return
        opening, at = self.open[-1]
        if catalogue.CLOSING[opening] == bracket:
            self.open.pop()
            return
        matching = [k for k, (other, _) in enumerate(self.open) if catalogue.CLOSING[other] == bracket]
        self._say(catalogue.closes_wrong(span, bracket, Span(at, at + 1), opening))
        # The bracket is taken to close one that it fits, or else to be a slip for the one that is open.
        del self.open[matching[-1] if matching else -1 :]

    def _unclosed(self) -> None:
        bracket, at = self.open[-1]
        self._say(catalogue.unclosed(Span(at, at + 1), bracket))

    def _say(self, diagnostic: Diagnostic) -> None:
        if self.mistake is None:
            self.mistake = diagnostic

    def _finish(self, brace: Literal["", "{", "}", "?"] = "") -> None:
        assert self.start is not None
        doc, apart = "\n".join(self.docs), "\n".join(self.apart)
        self.lines.append(Line(Span(self.start, self.end), doc, apart, self.mistake, brace))
        self.docs, self.apart = [], []
        self._begin()


def cut(source: Source) -> tuple[tuple[Line, ...], tuple[Diagnostic, ...]]:
    """The logical lines of a source, and what is wrong with the source as a whole: that there are too many of them."""
    cutter = _Cutter(source.text)
    cutter.run()
    return tuple(cutter.lines), (*cutter.found, *((cutter.too_many,) if cutter.too_many else ()))
