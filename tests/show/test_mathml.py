"""Every formula that hdsl spells in LaTeX becomes MathML, and none of its commands is left standing as text."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from hdsl.show.mathml import mathml
from hdsl.terms.elementwise import ROWS
from hdsl.terms.notation import Notation
from hdsl.terms.spelling import GREEK, LATEX
from hdsl.terms.term import Definition, Elementwise, slot
from tests.show.pages import page_of

SPACE = "{http://www.w3.org/1998/Math/MathML}"


def tokens(latex):
    """The tokens of a formula, which must be well formed and hold no command."""
    tree = ElementTree.fromstring(mathml(latex))
    assert tree.tag == f"{SPACE}math"
    found = [e.text for e in tree.iter() if e.text and e.text.strip()]
    assert not any("\\" in text or "{" in text for text in found), latex
    return found


@pytest.mark.parametrize("form", ["matrix", "index"])
def test_every_equation_of_every_model(product, model, form):
    compiler = product(model)
    page = page_of(compiler, "latex", form)
    for row in page.rows:
        for equation in row.equations:
            assert {"=", "≤", "←"} & {*tokens(str(equation))}


def test_every_function_of_the_table():
    for row in (row for row in ROWS.values() if not row.branches):  # cases have words among their letters
        definition = Definition("r", Elementwise(row.function(*map(slot, "xyw"[: row.arity]))))
        found = tokens(Notation("latex", [definition]).equation(definition))
        assert {"r", *"xyw"[: row.arity]} <= set("".join(found))


def test_every_greek_letter():
    for letter in GREEK.values():
        (found,) = tokens(LATEX.stem(letter))
        assert found in {letter, {"ε": "ε", "φ": "φ"}.get(letter, letter), {"φ": "ϕ", "ε": "ϵ"}.get(letter, letter)}


def test_a_word_is_one_identifier():
    assert tokens(r"\mathrm{gain} \, x") == ["gain", "x"]
    assert tokens(r"\operatorname{one\_hot}\left(c\right)") == ["one_hot", "(", "c", ")"]


def test_accents_and_marks():
    assert tokens(r"\dot{\omega}_{W}") == ["ω", "˙", "W"]
    assert 'accent="true"' in mathml(r"\bar{a}")
    assert tokens(r"h^{+\top}") == ["h", "+", "T"]
    assert tokens("H' = 1") == ["H", "′", "=", "1"]


def test_a_formula_by_itself_on_a_line():
    assert 'display="block"' in mathml("x", "block")
    assert 'display="inline"' in mathml("x")
