"""The number that a scalar expression comes to, where what it reads is known."""

from __future__ import annotations

import cmath
import math
import operator
from collections.abc import Callable, Mapping

import sympy

from hdsl.terms.elementwise import RowFunction
from hdsl.terms.term import Scalar


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))


def _phi1(z: complex) -> complex:
    return (cmath.exp(z) - 1) / z if abs(z) > 1e-8 else 1 + z / 2


FUNCTIONS: dict[str, Callable[..., float]] = {
    "tanh": math.tanh,
    "sigmoid": _sigmoid,
    "relu": lambda x: max(x, 0.0),
    "erf": math.erf,
    "gelu": lambda x: 0.5 * x * (1 + math.erf(x / math.sqrt(2))),
    "silu": lambda x: x * _sigmoid(x),
    "softplus": lambda x: max(x, 0.0) + math.log1p(math.exp(-abs(x))),
    "exp": math.exp,
    "log": math.log,
    "sqrt": math.sqrt,
    "sin": math.sin,
    "cos": math.cos,
    "sign": lambda x: math.copysign(1.0, x) if x else 0.0,
    "abs": abs,
    "min": min,
    "max": max,
    "clip": lambda x, low, high: min(max(x, low), high),
    "power": math.pow,
}

# Rows that hdsl puts into formulas: those of `norm2` and of exact steps.
MADE: dict[str, Callable[..., float]] = {
    "root": math.sqrt,
    "phi1": lambda x: math.expm1(x) / x if x else 1.0,
    "phi1_re": lambda a, b: _phi1(complex(a, b)).real,
    "phi1_im": lambda a, b: _phi1(complex(a, b)).imag,
}
CALLED = FUNCTIONS | MADE

CONDITIONS: dict[str, Callable[[float, float], bool]] = {
    "where_less": operator.lt,
    "where_at_most": operator.le,
    "where_equal": operator.eq,
}


def evaluate(expression: Scalar, known: Mapping[Scalar, float]) -> float | None:
    """The value of a scalar expression in double precision, or None where it reads what is not in ``known``.

    ``known`` maps sizes and slots to numbers. A value that is not real, or beyond the range of doubles, is nan.
    Rows and sympy's own functions are read alike.
    """
    if not _is_known(expression, known):
        return None
    try:
        value = _value(expression, known)
    except (ArithmeticError, ValueError):
        return math.nan
    return value if isinstance(value, float) and math.isfinite(value) else math.nan


def _is_known(node: Scalar, known: Mapping[Scalar, float]) -> bool:
    if node in known:
        return True
    if isinstance(node, sympy.Symbol | sympy.Indexed):
        return False
    return all(_is_known(argument, known) for argument in node.args)


def _value(node: Scalar, known: Mapping[Scalar, float]) -> float:
    if node in known:
        return float(known[node])
    if node.is_Rational:
        return int(node.p) / int(node.q)
    if isinstance(node, sympy.NumberSymbol):
        return float(node)
    condition = CONDITIONS.get(type(node).__name__)
    if condition is not None:  # the branch that is not taken may have no value
        return _value(node.args[2 if condition(*(_value(side, known) for side in node.args[:2])) else 3], known)
    arguments = [_value(argument, known) for argument in node.args]
    if isinstance(node, sympy.Add):
        return math.fsum(arguments)
    if isinstance(node, sympy.Mul):
        return math.prod(arguments)
    if isinstance(node, sympy.Pow):
        return math.pow(*arguments)
    name = type(node).__name__ if isinstance(node, RowFunction) else type(node).__name__.lower()
    return float(CALLED[name](*arguments))
