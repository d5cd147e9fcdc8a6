"""Mechanics: what moves a mechanical system, q̇ = ∂H/∂p and ṗ = −∂H/∂q, derived from its Hamiltonian.

The derivatives are definitions like any others, and the states have them as their dynamics, so that all that follows needs to
know nothing of H. A system learns nothing: its states have no costates besides one another.

Source: Hairer, Lubich, Wanner, *Geometric Numerical Integration*, 2nd ed., VI.1.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import sympy

from hdsl.derive.accumulate import Part, accumulate, merge_roots, places_of, summands_of, total
from hdsl.derive.workspace import Workspace
from hdsl.diagnostics import catalogue_mechanics as mechanics
from hdsl.diagnostics.catalogue import written
from hdsl.diagnostics.diagnostic import Diagnostic
from hdsl.model.mechanics import hamiltonians
from hdsl.model.model import DynamicsOf, Model
from hdsl.model.outside import is_outside
from hdsl.model.reach import reached
from hdsl.model.walk import names_in
from hdsl.syntax.source import Span
from hdsl.syntax.tree import Binary, Define, Expression, Name
from hdsl.terms.elementwise import RowFunction
from hdsl.terms.term import Definition, Elementwise, slot_indices, slot_name, slots, trace_summands

SEPARABLE = ("leapfrog", "yoshida4")
"""The steps that move states and momenta in turn, which wants H = T(p) + V(q)."""


def set_in_motion(model: Model) -> tuple[Model, tuple[Diagnostic, ...]]:
    """A mechanical system with its dynamics, and what is wrong with them; any other model as it is."""
    if model.hamiltonian is None:
        return model, ()
    workspace = Workspace(model)
    energy = next(d for d in model.definitions if d.name == model.hamiltonian)
    seed = Part(sympy.Integer(1), energy.spans, (energy.name,))
    momenta = {momentum: state for state, momentum in model.pairs.items()}
    parts = accumulate(workspace, model.definitions, {energy.name: [seed]}, (*model.pairs, *momenta))
    dynamics: dict[str, DynamicsOf] = {}
    for name in (q.name for q in model.of_role("state")):
        by, sign = (model.pairs[name], 1) if name in model.pairs else (momenta[name], -1)
        definition = _moved(workspace, name, parts[by], sign, energy.spans)
        workspace.append(definition)
        dynamics[name] = DynamicsOf(name, "flow", definition.name, energy.spans[0])
    moving = replace(
        model,
        definitions=(*model.definitions, *_taken_in(workspace.added)),
        dynamics=dynamics,
        outputs=(*model.outputs, energy.name),
        without_costate=frozenset(dynamics),
        learning=replace(model.learning, eta={}, values={"tau": model.learning.values["tau"]}),
    )
    return moving, tuple(_wrong(moving))


def _moved(workspace: Workspace, name: str, parts: Sequence[Part], sign: int, spans: tuple[Span, ...]) -> Definition:
    """∂H/∂p or −∂H/∂q; 0 where H does not read it."""
    slope = sign * total(parts)
    told = trace_summands(slope, summands_of(parts, sign))
    places = places_of(parts) or spans
    return Definition(f"f:{name}", Elementwise(slope), workspace.sizes_of(name), True, places, merge_roots(parts), told)


def _taken_in(lines: Sequence[Definition]) -> list[Definition]:
    """The derived lines, an adjoint that stands in one place and for whole numbers of its reader put in there."""
    kept = list(lines)
    for name in [line.name for line in lines]:
        line = next(one for one in kept if one.name == name)
        readers = [other for other in kept if line.name in other.reads()]
        if line.name.startswith("f:") or len(readers) != 1 or not isinstance(line.body, Elementwise):
            continue
        (reader,) = readers
        if not isinstance(reader.body, Elementwise) or isinstance(reader.body.expression, RowFunction):
            continue
        found = [read for read in slots(reader.body.expression) if slot_name(read) == line.name]
        if len(found) != 1 or (line.sizes and set(slot_indices(found[0])) != set(reader.indices)):
            continue
        swap = {found[0]: line.body.expression.xreplace(dict(zip(line.indices, slot_indices(found[0]), strict=True)))}
        value = reader.body.expression.xreplace(swap)
        told = trace_summands(value, [replace(s, expression=s.expression.xreplace(swap)) for s in reader.summands])
        kept[kept.index(reader)] = replace(reader, body=Elementwise(value), summands=told)
        kept.remove(line)
    return kept


# What is wrong --------------------------------------------------------------------------------------------------------


def _wrong(model: Model) -> Iterator[Diagnostic]:
    """Momenta that H does not read, and a step that does not go with H."""
    reads = {definition.name: definition.reads() for definition in model.definitions}
    of_energy = reached([str(model.hamiltonian)], reads)
    for state, momentum in model.pairs.items():
        if momentum not in of_energy:
            yield mechanics.idle_momentum(model.quantities[momentum].span, state, momentum)
    if model.learning.step not in SEPARABLE:
        return
    momenta = set(model.pairs.values())
    for name, moved in model.dynamics.items():
        behind = reached([moved.definition], reads)
        mixed = [read for read in model.dynamics if read in behind and (read in momenta) == (name in momenta)]
        if mixed:
            yield _not_separable(model, name, mixed[0])
            return


def _not_separable(model: Model, name: str, read: str) -> Diagnostic:
    """The place of a term of H in which ``read`` stands beside what moves ``name``."""
    by = {**model.pairs, **{p: q for q, p in model.pairs.items()}}[name]
    span = model.learning.spans["step"]
    defined = {s.name: s for s in model.written.statements if isinstance(s, Define)}
    value = hamiltonians(model.written)[0].value
    place = _term(value, defined, {by, read})
    fix = None if is_outside(model.source.text, span) else written("step = implicit-midpoint", span, safe=False)
    return mechanics.not_separable(place, model.learning.step, by, read, span, fix)


def _term(tree: Expression, defined: dict[str, Define], both: set[str]) -> Span:
    """The first summand, through sums and names of sums, that reads both."""
    waiting = [tree]
    while waiting:
        one = waiting.pop(0)
        match one:
            case Binary(operator="+" | "-", left=left, right=right):
                waiting[:0] = [left, right]
            case Name(name=name) if name in defined:
                waiting[:0] = [defined[name].value]
            case _ if both <= _closed(one, defined):
                return one.span
    return tree.span


def _closed(tree: Expression, defined: dict[str, Define]) -> set[str]:
    """Every name that an expression reads, be it through definitions."""
    found: set[str] = set()
    waiting = [name.name for name in names_in(tree)]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += [read.name for read in names_in(defined[name].value)] if name in defined else []
    return found
