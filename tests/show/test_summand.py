"""The summands of an equation on a page: their texts are its right side, and each says why it is there."""

from __future__ import annotations

import pytest

from hdsl.compiler import Compiler
from hdsl.show.derivation import derivation_page
from hdsl.show.notations import model_notation
from hdsl.show.summand import MOST, told_equation
from hdsl.syntax.source import Source
from tests.show.pages import page_of


@pytest.mark.parametrize("style", ["text", "latex"])
@pytest.mark.parametrize("form", ["matrix", "index"])
def test_the_texts_joined_are_the_right_side(product, model, style, form):
    compiler = product(model)
    page = page_of(compiler, style, form)
    derived = [e for row in page.rows for e in row.equations if e.summands]
    assert len(derived) >= len(compiler.equations.all)
    for equation in derived:
        assert "".join(summand.text for summand in equation.summands) == equation.right
        assert all(summand.roots and summand.why for summand in equation.summands)


def test_each_summand_says_why_it_is_there(product):
    compiler = product("leaky")
    equations = compiler.equations
    notation = model_notation(compiler.model, (*equations.definitions, *equations.all), "text")
    found = told_equation(compiler.model, notation, equations.costate["h"])
    assert [(s.text, s.why) for s in found.summands] == [
        ("φ Cᵀe", "cost fit, line 19"),
        (" + Wᵀā", "dynamics of h, line 16"),
        (" − z", "dynamics of h, line 16"),
        (" − η_h z", "learn eta.h, line 25"),
    ]
    assert found.marks == "19 | 16 | 16 | learn"
    assert told_equation(compiler.model, notation, equations.costate["h"], marked=False).marks == ""


def test_of_many_roots_the_first_are_told():
    costs = "".join(f"cost c{k} = (y - {k})^2\n" for k in range(MOST + 3))
    compiler = Compiler(Source(f"input u\nparam w = 0\noutput y = w*u\n{costs}", "m.ham"))
    page = derivation_page(compiler.equations, compiler.step)
    (summand, _) = next(row for row in page.rows if "costate.w" in row.paths).equations[0].summands
    assert len(summand.roots) == MOST + 3
    assert summand.why.startswith("cost c0, line 4; cost c1, line 5; ") and summand.why.endswith("cost c5, line 9; and 3 more")
