"""The ASCII spelling of names: ``α₁`` and ``alpha1`` are one name."""

from __future__ import annotations

import unicodedata

# Variants (ϕ, ϵ, ϑ, the micro sign, …) become these by Unicode's compatibility normalisation; only ς does not.
_WORDS = (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma tau upsilon phi chi "
    "psi omega"
)
_GREEK = dict(zip("αβγδεζηθικλμνξοπρστυφχψω", _WORDS.split(), strict=True))
_SPELLING = {ord(letter): spelt for letter, spelt in _GREEK.items()}
_SPELLING |= {ord(letter.upper()): spelt.capitalize() for letter, spelt in _GREEK.items()}
_SPELLING[ord("ς")] = "sigma"


def ascii_spelling(name: str) -> str:
    """The spelling by which hdsl knows a name or a dotted path: Greek letters in words, subscripts as plain characters.

    Letters of other scripts stay; letters that look alike to Unicode (composed and decomposed, full width) become one.
    """
    if name.isascii():
        return name
    return unicodedata.normalize("NFKC", name).translate(_SPELLING)


def stray_character(name: str) -> int | None:
    """The position of the first character that a name cannot have, though Unicode counts it among letters and digits.

    These are superscripts (``x²``, ``Wᵀ``), fractions, digits of other scripts, and subscripts at the start of a name.
    """
    for position, character in enumerate(name):
        if character.isascii():
            continue
        if "₀" <= character <= "₉":
            if position == 0 or name[position - 1] == ".":
                return position
        elif not _is_letter(character):
            return position
    return None


def _is_letter(character: str) -> bool:
    """True for a letter that is no superscript and has a spelling in letters."""
    spelt = unicodedata.normalize("NFKC", character)
    letters = all(unicodedata.category(part).startswith("L") for part in character + spelt)
    return letters and not unicodedata.decomposition(character).startswith("<super>")
