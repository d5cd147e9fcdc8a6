"""Branches: what a conditional did not choose contributes nothing to a derivative, not even where its value is nan.

The adjoint that a conditional hands to a branch is exactly 0 where that branch was not taken. Whatever lies behind a branch
multiplies this 0 by slopes and by values, and 0 · nan is nan; so there every such product is itself a conditional on the
adjoint: 0 where the adjoint is 0. Definitions that lie behind no branch are derived as ever.
"""

from __future__ import annotations

from collections.abc import Sequence

import sympy

from hdsl.derive.workspace import Tracing
from hdsl.terms.elementwise import ROWS, RowFunction, where_equal
from hdsl.terms.structured import STRUCTURED
from hdsl.terms.term import (
    Contraction,
    Definition,
    Elementwise,
    Scalar,
    Size,
    Structured,
    indices,
    is_slot,
    slot,
    slot_indices,
    slot_name,
    slots,
)

ZERO, ONE = sympy.Integer(0), sympy.Integer(1)


def branches_of(definition: Definition) -> tuple[int, ...]:
    """The places of the arguments of which a conditional takes one; none of what is no conditional."""
    expression = definition.body.expression if isinstance(definition.body, Elementwise) else None
    row = ROWS.get(type(expression).__name__)
    return row.branches if row is not None else ()


def behind_branches(definitions: Sequence[Definition]) -> frozenset[str]:
    """The names of the definitions that some branch reads, be it through other definitions."""
    by_name = {definition.name: definition for definition in definitions}
    waiting = [
        slot_name(occurrence)
        for definition in definitions
        for place in branches_of(definition)
        for occurrence in slots(definition.body.expression.args[place])  # type: ignore[union-attr]
    ]
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in by_name and name not in found:
            found.add(name)
            waiting.extend(by_name[name].reads())
    return frozenset(found)


def pulled_branches(expression: Scalar, adjoint: Scalar) -> list[tuple[Scalar, Scalar]]:
    """For each branch that is a slot, the slot and its part of the adjoint: the adjoint where it was taken, else 0."""
    places = ROWS[type(expression).__name__].branches
    found = []
    for place in places:
        if is_slot(expression.args[place]):
            kept = [adjoint if at == place else ZERO if at in places else a for at, a in enumerate(expression.args)]
            found.append((expression.args[place], expression.func(*kept)))
    return found


def may_be_nan(slope: Scalar, behind: frozenset[str]) -> bool:
    """Whether a slope can fail to be a number where all that is declared is one: sums and products of that cannot."""
    if is_slot(slope):
        return slot_name(slope) in behind
    if isinstance(slope, sympy.Pow) and not (slope.exp.is_Integer and slope.exp > 0) and slots(slope):
        return True
    return isinstance(slope, RowFunction) or any(may_be_nan(part, behind) for part in slope.args)


def guarded(adjoint: Scalar, product: Scalar) -> Scalar:
    """``product``, of an adjoint and something that may be nan, and 0 where the adjoint is 0."""
    return where_equal(adjoint, ZERO, ZERO, product) if slots(adjoint) and product != 0 else product


def guarded_factors(
    maker: Tracing, factors: Sequence[Scalar], adjoint: Scalar, sized: dict[sympy.Symbol, Size], defined: frozenset[str]
) -> tuple[Scalar, ...]:
    """The factors beside an adjoint in a contraction, each 0 where the adjoint is 0 wherever the factor meets it.

    Only what is ``defined`` can be nan while all that it was made of is finite.
    """
    if not slots(adjoint):
        return tuple(factors)
    return tuple(
        _guarded_factor(maker, factor, adjoint, sized) if slot_name(factor) in defined else factor for factor in factors
    )


def _guarded_factor(maker: Tracing, factor: Scalar, adjoint: Scalar, sized: dict[sympy.Symbol, Size]) -> Scalar:
    own, at = slot_indices(factor), slot_indices(adjoint)
    kept = tuple(i for i in at if i in own)
    count = touched(maker, adjoint, kept, sized)
    sizes = tuple(sized[i] for i in own)
    swap = dict(zip(own, indices(len(own)), strict=True))
    body = Elementwise(where_equal(count, ZERO, ZERO, factor).xreplace(swap))
    return slot(maker.add("x", body, sizes), own)


def touched(maker: Tracing, adjoint: Scalar, kept: tuple[sympy.Symbol, ...], sized: dict[sympy.Symbol, Size]) -> Scalar:
    """A slot at the indices ``kept`` that is 0 where the adjoint is 0 at every place of its other indices."""
    at = slot_indices(adjoint)
    if kept == at:
        return adjoint
    swap = dict(zip(at, indices(len(at)), strict=True))
    mark = Elementwise(where_equal(adjoint, ZERO, ZERO, ONE).xreplace(swap))
    name = maker.add("x", mark, tuple(sized[i] for i in at))
    order = (*kept, *(i for i in at if i not in kept))
    places = dict(zip(order, indices(len(order)), strict=True))
    bound = tuple((places[i], sized[i]) for i in order[len(kept) :])
    body = Contraction((slot(name, tuple(places[i] for i in at)),), bound)
    return slot(maker.add("c", body, tuple(sized[i] for i in kept)), kept)


def reads_of(expression: Scalar, made: Sequence[Definition]) -> set[str]:
    """What a pullback and the definitions that it made read: one that only moves entries of its adjoint reads nothing else."""
    return {slot_name(occurrence) for occurrence in slots(expression)}.union(*(d.reads() for d in made))


def may_fail(expression: Scalar, made: Sequence[Definition], behind: frozenset[str]) -> bool:
    """Whether a pullback can fail to be a number where all that is declared is one.

    It can where it, or a definition that it made, reads what is behind a branch, and where one of these is of a kind that
    can fail by itself: a matrix that a param holds may be singular.
    """
    failing = (
        STRUCTURED[d.body.row].may_fail if isinstance(d.body, Structured) else may_be_nan(d.body.expression, behind)
        for d in made
        if not isinstance(d.body, Contraction)
    )
    return not behind.isdisjoint(reads_of(expression, made)) or any(failing)


def guarded_structured(maker: Tracing, definition: Definition, adjoint: Scalar, expression: Scalar, rank: int) -> Scalar:
    """What a structured operation pulls back, and 0 where its adjoint is 0 throughout.

    An operation along one axis is a separate one at each place of the other axes, and is told apart there.
    """
    assert isinstance(definition.body, Structured)
    at, sizes = definition.indices, definition.sizes
    axis = dict(definition.body.attributes).get("axis")
    sized = dict(zip(at, sizes, strict=True))
    if axis is None or not slots(adjoint):
        count = touched(maker, adjoint, (), sized) if slots(adjoint) else adjoint
        return guarded(count, expression)
    free = tuple(i for place, i in enumerate(indices(rank)) if place != rank + axis)
    kept = at if len(at) < rank else free
    count = touched(maker, adjoint, kept, sized)
    return guarded(count.xreplace(dict(zip(kept, free, strict=True))), expression)
