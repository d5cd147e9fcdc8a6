"""Renaming: the same definition under other names, as where h⁺ stands in place of h."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from hdsl.terms.term import (
    Contraction,
    Definition,
    Elementwise,
    Scalar,
    Structured,
    slot,
    slot_indices,
    slot_name,
    slots,
    trace_summands,
)


def rename(definition: Definition, swap: Mapping[str, str]) -> Definition:
    """The same definition with other names for what it is and what it reads."""

    def renamed(expression: Scalar) -> Scalar:
        return expression.xreplace(
            {s: slot(swap[slot_name(s)], slot_indices(s)) for s in slots(expression) if slot_name(s) in swap}
        )

    body = definition.body
    match body:
        case Contraction(factors=factors, coefficient=coefficient):
            body = replace(body, factors=tuple(map(renamed, factors)), coefficient=renamed(coefficient))
        case Elementwise(expression=expression):
            body = Elementwise(renamed(expression))
        case Structured(operands=operands):
            body = replace(body, operands=tuple(swap.get(o, o) for o in operands))
    summands = definition.summands
    if summands and isinstance(body, Elementwise):
        summands = trace_summands(body.expression, [replace(s, expression=renamed(s.expression)) for s in summands])
    name = swap.get(definition.name, definition.name)
    return replace(definition, name=name, body=body, summands=summands)
