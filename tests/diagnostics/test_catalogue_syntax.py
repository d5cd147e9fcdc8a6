"""The words about syntax: nothing of the parser shows in them."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from hdsl.diagnostics import catalogue_syntax
from hdsl.diagnostics.catalogue_syntax import character, clipped, unexpected
from hdsl.diagnostics.diagnostic import Diagnostic
from hdsl.syntax.source import Span

HERE = Span(0, 1)


def test_quotes_of_the_file_are_short() -> None:
    assert clipped("x" * 40) == "x" * 40
    assert clipped("x" * 41) == "x" * 39 + "…"
    found = unexpected(HERE, "x" * 500, "a `let` definition", {"COMMA"})
    assert found.message == f"`{'x' * 39}…` cannot stand here, in a `let` definition"


@pytest.mark.parametrize(
    ("sign", "hint"),
    [
        ("−", "`-`"),
        ("–", "`-`"),
        ("×", "`*`"),
        ("·", "`*`"),
        ("÷", "`/`"),
        ("≤", "`<=`"),
        ("（", "`(`"),
        ("⁷", "`^7`"),
        ("ᵀ", "`.T`"),
        ("\\", "inside ( or ["),
        ("\r", "newline"),
    ],
)
def test_characters_with_a_remedy(sign: str, hint: str) -> None:
    assert hint in character(HERE, sign).label


@pytest.mark.parametrize("sign", ["\0", "\x1b", "\u200b", "\u202e", "\u2028", "\ud800", "\u3000", "\u0301"])
def test_invisible_characters_are_named_by_number(sign: str) -> None:
    assert f"invisible character U+{ord(sign):04X}" in character(HERE, sign).message


def test_other_characters_are_shown() -> None:
    assert character(HERE, "$").message == "`$` has no meaning here"
    assert character(HERE, "☃").message == "`☃` (snowman) has no meaning here"


def test_messages_begin_small_and_end_without_a_full_stop(checkout: Path) -> None:
    answers = [path.read_text(encoding="utf-8") for path in (checkout / "tests" / "bad").glob("*.txt")]
    headlines = [line for text in answers for line in text.splitlines() if re.match(r"(error|warning)\[", line)]
    assert len(headlines) > 100
    for line in headlines:
        message = line.split("]: ", 1)[1]
        assert not message.endswith((".", "!"))
        assert not re.match(r"[A-Z]", message), message


def test_every_function_makes_a_finding() -> None:
    functions = [f for f in vars(catalogue_syntax).values() if inspect.isfunction(f)]
    makers = [f for f in functions if f.__module__ == catalogue_syntax.__name__]
    public = [f for f in makers if f.__name__ not in ("clipped",)]
    assert len(public) > 30
    for maker in public:
        assert inspect.get_annotations(maker, eval_str=True)["return"] is Diagnostic
