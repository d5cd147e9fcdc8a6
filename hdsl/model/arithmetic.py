"""Exact arithmetic on terms, bounded: whatever a file holds, no number grows without end and no tower is evaluated."""

from __future__ import annotations

from collections.abc import Iterator
from math import isnan

import sympy

from hdsl.diagnostics import catalogue_formula as formulas
from hdsl.diagnostics.diagnostic import Diagnostic
from hdsl.model.evaluate import evaluate
from hdsl.syntax.source import Span
from hdsl.terms.elementwise import ROWS
from hdsl.terms.term import Scalar, slots

MOST_DIGITS = 400  # of a numerator or a denominator
LARGEST_EXPONENT = 64  # a literal exponent up to this is a power of sympy's, any other the row ``power``
MOST_NODES = 150  # of one expression: longer ones are cut by definitions where that is possible
LARGEST_POWER = 1023  # of two in a double
LARGEST_FOLDED = 1000  # functions of larger numbers are not simplified


def number(value: object, span: Span) -> Scalar | Diagnostic:
    """A literal as a sympy number."""
    return bounded(sympy.Rational(value.numerator, value.denominator), span)  # type: ignore[attr-defined]


def combine(operator: str, left: Scalar, right: Scalar, span: Span) -> Scalar | Diagnostic:
    """``left operator right`` for one of ``+ - * / ^``; what is wrong with it where it has no value."""
    match operator:
        case "+":
            return bounded(left + right, span)
        case "-":
            return bounded(left - right, span)
        case "*":
            return bounded(left * right, span)
        case "/":
            return formulas.division_by_zero(span) if right == 0 else bounded(left / right, span)
        case "^":
            return _raise(left, right, span)
    raise ValueError(f"no operator of scalars: {operator}")


def _raise(base: Scalar, exponent: Scalar, span: Span) -> Scalar | Diagnostic:
    """``base ^ exponent``: exact for small literal exponents, else the row ``power``."""
    if not literal_exponent(base, exponent):
        return apply_row("power", (base, exponent), span)
    if base == 0 and exponent < 0:
        return formulas.division_by_zero(span)
    if base.is_Rational and base < 0 and not exponent.is_Integer:
        return formulas.not_real(span)
    if measure(base)[1] * abs(exponent) > MOST_DIGITS:
        return formulas.number_too_long(span, MOST_DIGITS)
    return bounded(base**exponent, span)


def literal_exponent(base: Scalar, exponent: Scalar) -> bool:
    """True where ``base ^ exponent`` is a power of sympy's: small exponents, and only whole ones of constants."""
    if not exponent.is_Rational or abs(exponent) > LARGEST_EXPONENT or exponent.q > LARGEST_EXPONENT:
        return False
    return bool(exponent.is_Integer or base.is_Rational or slots(base) or _positive_size(base))


def _positive_size(base: Scalar) -> bool:
    """A product of sizes and a positive number."""
    coefficient, rest = base.as_coeff_Mul()
    return bool(coefficient > 0) and all(factor.is_Symbol for factor in sympy.Mul.make_args(rest))


def apply_row(name: str, arguments: tuple[Scalar, ...], span: Span) -> Scalar | Diagnostic:
    """An elementwise function of expressions. Functions of small numbers become sympy's own exact constants."""
    row = ROWS[name]
    if name == "sqrt" and not slots(arguments[0]) and _positive_size(arguments[0]):
        return bounded(sympy.sqrt(arguments[0]), span)
    if name != "power" and row.plain is not None and all(x.is_Rational and abs(x) <= LARGEST_FOLDED for x in arguments):
        value = row.plain(*arguments)
        return formulas.not_real(span) if value.is_real is False else bounded(value, span)
    result = row.function(*arguments)
    value = evaluate(result, {})
    return formulas.not_real(span) if value is not None and isnan(value) else result


# The row of each comparison; whether its sides change places, and whether its branches do.
COMPARISONS: dict[str, tuple[str, bool, bool]] = {
    "<": ("where_less", False, False),
    ">": ("where_less", True, False),
    "<=": ("where_at_most", False, False),
    ">=": ("where_at_most", True, False),
    "==": ("where_equal", False, False),
    "!=": ("where_equal", False, True),
}


def choose(
    operator: str, sides: tuple[Scalar, Scalar], branches: tuple[Scalar, Scalar], span: Span
) -> Scalar | Diagnostic:
    """The first branch where ``left operator right`` holds of the sides, else the second."""
    row, swaps, turns = COMPARISONS[operator]
    return apply_row(row, (*(sides[::-1] if swaps else sides), *(branches[::-1] if turns else branches)), span)


def measure(expression: Scalar) -> tuple[int, int]:
    """How many nodes an expression has, and the digits of its longest number."""
    nodes, digits, waiting = 0, 1, [expression]
    while waiting:
        node = waiting.pop()
        nodes += 1
        if node.is_Rational:
            bits = max(abs(node.p).bit_length(), node.q.bit_length())
            digits = max(digits, int(bits * 0.30103))
        waiting.extend(argument for argument in node.args if not argument.is_Atom or argument.is_Rational)
    return nodes, digits


def bounded(expression: Scalar, span: Span) -> Scalar | Diagnostic:
    """The expression, or what is wrong with it: too long a number, or no finite real value."""
    if measure(expression)[1] > MOST_DIGITS:
        return formulas.number_too_long(span, MOST_DIGITS)
    if expression.has(sympy.zoo, sympy.nan, sympy.oo, sympy.I) or not all(map(_is_double, _constants(expression))):
        return formulas.not_real(span)
    return expression


def _constants(expression: Scalar) -> Iterator[Scalar]:
    """The largest constant parts of an expression: numbers, and functions of numbers."""
    waiting = [expression]
    while waiting:
        node = waiting.pop()
        if node.is_Rational or (isinstance(node, sympy.Function | sympy.Pow) and not node.free_symbols):
            yield node
        else:
            waiting.extend(node.args)


def _is_double(constant: Scalar) -> bool:
    """Within the range of doubles, in which every step is worked out."""
    if constant.is_Rational and int(constant.p).bit_length() - int(constant.q).bit_length() < LARGEST_POWER:
        return True
    value = evaluate(constant, {})
    return value is not None and not isnan(value)
