"""The linear part of definitions: what each of them holds of chosen quantities to the first power, and of what else it is made.

``h' = -k*h + A @ h + tanh(W @ h)`` has the parts −k (entry by entry) and A (a matrix) of h; the rest, tanh, is bounded
whatever h does. From numbers that are known this gives the transition of a step, and with it where a step is stable.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from math import isnan
from typing import Any

import sympy

from hdsl.model.evaluate import evaluate
from hdsl.model.model import Initial, Model
from hdsl.terms.elementwise import RowFunction
from hdsl.terms.term import (
    Contraction,
    Definition,
    Elementwise,
    Scalar,
    Structured,
    is_slot,
    multiplied_out,
    size,
    slot,
    slot_indices,
    slot_name,
    slots,
)

BOUNDED_ROWS = frozenset(("tanh", "sigmoid", "sin", "cos", "erf", "sign"))
BOUNDED_OPERATIONS = frozenset(("softmax",))
MOVING_ENTRIES = frozenset(("slice", "concat", "stack", "reshape", "permute", "place"))
MOST_TERMS = 40  # of one expression: a longer one is not taken apart
MOST_ENTRIES = 1000  # of a list: a longer one is not read


@dataclass(frozen=True)
class Matrix:
    """What stands before a vector: a matrix by its name, or its transpose."""

    name: str
    transposed: bool = False


Operator = Matrix | None  # None: entry by entry


@dataclass(frozen=True)
class Linear:
    """A definition as ``Σ coefficient * operator @ quantity + rest``.

    ``terms`` has the coefficients by quantity and operator, at the canonical indices of the definition. ``bounded`` is
    true where the rest stays within bounds whatever the chosen quantities do: it does not hold them, or behind tanh only;
    ``still`` where it does not hold them at all, so that the terms are the whole derivative.
    """

    terms: Mapping[tuple[str, Operator], Scalar] = field(default_factory=dict)
    bounded: bool = True
    still: bool = True

    @property
    def is_bounded(self) -> bool:
        return self.bounded and not self.terms


UNKNOWN = Linear(bounded=False, still=False)


def linear_parts(model: Model, leaves: Collection[str]) -> dict[str, Linear]:
    """The linear part in the quantities ``leaves`` of every definition of a model, by name.

    A state that is no leaf is an unbounded rest. Other quantities are numbers here: they do not move with the leaves.
    """
    reading = _Reading(model, leaves)
    for definition in model.definitions:
        reading.parts[definition.name] = reading.of(definition)
    return {definition.name: reading.parts[definition.name] for definition in model.definitions}


def numbers_of(model: Model) -> dict[Scalar, float]:
    """The numbers of sizes, of scalar consts and of ``tau``, as far as the file tells them, by their slots."""
    known: dict[Scalar, float] = {}
    waiting: dict[Scalar, Any] = {size(name): value for name, value in model.dims.items() if value is not None}
    for const in model.of_role("const"):
        if const.initial is not None and const.initial.kind == "number" and not const.sizes:
            waiting[slot(const.name)] = const.initial.arguments[0]
    waiting[slot("tau")] = model.learning.values["tau"]
    while ready := {key: value for key, value in waiting.items() if value.free_symbols <= known.keys()}:
        for key, value in ready.items():
            number = evaluate(value, known)
            if number is not None and not isnan(number):
                known[key] = number
            del waiting[key]
    return known


def setting_of(model: Model, path: str, known: Mapping[Scalar, float]) -> float | None:
    """The number of a setting of ``learn`` (``eta.h``, ``phi``), or None where it reads what is not known."""
    value = model.learning.phi if path == "phi" else model.learning.values[path]
    return evaluate(value, known)


def entries_of(model: Model, coefficient: Scalar, known: Mapping[Scalar, float]) -> list[float] | None:
    """Every number that a coefficient takes, entry by entry; None where it reads a param, an input or a random const."""
    lists: dict[Scalar, list[float]] = {}
    for occurrence in slots(coefficient):
        if occurrence in known:
            continue
        quantity = model.quantities.get(slot_name(occurrence))
        if quantity is None or quantity.role != "const" or quantity.initial is None or len(quantity.sizes) > 1:
            return None
        values = _flat(quantity.initial, known)
        if values is None:
            return None
        lists[occurrence] = values
    place = {occurrence: sympy.Dummy(slot_name(occurrence)) for occurrence in lists}
    count = max((len(values) for values in lists.values()), default=1)
    if count > MOST_ENTRIES:
        return None
    found = []
    for k in range(count):
        at = {place[occurrence]: values[k % len(values)] for occurrence, values in lists.items()}
        value = evaluate(coefficient.xreplace(place), {**known, **at})
        if value is None or isnan(value):
            return None
        found.append(value)
    return found


def _flat(initial: Initial, known: Mapping[Scalar, float]) -> list[float] | None:
    if initial.kind in ("zeros", "ones"):
        return [float(initial.kind == "ones")]
    scalars = initial.arguments if initial.kind == "number" else initial.values if initial.kind == "list" else ()
    values = [evaluate(scalar, known) for scalar in scalars if not isinstance(scalar, tuple)]
    numbers = [value for value in values if value is not None and not isnan(value)]
    return numbers if numbers and len(numbers) == len(scalars) else None


def is_antisymmetric(definition: Definition) -> bool:
    """Whether a matrix is minus its transpose by the way it is made: ``W - W.T``."""
    if len(definition.sizes) != 2 or not isinstance(definition.body, Elementwise):
        return False
    i, j = definition.indices
    expression = definition.body.expression
    turned = expression.xreplace({i: j, j: i})
    return bool(slots(expression)) and multiplied_out(expression + turned, MOST_TERMS) == 0


class _Reading:
    """Goes through the definitions of a model in their order."""

    def __init__(self, model: Model, leaves: Collection[str]) -> None:
        self.parts: dict[str, Linear] = {}
        self.leaves = frozenset(leaves)
        self.ranks = {name: len(quantity.sizes) for name, quantity in model.quantities.items()}
        self.others = {q.name for q in model.of_role("state")} - self.leaves

    def of(self, definition: Definition) -> Linear:
        match definition.body:
            case Elementwise(expression=expression):
                return self._sum(expression, definition.indices)
            case Contraction():
                return self._contraction(definition.body, definition.indices)
            case Structured(row=row, operands=operands):
                still = not self._moves(operands)
                held = row in MOVING_ENTRIES and all(self._named(name).is_bounded for name in operands)
                return Linear(bounded=still or held or row in BOUNDED_OPERATIONS, still=still)

    def _named(self, name: str) -> Linear:
        """The linear part of a quantity at its own canonical indices."""
        if name in self.leaves:
            return Linear({(name, None): sympy.Integer(1)})
        return self.parts.get(name, UNKNOWN if name in self.others else Linear())

    def _moves(self, names: Collection[str]) -> bool:
        return any(name in self.leaves | self.others or self._named(name) != Linear() for name in names)

    def _sum(self, expression: Scalar, at: tuple[sympy.Symbol, ...]) -> Linear:
        apart = multiplied_out(expression, MOST_TERMS)
        if apart is None:
            return UNKNOWN
        terms = sympy.Add.make_args(apart)
        found: dict[tuple[str, Operator], Scalar] = {}
        bounded = still = True
        for term in terms:
            part = self._product(term, at)
            bounded, still = bounded and part.bounded, still and part.still
            for key, coefficient in part.terms.items():
                found[key] = found.get(key, sympy.Integer(0)) + coefficient
        return Linear({key: value for key, value in found.items() if value != 0}, bounded, still)

    def _product(self, term: Scalar, at: tuple[sympy.Symbol, ...]) -> Linear:
        """A summand: one factor that moves and what scales it, or factors that are bounded each."""
        moving: list[Scalar] = []
        still: list[Scalar] = []
        for factor in sympy.Mul.make_args(term):
            moves = self._moves([slot_name(occurrence) for occurrence in slots(factor)])
            (moving if moves else still).append(factor)
        if len(moving) == 1 and is_slot(moving[0]) and slot_indices(moving[0]) == at:
            part, scale = self._named(slot_name(moving[0])), sympy.Mul(*still)
            return Linear({key: scale * value for key, value in part.terms.items()}, part.bounded, part.still)
        return Linear(bounded=all(map(self._is_bounded, moving)), still=not moving)

    def _is_bounded(self, expression: Scalar) -> bool:
        if not self._moves([slot_name(occurrence) for occurrence in slots(expression)]):
            return True
        if is_slot(expression):
            return self._named(slot_name(expression)).is_bounded
        if isinstance(expression, RowFunction):
            name = type(expression).__name__
            return name in BOUNDED_ROWS or (name in ("clip", "min", "max") and self._clips(name, expression.args))
        if isinstance(expression, sympy.Pow):
            return bool(expression.exp.is_Integer and expression.exp > 0) and self._is_bounded(expression.base)
        return isinstance(expression, sympy.Add | sympy.Mul) and all(map(self._is_bounded, expression.args))

    def _clips(self, name: str, arguments: tuple[Scalar, ...]) -> bool:
        return all(map(self._is_bounded, arguments[1:] if name == "clip" else arguments))

    def _contraction(self, body: Contraction, at: tuple[sympy.Symbol, ...]) -> Linear:
        moving = [factor for factor in body.factors if self._moves([slot_name(factor)])]
        if all(self._named(slot_name(factor)).is_bounded for factor in moving):
            return Linear(still=not moving)
        vector, *others = sorted(body.factors, key=lambda factor: factor not in moving)
        if len(moving) != 1 or len(others) != 1 or len(body.bound) != 1 or len(at) != 1:
            return UNKNOWN
        inner, (matrix,) = self._named(slot_name(vector)), others
        j, where = body.bound[0][0], slot_indices(matrix)
        plain = all(operator is None and not any(map(slot_indices, slots(c))) for (_, operator), c in inner.terms.items())
        if slot_indices(vector) != (j,) or set(where) != {at[0], j} or not plain:
            return UNKNOWN
        operator: Operator = Matrix(slot_name(matrix), transposed=where == (j, at[0]))
        terms = {(name, operator): body.coefficient * value for (name, _), value in inner.terms.items()}
        return Linear(terms, inner.bounded, inner.still)
