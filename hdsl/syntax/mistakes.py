"""Read a statement word by word, and where a word cannot follow, find out what the mistake is.

What people often write by mistake has a sentence of its own; else the message says what stands where, and what might
have.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from lark import Token, Tree, UnexpectedCharacters, UnexpectedToken

from hdsl.diagnostics import catalogue_syntax as catalogue
from hdsl.diagnostics.diagnostic import Diagnostic
from hdsl.syntax.grammar import grammar
from hdsl.syntax.names import stray_character
from hdsl.syntax.source import Span
from hdsl.syntax.words import KEYWORDS

PRIMES = "'′’"
_WORD = re.compile(r"[^\W\d]\w*(?:\.\w+)*")
_FOUND = re.compile(
    rf"""[^\W\d]\w*(?:\.\w+)*[{PRIMES}]?|[0-9]\w*(?:\.[0-9]\w*)?|"[^"\n]*"|\*\*|[<>=!:+\-*/@^]=|<-|->|.""", re.DOTALL
)
_DEFINES_ELSEWHERE = frozenset({"==", ":=", "+=", "-=", "*=", "/=", "@=", "^=", "<-"})
_GO_ON = frozenset({"+", "-", "*", "/", "@", "^", "**", ",", "="})
_COMPARISONS = frozenset({"<", ">", "<=", ">=", "==", "!="})
_SIGNS = frozenset("+-*/@^=<>()[]{},.:;#_'′’\"")
_NAMED = re.compile(r",\s*[^\W\d]\w*\s*(?:[\[,:]|=(?!=)|$)")  # what might be a further declaration
_DEFINED = re.compile(r",\s*[^\W\d]\w*\s*=(?!=)")
_WANT_VALUE = frozenset({"EQUAL", "PLUS", "MINUS", "TIMES", "OVER", "AT", "POWER", "COMPARE"})
_CONNECTIVES = frozenset({"and", "or", "not", "is", "in", "lambda"})  # of Python: what follows them is no factor
_OPERAND_ENDS = frozenset({"PATH", "NUMBER", "RPAR", "RSQB", "TRANSPOSE"})


@dataclass(frozen=True, slots=True)
class Failure:
    """Where the reading of a statement stopped.

    ``text`` is the statement, ``base`` its place in the file, ``at`` the place in ``text`` of what cannot follow,
    ``before`` the words that were read, ``accepts`` the grammar's names of what might have followed, ``writing`` the
    statement's kind in the language's words.
    """

    text: str
    base: int
    at: int
    before: tuple[Token, ...]
    accepts: frozenset[str]
    writing: str

    @property
    def found(self) -> str:
        """The word or sign that cannot follow; empty at the end of the statement."""
        match = _FOUND.match(self.text, self.at)
        return match.group() if match else ""

    @property
    def hangs(self) -> bool:
        """True where a value is missing at the end of the statement, behind `=` or an operator."""
        return not self.found and bool(self.before) and self.before[-1].type in _WANT_VALUE

    @property
    def touching(self) -> Token | None:
        """The word directly before, if no space is between."""
        return self.before[-1] if self.before and self.before[-1].end_pos == self.at else None

    def span(self, length: int, start: int | None = None) -> Span:
        """Of ``length`` characters from what was found, or from ``start`` up to there and ``length`` further."""
        return Span(self.base + (self.at if start is None else start), self.base + self.at + length)


def explain(failure: Failure) -> Diagnostic:
    """The one message about a statement that does not follow the grammar."""
    for rule in _RULES:
        diagnostic = rule(failure)
        if diagnostic:
            return diagnostic
    return _unexpected(failure)


