"""Scalar expressions as C: one spelling a row, and numbers worked out once in double and kept under names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import sympy

from hdsl.terms.elementwise import RowFunction
from hdsl.terms.term import Scalar, is_slot, ordered_terms, slots

# `@` stands before a function of reals of the module's own type, or of doubles where a number is worked out.
SPELLING: dict[str, str] = {
    "positive": "@truth({0} > 0)",
    "less": "({0} == {1} ? 0.5 : {0} < {1} ? 1 : 0)",
    "inside": "@truth({0} >= {1} && {0} <= {2})",
    "clipped_low": "@truth({0} < {1} && {1} < {2})",
    "clipped_high": "@truth({0} > {2} || {1} > {2})",
    "power_slope": "@power_slope({0}, {1})",
    "power_log": "@power_log({0}, {1})",
    "reciprocal": "@reciprocal({0})",
    "root": "@sqrt({0})",
    "tanh": "@tanh({0})",
    "sigmoid": "@sigmoid({0})",
    "relu": "@relu({0})",
    "erf": "@erf({0})",
    "gelu": "@gelu({0})",
    "silu": "({0} * @sigmoid({0}))",
    "softplus": "@softplus({0})",
    "exp": "@exp({0})",
    "log": "@log({0})",
    "sqrt": "@sqrt({0})",
    "sin": "@sin({0})",
    "cos": "@cos({0})",
    "sign": "@sign({0})",
    "abs": "@abs({0})",
    "min": "@min({0}, {1})",
    "max": "@max({0}, {1})",
    "clip": "@min(@max({0}, {1}), {2})",
    "power": "@pow({0}, {1})",
    "where_less": "({0} < {1} ? {2} : {3})",
    "where_at_most": "({0} <= {1} ? {2} : {3})",
    "where_equal": "({0} == {1} ? {2} : {3})",
}

LEFT_OUT = frozenset({"phi1", "phi1_slope", "phi1_re", "phi1_im", "phi1_slope_re", "phi1_slope_im"})
"""Rows that only exact steps are made of; torch runs these."""

Kind = Literal["float", "double"]


class NativePrinter:
    """Prints with every part in brackets: C's precedences never matter.

    ``spell`` gives the text of a slot or of a size; ``constant`` names a number, given its text in double.
    """

    def __init__(
        self,
        kind: Kind,
        spell: Callable[[Scalar], str],
        is_number: Callable[[Scalar], bool],
        constant: Callable[[str], str] | None,
    ) -> None:
        self.kind, self.spell, self.is_number, self.constant = kind, spell, is_number, constant

    def __call__(self, expression: Scalar) -> str:
        if self.constant is not None and slots(expression) and self.is_number(expression):
            return self.constant(self.double(expression))
        return self._print(expression)

    def double(self, expression: Scalar) -> str:
        """A number of the step as the module's Python would work it out."""
        return NativePrinter("double", self.spell, self.is_number, None)(expression)

    def _print(self, expression: Scalar) -> str:
        if is_slot(expression) or (isinstance(expression, sympy.Symbol) and expression.is_integer):
            return self.spell(expression)
        if isinstance(expression, RowFunction):
            texts = [self(argument) for argument in expression.args]
            prefix = "d_" if self.constant is None else "r_"
            return SPELLING[type(expression).__name__].format(*texts).replace("@", prefix)
        if isinstance(expression, sympy.Add):
            return self._sum(expression)
        if isinstance(expression, sympy.Mul):
            return self._product(expression)
        if isinstance(expression, sympy.Pow):
            return self._power(expression)
        return self.literal(expression)

    def _sum(self, expression: Scalar) -> str:
        numbers = [term for term in expression.args if self.is_number(term)]
        rest = [term for term in ordered_terms(expression) if term not in numbers]
        together = [sympy.Add(*numbers)] if numbers and rest else numbers
        text = ""
        for term in (*rest, *together):
            if text and term.could_extract_minus_sign():
                text += f" - {self(-term)}"
            else:
                text += f"{' + ' if text else ''}{self(term)}"
        return f"({text})"

    def _product(self, expression: Scalar) -> str:
        """The number first, then what it scales, then what divides."""
        numbers = [factor for factor in expression.args if self.is_number(factor)]
        rest = sorted((factor for factor in expression.args if factor not in numbers), key=sympy.default_sort_key)
        number = sympy.Mul(*numbers)
        if not rest or self.constant is None:
            rest, number = list(expression.args), sympy.Integer(1)
        sign = "-" if number == -1 else ""
        above = [self(number)] if number not in (1, -1) else []
        below: list[str] = []
        for factor in rest:
            base, exponent = factor.as_base_exp()
            divides = isinstance(factor, sympy.Pow) and exponent.is_Rational and exponent.is_negative
            (below if divides else above).append(self(base ** (-exponent) if divides else factor))
        text = " * ".join(above) or self.literal(sympy.Integer(1))
        return f"({sign}{text}{''.join(f' / {part}' for part in below)})"

    def _power(self, expression: Scalar) -> str:
        base, exponent = expression.as_base_exp()
        prefix = "d_" if self.constant is None else "r_"
        if not expression.free_symbols and not expression.has(RowFunction):
            return self.literal(expression)
        if exponent.is_Rational and exponent.is_negative:
            return f"({self.literal(sympy.Integer(1))} / {self(base ** (-exponent))})"
        if exponent == sympy.Rational(1, 2):
            return f"{prefix}sqrt({self(base)})"
        if exponent == 2:
            return f"{prefix}square({self(base)})"
        if exponent.is_Integer and exponent <= 64:
            return f"{prefix}whole_power({self(base)}, {int(exponent)})"
        return f"{prefix}pow({self(base)}, {self(exponent)})"

    def literal(self, number: Scalar) -> str:
        """A number as a literal of the printer's type: the nearest double, rounded once more for float."""
        if number is sympy.nan:
            return "NAN"
        if number.is_infinite:
            return "INFINITY" if number == sympy.oo else "(-INFINITY)"
        text = repr(float(number))
        if text in ("inf", "-inf"):  # beyond what a double holds
            return "INFINITY" if text == "inf" else "(-INFINITY)"
        text = text if self.kind == "double" else f"(float){text}"
        return f"({text})" if text.startswith(("-", "(float)")) else text
