"""Sizes: polynomials in size symbols, read from shapes, and the numbers behind them where these are known."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import sympy

from hdsl.diagnostics import catalogue_formula as formulas
from hdsl.diagnostics import catalogue_model as catalogue
from hdsl.diagnostics.catalogue_syntax import expression_too_deep
from hdsl.diagnostics.diagnostic import Diagnostic
from hdsl.model.scope import RESERVED, Scope
from hdsl.model.walk import DEEPEST, chain, deepest
from hdsl.syntax.source import Span
from hdsl.syntax.tree import Binary, Expression, Name, Negate, Number
from hdsl.terms.term import Size, size

MOST_AXES = 8
HIGHEST_DEGREE = 8
MOST_TERMS = 200
LARGEST_SIZE = 10**9  # of one axis, and of all entries of one quantity


def show_sizes(sizes: tuple[Size, ...]) -> str:
    """Sizes as a message writes them: ``[n, m]``, or ``a scalar``."""
    return f"[{', '.join(map(show_size, sizes))}]" if sizes else "a scalar"


def show_size(one: Size) -> str:
    """One size as people write it, what is taken away behind the rest: ``2*n - m``."""
    terms = sorted(one.as_ordered_terms(), key=lambda term: bool(term.could_extract_minus_sign()))
    return " + ".join(map(str, terms)).replace("+ -", "- ")


def same(left: Size, right: Size) -> bool:
    """Equal as polynomials. Sizes are kept expanded, so the difference of equal ones is 0 as it stands."""
    return bool(left == right)


class Sizes:
    """Reads sizes in one scope. ``numbers`` holds what is known of them; ``used`` the names that occur in shapes."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.numbers: dict[str, int] = {}
        self.used: set[str] = set()

    # Reading ---------------------------------------------------------------------------------------------------------

    def read(self, tree: Expression, divides: bool = False) -> Size | None:
        """A size expression as an expanded polynomial; None, and a finding, where it is none.

        With ``divides`` the expression may divide, and the value of a number may be broken: the default of a ``dim``.
        """
        if deepest(tree) > DEEPEST:
            self.scope.report(expression_too_deep(tree.span, DEEPEST))
            return None
        return self._read(tree, divides)

    def shape(self, trees: tuple[Expression, ...], span: Span) -> tuple[Size, ...] | None:
        """The sizes of a declaration."""
        if len(trees) > MOST_AXES:
            self.scope.report(formulas.too_many_axes(span, len(trees), MOST_AXES))
            return None
        found = tuple(self.read(tree) for tree in trees)
        if any(one is None for one in found):
            return None
        bad = [self._reject(one, tree.span) for one, tree in zip(found, trees, strict=True)]
        return None if any(bad) else found

    def bound(self, tree: Expression) -> Size | None:
        """The bound of an index."""
        found = self.shape((tree,), tree.span)
        return None if found is None else found[0]

    def _read(self, tree: Expression, divides: bool) -> Size | None:
        match tree:
            case Number(value=value):
                if not divides and value.denominator != 1:
                    return self._refuse(tree.span, divides)
                if max(abs(value.numerator), value.denominator) > LARGEST_SIZE:
                    self.scope.report(formulas.too_large(tree.span, int(value), LARGEST_SIZE))
                    return None
                return sympy.Rational(value.numerator, value.denominator)
            case Name():
                return self._name(tree)
            case Negate(operand=operand):
                inner = self._read(operand, divides)
                return None if inner is None else -inner
            case Binary():
                return self._chain(tree, divides)
        return self._refuse(tree.span, divides)

    def _refuse(self, span: Span, divides: bool) -> Size | None:
        self.scope.report(formulas.size_expression(span, divides))
        return None

    def _name(self, tree: Name) -> Size | None:
        if tree.name in RESERVED:
            return self._refuse(tree.span, False)
        entry = self.scope.find(tree.name, tree.span, ("dim",))
        if entry is None:
            return None
        if entry.kind != "dim":
            line = self.scope.line(entry.span)
            self.scope.report(formulas.size_is_not(tree.span, tree.name, catalogue.a(entry.kind), line))
            return None
        self.used.add(tree.name)
        return None if tree.name in self.scope.poisoned else size(tree.name)

    def _chain(self, tree: Binary, divides: bool) -> Size | None:
        first, operations = chain(tree)
        left = self._read(first, divides)
        for operation in operations:
            right = self._read(operation.right, divides)
            if left is None or right is None:
                left = None
                continue
            left = self._combine(operation, left, right, divides)
        return left

    def _combine(self, operation: Binary, left: Size, right: Size, divides: bool) -> Size | None:
        count = len(sympy.Add.make_args(left)) * len(sympy.Add.make_args(right))
        match operation.operator:
            case "+":
                result = left + right
            case "-":
                result = left - right
            case "*" if count <= MOST_TERMS:
                result = sympy.expand(left * right)
            case "/" if divides and right != 0:
                result = left / right
            case "*":
                self.scope.report(formulas.size_too_large(operation.span, HIGHEST_DEGREE))
                return None
            case "/" if divides:
                self.scope.report(formulas.division_by_zero(operation.span))
                return None
            case _:
                return self._refuse(operation.span, divides)
        if len(sympy.Add.make_args(result)) > MOST_TERMS or (not divides and _degree(result) > HIGHEST_DEGREE):
            self.scope.report(formulas.size_too_large(operation.span, HIGHEST_DEGREE))
            return None
        return result

    # Numbers ---------------------------------------------------------------------------------------------------------

    def value(self, polynomial: Size) -> Fraction | None:
        """The number behind a size, or None where a size without a number occurs in it."""
        symbols = polynomial.free_symbols
        if any(symbol.name not in self.numbers for symbol in symbols):
            return None
        found = polynomial.xreplace({symbol: sympy.Integer(self.numbers[symbol.name]) for symbol in symbols})
        return Fraction(int(found.p), int(found.q)) if found.is_Rational else Fraction(0)

    def given(self, polynomial: Size) -> str:
        """The numbers that a value was computed with, as far as they are known: ``n = 3, m = 4``."""
        names = sorted(symbol.name for symbol in polynomial.free_symbols if symbol.name in self.numbers)
        return ", ".join(f"{name} = {self.numbers[name]}" for name in names)

    def _reject(self, polynomial: Size, span: Span) -> bool:
        """Report a size whose number is known and is none."""
        value = self.value(polynomial)
        if value is None:
            return False
        if value > LARGEST_SIZE:
            self.scope.report(formulas.too_large(span, int(value), LARGEST_SIZE))
            return True
        if value.denominator != 1 or value < 1:
            given = self.given(polynomial)
            self.scope.report(formulas.size_value(span, self.scope.written(span), str(value), given))
            return True
        return False

    def entries(self, sizes: tuple[Size, ...]) -> int | None:
        """How many entries a quantity of these sizes has, where the numbers are known."""
        product = 1
        for one in sizes:
            value = self.value(one)
            if value is None:
                return None
            product *= int(value)
        return product

    def settle(self, name: str, default: Size | None, span: Span) -> None:
        """Note the number that a size has by default, once those of the sizes in it are known.

        A default that comes out as no size is reported, and the name is poisoned.
        """
        value = None if default is None else self.value(default)
        if value is None:
            return
        if self._reject(default, span):
            self.scope.poisoned.add(name)
        else:
            self.numbers[name] = int(value)


