from __future__ import annotations

from fractions import Fraction

import pytest
import sympy

from hdsl.diagnostics.diagnostic import Diagnostic
from hdsl.model.arithmetic import apply_row, combine, literal_exponent, measure, number
from hdsl.syntax.source import Span
from hdsl.terms.elementwise import ROWS
from hdsl.terms.term import size, slot

AT = Span(3, 5)
x, n = slot("x"), size("n")


def test_numbers_stay_exact() -> None:
    tenth = number(Fraction("0.1"), AT)
    assert tenth == sympy.Rational(1, 10)
    assert combine("*", tenth, x, AT) == x / 10
    assert combine("-", tenth, tenth, AT) == 0
    assert combine("/", tenth, sympy.Integer(3), AT) == sympy.Rational(1, 30)


@pytest.mark.parametrize(
    ("operator", "left", "right", "code"),
    [
        ("/", x, sympy.Integer(0), "division-by-zero"),
        ("/", x, x - x, "division-by-zero"),
        ("^", sympy.Integer(0), sympy.Integer(-1), "division-by-zero"),
        ("^", sympy.Integer(-8), sympy.Rational(1, 3), "not-real"),
        ("^", sympy.Integer(7), sympy.Integer(10**8), "not-real"),
        ("^", sympy.Integer(10**39), sympy.Integer(64), "number-too-long"),
        ("^", 10**39 * x, sympy.Integer(64), "number-too-long"),
        ("*", sympy.Integer(10**300), sympy.Integer(10**101), "number-too-long"),
        ("*", 10**300 * x, sympy.Integer(10**9), "not-real"),  # which no double holds
        ("*", sympy.exp(500) * x, sympy.exp(500), "not-real"),
        ("+", sympy.Rational(1, 10**300), sympy.Rational(1, 10**301 + 1), "number-too-long"),
    ],
)
def test_what_has_no_value_is_said_at_its_place(
    operator: str, left: sympy.Expr, right: sympy.Expr, code: str
) -> None:
    result = combine(operator, left, right, AT)
    assert isinstance(result, Diagnostic)
    assert (result.code, result.span) == (code, AT)


@pytest.mark.parametrize(
    ("base", "exponent", "literal"),
    [
        (x, sympy.Integer(2), True),
        (x, sympy.Rational(-1, 2), True),
        (x, sympy.Integer(64), True),
        (x, sympy.Integer(65), False),
        (x, sympy.Rational(1, 65), False),
        (x, n, False),
        (x, x, False),
        (n, sympy.Rational(1, 2), True),
        (-n, sympy.Rational(1, 2), False),  # sympy would make it imaginary
        (-n, sympy.Integer(3), True),
        (sympy.pi - n, sympy.Rational(1, 3), False),
        (sympy.Integer(2), sympy.Rational(1, 2), True),
    ],
)
def test_only_small_literal_exponents_are_powers(base: sympy.Expr, exponent: sympy.Expr, literal: bool) -> None:
    assert literal_exponent(base, exponent) is literal
    result = combine("^", base, exponent, AT)
    assert result == (base**exponent if literal else ROWS["power"].function(base, exponent))
    assert not result.has(sympy.I)


def test_functions_of_small_numbers_are_exact_and_others_stay_rows() -> None:
    assert apply_row("sqrt", (sympy.Integer(2),), AT) == sympy.sqrt(2)
    assert apply_row("exp", (sympy.Integer(0),), AT) == 1
    assert apply_row("sqrt", (4 * n,), AT) == 2 * sympy.sqrt(n)
    assert apply_row("exp", (x,), AT) == ROWS["exp"].function(x)
    assert apply_row("exp", (sympy.exp(5),), AT) == ROWS["exp"].function(sympy.exp(5))
    assert apply_row("sin", (sympy.Integer(10**30),), AT) == ROWS["sin"].function(sympy.Integer(10**30))


@pytest.mark.parametrize(("name", "argument"), [("log", 0), ("log", -1), ("sqrt", -1), ("exp", 999), ("exp", 10**6)])
def test_functions_beyond_their_domain_are_refused(name: str, argument: int) -> None:
    result = apply_row(name, (sympy.Integer(argument),), AT)
    assert isinstance(result, Diagnostic)
    assert result.code == "not-real"


def test_measure_counts_nodes_and_digits() -> None:
    assert measure(sympy.Integer(999)) == (1, 3)
    nodes, digits = measure(x**2 / 12345 + 1)
    assert nodes == 6  # the sum, 1, the product, 1/12345, the power, 2; symbols are not counted
    assert digits == 4 or digits == 5  # by bits, so one less at times