def read_words(text: str, base: int, start: str, writing: str) -> Tree[Token] | Failure:
    """Read a statement by the grammar's rule ``start``: its tree, or where the reading stopped."""
    words: list[Token] = []
    reading = grammar().parse_interactive(text, start=start)
    try:
        for word in reading.iter_parse():
            words.append(word)
        tree: Tree[Token] = reading.feed_token(Token("$END", "", len(text)))
        return tree
    except UnexpectedToken as error:
        at = _start(error.token)
    except UnexpectedCharacters as error:
        at = error.pos_in_stream or 0
    before = tuple(word for word in words if _start(word) < at)
    # The word that failed may have ended some rules before it did; a second parser is asked what could follow.
    again = grammar().parse_interactive("", start=start)
    for word in before:
        again.feed_token(word)
    accepts: set[str] = again.accepts()  # type: ignore[no-untyped-call]
    return Failure(text, base, at, before, frozenset(accepts), writing)


def _start(word: Token) -> int:
    """Where a word starts in the statement; every word that a lexer made has a place."""
    assert word.start_pos is not None
    return word.start_pos


def explain_start(text: str, base: int, below: bool) -> Diagnostic:
    """The one message about a line that starts with no word; ``below`` is true where a statement stands above it."""
    failure = Failure(text, base, 0, (), frozenset(), "")
    span = failure.span(len(failure.found))
    if below and failure.found in _GO_ON:
        return catalogue.continues_nothing(span, failure.found)
    return _character(failure) or catalogue.unknown_statement(span, failure.found, None)


# --- mistakes that people make, each with its own sentence -----------------------------------------------------------


def _character(failure: Failure) -> Diagnostic | None:
    """A character that the language has no use for, where the reading stopped or in a word before it."""
    for word in failure.before:
        stray = stray_character(word) if word.type in ("NAME", "PATH", "DERIVATIVE") else None
        if stray is not None and word[stray] not in PRIMES:
            at = failure.base + _start(word) + stray
            return catalogue.character(Span(at, at + 1), word[stray], stray == len(word) - 1)
    sign = failure.text[failure.at : failure.at + 1]
    letter = sign.isalnum() and stray_character("a" + sign) is None
    if not sign or letter or sign in _SIGNS or failure.found in _COMPARISONS:
        return None
    return catalogue.character(failure.span(1), sign, re.match(r"\W|\Z", failure.text[failure.at + 1 :]) is not None)


def _text(failure: Failure) -> Diagnostic | None:
    return catalogue.text_unclosed(failure.span(1)) if failure.found == '"' else None


def _semicolon(failure: Failure) -> Diagnostic | None:
    last = not failure.text[failure.at + 1 :].strip()
    return catalogue.semicolon(failure.span(1), last) if failure.found == ";" else None


def _comma(failure: Failure) -> Diagnostic | None:
    """`const a = 1, b = 2`: written as `dim` may be, and nothing else."""
    pattern = {"ROLE": _NAMED, "DEFINES": _DEFINED}.get(failure.before[0].type) if failure.before else None
    if failure.found != "," or pattern is None or "COMMA" in failure.accepts:
        return None
    named = pattern.match(failure.text, failure.at)
    return catalogue.comma(failure.span(1), failure.writing) if named else None


def _prime(failure: Failure) -> Diagnostic | None:
    before = failure.touching
    if failure.found not in tuple(PRIMES) or before is None or before.type not in ("NAME", "PATH", "DERIVATIVE"):
        return None
    name = before.rstrip(PRIMES)
    if before.type == "PATH" and any(word.type == "EQUAL" for word in failure.before):
        return catalogue.prime_in_expression(failure.span(1, before.start_pos), name)
    return catalogue.prime_misplaced(failure.span(1), name)


def _number(failure: Failure) -> Diagnostic | None:
    before, rest = failure.touching, failure.text[failure.at :]
    point = re.match(r"\.[0-9]+(?:[eE][+-]?[0-9]+)?", rest)
    if before is not None and before.type == "NUMBER":
        span = failure.span(0, before.start_pos)
        if rest.startswith(".") and "." not in before:
            return catalogue.number_needs_digits(Span(span.start, span.end + 1), f"{before}.", f"{before}.0")
        word = _WORD.match(rest)
        if word:
            whole = Span(span.start, span.end + len(word.group()))
            if word.group().startswith("_"):
                return catalogue.number_has_underscore(whole, str(before), word.group())
            return catalogue.number_runs_on(whole, str(before), word.group())
    elif point and "NUMBER" in failure.accepts:
        return catalogue.number_needs_digits(failure.span(point.end()), point.group(), f"0{point.group()}")
    return None