def _degree(polynomial: Size) -> int:
    """The highest degree of a term."""
    degrees = [
        sum(int(power) for power in factor.as_powers_dict().values() if power.is_Integer)
        for factor in sympy.Add.make_args(polynomial)
        if not factor.is_number
    ]
    return max(degrees, default=0)


def read_given(scope: Scope, dims: Mapping[str, int]) -> dict[str, int]:
    """The sizes set from outside, without those that the model does not have or that are no sizes."""
    kept: dict[str, int] = {}
    declared = {name: entry for name, entry in scope.entries.items() if entry.kind == "dim"}
    for name, value in dims.items():
        if name not in declared:
            found = scope.nearest(name, declared)
            suggestion = None
            if found is not None:
                suggestion = catalogue.did_you_mean(found, "dim", scope.line(declared[found].span))
            scope.report(catalogue.unknown_size(Span(0, 0), name, suggestion))
        elif type(value) is not int or not 1 <= value <= LARGEST_SIZE:
            scope.report(_bad_number(declared[name].span, name, value))
            scope.poisoned.add(name)
        else:
            kept[name] = value
    return kept


def _bad_number(span: Span, name: str, value: int) -> Diagnostic:
    if type(value) is not int or value < 1:
        return formulas.size_value(span, name, str(value), "")
    return formulas.too_large(span, value, LARGEST_SIZE)
