"""The tables of words fit each other, the grammar and the tables of functions."""

from __future__ import annotations

import re

from hdsl.syntax.grammar import grammar
from hdsl.syntax.words import (
    DECLARING,
    KEYWORDS,
    OF_COMPONENTS,
    PYTHON_WORDS,
    SETTINGS,
    STATEMENTS,
)


def test_a_word_has_one_meaning() -> None:
    assert not KEYWORDS & (SETTINGS | PYTHON_WORDS)
    assert not SETTINGS & PYTHON_WORDS
    assert DECLARING <= KEYWORDS
    assert set(STATEMENTS) >= OF_COMPONENTS


def test_the_grammar_starts_a_statement_with_exactly_these_words() -> None:
    started = grammar().parse_interactive("", start="statement").accepts()
    words = {terminal.name: terminal.pattern for terminal in grammar().terminals}
    spelt: set[str] = set()
    for name in started - {"DERIVATIVE"}:
        spelt.update(re.findall(r"[a-z]+", words[name].value.replace(r"\b", "")))
    assert spelt == set(KEYWORDS)
