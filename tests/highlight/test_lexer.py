"""The lexer for Pygments: every model without an error, every piece what it is."""

from __future__ import annotations

import tomllib
from importlib import import_module
from pathlib import Path

import pytest
from pygments.token import Comment, Error, Keyword, Name, Number, Operator, Punctuation, String, Whitespace

from hdsl.diagnostics.explanations import explanations
from hdsl.highlight.lexer import TOKENS, HamLexer, token
from hdsl.highlight.textmate import textmate
from hdsl.resources import folder
from tests.proofs.drawing import draw_model

MODELS = sorted(folder("models").glob("*.ham"))


def lexed(text: str) -> list[tuple[object, str]]:
    """The pieces of a text without its spaces."""
    found = list(HamLexer(ensurenl=False, stripnl=False).get_tokens(text))
    assert "".join(piece for _, piece in found) == text
    return [(kind, piece) for kind, piece in found if kind is not Whitespace]


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_models_that_ship_have_no_error(path: Path) -> None:
    assert Error not in {kind for kind, _ in lexed(path.read_text(encoding="utf-8"))}


@pytest.mark.parametrize("seed", range(50))
def test_random_models_have_no_error(seed: int) -> None:
    assert Error not in {kind for kind, _ in lexed(draw_model(seed).text)}


def test_right_examples_have_no_error() -> None:
    for explained in explanations().values():
        assert Error not in {kind for kind, _ in lexed(explained.good)}


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        (
            "  param W[n] = glorot # why",
            [
                (Keyword.Declaration, "param"),
                (Name.Variable, "W"),
                (Punctuation, "["),
                (Name, "n"),
                (Punctuation, "]"),
                (Operator, "="),
                (Name.Builtin, "glorot"),
                (Comment.Single, "# why"),
            ],
        ),
        ("cost class = 1", [(Keyword.Declaration, "cost"), (Name.Variable, "class"), (Operator, "="), (Number, "1")]),
        (
            "h' = -a.W.T",
            [
                (Name.Variable.Instance, "h"),
                (Operator, "'"),
                (Operator, "="),
                (Operator, "-"),
                (Name, "a.W"),
                (Operator, ".T"),
            ],
        ),
        ("    eta.h = 2.5e-1", [(Name.Attribute, "eta"), (Name.Attribute, ".h"), (Operator, "="), (Number, "2.5e-1")]),
        ("let = 1", [(Name, "let"), (Operator, "="), (Number, "1")]),
        ("step = rk4", [(Name.Attribute, "step"), (Operator, "="), (Name.Constant, " rk4")]),
        ("## doc", [(String.Doc, "## doc")]),
        ('use "a#b"', [(Keyword.Namespace, "use"), (String.Double, '"a#b"')]),
        ("learn", [(Keyword.Namespace, "learn")]),
        (
            "def f(x) = x",
            [
                (Keyword.Declaration, "def"),
                (Name.Function, "f"),
                (Punctuation, "("),
                (Name, "x"),
                (Punctuation, ")"),
                (Operator, "="),
                (Name, "x"),
            ],
        ),
        ("{ return x }", [(Punctuation, "{"), (Keyword.Namespace, "return"), (Name, "x"), (Punctuation, "}")]),
        ("reset h each sample", [(Keyword.Namespace, "reset"), (Name, "h"), (Keyword, "each sample")]),
        ("x if tanhx else sum", [(Name, "x"), (Keyword, "if"), (Name, "tanhx"), (Keyword, "else"), (Name.Builtin, "sum")]),
        ("a.sum + tau", [(Name, "a.sum"), (Operator, "+"), (Name.Builtin.Pseudo, "tau")]),
        ("α₁ ** 2", [(Name, "α₁"), (Operator, "**"), (Number, "2")]),
        ("a $", [(Name, "a"), (Error, "$")]),
    ],
)
def test_pieces(text: str, pieces: list[tuple[object, str]]) -> None:
    assert lexed(text) == pieces


def test_every_scope_is_a_token_and_every_token_is_met() -> None:
    scopes = {rule["name"] for rule in textmate()["patterns"] if "name" in rule}
    scopes |= {c["name"] for rule in textmate()["patterns"] for c in rule.get("captures", {}).values()}
    assert {str(token(scope)) for scope in scopes} == {str(kind) for kind in TOKENS.values()}
    with pytest.raises(KeyError):
        token("meta.nothing")


def test_pygments_finds_it_by_the_entry_point(checkout: Path) -> None:
    project = tomllib.loads((checkout / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    module, name = project["entry-points"]["pygments.lexers"]["hdsl"].split(":")
    assert getattr(import_module(module), name) is HamLexer
    assert any(need.startswith("pygments") for need in project["dependencies"])
