"""The LaTeX document: complete, in ASCII, with everything that opens closed."""

from __future__ import annotations

import re

import pytest

from hdsl.show.derivation import derivation_page
from hdsl.show.latex import page_latex, plain_latex
from hdsl.show.page import HEADINGS


def document(compiler, form="matrix"):
    return page_latex(derivation_page(compiler.equations, compiler.step, "latex", form=form))


@pytest.mark.parametrize("form", ["matrix", "index"])
def test_a_document_closes_what_it_opens(product, model, form):
    text = document(product(model), form)
    assert text.isascii()
    unescaped = re.sub(r"\\[{}]", "", text)
    assert unescaped.count("{") == unescaped.count("}")
    assert text.count(r"\left") - text.count(r"\leftarrow") == text.count(r"\right")
    for environment in ("document", "align*"):
        assert text.count(rf"\begin{{{environment}}}") == text.count(rf"\end{{{environment}}}") > 0
    assert text.count("$") % 2 == 0
    assert not re.search(r"\^\{[^{}]*\}\^", text)  # two superscripts on one letter are an error in TeX


def test_rows_are_aligned_at_their_equals_signs(product):
    text = document(product("leaky"))
    assert "  a &= W h + U u + b & & \\text{16} \\\\\n  s &= \\tanh\\left(a\\right) & & \\text{16} \\\\" in text
    assert (
        r"  \dot{\omega}_{W} &= \bar{a} h^{\top} - \eta \omega_{W} & \dot{W} &= -\beta \omega_{W} & & \text{16} \\" in text
    )


def test_sections_have_their_headings(product):
    text = document(product("leaky"))
    for key in ("where", "costate", "step"):
        assert rf"\subsection*{{{HEADINGS[key]}}}" in text


def test_words():
    assert plain_latex("100 % of a_b & #1 {x}") == r"100 \% of a\_b \& \#1 \{x\}"
    assert plain_latex("θ⁺ with ω⁺, s = −1") == r"$\theta$$^{+}$ with $\omega$$^{+}$, s = $-$1"
    assert plain_latex("W₁²") == r"W$_{1}$$^{2}$"


def test_a_page_in_another_spelling_is_refused(product):
    compiler = product("leaky")
    with pytest.raises(ValueError, match="style latex"):
        page_latex(derivation_page(compiler.equations, compiler.step, "text"))
