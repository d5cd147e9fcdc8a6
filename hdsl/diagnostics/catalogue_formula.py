"""What the pass ``check`` can say about formulas: sizes that do not agree, and what cannot be calculated.

Functions take facts as text: sizes come written (``[n, m]``), expressions as the file has them, places as spans.
"""

from __future__ import annotations

from collections.abc import Sequence

from hdsl.diagnostics.catalogue import register
from hdsl.diagnostics.diagnostic import Diagnostic
from hdsl.syntax.source import Span

BY_NAME = "sizes match by name, not by value"


# Shapes and sizes -----------------------------------------------------------------------------------------------------

SHAPE = register("shape", "the sizes of operands do not agree")
COST_SHAPE = register("cost-shape", "a cost is not a scalar")
HAMILTONIAN_SHAPE = register("hamiltonian-shape", "a hamiltonian is not a scalar")
DYNAMICS_SHAPE = register("dynamics-shape", "the dynamics has not the sizes of its state")
AXIS = register("axis", "an axis is named that the operand does not have")
SIZE_EXPRESSION = register("size-expression", "a size is not made of sizes and whole numbers")
SIZE_VALUE = register("size-value", "a size comes out as no whole number above 0")
TOO_LARGE = register("too-large", "a quantity or a size is larger than hdsl takes on")


def shape(span: Span, written: str, doing: str, operands: Sequence[str], by_name: bool) -> Diagnostic:
    """``doing`` says what the expression does with its operands, in the words of a function below."""
    label = ", ".join(operands)
    return SHAPE.at(span, f"`{written}` {doing}", f"{label}; {BY_NAME}" if by_name else label)


VERBS = {"+": "adds", "-": "subtracts", "*": "multiplies", "/": "divides", "^": "raises"} | {
    sign: "compares" for sign in ("<", ">", "<=", ">=", "==", "!=")
} | {"if": "chooses between"}


def entry_by_entry(operator: str, left: str, right: str) -> str:
    return f"{VERBS[operator]} {left} and {right}" if operator in VERBS else f"takes {left} and {right} entry by entry"


def contracts(left: str, right: str) -> str:
    return f"contracts {left} with {right}"


def contracts_scalar() -> str:
    return "contracts a scalar; a product with one is written `*`"


def sums_products(left: str, right: str) -> str:
    return f"sums the products of {left} and {right}"


def wants_logits(below: str) -> str:
    return f"wants a vector of {below} logits"


def wants_probabilities() -> str:
    return "wants a vector of logits and as many probabilities, or an index"


def operand(written: str, sizes: str, line: int | None) -> str:
    return f"{written} is {sizes}" + (f" (line {line})" if line is not None else "")


def index_operand(written: str, below: str, line: int) -> str:
    return f"{written} is an index below {below} (line {line})"


def not_scalar(span: Span, role: str, name: str, sizes: str) -> Diagnostic:
    """Of a cost or a hamiltonian."""
    code = COST_SHAPE if role == "cost" else HAMILTONIAN_SHAPE
    tail = f"this is {sizes}; `sum(…)`, `mean(…)` or `squared(…)` makes a scalar of it"
    return code.at(span, f"the {role} `{name}` is not a scalar", tail)


def dynamics_shape(span: Span, name: str, wanted: str, found: str, line: int, by_name: bool) -> Diagnostic:
    tail = f"; {BY_NAME}" if by_name else ""
    return DYNAMICS_SHAPE.at(
        span,
        f"the dynamics of `{name}` must have the sizes of `{name}`",
        f"this is {found}, {name} is {wanted} (line {line}){tail}",
    )


def axis_range(span: Span, axis: int, sizes: str, rank: int) -> Diagnostic:
    if rank == 0:
        return AXIS.at(span, "a scalar has no axes", "this is a scalar")
    axes = "its axis is 0, or -1" if rank == 1 else f"its axes are 0 to {rank - 1}, or -{rank} to -1"
    return AXIS.at(span, f"there is no axis {axis}", f"the operand is {sizes}: {axes}")


def axis_literal(span: Span) -> Diagnostic:
    return AXIS.at(span, "an axis is a whole number", "write the number itself, as in `axis=0`")


def size_expression(span: Span, divides: bool) -> Diagnostic:
    allowed = "sizes, numbers, `+`, `-`, `*` and `/`" if divides else "sizes, whole numbers, `+`, `-` and `*`"
    return SIZE_EXPRESSION.at(span, "this cannot stand in a size", f"a size is made of {allowed}")


