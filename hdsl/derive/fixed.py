"""Fixed: definitions with a number in place of one quantity, worked out as far as plain arithmetic goes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import sympy

from hdsl.derive.workspace import Workspace
from hdsl.terms.elementwise import RowFunction
from hdsl.terms.term import (
    Contraction,
    Definition,
    Elementwise,
    Scalar,
    Structured,
    indices,
    is_slot,
    slot,
    slot_indices,
    slot_name,
    slots,
)

ZERO, ONE = sympy.Integer(0), sympy.Integer(1)


class Fixed:
    """Puts a number in place of every entry of ``name``.

    ``definitions`` are by name what may read it. An elementwise definition that does is put into its readers; of any other
    a copy is added to the workspace, under a name of its own.
    """

    def __init__(self, workspace: Workspace, definitions: Mapping[str, Definition], name: str, number: Scalar) -> None:
        self.workspace = workspace
        self.definitions = definitions
        self.number = number
        self._values: dict[str, Scalar | None] = {name: number}  # None: it does not read what is fixed

    def value(self, expression: Scalar) -> Scalar:
        """An expression with the number in it."""
        swap = {}
        for occurrence in slots(expression):
            found = self._of(slot_name(occurrence))
            if found is not None:
                at = slot_indices(occurrence)
                swap[occurrence] = found.xreplace(dict(zip(indices(len(at)), at, strict=True)))
        return _settled(expression.xreplace(swap)) if swap else expression

    def _of(self, name: str) -> Scalar | None:
        """What a definition comes to, at its canonical indices; None where it is as it was."""
        if name not in self._values:
            definition = self.definitions.get(name)
            self._values[name] = None if definition is None else self._definition(definition)
        return self._values[name]

    def _definition(self, definition: Definition) -> Scalar | None:
        if all(self._of(read) is None for read in definition.reads()):
            return None
        match definition.body:
            case Elementwise(expression=expression):
                return self.value(expression)
            case Contraction():
                return self._contraction(definition, definition.body)
            case Structured():
                operands = tuple(self._operand(name) for name in definition.body.operands)
                return self._copy(definition, replace(definition.body, operands=operands), "x")

    def _contraction(self, definition: Definition, body: Contraction) -> Scalar:
        coefficient, factors = self.value(body.coefficient), list[Scalar]()
        for place, factor in enumerate(body.factors):
            found = self._of(slot_name(factor))
            if found == 0:
                return ZERO
            others = [*factors, *body.factors[place + 1 :]]
            number, rest = found.as_coeff_Mul() if found is not None else (ONE, factor)
            if found is None or (is_slot(rest) and slot_indices(rest) == indices(len(slot_indices(factor)))):
                coefficient *= number
                made = factor if found is None else slot(slot_name(rest), slot_indices(factor))
                factors.append(made)
            elif rest == 1 and _kept(body, definition, others, factor):
                coefficient *= number
            else:
                factors.append(slot(self._operand(slot_name(factor)), slot_indices(factor)))
        if not factors:
            return coefficient
        if not body.bound:
            return coefficient * sympy.Mul(*factors)
        return self._copy(definition, Contraction(tuple(factors), body.bound, coefficient), "c")

    def _operand(self, name: str) -> str:
        """What stands for a whole operand: itself, another quantity as it is, or a definition that is added."""
        found = self._of(name)
        if found is None:
            return name
        sizes = self.workspace.sizes_of(name)
        if is_slot(found) and slot_indices(found) == indices(len(sizes)):
            return slot_name(found)
        body = Elementwise(found)
        made = Definition(self.workspace.fresh("x"), body, sizes, self.workspace.reads_only_shared(body))
        return self.workspace.append(made).name

    def _copy(self, definition: Definition, body: Contraction | Structured, stem: str) -> Scalar:
        coefficient = ONE
        if isinstance(body, Contraction):
            coefficient, body = body.coefficient, replace(body, coefficient=ONE)
        shared = self.workspace.reads_only_shared(body)
        name = self.workspace.fresh(stem)
        made = Definition(name, body, definition.sizes, shared, definition.spans, definition.roots)
        return coefficient * self.workspace.append(made).slot


def _kept(body: Contraction, definition: Definition, others: list[Scalar], factor: Scalar) -> bool:
    """Whether a contraction without a factor still has all the indices that it sums over."""
    held = {index for other in others for index in slot_indices(other)}
    return {index for index, _ in body.bound}.intersection(slot_indices(factor)) <= held


def _settled(expression: Scalar) -> Scalar:
    """An expression whose functions of numbers alone, and conditionals that numbers decide, are put simply."""
    for node in sympy.preorder_traversal(expression):
        if isinstance(node, RowFunction) and type(node).__name__.startswith("where_"):
            _, _, value, other = node.args
            if value == other:
                return _settled(expression.xreplace({node: value}))
    return expression
