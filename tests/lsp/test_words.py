from __future__ import annotations

import pytest
from pygments.token import Name

from hdsl.lsp.words import call_at, place, word_at, words
from tests.lsp.conftest import cursor


def test_words_with_their_places() -> None:
    text = 'let a = b.c # x\n'
    assert [(word.text, text[word.span.start : word.span.end]) for word in words(text)] == [
        (part, part) for part in ("let", "a", "=", "b.c", "# x")
    ]


def test_the_word_at_a_place_is_a_name_where_it_meets_a_sign() -> None:
    text = "let a=b\n"
    assert [word.text for word in (word_at(text, at) for at in (0, 4, 5, 6, 7)) if word] == ["let", "a", "a", "b", "b"]
    found = word_at(text, 4)
    assert found is not None and found.kind in Name
    assert word_at("a  +", 2) is None


@pytest.mark.parametrize(
    ("marked", "first", "typed", "learning", "component"),
    [
        ("le|", "", "le", False, False),
        ("let a = tanh(x.y|)", "let", "x.y", False, False),
        ("let a = (x +\n    y|)", "let", "y", False, False),
        ("learn\n    eta|", "", "eta", True, False),
        ("learn\n    eta.st| = 1", "", "eta.st", True, False),
        ("learn\n    eta = |", "eta", "", True, False),
        ("learn\n    eta = 1\nlet a = b|", "let", "b", False, False),
        ("component c(x) {\n    pa|\n}", "", "pa", False, True),
        ("component c(x) {\n    return x\n}\nle|", "", "le", False, False),
        ("component c(x) { return x| }", "return", "x", False, True),
        ("component c(x) {\n    let a = x +|\n", "let", "", False, True),
    ],
)
def test_where_a_cursor_stands(marked: str, first: str, typed: str, learning: bool, component: bool) -> None:
    found = place(*cursor(marked))
    assert (found.first, found.typed, found.learning, found.component) == (first, typed, learning, component)
    assert found.quiet is None


@pytest.mark.parametrize(
    ("marked", "quiet"),
    [
        ("let a = 1 # so|", True),
        ("## doc|", True),
        ('use "lay|ers.ham"', True),
        ('use "layers.ham"|', False),
        ("let a = 1 |# so", False),
    ],
)
def test_comments_and_texts(marked: str, quiet: bool) -> None:
    assert (place(*cursor(marked)).quiet is not None) is quiet


@pytest.mark.parametrize(
    ("marked", "call"),
    [
        ("let a = tanh(|", ("tanh", 0)),
        ("let a = clip(x, (a + b)*f(c, d), |", ("clip", 2)),
        ("let a = clip(x[0, 1], |", ("clip", 1)),
        ("let a = tanh(x) + |", None),
        ("let a = (x, |", None),
        ("let a = f(g(x, y|", ("g", 1)),
        ("param W[n, |", None),
    ],
)
def test_the_call_around_a_cursor(marked: str, call: tuple[str, int] | None) -> None:
    assert call_at(place(*cursor(marked)).before) == call
