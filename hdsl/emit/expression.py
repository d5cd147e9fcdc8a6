"""Printing of scalar expressions as Python text; slots and functions are spelt by the backend."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Literal

import sympy

from hdsl.terms.elementwise import ROWS, RowFunction, exp
from hdsl.terms.term import Scalar, is_negative, is_slot, ordered_terms

SUM, PRODUCT, UNARY, ATOM = range(4)
_PLACE = re.compile(r"\{(\d)\}")


class Printer:
    """Prints an expression; ``spell_slot`` gives the text of a slot, ``backend`` chooses the rows' spelling."""

    def __init__(self, backend: Literal["torch", "numpy"], spell_slot: Callable[[Scalar], str]) -> None:
        self.backend = backend
        self.spell_slot = spell_slot

    def __call__(self, expression: Scalar, around: int = SUM) -> str:
        """The text of an expression, in brackets where it binds weaker than what stands around it."""
        text, strength = self._print(expression)
        return f"({text})" if strength < around else text

    def _print(self, expression: Scalar) -> tuple[str, int]:
        if is_slot(expression) or (isinstance(expression, sympy.Symbol) and expression.is_integer):
            return self.spell_slot(expression), ATOM
        if isinstance(expression, RowFunction):
            return self.function(expression), ATOM
        if isinstance(expression, sympy.Add):
            return self._sum(expression), SUM
        if isinstance(expression, sympy.Mul):
            return self._product(expression)
        if isinstance(expression, sympy.Pow):
            return self._power(expression)
        return number(expression)

    def function(self, call: Scalar, arguments: tuple[str, ...] | None = None) -> str:
        """A row applied to its arguments."""
        row = ROWS[type(call).__name__]
        texts = arguments or tuple(self(argument) for argument in call.args)
        template: str = getattr(row, self.backend)
        return template.format(*(t if _one_word(t) or k in _alone(template) else f"({t})" for k, t in enumerate(texts)))

    def _sum(self, expression: Scalar) -> str:
        terms = ordered_terms(expression)
        text = self(terms[0], SUM)
        for term in terms[1:]:
            negative = is_negative(term)
            text += f" - {self(-term, PRODUCT)}" if negative else f" + {self(term, PRODUCT)}"
        return text

    def _product(self, expression: Scalar) -> tuple[str, int]:
        coefficient, rest = expression.as_coeff_Mul()
        if coefficient == -1:
            return f"-{self(rest, PRODUCT)}", SUM
        if coefficient.is_negative:
            return f"-{self(-expression, PRODUCT)}", SUM
        above, below = [], []
        for factor in expression.as_ordered_factors():
            base, exponent = factor.as_base_exp() if isinstance(factor, sympy.Pow) else (factor, sympy.Integer(1))
            if exponent.is_Rational and exponent.is_negative:
                below.append(base ** (-exponent))
            elif factor.is_Rational and factor.p == 1 and factor.q != 1 and factor.q < 100 and factor.q % 2:
                below.append(sympy.Integer(factor.q))
            else:
                above.append(factor)
        top = " * ".join(self(f, PRODUCT if k == 0 else UNARY) for k, f in enumerate(above)) or "1"
        for factor in below:
            top += f" / {self(factor, UNARY)}"
        return top, PRODUCT

    def _power(self, expression: Scalar) -> tuple[str, int]:
        base, exponent = expression.as_base_exp()
        if exponent == sympy.Rational(1, 2):
            if is_numeral(base):
                return number(expression)
            return self.square_root(base), UNARY
        if exponent.is_Rational and exponent.is_negative:
            return f"1 / {self(base ** (-exponent), UNARY)}", PRODUCT
        if is_numeral(expression):
            return number(expression)
        return f"{self(base, ATOM)} ** {self(exponent, ATOM)}", UNARY

    def square_root(self, base: Scalar) -> str:
        return f"{self(base, ATOM)} ** 0.5"


def _one_word(text: str) -> bool:
    """True for a name or a plain number."""
    return text.replace(".", "").replace("_", "").isalnum()


@cache
def _alone(template: str) -> frozenset[int]:
    """The places of a spelling that stand beside no operator: what is put there needs no brackets."""
    pieces = _PLACE.split(template)
    return frozenset(
        k for k in map(int, pieces[1::2])
        if all(
            pieces[at - 1].endswith(("(", ", ")) and pieces[at + 1].startswith((")", ","))
            for at in range(1, len(pieces), 2)
            if int(pieces[at]) == k
        )
    )


def _bare_numbers(call: Scalar, numbers: list[bool]) -> set[int]:
    """The arguments of a choice that may be plain numbers: beside a tensor, in its comparison as in its branches."""
    if not ROWS[type(call).__name__].branches:
        return set()
    return {k for k, partner in enumerate((1, 0, 3, 2)) if numbers[k] and not numbers[partner]}


class TorchPrinter(Printer):
    """Torch's functions take tensors: a number among their arguments becomes one."""

    def __init__(self, spell_slot: Callable[[Scalar], str], is_number: Callable[[Scalar], bool]) -> None:
        super().__init__("torch", spell_slot)
        self.is_number = is_number

    def _print(self, expression: Scalar) -> tuple[str, int]:
        if isinstance(expression, RowFunction) and self.is_plain(expression):
            return f"math.e ** {self(expression.args[0], ATOM)}", UNARY
        return super()._print(expression)

    def is_plain(self, call: Scalar) -> bool:
        """Whether a function of numbers is printed as a number, be they Python's or tensors: the exponential is, as a power."""
        return type(call) is exp and self.is_number(call)

    def function(self, call: Scalar, arguments: tuple[str, ...] | None = None) -> str:
        given = call.args
        bare = _bare_numbers(call, [self.is_number(argument) for argument in given])
        texts = tuple(
            f"torch.full((), {self(a)}, dtype=dtype, device=device)" if self.is_number(a) and k not in bare else self(a)
            for k, a in enumerate(given)
        )
        return super().function(call, arguments or texts)


def is_numeral(expression: Scalar) -> bool:
    """True for what sympy can work out: no slot, no size, and none of our functions, even of a number."""
    return not expression.free_symbols and not expression.has(RowFunction)


def number(expression: Scalar) -> tuple[str, int]:
    """A number as Python reads it: whole numbers as they are, others as the nearest double.

    A whole number beyond what doubles hold exactly is printed as a double too: torch takes no longer ones.
    """
    if expression.is_Integer and abs(expression) <= 2**53:
        text = str(int(expression))
    elif expression is sympy.nan:
        text = "math.nan"
    elif expression.is_infinite:
        text = "math.inf" if expression == sympy.oo else "-math.inf"
    else:
        value = float(expression)
        text = repr(value)
    return text, SUM if text.startswith("-") else ATOM
