"""The tables of words fit each other, the grammar and the tables of functions."""

from __future__ import annotations

import re

import pytest

from hdsl.syntax.grammar import grammar, grammar_text
from hdsl.syntax.parse import parse
from hdsl.syntax.source import Source
from hdsl.syntax.words import (
    DECLARING,
    KEYWORDS,
    LATER_STATEMENTS,
    OF_COMPONENTS,
    PYTHON_WORDS,
    SETTINGS,
    STATEMENTS,
)


def test_a_word_has_one_meaning() -> None:
    assert not set(STATEMENTS) & LATER_STATEMENTS
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


def test_the_grammar_lists_what_it_leaves_out() -> None:
    comment = " ".join(line.removeprefix("//") for line in grammar_text().splitlines() if line.startswith("//"))
    listed = re.search(r"refused by their first word:([a-z, ]+)\.", re.sub(r"\s+", " ", comment))
    assert listed is not None
    assert set(listed.group(1).replace(" ", "").split(",")) == LATER_STATEMENTS


@pytest.mark.parametrize("word", sorted(LATER_STATEMENTS))
def test_a_later_statement_is_refused_by_name(word: str) -> None:
    _, found = parse(Source(f"{word} x"))
    assert [diagnostic.message.split("`")[1] for diagnostic in found] == [word]
    assert found[0].code == "reserved"
