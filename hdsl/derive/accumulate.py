"""The reverse pass over definitions: adjoints of a chosen set of seeds, at whatever point the definitions stand.

The adjoint of a definition is its Lagrange multiplier. Contributions are products of an adjoint with a partial derivative:
of a contraction by dropping one factor, of an elementwise expression by `sympy.diff` in one slot, of a structured
operation by the pullback of its row. Nothing else is differentiated.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache

import sympy

from hdsl.derive.branches import (
    behind_branches,
    branches_of,
    guarded,
    guarded_factors,
    guarded_structured,
    may_be_nan,
    may_fail,
    pulled_branches,
)
from hdsl.derive.pieces import put_together
from hdsl.derive.workspace import Tracing, Workspace
from hdsl.syntax.source import Span
from hdsl.terms.elementwise import RowFunction
from hdsl.terms.structured import STRUCTURED
from hdsl.terms.term import (
    KEPT,
    Contraction,
    Definition,
    Elementwise,
    Scalar,
    Structured,
    Summand,
    at_indices,
    indices,
    is_slot,
    merge_spans,
    slot,
    slot_indices,
    slot_name,
    slots,
    trace_summands,
)

_TRANSIENT = re.compile(r"[cx]\d*")
"""Names that pullbacks give to what they make."""


@dataclass(frozen=True)
class Part:
    """A summand of an adjoint or of a gradient: an expression at the canonical indices of what it belongs to.

    ``roots`` are the cost terms and the states whose derivative it holds, ``spans`` where these stand; ``at`` is where the
    definition stands that it was pulled through last, and ``through`` names it. What lies between has adjoints of its own,
    which tell of it: a chain of definitions would else name all that is behind each of them.
    """

    expression: Scalar
    spans: tuple[Span, ...]
    roots: tuple[str, ...]
    at: tuple[Span, ...] = ()
    through: tuple[str, ...] = ()


def accumulate(
    workspace: Workspace,
    definitions: Sequence[Definition],
    seeds: Mapping[str, Sequence[Part]],
    wrt: Iterable[str],
) -> dict[str, tuple[Part, ...]]:
    """Derivatives of the seeded definitions by each name of ``wrt``.

    ``seeds`` gives definitions their own adjoints. Adjoint definitions are added to the workspace; the parts of each
    derivative are returned, an empty tuple where nothing of the seeds depends on the name. Parts of a shared name are
    means over the streams wherever they cross from per stream to shared.
    """
    wanted = set(wrt)
    active = set(wanted)
    for definition in definitions:
        if active.intersection(definition.reads()):
            active.add(definition.name)
    parts: dict[str, list[Part]] = {name: list(given) for name, given in seeds.items()}
    held: Counter[str] = Counter()  # in how many parts stands what pullbacks made
    behind = behind_branches(definitions)
    known = {call: d.slot for d in definitions if (call := _function(d)) is not None}
    for definition in reversed(definitions):
        if definition.name not in active or not parts.get(definition.name):
            continue
        if definition.name in wanted:
            raise ValueError(f"{definition.name} is defined, so it cannot be a leaf of the derivation")
        adjoint = _adjoint(workspace, definition, parts.pop(definition.name), held)
        for name, part in _pull(workspace, definition, adjoint, active, known, behind):
            parts.setdefault(name, []).append(part)
            held.update(slot_name(s) for s in slots(part.expression) if _TRANSIENT.fullmatch(slot_name(s)))
    return {name: tuple(parts.get(name, ())) for name in sorted(wanted)}


def _function(definition: Definition) -> Scalar | None:
    """The function's value that a definition is, if it is one: derivatives that hold it read the definition instead."""
    if isinstance(definition.body, Elementwise) and isinstance(definition.body.expression, RowFunction):
        return definition.body.expression
    return None


def total(parts: Iterable[Part]) -> Scalar:
    """The sum of the parts."""
    return sympy.Add(*(part.expression for part in parts))


def summands_of(parts: Iterable[Part], scale: Scalar = 1) -> list[Summand]:
    """The parts, ``scale`` times, as summands of what holds their sum."""
    return [
        Summand(scale * term, part.spans, part.roots, part.through)
        for part in parts
        for term in sympy.Add.make_args(part.expression)
    ]


def places_of(parts: Iterable[Part]) -> tuple[Span, ...]:
    """Where the parts come from: their roots, and what was read as it is."""
    return merge_spans(*(spans for part in parts for spans in (part.spans, part.at)))


def merge_roots(parts: Iterable[Part]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(root for part in parts for root in part.roots))


