"""Elementwise expressions that torch makes in one call."""

from __future__ import annotations

from typing import Any, Protocol

import sympy

from hdsl.terms.term import Definition, Elementwise, Scalar, is_slot, slot_indices


class Lines(Protocol):
    """What a form asks of the printer of lines."""

    def is_number(self, expression: Scalar) -> bool: ...

    def bare(self, occurrence: Scalar) -> str: ...

    def text(self, expression: Scalar, line: Definition, around: int = 0) -> str: ...


def lerp(lines: Lines, line: Definition) -> str | None:
    """h + τ (s − h)."""
    terms = _terms(line, sympy.Add)
    if len(terms) != 2:
        return None
    for start, move in (terms, terms[::-1]):
        if not is_slot(start) or not isinstance(move, sympy.Mul):
            continue
        for difference in move.args:
            end = difference + start if isinstance(difference, sympy.Add) else None
            if end is None or not is_slot(end) or not lines.is_number(move / difference):
                continue
            if slot_indices(start) == slot_indices(end) == line.indices:
                weight = lines.text(move / difference, line)
                return f"torch.lerp({lines.bare(start)}, {lines.bare(end)}, {weight})"
    return None


def faded(lines: Lines, line: Definition) -> str | None:
    """A sum with a costate times a number in it, that number taken along in the call: one pass over memory less."""
    terms = _terms(line, sympy.Add)
    scaled = [t for t in terms if isinstance(t, sympy.Mul) and is_slot(t.args[-1]) and lines.is_number(t / t.args[-1])]
    if len(terms) < 2 or len(scaled) != 1 or slot_indices(scaled[0].args[-1]) != line.indices:
        return None
    rest = lines.text(sympy.Add(*(term for term in terms if term is not scaled[0])), line)
    costate = scaled[0].args[-1]
    return f"torch.add({rest}, {lines.bare(costate)}, alpha={lines.text(scaled[0] / costate, line)})"


def scaled_sum(lines: Lines, expression: Scalar, line: Definition) -> str | None:
    """h + k f, with a number k that is no sign, in the layout of a line."""
    terms = sympy.Add.make_args(expression)
    if len(terms) != 2:
        return None
    for start, move in (terms, terms[::-1]):
        moved = [f for f in sympy.Mul.make_args(move) if not lines.is_number(f)]
        if not is_slot(start) or lines.is_number(start) or len(moved) != 1 or not is_slot(moved[0]):
            continue
        scale = move / moved[0]
        if scale.is_number or slot_indices(start) != line.indices or slot_indices(moved[0]) != line.indices:
            continue
        return f"torch.add({lines.text(start, line)}, {lines.text(moved[0], line)}, alpha={lines.text(scale, line)})"
    return None


def tanh_pullback(lines: Lines, line: Definition) -> str | None:
    """x (1 − s²) in one call, the one by which torch itself makes it."""
    factors = _terms(line, sympy.Mul)
    if len(factors) != 2:
        return None
    for x, rest in (factors, factors[::-1]):
        square = 1 - rest if isinstance(rest, sympy.Add) else None
        if not is_slot(x) or not isinstance(square, sympy.Pow) or square.exp != 2 or not is_slot(square.base):
            continue
        if slot_indices(x) == slot_indices(square.base) == line.indices:
            return f"torch.ops.aten.tanh_backward.default({lines.bare(x)}, {lines.bare(square.base)})"
    return None


def _terms(line: Definition, kind: Any) -> tuple[Scalar, ...]:
    expression = line.body.expression if isinstance(line.body, Elementwise) else None
    return tuple(expression.args) if isinstance(expression, kind) else ()
