"""Renamed: a definition with other names, or with an expression, in place of what it is and what it reads."""

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


def valued(definition: Definition, symbol: Scalar, value: Scalar) -> Definition:
    """The same definition with a scalar expression in place of a scalar quantity, of which no whole operand is made."""
    swap, body = {symbol: value}, definition.body
    match body:
        case Contraction(coefficient=coefficient):
            body = replace(body, coefficient=coefficient.xreplace(swap))
        case Elementwise(expression=expression):
            body = Elementwise(expression.xreplace(swap))
    summands = definition.summands
    if summands and isinstance(body, Elementwise):
        given = [replace(s, expression=s.expression.xreplace(swap)) for s in summands]
        summands = trace_summands(body.expression, given)
    return replace(definition, body=body, summands=summands)
