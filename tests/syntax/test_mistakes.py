"""Where the reading of a statement stops, and which sentence that gets."""

from __future__ import annotations

import re

import pytest
from lark import Token, Tree

from hdsl.diagnostics.expected import PHRASES
from hdsl.syntax.grammar import grammar
from hdsl.syntax.mistakes import Failure, explain, explain_start, read_words
from hdsl.syntax.source import Span


def fail(text: str, start: str = "statement", base: int = 0) -> Failure:
    failure = read_words(text, base, start, "a statement")
    assert isinstance(failure, Failure)
    return failure


def test_a_statement_without_mistake_is_a_tree() -> None:
    tree = read_words("let a = 1", 0, "statement", "a statement")
    assert isinstance(tree, Tree)


@pytest.mark.parametrize(
    ("text", "at", "found"),
    [
        ("let a = b c", 10, "c"),
        ("let a = b c.d + 1", 10, "c.d"),
        ("let a = b 1.5", 10, "1.5"),
        ("let a =", 7, ""),
        ("let a = (\n  # why\n  b\n  c)", 24, "c"),
        ("state h[n] == 3", 12, "="),
        ("let a b = 2", 6, "b"),
        ("reset h each day", 13, "day"),
    ],
)
def test_place_and_word(text: str, at: int, found: str) -> None:
    failure = fail(text)
    assert (failure.at, failure.found) == (at, found)


def test_what_might_have_followed_is_asked_before_rules_end() -> None:
    # A comma may follow a value somewhere, so the tables end the value before they find that here it may not.
    assert {"PLUS", "$END"} <= fail("let a = b, c").accepts
    assert {"PLUS", "$END", "COMMA"} <= fail("dim n = 1 2").accepts
    assert fail("next h").accepts == {"EQUAL"}


def test_places_count_from_the_start_of_the_file() -> None:
    assert explain(fail("let a = b c", base=100)).span == Span(110, 111)
    assert explain(fail("let a = W' @ x", base=100)).span == Span(108, 110)
    assert explain_start(") = 3", 100, below=False).span == Span(100, 101)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("let a = b; c", "semicolon"),
        ("let a = b'", "prime"),
        ("let a' = b", "prime"),
        ("h'' = b", "prime"),
        ("let a = 1.", "number"),
        ("let a = f(.5)", "number"),
        ("let a = 2x", "number"),
        ("let a = 1_0", "number"),
        ("state a.b = 1", "dotted-name"),
        ("let a == b", "equals"),
        ("let a := b", "equals"),
        ("let a *= b", "equals"),
        ("let a = b = c", "equals"),
        ("let a = +b", "unary-plus"),
        ("let a = b * +c", "unary-plus"),
        ("let a = b < c < d", "chained-comparison"),
        ("let a = b$", "character"),
        ("let a = x² y", "character"),
        ("let a = b – c", "character"),
        ("let a = 'text'", "syntax"),
        ("let a = b .5", "syntax"),
        ("let a = 1.5.2", "syntax"),
        ("let a = b < c <", "chained-comparison"),
        ("let a = f(x=1=2)", "equals"),
        ("let a = if b", "syntax"),
        ('use "layers', "unclosed"),
        ('let a = "b"', "syntax"),
        ("let a = b == c < d", "chained-comparison"),
    ],
)
def test_common_mistakes_have_their_own_sentence(text: str, code: str) -> None:
    assert explain(fail(text)).code == code


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("let a = b c", "a product is written"),
        ("let a = b (c)", ""),  # a call: nothing is wrong with it
        ("let a = (b) (c)", "a product is written"),
        ("let a = W.T x", "a product is written"),
        ("let a = b let c = d", "one statement a line"),
        ("let a = b and c", ""),
        ("let a = not b", ""),
        ("dim n = 1 m = 2", ""),
        ("let a = b ]", ""),
    ],
)
def test_notes_about_what_stands_side_by_side(text: str, note: str) -> None:
    failure = read_words(text, 0, "statement", "a statement")
    notes = " ".join(explain(failure).notes) if isinstance(failure, Failure) else ""
    assert (note in notes) if note else notes == ""


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("state h[", "a size"),
        ("state h[n, ", "a size"),
        ("state h[f(", "a value or `)`"),
        ("state h[n] = [", "a value"),
        ("input u 3", "`[…]`, `: index(…)` or the end of the line"),
        ("param u 3", "`[…]`, `=` or the end of the line"),
        ("let a 3", "`=`"),
        ("let a = f(x", "an operator, `,` or `)`"),
        ("let a = f(x, axis", "an operator, `,` or `)`"),
        ("let a = [x", "an operator, `,` or `]`"),
        ("let a = x[1", "an operator, `,` or `]`"),
        ("let a = b if c", "an operator or `else`"),
        ("reset", "a name"),
        ("component f(x)\n =", "`{`"),
        ("component f", "`(`"),
        ("def f(x)", "`=`"),
        ("def f(x, 1)", "a name or `)`"),
        ("use layers", 'a text in "…"'),
        ("latex W", 'a text in "…"'),
        ("project W = W every", "a value"),
        ("return", "a value"),
        ("let a[", "a name"),
        ("let a = x[]", "a value"),
        ("let a = x[1:2:3:", "an operator, `,` or `]`"),
        ("let a = b if c else", "a value"),
    ],
)
def test_what_may_follow(text: str, label: str) -> None:
    assert explain(fail(text)).label == f"expected {label}"


