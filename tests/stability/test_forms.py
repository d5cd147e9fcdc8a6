"""The algebra of forms, against values of the polynomials that they say."""

from __future__ import annotations

import pytest
import sympy

from hdsl.stability.forms import Form, form_of, plus, times, total
from hdsl.terms.elementwise import ROWS
from hdsl.terms.term import slot

X, Y, Z = slot("x"), slot("y"), slot("z")
AT = {"x": 2.0, "y": -1.0, "z": 0.5}


def read(expression: sympy.Expr) -> Form:
    def leaf(occurrence: sympy.Expr) -> Form:
        name = str(occurrence)
        return Form(AT[name], {(name, ()): 1.0}) if name in AT else Form()

    return form_of(expression, leaf, {})


@pytest.mark.parametrize(
    "expression", [3 * X - Y / 2 + 1, (X + Y) * (X - 2), X**2 - 2 * X * Y, (2 * X + Z) * (Y - Z), 5 + 0 * X, Z**2 * 3 - X]
)
def test_slopes_and_squares_are_the_derivatives_at_the_values(expression: sympy.Expr) -> None:
    form = read(sympy.sympify(expression))
    at = {slot(name): value for name, value in AT.items()}
    assert form.value == pytest.approx(float(sympy.sympify(expression).subs(at)))
    for name in AT:
        first = sympy.diff(expression, slot(name))
        assert form.slope.get((name, ()), 0.0) == pytest.approx(float(first.subs(at)))
        for other in AT:
            pairs = [((name, ()), (other, ())), ((other, ()), (name, ()))]
            found = [form.square.get(pair, 0.0) for pair in pairs]
            assert sum(float(n or 0.0) for n in found) == pytest.approx(float(sympy.diff(first, slot(other)).subs(at)))


def test_what_is_not_known_stays_so_but_for_zero() -> None:
    assert (times(0.0, None), times(None, 2.0), plus(None, 1.0)) == (0.0, None, None)
    assert read(slot("unknown") * X + Y).slope == {("x", ()): None, ("y", ()): 1.0}
    assert read(sympy.Mul(slot("unknown"), X, 0) + Y).slope == {("y", ()): 1.0}


def test_the_third_degree_and_functions_are_a_rest() -> None:
    tanh, relu, clip = (ROWS[name].function for name in ("tanh", "relu", "clip"))
    assert read(X**3).bent == read(relu(X)).bent == {"x"}
    assert read(X**2 * Y).bent == {"x", "y"}
    assert read(tanh(X) + Y).within == {"x"} and read(tanh(X) + Y).slope == {("y", ()): 1.0}
    assert read(tanh(X) * tanh(Y)).within == {"x", "y"} and not read(tanh(X) * tanh(Y)).bent
    assert read(tanh(X) ** 3).within == {"x"} and not read(tanh(X) ** 3).bent
    assert read(tanh(X) * Y).bent == {"x", "y"}
    assert read(clip(X, -1, 1)).within == {"x"} and read(clip(X, -1, Y)).bent == {"x", "y"}
    assert read(tanh(X) * slot("unknown")).within == {"x"}
    assert read(relu(X) + X**2).square == {(("x", ()), ("x", ())): 1.0}


def test_what_does_not_move_is_a_number() -> None:
    exp = ROWS["exp"].function
    assert read(exp(sympy.Integer(1)) * 2).value == pytest.approx(2 * 2.718281828)
    assert read(sympy.Integer(1) / slot("unknown")) == Form()
    assert read(1 / sympy.Integer(3)) == Form(pytest.approx(1 / 3))


def test_a_sum_of_nothing_is_nothing() -> None:
    assert total([]) == Form(0.0)
    assert total([read(X), read(-X)]) == Form(0.0)
