"""From written expressions to definitions in index notation."""

from __future__ import annotations

from dataclasses import dataclass, field

import sympy

from hdsl.diagnostics import catalogue_formula as formulas
from hdsl.diagnostics import catalogue_model as catalogue
from hdsl.diagnostics.catalogue_control import not_read, reads_end
from hdsl.diagnostics.catalogue_syntax import expression_too_deep, reserved
from hdsl.diagnostics.diagnostic import Diagnostic
from hdsl.model.arithmetic import literal_exponent, number
from hdsl.model.by_index import ByIndex, index_sum
from hdsl.model.calls import apply, call
from hdsl.model.conditions import chosen
from hdsl.model.contractions import batch_sizes, contracted_sizes, matrix_product
from hdsl.model.definitions import Definitions
from hdsl.model.indexing import indexed
from hdsl.model.initial import InitialReader
from hdsl.model.lists import listed, mapped, met, met_in_product
from hdsl.model.model import Quantity
from hdsl.model.scope import FUNCTIONS, INITIALS, Scope
from hdsl.model.shapes import differ_by_name, disagree
from hdsl.model.sizes import Sizes, same, show_sizes
from hdsl.model.values import Value, broadcast, calculate, negative, opened, plain, transposed
from hdsl.model.walk import DEEPEST, deepest, folded
from hdsl.syntax.source import Span
from hdsl.syntax.tree import (
    Binary,
    Call,
    Compare,
    Conditional,
    Define,
    Expression,
    Index,
    IndexSum,
    ListLiteral,
    Name,
    Negate,
    Number,
    Transpose,
)
from hdsl.terms.term import Size, indices, size, slot


