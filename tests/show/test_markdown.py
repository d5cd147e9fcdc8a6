"""Markdown: formulas in fences, words that Markdown reads as words."""

from __future__ import annotations

import pytest

from hdsl.show.derivation import derivation_page
from hdsl.show.markdown import page_markdown, plain_markdown
from tests.show.pages import page_of


def test_formulas_stand_in_fences(product, model):
    compiler = product(model)
    text = page_markdown(page_of(compiler, "latex"))
    assert text.startswith(f"# {plain_markdown(model)}\n")
    opened, inside = 0, False
    for line in text.splitlines():
        if line.startswith("```"):
            assert line == ("```" if inside else "```math")
            inside = not inside
            opened += inside
        elif "&=" in line or line.startswith("\\"):
            assert inside, line
    assert not inside and opened >= 4


def test_one_equation(product):
    compiler = product("leaky")
    page = derivation_page(compiler.equations, compiler.step, "latex", only="state.h")
    assert page_markdown(page).endswith(
        "## State equations\n\n```math\n\\begin{aligned}\n  \\dot{h} &= s - h & & \\text{16}\n\\end{aligned}\n```\n"
    )


def test_words():
    assert plain_markdown("a_b *c* <d> [e] `f` #1") == r"a\_b \*c\* \<d\> \[e\] \`f\` \#1"


def test_a_page_in_another_spelling_is_refused(product):
    compiler = product("leaky")
    with pytest.raises(ValueError, match="style latex"):
        page_markdown(derivation_page(compiler.equations, compiler.step, "text"))
