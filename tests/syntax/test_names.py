"""Greek letters, subscripts and other scripts in names."""

from __future__ import annotations

import unicodedata

import pytest

from hdsl.syntax.names import ascii_spelling, stray_character


@pytest.mark.parametrize(
    ("written", "spelt"),
    [
        ("weight", "weight"),
        ("α", "alpha"),
        ("τ", "tau"),
        ("h₁", "h1"),
        ("α₁₂", "alpha12"),
        ("xᵢⱼ", "xij"),
        ("Ω", "Omega"),
        ("Γ_h", "Gamma_h"),
        ("λ", "lambda"),
        ("ς", "sigma"),
        ("ϕ", "phi"),
        ("ϵ", "epsilon"),
        ("ϑ", "theta"),
        ("µ", "mu"),  # the micro sign of a keyboard
        ("a.β.W", "a.beta.W"),
        ("größe", "größe"),
        ("ｈ", "h"),  # full width
        ("漢字", "漢字"),
    ],
)
def test_spelling(written: str, spelt: str) -> None:
    assert ascii_spelling(written) == spelt
    assert stray_character(written) is None


def test_every_greek_letter_has_its_unicode_name() -> None:
    for code in (*range(0x391, 0x3A2), *range(0x3A3, 0x3AA), *range(0x3B1, 0x3CA)):
        word = unicodedata.name(chr(code)).removeprefix("GREEK ").split(" LETTER ")[1].split()[-1].lower()
        word = {"lamda": "lambda"}.get(word, word)
        assert ascii_spelling(chr(code)) == (word.capitalize() if chr(code).isupper() else word)


def test_composed_and_decomposed_are_one_name() -> None:
    assert ascii_spelling("é") == ascii_spelling("e\u0301")


@pytest.mark.parametrize(
    ("written", "at"),
    [("x²", 1), ("Wᵀ", 1), ("xⁿ", 1), ("½", 0), ("₁h", 0), ("a.₁", 2), ("x٣", 1), ("Ⅳ", 0), ("a①b", 1), ("h₁²", 2)],
)
def test_strays(written: str, at: int) -> None:
    assert stray_character(written) == at