def _adjoint(
    workspace: Workspace, definition: Definition, parts: list[Part], held: Counter[str]
) -> Part:
    """The adjoint of a definition as one slot; a new definition unless it is another quantity's value as it stands.

    What a pullback made and nothing else reads is the adjoint, and is called so; ``held`` counts in how many parts it stands.
    """
    origin, roots = merge_spans(*(part.spans for part in parts)), merge_roots(parts)
    spans = merge_spans(definition.spans, origin)
    together = put_together(workspace, definition, [part.expression for part in parts], spans, roots)
    through = (definition.name,)
    if together is not None:
        return Part(together, origin, roots, definition.spans, through)
    expression = total(parts)
    if expression.has(sympy.Add):
        expression = sympy.factor_terms(expression)
    bare = is_slot(expression) and slot_indices(expression) == definition.indices
    constant = not slots(expression) and not isinstance(definition.body, Structured)
    if bare and held[slot_name(expression)] == 1:
        named = workspace.fresh(f"adj:{definition.name}")
        if workspace.rename(slot_name(expression), named, spans, roots):
            del held[slot_name(expression)]  # another pullback may take the name
            expression = slot(named, definition.indices)
    elif not (bare or constant):
        name = workspace.fresh(f"adj:{definition.name}")
        body = Elementwise(expression)
        shared = workspace.reads_only_shared(body)  # a shared value with a costate of each stream has such an adjoint
        summands = trace_summands(expression, summands_of(parts))
        workspace.append(Definition(name, body, definition.sizes, shared, spans, roots, summands))
        expression = slot(name, definition.indices)
    return Part(expression, origin, roots, definition.spans, through)


def _pull(
    workspace: Workspace,
    definition: Definition,
    adjoint: Part,
    active: set[str],
    known: Mapping[Scalar, Scalar],
    behind: frozenset[str],
) -> list[tuple[str, Part]]:
    """The contributions of one definition to the adjoints of what it reads. What is ``behind`` a branch is guarded."""
    guards = definition.name in behind
    maker = Tracing(workspace, places_of((adjoint,)), adjoint.roots, active)
    pulled: list[tuple[str, Scalar]] = []
    match definition.body:
        case Contraction():
            pulled = _pull_contraction(maker, definition, adjoint.expression, active, behind if guards else frozenset())
        case Elementwise(expression=expression) if branches_of(definition):
            for occurrence, part in pulled_branches(expression, adjoint.expression):
                if slot_name(occurrence) in active:
                    pulled.append(_gather(maker, definition, part, occurrence))
        case Elementwise(expression=expression):
            for occurrence in slots(expression):
                if slot_name(occurrence) in active:
                    slope = slot_derivative(expression, occurrence).xreplace(known)
                    part = adjoint.expression * slope
                    part = guarded(adjoint.expression, part) if guards and may_be_nan(slope, behind) else part
                    pulled.append(_gather(maker, definition, part, occurrence))
        case Structured(row=row, operands=operands):
            before = workspace.mark
            maker.guards = guards and not behind.isdisjoint((definition.name, *operands))
            given = STRUCTURED[row].pullback(definition, slot_name(adjoint.expression), maker)
            for operand, expression in zip(operands, given, strict=True):
                if expression is not None and operand in active:
                    at = indices(len(workspace.sizes_of(operand)))
                    if guards and may_fail(expression, workspace.since(before), behind):
                        expression = guarded_structured(maker, definition, adjoint.expression, expression, len(at))
                    pulled.append(_gather(maker, None, expression, slot(operand, at)))
    return [(name, replace(adjoint, expression=e)) for name, e in pulled if e != 0]


def slot_derivative(expression: Scalar, occurrence: Scalar) -> Scalar:
    """∂ expression / ∂ one slot, every other slot held: each slot is a scalar symbol of its own."""
    stand_ins = {s: _stand_in(place) for place, s in enumerate(slots(expression))}
    back = {dummy: s for s, dummy in stand_ins.items()}
    return _slope(expression.xreplace(stand_ins), stand_ins[occurrence]).xreplace(back)


@lru_cache(maxsize=KEPT)
def _stand_in(place: int) -> sympy.Dummy:
    """A symbol for the slot at a place: expressions of one form become one, whatever they read."""
    return sympy.Dummy(f"s{place}")


@lru_cache(maxsize=4096)  # layers have the same few forms, and sympy asks of every slope anew whether it is zero
def _slope(expression: Scalar, stand_in: sympy.Dummy) -> Scalar:
    return sympy.diff(expression, stand_in)


