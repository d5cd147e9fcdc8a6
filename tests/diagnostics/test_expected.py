"""What may follow is said in words of the language, in every state of the parser."""

from __future__ import annotations

import re

import pytest

from hdsl.diagnostics.expected import PHRASES, alternatives, phrases
from hdsl.syntax.grammar import grammar


def states() -> dict[int, dict[str, object]]:
    """What the parser accepts in each of its states."""
    found: dict[int, dict[str, object]] = grammar().parser.parser._parse_table.states  # type: ignore[attr-defined]
    return found


def test_every_word_of_the_grammar_has_a_phrase() -> None:
    words = {terminal.name for terminal in grammar().terminals} - {"SPACE", "COMMENT"}
    assert words | {"$END", "BODY"} == set(PHRASES)


def test_in_every_state_of_the_parser_something_is_expected() -> None:
    assert len(states()) > 100
    for actions in states().values():
        words = {name for name in actions if name in PHRASES}
        if words:
            said = alternatives(phrases(words))
            assert said
            assert not set(re.findall(r"\b[A-Z_]{2,}\b", said.replace("NAME'", ""))) & set(PHRASES), said


def test_all_phrases_are_met_in_some_state() -> None:
    met = {phrase for actions in states().values() for phrase in phrases(set(actions) & set(PHRASES))}
    assert met | {"`{`"} == set(PHRASES.values())  # the brace is where the lines of a component are cut


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"NUMBER", "PATH", "MINUS", "LPAR", "LSQB"}, ["a value"]),
        ({"NUMBER", "PATH", "MINUS", "LPAR", "LSQB", "RPAR"}, ["a value", "`)`"]),
        ({"PLUS", "MINUS", "TIMES", "LSQB", "IF", "COMPARE", "$END"}, ["an operator", "the end of the line"]),
        ({"PLUS", "MINUS", "COMMA", "RPAR", "EQUAL"}, ["an operator", "`,`", "`)`"]),
        ({"PLUS", "ELSE"}, ["an operator", "`else`"]),
        ({"LSQB", "EQUAL"}, ["`=`"]),
        ({"EACH", "NEVER"}, ["`each sample`, `each sequence`", "`never`"]),
    ],
)
def test_phrases(words: set[str], said: list[str]) -> None:
    assert phrases(words) == said


def test_a_value_in_a_shape_is_a_size() -> None:
    assert phrases({"NUMBER", "PATH"}, size=True) == ["a size"]


def test_alternatives() -> None:
    assert [alternatives(list("abc"[:n])) for n in (1, 2, 3)] == ["a", "a or b", "a, b or c"]
