"""How numbers and names are told."""

from __future__ import annotations

import pytest
import sympy

from hdsl.audit.numbers import some, written
from hdsl.diagnostics.catalogue_model import and_list


@pytest.mark.parametrize(
    ("value", "text"),
    [(sympy.Rational(1, 4), "0.25"), (sympy.Rational(1, 3), "0.333333"), (sympy.Integer(2), "2"), (sympy.pi, "3.14159")],
)
def test_a_number_as_one_writes_it(value, text):
    assert written(value) == text


def test_a_formula_as_it_was_written():
    assert written(1 - sympy.Symbol("learn:phi")) == "1 - phi"


def test_lists_of_names():
    assert and_list(["a"]) == some(["a"]) == "a"
    assert and_list(["a", "b", "c"]) == some(["a", "b", "c"]) == "a, b and c"
    assert some(list("abcde")) == "a and 4 more"
