"""Both tables say the same in their own way."""

from __future__ import annotations

from dataclasses import fields
from fractions import Fraction

import pytest

from hdsl.terms.spelling import GREEK, LATEX, SPELLINGS, TEXT, decimal


@pytest.mark.parametrize(
    ("value", "text", "latex"),
    [
        (Fraction(1, 2), "½", r"\tfrac{1}{2}"),
        (Fraction(3, 4), "¾", r"\tfrac{3}{4}"),
        (Fraction(1, 20), "0.05", "0.05"),
        (Fraction(3, 2), "1.5", "1.5"),
        (Fraction(-1, 2), "−½", r"-\tfrac{1}{2}"),
        (Fraction(7), "7", "7"),
        (Fraction(-100), "−100", "-100"),
        (Fraction(1, 7), "1/7", r"\tfrac{1}{7}"),
        (Fraction(1, 10**12), "0.000000000001", "0.000000000001"),
        (Fraction(1, 10**13), "1/10000000000000", r"\tfrac{1}{10000000000000}"),
    ],
)
def test_numbers(value, text, latex):
    assert TEXT.number(value) == text
    assert LATEX.number(value) == latex


def test_a_decimal_is_exact_or_nothing():
    assert decimal(Fraction(123, 1000)) == "0.123"
    assert decimal(Fraction(-5, 4)) == "−1.25"
    assert decimal(Fraction(1, 3)) is None


def test_powers():
    assert TEXT.power("s", "2") == "s²"
    assert TEXT.power("x", "-12") == "x⁻¹²"
    assert TEXT.power("x", "y") == "x^y"
    assert TEXT.power("x", "y + 1") == "x^(y + 1)"
    assert LATEX.power("s", "2") == "s^{2}"


def test_sums_over_indices():
    assert TEXT.total(["i", "j"]) == "Σᵢⱼ "
    assert TEXT.total(["q"]) == "Σ_q "  # unicode has no small q below the line
    assert LATEX.total(["i", "j"]) == r"\sum_{i,j} "


def test_functions_and_relations():
    assert TEXT.function("tanh", ["a"]) == "tanh(a)"
    assert LATEX.function("tanh", ["a"]) == r"\tanh\left(a\right)"
    assert LATEX.function("one_hot", ["c"]) == r"\operatorname{one\_hot}\left(c\right)"
    assert LATEX.compare("≤") == r" \le "


def test_every_greek_letter_has_its_command():
    for name, letter in GREEK.items():
        assert TEXT.stem(letter) == letter
        assert LATEX.stem(letter).startswith("\\"), name


@pytest.mark.parametrize("spelling", SPELLINGS.values(), ids=SPELLINGS)
def test_every_entry_of_a_table_shows_its_arguments(spelling):
    calls = {
        "brackets": ("x",), "transpose": ("x",), "fraction": ("x", "y"), "root": ("x", False), "norm_squared": ("x",),
        "inner": ("x", "y"), "norm": ("x",), "mean": ("x",), "absolute": ("x",), "condition": ("x",), "power": ("x", "y"),
        "function": ("f", ["x", "y"]), "total": (["x", "y"],), "at": ("x", ["y"]), "scripts": ("x", "y", "w"),
        "within": ("x", "y"), "word": ("x",), "choice": ("x", "y", "w"),
    }  # fmt: skip
    callables = {f.name for f in fields(spelling) if callable(getattr(spelling, f.name))}
    assert callables == set(calls) | {"stem", "accent", "number", "compare"}
    for name, arguments in calls.items():
        written = getattr(spelling, name)(*arguments)
        for argument in arguments:
            for part in argument if isinstance(argument, list) else [argument]:
                assert not isinstance(part, str) or part in written, name
