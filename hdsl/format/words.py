"""The words of a statement and the spaces between them.

What a space tells is kept: whoever writes `1/2 * squared(e)` groups by it. So around `*` and `/` the writer chooses (one
space on both sides or none), and around `+` and `-` inside square brackets (`W[n, n+m]`); all else has one form.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from hdsl.syntax.lines import SPACES
from hdsl.syntax.words import CLAUSES

INDENT = 4  # columns for each bracket that is open
_WORD = re.compile(
    r"""(?P<comment>\#[^\n]*)|(?P<text>"[^"\n]*")|(?P<number>[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)"""
    r"""|(?P<name>[^\W\d]\w*(?:\.\w+)*['′’]?)|(?P<transpose>\.T\b)|(?P<sign>\*\*|[<>=!]=|[-+*/@^<>=,:()\[\]])""",
)
_SPACE = re.compile(r"[ \t\f\r\n\u00a0\ufeff]*")
OPENING, CLOSING = ("(", "["), (")", "]")
_CHOSEN, _SPACED, _TIGHT = ("*", "/"), ("@", "<", ">", "<=", ">=", "==", "!="), ("^", "**")
_SIGNS = (*_CHOSEN, *_SPACED, *_TIGHT, "+", "-")


@dataclass(frozen=True, slots=True)
class Word:
    """A word or a sign; ``apart`` is true where a space or a new line is before it, ``below`` where a new line is."""

    kind: str
    text: str
    apart: bool
    below: bool


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a file as it will be written.

    ``head`` and ``tail`` are what stands before and behind the sign ``=`` by which the row is aligned with its
    neighbours; ``tail`` is None where there is none.
    """

    indent: int
    head: str
    tail: str | None = None
    comment: str = ""


def words(text: str) -> list[Word]:
    """The words of a statement that has been read without mistakes, comments inside its brackets among them."""
    found: list[Word] = []
    at = 0
    while at < len(text):
        space = _SPACE.match(text, at)
        assert space is not None
        at = space.end()
        match = _WORD.match(text, at)
        if match is None:
            assert at == len(text), f"{text[at]!r} is no word of a statement"
            break
        found.append(Word(str(match.lastgroup), match.group(), bool(space.group()), "\n" in space.group()))
        at = match.end()
    return found


def rows(text: str, indent: int) -> list[Row]:
    """The lines of a statement: broken where the writer broke it, each as far in as brackets are open."""
    found: list[Row] = []
    head: str = ""
    tail: str | None = None
    comment, started = "", 0
    for space, word, depth, equals in _spaced(words(text)):
        if word.below and (head or comment):
            found.append(Row(started, head, tail, comment))
            head, tail, comment, space = "", None, "", ""
            started = INDENT * (depth - (word.text in CLOSING))
        if word.kind == "comment":
            comment = word.text.rstrip(SPACES)
        elif equals:
            tail = ""
        elif tail is None:
            head += space + word.text
        else:
            tail += (space if tail else "") + word.text
    found.append(Row(started, head, tail, comment))
    return [Row(indent + row.indent, row.head, row.tail, row.comment) for row in found]


def _spaced(found: Sequence[Word]) -> Iterator[tuple[str, Word, int, bool]]:
    """Each word with the space before it, the brackets open before it, and whether it is the sign that defines."""
    opened: list[str] = []
    first = found[0].text if found else ""
    binary = defined = False  # whether an operand ends before the word; whether the defining sign is behind us
    tight = True
    for place, word in enumerate(found):
        if word.kind == "comment":
            yield "", word, len(opened), False
            continue
        innermost = opened[-1] if opened else ""
        following = next((w for w in found[place + 1 :] if w.kind != "comment"), None)
        left, right = _around(word, following, innermost, binary, first in ("component", "def") and not defined)
        space = "" if tight or word.kind == "transpose" else " " if left is None else left
        defines = word.text == "=" and not opened
        yield space, _plain(word, binary), len(opened), defines and not defined and first != "dim"
        clause = word.text in CLAUSES.get(first, ()) and binary and not opened
        binary = not clause and _ends_operand(word, place == 0)
        tight, defined = right == "", defined or defines
        if word.text in OPENING:
            opened.append(word.text)
        elif word.text in CLOSING:
            opened.pop()


def _plain(word: Word, binary: bool) -> Word:
    """A word in its one spelling: powers are `^`, the prime is `'`."""
    text = "^" if word.text == "**" and binary else word.text
    if word.kind == "name":
        text = text.replace("′", "'").replace("’", "'")
    return Word(word.kind, text, word.apart, word.below)


def _ends_operand(word: Word, first: bool) -> bool:
    """True where what follows ``word`` goes on with it: an operator, a call, an index."""
    if word.kind == "name":
        return word.text not in ("if", "else") and not (first and word.text in ("return", "final", "horizon"))
    return word.kind in ("number", "text", "transpose") or word.text in CLOSING


def _around(
    word: Word, following: Word | None, innermost: str, binary: bool, parameters: bool
) -> tuple[str | None, str | None]:
    """The spaces around a sign: "" for none, None where its neighbours decide (one, unless they are brackets)."""
    text = word.text
    if word.kind != "sign":
        return None, None
    if text in OPENING:
        return ("" if binary else None), ""
    if text in CLOSING or text == ",":
        return "", None
    if text == "=":
        return (None, None) if not innermost or parameters else ("", "")
    if text == ":":
        return ("", "") if innermost else (None, None)
    if text in _SIGNS and not binary:
        return None, ""
    chosen = text in _CHOSEN or (text in ("+", "-") and innermost == "[")
    apart = word.apart or (following is not None and following.apart)
    return ("", "") if text in _TIGHT or (chosen and not apart) else (None, None)
