from __future__ import annotations

import math

import pytest
import sympy

from hdsl.model.evaluate import CONDITIONS, FUNCTIONS, MADE, evaluate
from hdsl.terms.elementwise import ROWS
from hdsl.terms.term import size, slot


def test_every_function_that_users_write_has_its_value() -> None:
    assert {*FUNCTIONS, *CONDITIONS} == {name for name, row in ROWS.items() if row.plain is not None}
    for name, value in FUNCTIONS.items():
        row = ROWS[name]
        for first in (0.3, 1.7, *(() if row.domain == "positive" else (-1.3, 0.0))):
            arguments = (first, -0.4, 0.9)[: row.arity]
            exact = row.plain(*map(sympy.Rational, map(str, arguments)))
            assert value(*arguments) == pytest.approx(float(exact), rel=1e-12, abs=1e-15), name


def test_rows_and_the_functions_of_sympy_are_read_alike() -> None:
    half = sympy.Rational(1, 2)
    for name in FUNCTIONS:
        arguments = (half, sympy.Rational(1, 3), sympy.Rational(2, 3))[: ROWS[name].arity]
        row = evaluate(ROWS[name].function(*arguments), {})
        assert row == pytest.approx(evaluate(ROWS[name].plain(*arguments), {}), rel=1e-14), name


def test_sizes_and_consts_are_read_and_what_is_unknown_gives_none() -> None:
    n, alpha = size("n"), slot("alpha")
    expression = sympy.pi * alpha / sympy.sqrt(n) - 1
    assert evaluate(expression, {n: 4.0, alpha: 3.0}) == pytest.approx(1.5 * math.pi - 1)
    assert evaluate(expression, {n: 4.0}) is None


@pytest.mark.parametrize(
    "expression",
    [
        ROWS["sqrt"].function(sympy.Integer(-1)),
        ROWS["log"].function(sympy.Integer(0)),
        ROWS["power"].function(sympy.Integer(7), sympy.Integer(10**8)),
        ROWS["power"].function(sympy.Integer(-8), sympy.Rational(1, 3)),
        ROWS["exp"].function(ROWS["exp"].function(sympy.Integer(100))),
        1 / ROWS["sin"].function(sympy.Integer(0)),
    ],
)
def test_what_is_no_real_number_or_beyond_doubles_is_nan(expression: sympy.Expr) -> None:
    value = evaluate(expression, {})
    assert value is not None
    assert math.isnan(value)


@pytest.mark.parametrize("name, holds", [("where_less", (1, 2)), ("where_at_most", (2, 2)), ("where_equal", (2, 2))])
def test_of_a_choice_only_the_branch_that_is_taken_needs_a_value(name: str, holds: tuple[int, int]) -> None:
    fails, seven = ROWS["log"].function(slot("a")), sympy.Integer(7)
    left, right = map(sympy.Integer, holds)
    known = {slot("a"): -1.0, slot("n"): 0.0}
    assert evaluate(ROWS[name].function(left, right, seven, fails), known) == 7
    assert evaluate(ROWS[name].function(right + 1, right, fails, seven), known) == 7
    assert math.isnan(evaluate(ROWS[name].function(left, right, fails, seven), known) or 0.0)


def test_a_row_that_hdsl_makes_has_its_value() -> None:
    assert evaluate(ROWS["root"].function(sympy.Rational(1, 4)), {}) == 0.5
    assert MADE.keys() <= {name for name, row in ROWS.items() if row.plain is None}
