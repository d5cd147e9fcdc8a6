"""Settings, sizes and initial values in plain Python: the table of `math` against numpy's spellings of the same rows."""

from __future__ import annotations

import math

import pytest
import sympy

from hdsl.emit.scalar import SPELLING, ScalarPrinter, nested
from hdsl.terms.elementwise import CONDITIONALS, ROWS, WRITABLE
from hdsl.terms.term import size, slot

GIVEN = {"a": 0.7, "b": -1.3, "n": 4}
a, b = slot("a"), slot("b")


def printed(expression):
    return ScalarPrinter(str)(expression)


def evaluated(expression, **given):
    return eval(printed(expression), {"math": math, **GIVEN, **given})


def test_every_function_that_users_write_has_a_spelling():
    assert set(SPELLING) == {*WRITABLE, "power", *CONDITIONALS}


@pytest.mark.parametrize("name", SPELLING)
def test_each_is_the_function_of_an_expression_too(name):
    row = ROWS[name]
    arguments = (a + 1, 2 - b, sympy.Integer(5), a + b)[: row.arity]
    numbers = (sympy.Float("1.7", 30), sympy.Float("3.3", 30), sympy.Integer(5), sympy.Float("-0.6", 30))[: row.arity]
    expected = float(row.plain(*numbers).evalf(20))
    assert evaluated(row.function(*arguments)) == pytest.approx(expected, rel=1e-14)
    assert evaluated(1 - 2 / row.function(*arguments) ** 2) == pytest.approx(1 - 2 / expected**2, rel=1e-13)


@pytest.mark.parametrize("name", ["sigmoid", "silu", "softplus", "tanh", "gelu"])
@pytest.mark.parametrize("x", [-900.0, 900.0])
def test_far_out_they_have_a_value(name, x):
    assert math.isfinite(evaluated(ROWS[name].function(a), a=x))


def test_a_sign_is_minus_one_zero_or_one():
    assert [evaluated(ROWS["sign"].function(a), a=x) for x in (-2.0, 0.0, 3)] == [-1, 0, 1]


def test_a_scale_by_size_reads_as_it_was_written():
    assert printed(1 / ROWS["sqrt"].function(size("n"))) == "1 / math.sqrt(n)"
    assert evaluated(1 / ROWS["sqrt"].function(size("n"))) == 0.5


def test_a_list_keeps_its_nesting():
    text = nested(((a, sympy.Integer(2)), (b, sympy.Rational(1, 2))), printed)
    assert eval(text, GIVEN) == [[0.7, 2], [-1.3, 0.5]]