def size_is_not(span: Span, name: str, kind: str, line: int) -> Diagnostic:
    return SIZE_EXPRESSION.at(span, f"`{name}` is not a size", f"{kind} (line {line}); declare a size with `dim`")


def size_value(span: Span, written: str, value: str, given: str) -> Diagnostic:
    with_numbers = f" for {given}" if given else ""
    return SIZE_VALUE.at(span, f"the size {written} must be a whole number above 0", f"it is {value}{with_numbers}")


def too_large(span: Span, count: int, most: int) -> Diagnostic:
    return TOO_LARGE.at(span, "this size is too large", f"{spaced(count)}; hdsl takes on at most {spaced(most)}")


def too_many_entries(span: Span, name: str, sizes: str, count: int, most: int) -> Diagnostic:
    label = f"{sizes} is {spaced(count)} entries; hdsl takes on at most {spaced(most)}"
    return TOO_LARGE.at(span, f"`{name}` is too large", label)


def spaced(count: int) -> str:
    """Thousands apart: 1 000 000; a power of ten where it has more than 15 digits."""
    return f"{count:,}".replace(",", " ") if count < 10**15 else f"at least 10^{len(str(count)) - 1}"


def too_many_axes(span: Span, count: int, most: int) -> Diagnostic:
    return TOO_LARGE.at(span, f"{count} axes are more than hdsl takes on", f"at most {most}")


def size_too_large(span: Span, most: int) -> Diagnostic:
    return TOO_LARGE.at(span, "this size is more than hdsl takes on", f"at most degree {most}, and at most 200 terms")


# Formulas -------------------------------------------------------------------------------------------------------------

ARITY = register("arity", "a function is given too few or too many arguments, or one that it does not know")
LIST_HERE = register("list-here", "a list stands where one number must")
DIVISION_BY_ZERO = register("division-by-zero", "a formula divides by zero whatever the data")
NOT_REAL = register("not-real", "a number is not real, or not finite")
INFINITE = register("infinite", "`inf` stands where only a finite number can")
NUMBER_TOO_LONG = register("number-too-long", "an exact number has more digits than hdsl takes on")
TOO_LONG = register("too-long", "a model or a formula has more parts than hdsl takes on")


def values_wanted(count: int, axis: bool = False) -> str:
    words = {0: "no argument", 1: "one value", 2: "two values", 3: "three values"}[count]
    return f"{words} and perhaps an axis" if axis else words


def arity(span: Span, name: str, wanted: str, found: int) -> Diagnostic:
    return ARITY.at(span, f"`{name}` takes {wanted}", f"{found or 'none'} given")


def unknown_keyword(span: Span, name: str, keyword: str, known: str) -> Diagnostic:
    takes = f"it takes `{known}=`" if known else "it takes none by name"
    return ARITY.at(span, f"`{name}` has no argument `{keyword}`", takes)


def keyword_twice(span: Span, name: str, keyword: str) -> Diagnostic:
    return ARITY.at(span, f"`{name}` is given `{keyword}` twice", "leave one of them out")


def list_here(span: Span) -> Diagnostic:
    return LIST_HERE.at(span, "a list cannot stand here", "this must be one number")


def division_by_zero(span: Span) -> Diagnostic:
    return DIVISION_BY_ZERO.at(span, "this divides by zero", "the divisor is 0 whatever the data")


def not_real(span: Span) -> Diagnostic:
    return NOT_REAL.at(span, "this is not a finite real number", "it is not real, or beyond the range of doubles")


def infinite(span: Span) -> Diagnostic:
    return INFINITE.at(span, "`inf` cannot stand here", "only as a bound of `clip`")


def number_too_long(span: Span, most: int) -> Diagnostic:
    return NUMBER_TOO_LONG.at(span, "an exact number becomes too long here", f"at most {most} digits")


def too_long(span: Span, most: int) -> Diagnostic:
    return TOO_LONG.at(span, "this is too long", f"at most {most} parts can stand here")


def too_many_definitions(span: Span, most: int) -> Diagnostic:
    """Also what a formula is cut into counts: a product, a function, a sum is a definition each."""
    return TOO_LONG.at(span, f"the model needs more than {spaced(most)} definitions", "these are too many")
