"""Notations that know a model."""

from __future__ import annotations

from sympy import Rational

from hdsl.show.notations import as_written, model_notation, written_names
from hdsl.terms.notation import Notation
from hdsl.terms.term import slot


def test_names_of_the_user(product):
    assert written_names(product("net").model) == ("a", "y", "class")


def test_products_hold_parameters_first(product):
    model = product("two").model
    notation = model_notation(model, model.definitions, "text")
    dynamics = next(d for d in model.definitions if d.name == "f:a")
    assert notation.equation(dynamics) == "f_a = ω ⊙ b − α a + u"


def test_a_number_as_written():
    notation = Notation("text", ())
    assert as_written(notation, Rational(1, 4)) == "0.25"
    assert as_written(notation, Rational(1, 3)) == "⅓"
    assert as_written(notation, 1 / slot("tau")) == "1 / τ"