def _pull_contraction(
    maker: Tracing, definition: Definition, adjoint: Scalar, active: set[str], guard: frozenset[str]
) -> list[tuple[str, Scalar]]:
    """Drop one factor at a time; the coefficient's scalars are factors of their own kind. What may be nan is in ``guard``."""
    body = definition.body
    assert isinstance(body, Contraction)
    pulled = []
    sized = dict(zip(definition.indices, definition.sizes, strict=True)) | dict(body.bound)
    for position, factor in enumerate(body.factors):
        if slot_name(factor) not in active:
            continue
        others = (*body.factors[:position], *body.factors[position + 1 :])
        others = guarded_factors(maker, others, adjoint, sized, guard)
        pulled.append(_contract(maker, body.coefficient, (adjoint, *others), factor, sized))
    for occurrence in slots(body.coefficient):
        if slot_name(occurrence) in active:
            slope = slot_derivative(body.coefficient, occurrence)
            others = guarded_factors(maker, body.factors, adjoint, sized, guard)
            pulled.append(_contract(maker, slope, (adjoint, *others), occurrence, sized))
    return pulled


def _gather(
    maker: Tracing, definition: Definition | None, expression: Scalar, occurrence: Scalar
) -> tuple[str, Scalar]:
    """Bring an elementwise contribution from the indices of a definition to those of one slot of it."""
    name, at = slot_name(occurrence), slot_indices(occurrence)
    if expression == 0:
        return name, sympy.Integer(0)
    sized = {}
    if definition is not None:
        sized = dict(zip(definition.indices, definition.sizes, strict=True))
    reduces = any(i not in at for i in sized)
    crosses = maker.workspace.shared([name]) and not maker.workspace.shared(map(slot_name, slots(expression)))
    if not reduces and not crosses:
        return name, at_indices(expression, at, indices(len(at)))
    coefficient, factors = _monomial(expression)
    if factors is None:
        own = definition.sizes if definition is not None else maker.sizes_of(name)
        stem = maker.add("x", Elementwise(expression), own)
        coefficient, factors = sympy.Integer(1), (slot(stem, indices(len(own))),)
    return _contract(maker, coefficient, factors, occurrence, sized or dict(zip(at, maker.sizes_of(name), strict=True)))


def _monomial(expression: Scalar) -> tuple[Scalar, tuple[Scalar, ...] | None]:
    """Coefficient and slots of a plain product of slots; None where it is anything else."""
    coefficient, factors = sympy.Integer(1), []
    for factor in sympy.Mul.make_args(expression):
        base, exponent = factor.as_base_exp()
        if is_slot(base) and exponent.is_Integer and 0 < exponent <= 4:
            factors.extend([base] * int(exponent))
        elif not slots(factor):
            coefficient *= factor
        else:
            return coefficient, None
    return coefficient, tuple(factors)


def _contract(
    maker: Tracing,
    coefficient: Scalar,
    factors: tuple[Scalar, ...],
    occurrence: Scalar,
    sized: Mapping[sympy.Symbol, Scalar],
) -> tuple[str, Scalar]:
    """``coefficient * sum of the product of factors`` at the indices of one slot, as an expression at canonical indices."""
    name, at = slot_name(occurrence), slot_indices(occurrence)
    loose = [f for f in factors if not slots(f) or (not slot_indices(f) and maker.workspace.shared([slot_name(f)]))]
    factors = tuple(f for f in factors if f not in loose)
    coefficient = coefficient * sympy.Mul(*loose)
    present = {i for factor in factors for i in slot_indices(factor)}
    summed = [i for i in sized if i in present and i not in at]
    # An index of the definition that neither the slot nor any factor has is summed too: it multiplies by its size.
    for i in sized:
        if i not in present and i not in at:
            coefficient = coefficient * sized[i]
    crosses = maker.workspace.shared([name]) and not maker.workspace.shared(map(slot_name, factors))
    own, canonical = (*at, *summed), indices(len(at) + len(summed))
    renamed = dict(zip(own, canonical, strict=True))
    product = tuple(at_indices(factor, own, canonical) for factor in factors)
    if not summed and not crosses:
        return name, coefficient * sympy.Mul(*product)
    bound = tuple((renamed[i], sized[i]) for i in summed)
    sizes = maker.sizes_of(name)
    made = maker.add("c", Contraction(product, bound), sizes, shared=maker.workspace.shared([name]) or None)
    return name, coefficient * slot(made, indices(len(sizes)))
