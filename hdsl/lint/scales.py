"""Costs that weigh nothing beside the others: their factors, as far as numbers tell, are a million times smaller."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import sympy

from hdsl.diagnostics import catalogue_lint as catalogue
from hdsl.diagnostics.diagnostic import Diagnostic
from hdsl.model.evaluate import evaluate
from hdsl.model.model import Model
from hdsl.stability.numbers import Numbers
from hdsl.terms.term import Contraction, Elementwise, Scalar, is_slot, size, slot_name, slots

APART = 1e6


def far_apart(model: Model) -> Iterator[Diagnostic]:
    """Costs of a target whose factor is far below the largest; what reads no target may be as small as it likes."""
    scales = scales_of(model)
    spans = {definition.name: definition.spans[0] for definition in model.definitions if definition.name in model.costs}
    told = {cost: scale for cost in model.costs if model.targets_of[cost] and (scale := scales[cost])}
    if len(told) < 2:
        return
    largest = max(told, key=lambda cost: told[cost])
    for cost, scale in told.items():
        if scale * APART <= told[largest] * (1 + 1e-9):
            line = model.source.line_of(spans[largest])
            yield catalogue.small_cost(spans[cost], cost, scale, largest, told[largest], line)


def scales_of(model: Model) -> dict[str, float | None]:
    """The number before each definition; of a sum the largest, None where one is not known."""
    known = {**Numbers(model).known} | {size(name): 1.0 for name in model.dims}  # a mean is not small for being one
    found: dict[str, float | None] = {}
    for definition in model.definitions:
        match definition.body:
            case Contraction(coefficient=coefficient):
                found[definition.name] = _absolute(coefficient, known)
            case Elementwise(expression=expression):
                terms = sympy.Add.make_args(expression)
                found[definition.name] = max_or_none([_scale_of(term, found, known) for term in terms])
            case _:
                found[definition.name] = 1.0
    return found


def max_or_none(numbers: list[float | None]) -> float | None:
    """The largest of some numbers, None where one of them is not known."""
    known = [number for number in numbers if number is not None]
    return max(known) if known and len(known) == len(numbers) else None


def _scale_of(term: Scalar, found: Mapping[str, float | None], known: Mapping[Scalar, float]) -> float | None:
    numbers = [factor for factor in sympy.Mul.make_args(term) if all(s in known for s in slots(factor))]
    rest = [factor for factor in sympy.Mul.make_args(term) if factor not in numbers]
    scale = _absolute(sympy.Mul(*numbers), known)
    if scale is None or len(rest) != 1 or not is_slot(rest[0]):
        return scale
    within = found.get(slot_name(rest[0]), 1.0)
    return None if within is None else scale * within


def _absolute(coefficient: Scalar, known: Mapping[Scalar, float]) -> float | None:
    value = evaluate(coefficient, known)
    return None if value is None or value != value else abs(value)
