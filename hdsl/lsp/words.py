"""Words: what stands at a place of a text by the lexer alone, so that it is known in lines that cannot be read, too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from pygments.token import Comment, Name, Operator, Punctuation, String, Token

from hdsl.highlight.lexer import HamLexer
from hdsl.lsp.analysis import Analysis
from hdsl.syntax.source import Span
from hdsl.syntax.words import KEYWORDS

SETTING = Name.Attribute
_OPENING, _CLOSING = {"(": ")", "[": "]", "{": "}"}, (")", "]", "}")


@dataclass(frozen=True)
class Word:
    """A word or a sign. ``kind`` is the token type of Pygments."""

    text: str
    span: Span
    kind: Any


@lru_cache(maxsize=4)
def words(text: str) -> tuple[Word, ...]:
    """The words of a text, comments and strings among them, without what is space."""
    found = HamLexer(ensurenl=False, stripnl=False).get_tokens_unprocessed(text)
    return tuple(Word(value, Span(at, at + len(value)), kind) for at, kind, value in found if kind not in Token.Text)


def word_at(text: str, offset: int) -> Word | None:
    """The word at a place; where two meet, the one that is no sign."""
    touching = [word for word in words(text) if word.span.start <= offset <= word.span.end]
    named = [word for word in touching if word.kind not in Operator and word.kind not in Punctuation]
    return next(iter(named or touching), None)


@dataclass(frozen=True)
class Place:
    """Where a cursor stands.

    ``before`` are the words of its statement up to it, ``typed`` the part of a name directly before it (a dotted one whole),
    ``first`` the word that begins the statement or "". ``learning`` is true below `learn`, ``component`` in a component's
    body; ``quiet`` in a comment or a text.
    """

    before: tuple[Word, ...]
    typed: str
    first: str
    learning: bool
    component: bool
    quiet: Word | None


def place(analysis: Analysis, offset: int) -> Place:
    """The place of a cursor in a document."""
    text = analysis.text
    begin = _statement(analysis, offset)
    inside = [word for word in words(text) if begin <= word.span.start < offset]
    quiet = next((w for w in inside if w.kind in Comment or w.kind in String if w.span.end >= offset), None)
    if quiet is not None and quiet.kind in String.Double and len(quiet.text) > 1 and quiet.span.end == offset:
        quiet = None  # behind the mark that closes it
    inside = [word for word in inside if word.kind not in Comment and word.kind not in String.Doc]
    start = offset
    while start > begin and (text[start - 1].isalnum() or text[start - 1] in "_."):
        start -= 1
    before = tuple(word for word in inside if word.span.end <= start)
    learning, depth = _blocks(analysis, begin)
    first = before[0].text if before else ""
    return Place(before, text[start:offset], first, learning and first not in KEYWORDS, depth > 0, quiet)


def _statement(analysis: Analysis, offset: int) -> int:
    """Where the statement begins that a cursor stands in, or its line where it stands behind all statements of it."""
    line = analysis.text.rfind("\n", 0, offset) + 1
    for row in analysis.rows:
        if row.span.start < line <= row.span.end and not row.brace:
            return row.span.start
        if line <= row.span.start < offset and row.brace == "{":
            brace = analysis.text.find("{", row.span.end, offset)
            line = brace + 1 if brace >= 0 else line
    return line


def _blocks(analysis: Analysis, begin: int) -> tuple[bool, int]:
    """Whether a place is below `learn`, and in how many braces."""
    learning, depth = False, 0
    for row in analysis.rows:
        if row.span.start >= begin:
            break
        depth += (row.brace == "{") - (row.brace == "}")
        first = word_from(analysis.text, row.span.start)
        learning = first == "learn" or (learning and first not in KEYWORDS and not row.brace)
    return learning, depth


def word_from(text: str, start: int) -> str:
    """The name that begins at a place, with its dots."""
    end = start
    while end < len(text) and (text[end].isalnum() or text[end] in "_."):
        end += 1
    return text[start:end]


def call_at(before: Sequence[Word]) -> tuple[str, int] | None:
    """The function whose arguments a cursor stands in, and how many commas stand between; None outside a call."""
    depth: list[str] = []
    commas = 0
    for position in range(len(before) - 1, -1, -1):
        text = before[position].text
        if text in _CLOSING:
            depth.append(text)
        elif text in _OPENING:
            if depth:
                depth.pop()
                continue
            name = before[position - 1].text if position else ""
            if text == "(" and name[:1].isalpha():
                return name, commas
            commas = 0
        elif text == "," and not depth:
            commas += 1
    return None
