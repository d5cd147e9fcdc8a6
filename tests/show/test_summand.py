"""The summands of an equation on a page: their texts are its right side, and each says why it is there."""

from __future__ import annotations

import pytest

from hdsl.show.derivation import derivation_page, model_notation
from hdsl.show.summand import told_equation


@pytest.mark.parametrize("style", ["text", "latex"])
@pytest.mark.parametrize("form", ["matrix", "index"])
def test_the_texts_joined_are_the_right_side(product, model, style, form):
    compiler = product(model)
    page = derivation_page(compiler.equations, compiler.step, style, form=form)
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
