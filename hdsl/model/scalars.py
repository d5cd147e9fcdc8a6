"""Scalars that stand before the stream: initial values and settings, as one sympy expression each.

They may read numbers, sizes, scalar consts and, in settings, ``tau`` and ``t``; functions are rows of the table, nested as
they are written.
"""

from __future__ import annotations

from collections.abc import Set
from dataclasses import dataclass

import sympy

from hdsl.diagnostics import catalogue_formula as formulas
from hdsl.diagnostics import catalogue_model as catalogue
from hdsl.diagnostics.catalogue_syntax import expression_too_deep
from hdsl.diagnostics.diagnostic import Diagnostic
from hdsl.model.arithmetic import MOST_NODES, apply_row, choose, combine, measure, number
from hdsl.model.scope import ARRANGING, CONTRACTING, FUNCTIONS, INITIALS, SLIDING, Scope
from hdsl.model.walk import DEEPEST, chain, choice, deepest
from hdsl.syntax.source import Span
from hdsl.syntax.tree import (
    Binary,
    Call,
    Compare,
    Conditional,
    Expression,
    Index,
    IndexSum,
    ListLiteral,
    Name,
    Negate,
    Number,
    Transpose,
)
from hdsl.terms.elementwise import ROWS, WRITABLE
from hdsl.terms.term import Scalar, size, slot


@dataclass(frozen=True)
class ScalarReader:
    """Reads scalars in one scope. ``consts`` are the scalar consts; ``symbols`` which of t and tau may be read."""

    scope: Scope
    consts: Set[str]
    symbols: tuple[str, ...] = ()

    def read(self, tree: Expression) -> Scalar | None:
        """The expression, or None after every mistake in it has been reported."""
        if deepest(tree) > DEEPEST:
            return self._refuse(expression_too_deep(tree.span, DEEPEST))
        with self.scope.once("not-constant"):
            return self._read(tree)

    def _refuse(self, finding: Diagnostic) -> Scalar | None:
        self.scope.report(finding)
        return None

    def _kept(self, found: Scalar | Diagnostic, span: Span) -> Scalar | None:
        if isinstance(found, Diagnostic):
            return self._refuse(found)
        if measure(found)[0] > MOST_NODES:
            return self._refuse(formulas.too_long(span, MOST_NODES))
        return found

    def _read(self, tree: Expression) -> Scalar | None:
        match tree:
            case Number():
                return self._kept(number(tree.value, tree.span), tree.span)
            case Name():
                return self._name(tree)
            case Negate():
                operand = self._read(tree.operand)
                return None if operand is None else -operand
            case Binary():
                return self._chain(tree)
            case Call():
                return self._call(tree)
            case Compare() | Conditional():
                return self._choice(tree)
            case ListLiteral():
                return self._refuse(formulas.list_here(tree.span))
            case Transpose():
                return self._refuse(catalogue.not_constant_operator(tree.span, ".T"))
            case Index() | IndexSum():
                return self._refuse(catalogue.not_constant_operator(tree.span, "[…]"))

    def _name(self, tree: Name) -> Scalar | None:
        name, span = tree.name, tree.span
        if name in self.symbols:
            return slot(name)
        if name == "pi":
            return sympy.pi
        if name == "inf":
            return self._refuse(formulas.infinite(span))
        if name in ("t", "tau", "T", "boundary"):
            return self._refuse(catalogue.not_constant_symbol(span, name, self.symbols))
        if name not in self.scope.entries and name in FUNCTIONS:
            return self._refuse(catalogue.function_value(span, name))
        if name not in self.scope.entries and name in INITIALS:
            return self._refuse(catalogue.initial_outside(span, name))
        entry = self.scope.find(name, span)
        if entry is None or name in self.scope.poisoned:
            return None
        if entry.kind == "dim":
            return size(name)
        if name in self.consts:
            return slot(name)
        return self._refuse(catalogue.not_constant(span, name, entry.kind, self.scope.line(entry.span), self.symbols))

    def _chain(self, tree: Binary) -> Scalar | None:
        first, operations = chain(tree)
        left = self._read(first)
        for operation in operations:
            right = self._read(operation.right)
            if operation.operator == "@":
                left = self._refuse(catalogue.not_constant_operator(operation.span, "@"))
            elif left is None or right is None:
                left = None
            else:
                left = self._kept(combine(operation.operator, left, right, operation.span), operation.span)
        return left

    def _choice(self, tree: Compare | Conditional) -> Scalar | None:
        """``value if condition else other``: a condition that is no comparison holds where it is not 0."""
        compared, branches = choice(tree)
        parts = [self._read(part) for part in (compared.left, compared.right, *branches)]
        present = tuple(part for part in parts if part is not None)
        if len(present) < len(parts):
            return None
        found = choose(compared.operator, present[:2], present[2:], tree.span)
        return self._kept(found, tree.span)

    def _call(self, tree: Call) -> Scalar | None:
        name = tree.function
        if name in (*INITIALS, *CONTRACTING, *ARRANGING, *SLIDING):
            return self._refuse(catalogue.not_constant_call(tree.function_span, name, self.symbols))
        arguments = [self._read(argument) for argument in tree.arguments]
        if name not in WRITABLE:
            known = name in self.scope.poisoned or name in self.scope.unread
            return None if known else self._refuse(self._no_function(tree))
        for keyword, value in tree.keywords:
            return self._refuse(formulas.unknown_keyword(value.span, name, keyword, ""))
        if len(arguments) != ROWS[name].arity:
            wanted = formulas.values_wanted(ROWS[name].arity)
            return self._refuse(formulas.arity(tree.span, name, wanted, len(arguments)))
        present = tuple(argument for argument in arguments if argument is not None)
        if len(present) < len(arguments):
            return None
        return self._kept(apply_row(name, present, tree.span), tree.span)

    def _no_function(self, tree: Call) -> Diagnostic:
        name, span = tree.function, tree.function_span
        entry = self.scope.entries.get(name)
        if entry is not None:
            return catalogue.not_a_function(span, name, entry.kind, self.scope.line(entry.span))
        return catalogue.unknown_function(span, name, self.scope.suggest_function(name))
