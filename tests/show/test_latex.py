"""The LaTeX document: complete, in ASCII, with everything that opens closed."""

from __future__ import annotations

import re

import pytest

from hdsl.compiler import Compiler
from hdsl.show.derivation import derivation_page
from hdsl.show.html import page_html
from hdsl.show.latex import LONGEST, page_latex, parts, plain_latex, width
from hdsl.show.markdown import page_markdown
from hdsl.show.page import HEADINGS
from hdsl.syntax.source import Source
from tests.show.pages import page_of


def document(compiler, form="matrix"):
    return page_latex(page_of(compiler, "latex", form))


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


def test_a_users_words_are_no_formula():
    """A doc comment is anybody's text; only words of hdsl's own hold formulas."""
    text = "ham 1\n## See \\(\\input{x}\\) and $y$.\nmodel m\nstate h = 0\nparam w = 0\nh' = w - h\ncost c = h^2\n"
    compiler = Compiler(Source(text, "m.ham"))
    page = derivation_page(compiler.equations, compiler.step, "latex")
    assert r"See \textbackslash{}(\textbackslash{}input\{x\}\textbackslash{})" in page_latex(page)
    assert r"\\(\\input\{x\}\\)" in page_markdown(page)
    assert r"See \(\input{x}\)" in page_html(page)


def test_the_words_use_the_looks_of_a_file():
    text = 'ham 1\nmodel m\nstate h = 0\nstate g = 0\nparam w = 0\nh\' = w - h\ng\' = h - g\ncost c = g^2\n'
    text += 'latex h "x"\nlatex w "Q"\n'
    compiler = Compiler(Source(text + "learn\n  eta.h = 1\n", "m.ham"))
    found = page_latex(derivation_page(compiler.equations, compiler.step, "latex"))
    assert "$\\theta = Q$; $z = (z_{x}, z_{g})$." in found
    assert "$x^{+}$, $g^{+}$, then $z^{+}$ at $x^{+}$ and $g^{+}$, then $\\omega^{+}$" in found
    assert r"$\eta_{x} = 1$" in found


def test_the_width_of_a_formula():
    assert width("a + b") == 5
    assert width(r"\left(a\right)") == 3
    assert width(r"\mathrm{gain} \, x") == 6
    assert width(r"\bar{a}_{1}^{\top}") < 3


def test_a_long_formula_is_broken_before_its_signs():
    term = r"\left(a + b\right) \mathrm{gain}_{c - d}"
    whole = " - ".join([term] * 12)
    found = parts(whole)
    assert len(found) > 1
    assert "".join(found) == whole
    assert all(part.startswith(" - ") for part in found[1:])
    assert all(width(part) <= LONGEST for part in found)
    assert parts("a + b") == ["a + b"]


LONG_NAMES = {"vit"}  # parts of parts: `centred_hidden.layer_norm_rows_2` is no name to break


def test_no_line_of_a_document_is_too_long(product, model):
    for form in ("matrix", "index"):
        for line in document(product(model), form).splitlines():
            if "&=" in line:
                formulas = re.split(r"& & \\text", line)[0].removesuffix(r" \\").split(" & ")
                assert all(width(formula) <= LONGEST + 20 for formula in formulas) or model in LONG_NAMES
