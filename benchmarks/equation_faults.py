"""Faults that are planted in derived equations, one at a time: an edit of one definition, of continuous time or of the step."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sympy

from hdsl.derive.equations import Equations
from hdsl.derive.step import Step
from hdsl.terms.term import (
    Contraction,
    Definition,
    Elementwise,
    Structured,
    is_slot,
    setting_name,
    slot,
    slot_indices,
    slot_name,
    slots,
)

SETTINGS = (setting_name("phi"), setting_name("eta"), setting_name("beta"), "tau")


@dataclass(frozen=True)
class EquationFault:
    """``kind`` is what was done, ``where`` the definition, ``old`` and ``new`` its body then and now; ``made`` is the whole."""

    kind: str
    where: str
    old: str
    new: str
    made: Any


def faults_of_equations(equations: Equations) -> list[EquationFault]:
    """Every fault that can be planted in Hamilton's equations and in what they read."""
    known = {d.name: d for d in equations.definitions}
    found = []
    for old in equations.definitions:
        for kind, new in _edits(old, known):
            definitions = tuple(new if d is old else d for d in equations.definitions)
            found.append(_fault(kind, old, new, replace(equations, definitions=definitions)))
    for group in ("state", "costate", "parameter"):
        rows: Mapping[str, Definition] = getattr(equations, group)
        for name, old in rows.items():
            for kind, new in _edits(old, known):
                found.append(_fault(kind, old, new, replace(equations, **{group: {**rows, name: new}})))
    return found


def faults_of_step(step: Step) -> list[EquationFault]:
    """Every fault that can be planted in the lines of a step."""
    known: dict[str, Definition] = {}
    found = []
    for old in step.lines:
        for kind, new in _edits(old, known):
            lines = tuple(new if d is old else d for d in step.lines)
            found.append(_fault(kind, old, new, replace(step, lines=lines)))
        known[old.name] = old
    return found


def _fault(kind: str, old: Definition, new: Definition, made: Any) -> EquationFault:
    return EquationFault(kind, old.name, _told(old), _told(new), made)


def _told(definition: Definition) -> str:
    shared = "mean " if definition.shared else ""
    match definition.body:
        case Elementwise(expression=expression):
            return f"{shared}{expression}"
        case Contraction(factors=factors, coefficient=coefficient):
            return f"{shared}{coefficient} * {' * '.join(map(str, factors))}"
        case Structured(row=row, operands=operands):
            return f"{shared}{row}({', '.join(operands)})"


def _edits(old: Definition, known: Mapping[str, Definition]) -> Iterator[tuple[str, Definition]]:
    """The definition with one thing changed, and what that is."""
    body = old.body
    yield "mean", replace(old, shared=not old.shared)
    match body:
        case Elementwise(expression=expression):
            for kind, new in _of_expression(expression, known):
                yield kind, replace(old, body=Elementwise(new))
        case Contraction(factors=factors, coefficient=coefficient):
            yield "sign", replace(old, body=replace(body, coefficient=-coefficient))
            yield "constant", replace(old, body=replace(body, coefficient=2 * coefficient))
            for place, factor in enumerate(factors):
                for kind, other in (*_turned(factor), *_moved(factor, known)):
                    changed = (*factors[:place], other, *factors[place + 1 :])
                    yield kind, replace(old, body=replace(body, factors=changed))
        case Structured(operands=operands):
            for place, operand in enumerate(operands):
                for name in _other_point(operand, known):
                    yield "point", replace(old, body=replace(body, operands=(*operands[:place], name, *operands[place + 1 :])))


def _turned(factor: Any) -> Iterator[tuple[str, Any]]:
    at = slot_indices(factor)
    if len(at) == 2:
        yield "transposed", slot(slot_name(factor), (at[1], at[0]))


def _of_expression(expression: Any, known: Mapping[str, Definition]) -> Iterator[tuple[str, Any]]:
    """Every edit of an expression: of its sums, products, powers, numbers and slots."""
    yield "sign", -expression
    for node in _nodes(expression):
        for kind, new in _of_node(node, known):
            if new != node:
                changed = _put(expression, node, new)
                if changed != expression:
                    yield kind, changed


def _of_node(node: Any, known: Mapping[str, Definition]) -> Iterator[tuple[str, Any]]:
    if isinstance(node, sympy.Add):
        for term in node.args:
            rest = [other for other in node.args if other is not term]
            yield "sign", sympy.Add(*rest, -term)
            yield "term dropped", sympy.Add(*rest)
    elif isinstance(node, sympy.Mul):
        for factor in node.args:
            yield "factor dropped", sympy.Mul(*(other for other in node.args if other is not factor))
    elif isinstance(node, sympy.Pow):
        yield "constant", sympy.Pow(node.base, node.exp + 1)
    elif is_slot(node):
        yield from _moved(node, known)
        name = slot_name(node)
        if name in SETTINGS or name.startswith(("learn:", "present:")):
            kind = "missing target" if name.startswith("present:") else "setting"
            yield kind, sympy.Integer(1)
            yield kind, 2 * node
        if name.startswith("z:"):
            yield "seed", sympy.Integer(0)
            yield "seed", sympy.Integer(1)


def _moved(factor: Any, known: Mapping[str, Definition]) -> Iterator[tuple[str, Any]]:
    for name in _other_point(slot_name(factor), known):
        yield "point", slot(name, slot_indices(factor))


def _other_point(name: str, known: Mapping[str, Definition]) -> Sequence[str]:
    """The same at the other state, if it is known there; what is given has a new value only."""
    if name.endswith("+"):
        return [name.removesuffix("+")]
    return [f"{name}+"] if f"{name}+" in known else []


def _nodes(expression: Any) -> list[Any]:
    """Every part of an expression once, whole slots included, in a fixed order."""
    found: dict[Any, None] = {}

    def walk(node: Any) -> None:
        found[node] = None
        if not is_slot(node):
            for argument in sorted(node.args, key=sympy.default_sort_key):
                walk(argument)

    walk(expression)
    return list(found)


def _put(expression: Any, old: Any, new: Any) -> Any:
    """The expression with one part exchanged, wherever it stands."""
    if expression == old:
        return new
    if is_slot(expression) or not expression.args or not slots(expression):
        return expression
    return expression.func(*(_put(argument, old, new) for argument in expression.args))
