"""Rewrites of the step that a run makes many times: sums that one matrix product makes, new values as sums of products."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import replace

import sympy

from hdsl.terms.term import (
    Contraction,
    Definition,
    Elementwise,
    Scalar,
    is_slot,
    slot_indices,
    slot_name,
    slots,
    trace_summands,
)


def beside(line: Definition, lines: Mapping[str, Definition]) -> bool:
    """Whether a sum is ``W h + U u + b`` and nothing else: [W | U | b] against [h | u | 1]."""
    if line.shared or len(line.indices) != 1 or not isinstance(line.body, Elementwise):
        return False
    return all(_is_part(term, line, lines) for term in sympy.Add.make_args(line.body.expression))


def _is_part(term: Scalar, line: Definition, lines: Mapping[str, Definition]) -> bool:
    """A matrix times a vector, or something of the sum's own size that all streams share."""
    if not is_slot(term) or slot_indices(term) != line.indices:
        return False
    source = lines.get(slot_name(term))
    if source is None:
        return True
    return isinstance(source.body, Contraction) and len(source.body.factors) == 2 and source.body.coefficient == 1


def multiply_out(lines: Iterable[Definition], numbers: Container[str]) -> tuple[Definition, ...]:
    """New values with ``numbers`` multiplied into the brackets that hold a contraction, so that their own calls take it in."""
    lines = tuple(lines)
    products = {line.name for line in lines if isinstance(line.body, Contraction)}
    return tuple(_multiplied(line, numbers) if _holds(line, products) else line for line in lines)


def _holds(line: Definition, products: Container[str]) -> bool:
    if not line.name.endswith("+") or not isinstance(line.body, Elementwise):
        return False
    brackets = (
        factor
        for term in sympy.Add.make_args(line.body.expression)
        for factor in sympy.Mul.make_args(term)
        if isinstance(factor, sympy.Add)
    )
    return any(slot_name(s) in products for bracket in brackets for s in slots(bracket))


def _multiplied(line: Definition, numbers: Container[str]) -> Definition:
    """A line as a sum of quantities, each once and with one number."""
    assert isinstance(line.body, Elementwise)

    def is_number(factor: Scalar) -> bool:
        return all(slot_name(s) in numbers for s in slots(factor))

    factors: dict[Scalar, Scalar] = defaultdict(lambda: sympy.Integer(0))
    for term in sympy.Add.make_args(line.body.expression):
        for inner in _terms(term, is_number):
            given = sympy.Mul.make_args(inner)
            rest = sympy.Mul(*(factor for factor in given if not is_number(factor)))
            factors[rest] += sympy.Mul(*(factor for factor in given if is_number(factor)))
    expression = sympy.Add(*(number * rest for rest, number in factors.items()))
    given_terms = [replace(s, expression=term) for s in line.summands for term in _terms(s.expression, is_number)]
    told = trace_summands(expression, given_terms) if given_terms else ()
    return replace(line, body=Elementwise(expression), summands=told)


def _terms(term: Scalar, is_number: Callable[[Scalar], bool]) -> list[Scalar]:
    """The summands of a product of numbers and one bracket; what is none stays as it is."""
    brackets = [f for f in sympy.Mul.make_args(term) if isinstance(f, sympy.Add) and not is_number(f)]
    if len(brackets) != 1 or not is_number(term / brackets[0]):
        return [term]
    return [part for inner in brackets[0].args for part in _terms(term / brackets[0] * inner, is_number)]