# How each word of the grammar may look in a text.
SPELT = {
    "ROLE": "state",
    "DEFINES": "let",
    "DERIVATIVE": "h'",
    "NAME": "x",
    "PATH": "a.b",
    "NUMBER": "1",
    "STRING": '"s"',
    "COMPARE": "<",
    "POWER": "^",
    "PLUS": "+",
    "MINUS": "-",
    "TIMES": "*",
    "OVER": "/",
    "AT": "@",
    "TRANSPOSE": ".T",
    "EQUAL": "=",
    "COMMA": ",",
    "COLON": ":",
    "LPAR": "(",
    "RPAR": ")",
    "LSQB": "[",
    "RSQB": "]",
}


def texts_of_states(start: str) -> list[tuple[str, frozenset[str]]]:
    """A shortest text that leads to each state of the parser in which it waits for a word, and what it accepts there.

    A state is told by its number and by what may follow: that depends on the brackets around it, too.
    """
    first = grammar().parse_interactive("", start=start)
    found: list[tuple[str, frozenset[str]]] = []
    seen: set[tuple[int, frozenset[str]]] = set()
    todo = [("", first)]
    while todo:
        text, reading = todo.pop(0)
        accepts = frozenset(reading.accepts())
        state = (reading.parser_state.state_stack[-1], accepts)
        if state in seen:
            continue
        seen.add(state)
        found.append((text, accepts))
        for word in sorted(accepts - {"$END"}):
            after = reading.copy()
            spelt = SPELT.get(word, word.lower())
            after.feed_token(Token(word, spelt))
            todo.append((text + spelt if word == "TRANSPOSE" else f"{text} {spelt}", after))
    return found


@pytest.mark.parametrize("start", ["statement", "setting"])
def test_no_state_of_the_parser_lacks_its_sentence(start: str) -> None:
    states = texts_of_states(start)
    assert len(states) > {"statement": 100, "setting": 50}[start]
    shown = set()
    for text, _ in states:
        for word in ("", *sorted(set(SPELT.values()) - {'"s"'}), '"s"', "each", "if", "~", "2x", ";", "'", '"'):
            failure = read_words(f"{text} {word}", 0, start, "a statement")
            if isinstance(failure, Failure):
                finding = explain(failure)
                shown.update((finding.message, finding.label, *finding.notes))
                assert finding.message
                assert finding.label or finding.code == "character", (text, word)
    names = set(PHRASES) - {"AT", "BODY"}
    assert [text for text in shown if names & set(re.findall(r"[A-Z_]{2,}", text.replace("NAME' =", "")))] == []


@pytest.mark.parametrize(("text", "code"), [("= 3", "unknown-statement"), ("²x", "character"), ("$", "character")])
def test_a_line_without_a_first_word(text: str, code: str) -> None:
    assert explain_start(text, 0, below=False).code == code


def test_a_line_that_goes_on_from_the_one_above() -> None:
    assert "open a (" in str(explain_start("+ 3", 0, below=True).label)
    assert "open a (" not in str(explain_start("+ 3", 0, below=False).label)
    assert "open a (" not in str(explain_start("42", 0, below=True).label)


@pytest.mark.parametrize(
    ("text", "hangs"), [("let a = b *", True), ("let a =", True), ("let a", False), ("let a = b c", False)]
)
def test_a_statement_that_wants_a_value_at_its_end(text: str, hangs: bool) -> None:
    assert fail(text).hangs is hangs


@pytest.mark.parametrize(
    ("text", "several"),
    [
        ("const a = 1, b = 2", True),
        ("input u[n], v", True),
        ("let a = b, c = d", True),
        ("let a = b, c", False),
        ("param W[n] = normal(0, , 1)", False),
        ("reset h, g", False),
    ],
)
def test_several_in_one_line(text: str, several: bool) -> None:
    assert ("only `dim` takes several" in str(explain(fail(text)).label)) is several
