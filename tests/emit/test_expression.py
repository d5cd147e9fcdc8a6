"""Printed expressions mean what sympy's do: brackets, signs, fractions, powers; numbers as Python and torch read them."""

from __future__ import annotations

import math

import numpy as np
import pytest
import sympy
import torch
from hypothesis import given
from hypothesis import strategies as st

from hdsl.emit import numpy_module
from hdsl.emit.expression import Printer, TorchPrinter, number
from hdsl.terms.elementwise import ROWS
from hdsl.terms.term import slot

NAMES = ("a", "b", "c")
LEAVES = [slot(name) for name in NAMES]
GIVEN = {"a": 1.3, "b": 0.7, "c": 2.1}
FUNCTIONS = ("tanh", "sigmoid", "silu", "gelu", "exp", "relu", "softplus", "max", "min", "clip")
REFERENCE: dict[str, object] = {}
exec("import math\n" + numpy_module.HEADER.partition("import math")[2], REFERENCE)


def applied(name, arguments):
    row = ROWS[name]
    return row.function(*arguments[: row.arity])


leaves = st.sampled_from(
    [*LEAVES, *map(sympy.Integer, (-2, -1, 2, 3)), *map(sympy.Rational, ("1/2", "-1/3", "5/7", "0.1"))]
)
expressions = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(lambda x, y: x + y, inner, inner),
        st.builds(lambda x, y: x - y, inner, inner),
        st.builds(lambda x, y: x * y, inner, inner),
        st.builds(lambda x, y: x / (y**2 + 1), inner, inner),
        st.builds(lambda x, k: x**k, inner, st.sampled_from([2, 3])),
        st.builds(
            lambda x, k: (x**2 + 1) ** k, inner, st.sampled_from([-1, -2, sympy.Rational(1, 2), sympy.Rational(-3, 2)])
        ),
        st.builds(lambda x, y: (x**2 + 1) ** y, inner, st.sampled_from(LEAVES)),
        st.builds(lambda n, x, y, z: applied(n, (x, y, z)), st.sampled_from(FUNCTIONS), inner, inner, inner),
    ),
    max_leaves=8,
)


def meaning(expression):
    """The number of an expression, worked out node by node."""
    if isinstance(expression, sympy.Symbol):
        return GIVEN[expression.name]
    arguments = [meaning(argument) for argument in expression.args]
    name = type(expression).__name__
    if name in ROWS:
        return float(ROWS[name].plain(*map(sympy.Float, arguments)).evalf())
    if isinstance(expression, sympy.Add):
        return math.fsum(arguments)
    if isinstance(expression, sympy.Mul):
        return math.prod(arguments)
    if isinstance(expression, sympy.Pow):
        return arguments[0] ** arguments[1]
    return float(expression)


@given(expressions)
def test_a_printed_expression_has_its_value_in_both_backends(expression):
    expected = meaning(expression)
    if not math.isfinite(expected) or abs(expected) > 1e12:
        return
    arrays = {name: np.array([value]) for name, value in GIVEN.items()}
    tensors = {name: torch.tensor([value], dtype=torch.float64) for name, value in GIVEN.items()}
    doubles = {"torch": torch, "math": math, "dtype": torch.float64, "device": "cpu"}
    in_numpy = eval(Printer("numpy", str)(expression), {**REFERENCE, **arrays, "dtype": np.float64})
    printer = TorchPrinter(str, lambda e: not e.free_symbols)
    in_torch = eval(printer(expression), {**doubles, **tensors})
    tolerance = {"rel": 1e-9, "abs": 1e-9}
    assert float(np.ravel(in_numpy)[0]) == pytest.approx(expected, **tolerance)
    assert float(torch.as_tensor(in_torch, dtype=torch.float64).reshape(-1)[0]) == pytest.approx(expected, **tolerance)


a, b, c = LEAVES


@pytest.mark.parametrize(
    "expression, text",
    [
        (a - b, "a - b"),
        (-a - b, "-a - b"),
        (a * (b - c), "a * (b - c)"),
        (-(a * b), "-a * b"),
        (a / b / c, "a / b / c"),
        (a / (b * c), "a / b / c"),
        (1 / (a + b), "1 / (a + b)"),
        (a**2, "a ** 2"),
        ((a + b) ** 2, "(a + b) ** 2"),
        ((-a) ** 3, "-a ** 3"),
        (a / 3, "a / 3"),
        (a / 2, "0.5 * a"),
        (a ** sympy.Rational(1, 2), "a ** 0.5"),
        (ROWS["tanh"].function(a + b), "np.tanh(a + b)"),
    ],
)
def test_expressions_read_as_a_person_would_write_them(expression, text):
    assert Printer("numpy", str)(expression) == text


def test_a_power_of_a_root_keeps_its_brackets():
    text = Printer("numpy", str)((a ** sympy.Rational(1, 2)) ** b)
    assert eval(text, GIVEN) == pytest.approx(math.sqrt(1.3) ** 0.7)


def test_a_function_of_a_number_is_given_a_tensor_by_torch():
    text = TorchPrinter(str, lambda e: e == b)(ROWS["max"].function(a, b))
    made = eval(
        text, {"torch": torch, "a": torch.tensor([0.1, 2.0]), "b": 0.5, "dtype": torch.float32, "device": "cpu"}
    )
    assert torch.equal(made, torch.tensor([0.5, 2.0]))


@pytest.mark.parametrize(
    "value, text",
    [
        (sympy.Integer(3), "3"),
        (sympy.Integer(-3), "-3"),
        (sympy.Rational(1, 10), "0.1"),
        (sympy.pi, repr(math.pi)),
        (sympy.oo, "math.inf"),
        (-sympy.oo, "-math.inf"),
        (sympy.Integer(2) ** 53, str(2**53)),
        (sympy.Integer(10) ** 30, "1e+30"),
    ],
)
def test_numbers_are_spelt_as_python_and_torch_take_them(value, text):
    assert number(value)[0] == text
    torch.ones(1, dtype=torch.float64) * eval(text)


def test_the_exponential_of_numbers_is_a_number_be_they_tensors_or_not():
    exp, (a, b, c) = ROWS["exp"].function, LEAVES
    printer = TorchPrinter(lambda s: str(s), lambda e: c not in e.free_symbols)
    for expression in (exp(-a * b) * c, exp(a) ** 2 * c, 1 - exp(a + b) / 3, -exp(-a), exp(sympy.Rational(1, 2) * a) - 1):
        wanted = float(expression.replace(exp, sympy.exp).xreplace({slot(name): GIVEN[name] for name in NAMES}).evalf())
        for kind in (float, torch.tensor):
            given = {name: kind(GIVEN[name]) for name in NAMES}
            assert float(eval(printer(expression), {"math": math, "torch": torch}, given)) == pytest.approx(wanted, rel=1e-6)
    assert printer(exp(-a * b) * c) == "c * math.e ** (-a * b)"
    assert printer(exp(c)) == "torch.exp(c)"
