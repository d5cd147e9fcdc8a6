"""Every word of the language has its sentence, and every function is called as the tables of the language say."""

from __future__ import annotations

import pytest

from hdsl.highlight.textmate import INSIDE
from hdsl.lsp import meanings
from hdsl.model.arranging import TAKES
from hdsl.model.calls import SIGNATURES
from hdsl.model.initial import ARGUMENTS
from hdsl.model.learning import NUMBERS, WORDS
from hdsl.model.scope import FUNCTIONS, HOLDING, INITIALS, RESERVED, SLIDING
from hdsl.syntax.parse import parse
from hdsl.syntax.source import Source
from hdsl.syntax.tree import Learn, Return, Use
from hdsl.syntax.words import SETTINGS, STATEMENTS
from hdsl.terms.elementwise import ROWS, WRITABLE


def test_no_word_is_left_out_and_none_is_made_up() -> None:
    assert set(meanings.STATEMENTS) == set(STATEMENTS)
    assert set(meanings.SETTINGS) == SETTINGS == {*WORDS, *NUMBERS}
    assert set(meanings.VALUES) == {word for words in WORDS.values() for word in words}
    assert set(meanings.FUNCTIONS) == {*FUNCTIONS, *INITIALS}
    inside = {word for told in INSIDE for word in told.split()}
    assert set(meanings.WORDS) == {*RESERVED, *inside, "None"}


@pytest.mark.parametrize("word", meanings.STATEMENTS)
def test_statements_are_written_as_the_grammar_has_them(word: str) -> None:
    written = meanings.STATEMENTS[word][0].replace("{ … }", "{ return 0 }")
    whole = f"component c(x) {{\n{written}\n}}\n" if word == "return" else f"{written}\n"
    tree, found = parse(Source(whole))
    assert found == () and len(tree.statements) == (2 if word == "dim" else 1)
    if word in ("learn", "use"):
        assert isinstance(tree.statements[0], Learn | Use)
    assert not isinstance(tree.statements[0], Return)


@pytest.mark.parametrize("setting", meanings.SETTINGS)
def test_settings_are_written_as_the_grammar_has_them(setting: str) -> None:
    tree, found = parse(Source(f"learn\n    {meanings.SETTINGS[setting][0]}\n"))
    (learn,) = tree.statements
    assert found == () and isinstance(learn, Learn) and learn.settings[0].path == (setting,)


def plain(name: str) -> list[str]:
    """The arguments of a function that have no name before them."""
    return [argument for argument in meanings.FUNCTIONS[name].arguments if "=" not in argument]


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_functions_take_what_the_tables_say(name: str) -> None:
    arguments = meanings.FUNCTIONS[name].arguments
    if name in WRITABLE:
        assert len(arguments) == ROWS[name].arity
    elif name in SIGNATURES:
        taken = SIGNATURES[name]
        assert len(arguments) == taken.operands + taken.axis
        assert ("axis" in arguments[-1]) is taken.axis
    elif name in TAKES:
        fewest, most, keyword = TAKES[name]
        assert len(plain(name)) >= fewest and ("…" in plain(name)) is (most is None and name != "diag")
        assert any(argument.startswith(f"{keyword}=") for argument in arguments) is bool(keyword)
    elif name in SLIDING:
        assert len(plain(name)) == 2 and [a.partition("=")[0] for a in arguments[2:]] == ["stride", "pad"]
    else:
        assert name in HOLDING


@pytest.mark.parametrize("name", sorted(INITIALS))
def test_initial_values_take_what_the_tables_say(name: str) -> None:
    if name == "eye":
        return  # the same word is a function of sizes
    fewest, most = ARGUMENTS.get(name, (0, 0))
    arguments = meanings.FUNCTIONS[name].arguments
    assert len(arguments) == most and len(plain(name)) == fewest


def test_signatures() -> None:
    assert meanings.signature("softmax") == "softmax(x, axis=-1)"
    assert meanings.signature("glorot") == "glorot"
