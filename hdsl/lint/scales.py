"""Costs that weigh nothing beside the others: their factors, as far as numbers tell, are a million times smaller."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import sympy

from hdsl.diagnostics import catalogue_lint as catalogue
from hdsl.diagnostics.diagnostic import Diagnostic
from hdsl.lint.linear import numbers_of
from hdsl.model.evaluate import evaluate
from hdsl.model.model import Model
from hdsl.terms.term import Contraction, Definition, Elementwise, Scalar, size, slot_name, slots

APART = 1e6


def far_apart(model: Model) -> Iterator[Diagnostic]:
    """Costs of a target whose factor is far below the largest; what reads no target may be as small as it likes."""
    known = numbers_of(model) | {size(name): 1.0 for name in model.dims}  # a mean is not small for being one
    by_name = {definition.name: definition for definition in model.definitions}
    scales = {cost: scale_of(by_name[cost], by_name, known) for cost in model.costs if model.targets_of[cost]}
    told = {cost: scale for cost, scale in scales.items() if scale}
    if len(told) < 2:
        return
    largest = max(told, key=lambda cost: told[cost])
    for cost, scale in told.items():
        if scale * APART <= told[largest] * (1 + 1e-9):
            line = model.source.line_of(by_name[largest].spans[0])
            yield catalogue.small_cost(by_name[cost].spans[0], cost, scale, largest, told[largest], line)


def scale_of(definition: Definition, by_name: Mapping[str, Definition], known: Mapping[Scalar, float]) -> float | None:
    """The number before a cost; of a sum the largest, None where one is not known."""
    match definition.body:
        case Contraction(coefficient=coefficient):
            return _absolute(coefficient, known)
        case Elementwise(expression=expression):
            return max_or_none([_scale_of_term(term, by_name, known) for term in sympy.Add.make_args(expression)])
    return 1.0


def max_or_none(numbers: list[float | None]) -> float | None:
    """The largest of some numbers, None where one of them is not known."""
    known = [number for number in numbers if number is not None]
    return max(known) if known and len(known) == len(numbers) else None


def _scale_of_term(term: Scalar, by_name: Mapping[str, Definition], known: Mapping[Scalar, float]) -> float | None:
    numbers = [factor for factor in sympy.Mul.make_args(term) if all(s in known for s in slots(factor))]
    rest = [factor for factor in sympy.Mul.make_args(term) if factor not in numbers]
    scale = _absolute(sympy.Mul(*numbers), known)
    if scale is None or len(rest) != 1 or rest[0] not in slots(rest[0]):
        return scale
    inner = by_name.get(slot_name(rest[0]))
    within = 1.0 if inner is None else scale_of(inner, by_name, known)
    return None if within is None else scale * within


def _absolute(coefficient: Scalar, known: Mapping[Scalar, float]) -> float | None:
    value = evaluate(coefficient, known)
    return None if value is None or value != value else abs(value)