def _dotted_name(failure: Failure) -> Diagnostic | None:
    before = failure.touching
    if before is None or before.type != "NAME" or failure.found != ".":
        return None
    start = _start(before)
    word = _WORD.match(failure.text, start)
    name = word.group() if word else str(before)
    return catalogue.dotted_name(Span(failure.base + start, failure.base + start + len(name)), name)


def _equals(failure: Failure) -> Diagnostic | None:
    before = failure.touching
    if failure.found.startswith("=") and before is not None and before.type in ("EQUAL", "COLON"):
        return catalogue.double_equals(failure.span(1, before.start_pos), f"{before}=")
    if "EQUAL" in failure.accepts and failure.found in _DEFINES_ELSEWHERE:
        return catalogue.double_equals(failure.span(len(failure.found)), failure.found)
    if failure.found == "=" and "PLUS" in failure.accepts and any(word.type == "EQUAL" for word in failure.before):
        return catalogue.second_equals(failure.span(1))
    return None


def _unary_plus(failure: Failure) -> Diagnostic | None:
    if failure.text[failure.at : failure.at + 1] == "+" and "NUMBER" in failure.accepts:
        return catalogue.unary_plus(failure.span(1))
    return None


def _chained_comparison(failure: Failure) -> Diagnostic | None:
    compared = any(word.type == "COMPARE" for word in failure.before)
    if failure.found in _COMPARISONS and compared and "PLUS" in failure.accepts:
        return catalogue.chained_comparison(failure.span(len(failure.found)), failure.found)
    return None


_RULES: tuple[Callable[[Failure], Diagnostic | None], ...] = (
    _character,
    _text,
    _semicolon,
    _comma,
    _prime,
    _number,
    _dotted_name,
    _equals,
    _unary_plus,
    _chained_comparison,
)


def _unexpected(failure: Failure) -> Diagnostic:
    found = failure.found
    return catalogue.unexpected(
        failure.span(len(found)),
        found,
        failure.writing,
        _sensible(failure),
        size=_in_shape(failure.before),
        beside=_beside(failure),
    )


def _sensible(failure: Failure) -> frozenset[str]:
    """What might follow, without what the grammar allows in a declaration and its role does not."""
    first = failure.before[0] if failure.before else None
    if first and first.type == "COMPONENT" and "$END" in failure.accepts:
        return failure.accepts - {"$END"} | {"BODY"}
    role = first if first and first.type == "ROLE" else ""
    if not role or "PLUS" in failure.accepts:
        return failure.accepts
    return failure.accepts - ({"EQUAL"} if role in ("input", "target") else {"COLON"})


def _beside(failure: Failure) -> Literal["", "operand", "statement"]:
    """What begins directly behind an operand."""
    found, before = failure.found, failure.before
    if not before or before[-1].type not in _OPERAND_ENDS or "PLUS" not in failure.accepts:
        return ""
    if found in KEYWORDS:
        return "statement"
    defined = failure.text[failure.at + len(found) :].lstrip().startswith("=")
    operand = re.match(r"[\w(]", found) and not defined and not {found, str(before[-1])} & _CONNECTIVES
    return "operand" if operand else ""


def _in_shape(before: tuple[Token, ...]) -> bool:
    """True where the innermost open bracket is that of a declaration: ``state h[``."""
    opened: list[int] = []
    for place, word in enumerate(before):
        if word.type in ("LPAR", "LSQB"):
            opened.append(place)
        elif word.type in ("RPAR", "RSQB"):
            opened.pop()
    return bool(opened) and opened[-1] == 2 and before[0].type == "ROLE"