@dataclass
class Reader:
    """Reads expressions of one model. ``sizes`` has the sizes of every quantity and of every definition read so far,
    ``below`` the bounds of indices. What is missing there is poisoned: it has been reported.

    ``constants`` reads numbers and, as ``measured``, sizes; ``lists`` gets the constants that literal lists become.
    ``costates`` has names of costates with their states; ``at_end`` says whether the end of time, `T`, may be read.
    """

    scope: Scope
    made: Definitions
    constants: InitialReader
    sizes: dict[str, tuple[Size, ...]] = field(default_factory=dict)
    below: dict[str, Size] = field(default_factory=dict)
    lists: dict[str, Quantity] = field(default_factory=dict)
    costates: dict[str, str] = field(default_factory=dict)
    at_end: bool = False

    @property
    def measured(self) -> Sizes:
        return self.constants.sizes

    def value(self, tree: Expression) -> Value | None:
        """The value of an expression, or None after every mistake in it has been reported."""
        if deepest(tree) > DEEPEST:
            self.scope.report(expression_too_deep(tree.span, DEEPEST))
            return None
        return self.part(tree)

    def by_index(self, define: Define) -> Value | None:
        """The value of ``let y[i, k] = …``."""
        if deepest(define.value) > DEEPEST:
            self.scope.report(expression_too_deep(define.value.span, DEEPEST))
            return None
        return ByIndex(self).defined(define)

    def part(self, tree: Expression) -> Value | None:
        """The value of a part of an expression whose depth has been looked at."""
        match tree:
            case Number():
                return self.keep(number(tree.value, tree.span), tree.span)
            case Name():
                return self._name(tree)
            case Negate():
                operand = self.part(tree.operand)
                if operand is not None and operand.numbers is not None:
                    return mapped(self, operand, lambda n: -n, tree.span)
                return None if operand is None else negative(self.made, operand, tree.span)
            case Transpose():
                operand = self.part(tree.operand)
                return None if operand is None else transposed(self.made, operand, tree.span)
            case Binary():
                return folded(tree, self.part, self._combine)
            case Call():
                return call(self, tree)
            case ListLiteral():
                return listed(self, tree)
            case Index():
                return indexed(self, tree)
            case IndexSum():
                return index_sum(self, tree)
            case Compare() | Conditional():
                return chosen(self, tree)
        return None

    def keep(self, found: object, span: Span) -> Value | None:
        """A scalar expression or a value as a value; a finding is reported."""
        if isinstance(found, Diagnostic):
            self.scope.report(found)
            return None
        return found if isinstance(found, Value) else plain(found, (), span)

    # Names -----------------------------------------------------------------------------------------------------------

    def _name(self, tree: Name) -> Value | None:
        name, span = tree.name, tree.span
        match name:
            case "t" | "tau":
                return plain(slot(name), (), span)
            case "pi":
                return plain(sympy.pi, (), span)
            case "inf":
                return self.keep(formulas.infinite(span), span)
            case "T" if self.at_end:
                return plain(slot("T"), (), span)
            case "T":
                return self.keep(reads_end(span), span)
            case "boundary":
                return self.keep(reserved(span, name), span)
        if name not in self.scope.entries and name in FUNCTIONS:
            return self.keep(catalogue.function_value(span, name), span)
        if name not in self.scope.entries and name in INITIALS:
            return self.keep(catalogue.initial_outside(span, name), span)
        entry = self.scope.find(name, span)
        if entry is None or name in self.scope.poisoned:
            return None
        line = self.scope.line(entry.span)
        if entry.kind == "dim":
            return plain(size(name), (), span)
        if entry.kind in ("component", "function"):
            return self.keep(catalogue.function_value(span, name), span)
        if entry.kind == "cost":
            return self.keep(catalogue.cost_read(span, name, line), span)
        if entry.kind in ("terminal", "constraint"):
            kind = "terminal cost" if entry.kind == "terminal" else entry.kind
            return self.keep(not_read(span, name, kind, line), span)
        if name in self.costates:
            name = f"z:{self.costates[name]}"
        if name in self.below:
            return self.keep(catalogue.index_read(span, name, entry.kind, line), span)
        sizes = self.sizes.get(name)
        return None if sizes is None else plain(slot(name, indices(len(sizes))), sizes, span)

    # Operators -------------------------------------------------------------------------------------------------------

    def _combine(self, operation: Binary, left: Value, right: Value) -> Value | None:
        operator, span = operation.operator, operation.span
        trees = (operation.left, operation.right)
        if left.numbers is not None or right.numbers is not None:
            pair = self._lists_met(operation, left, right)
            if pair is None:
                return None
            left, right = pair
        if operator == "@":
            finding = self._product_finding(operation, left, right)
            if finding is not None:
                return self.keep(finding, span)
            return self.keep(matrix_product(self.made, left, right, span), span)
        if broadcast(left.sizes, right.sizes) is None:
            by_name = differ_by_name(left.sizes, right.sizes)
            doing = formulas.entry_by_entry(operator, show_sizes(left.sizes), show_sizes(right.sizes))
            return self.keep(disagree(self.scope, span, doing, trees, (left, right), by_name), span)
        if operator == "^" and not literal_exponent(opened(self.made, left), opened(self.made, right)):
            return apply(self, "power", trees, (left, right), span)
        return self.keep(calculate(self.made, operator, left, right, span), span)

    def _lists_met(self, operation: Binary, left: Value, right: Value) -> tuple[Value, Value] | None:
        """Both operands, lists with the sizes that they meet; None after a misfit has been reported."""
        if operation.operator == "@":
            found = met_in_product(self, left, right)
        else:
            found = met(self, left, right.sizes), met(self, right, left.sizes)
        first, second = (self.keep(one, operation.span) for one in found)
        return None if first is None or second is None else (first, second)

    def _product_finding(self, operation: Binary, left: Value, right: Value) -> Diagnostic | None:
        """What is wrong with the sizes of ``left @ right``."""
        trees, values, span = (operation.left, operation.right), (left, right), operation.span
        if not left.rank or not right.rank:
            return disagree(self.scope, span, formulas.contracts_scalar(), trees, values, False)
        mine, yours = contracted_sizes(left, right)
        if not same(mine, yours):
            by_name = bool(mine.free_symbols and yours.free_symbols)
            return disagree(self.scope, span, formulas.contracts(str(mine), str(yours)), trees, values, by_name)
        if batch_sizes(left, right) is None:
            doing = formulas.entry_by_entry("@", show_sizes(left.sizes[:-2]), show_sizes(right.sizes[:-2]))
            return disagree(self.scope, span, doing, trees, values, differ_by_name(left.sizes[:-2], right.sizes[:-2]))
        return None
