"""What settings come to, and how numbers and names are told."""

from __future__ import annotations

import pytest
import sympy

import hdsl
from hdsl.audit.numbers import Numbers, some, written
from hdsl.diagnostics.catalogue_model import and_list

TEXT = """
dim n = 4, m
input u[m]
target v[n]
const mu = 0.9
const twice = 2 * mu
param W[n, m] = glorot
param b[n] = 0
output y = W @ u + b
cost fit = squared(y - v)
learn
    tau = 0.5
    eta = (1 - mu)/tau
    beta = 0.1
    beta.b = twice/n
    phi = 1/tau
"""


def test_settings_are_exact_where_they_were_written_so():
    numbers = Numbers(hdsl.loads(TEXT).compiler.model)
    assert numbers.tau == sympy.Rational(1, 2)
    assert numbers.eta("W") == sympy.Rational(1, 5)
    assert numbers.phi == 2
    assert (numbers.beta("W"), numbers.beta("b")) == (sympy.Rational(1, 10), sympy.Rational(9, 20))


def test_what_has_no_number_stays_a_formula():
    numbers = Numbers(hdsl.loads(TEXT.replace("twice/n", "twice/m")).compiler.model)
    assert not numbers.beta("b").is_number
    assert numbers.setting("beta.b").free_symbols == {sympy.Symbol("m", integer=True, positive=True)}


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
