"""Locality: by which way credit for a cost reaches a parameter within one step, read off the indices of the definitions.

Credit goes through a definition from its value to what it reads. Where an index of the value is summed on that way while the
operand has another that a factor ties to it (``a[i] = Σ_j W[i, j] h[j]``: from a[i] to h[j] by W[i, j]), credit comes from
*other units*: it passes a **connection**, and W is used transposed. So it does where an index is summed and the others stay
(``a[i, j] = k[j] + …``: k[j] hears of every i). An elementwise formula passes credit at its own unit, and so does what all
units share alike (a sum over them, a mean, the norm in a softmax): a *broadcast*. A parameter stands between two units, so
that what a definition hands to its own parameters is at the two ends of the synapse. States end every way: what reaches their
dynamics is held by their costate, from which the ways of the step begin, as they do from the costs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import sympy

from hdsl.model.model import Model
from hdsl.model.sharing import depending_on
from hdsl.syntax.source import Span
from hdsl.syntax.tree import Define
from hdsl.terms.term import Contraction, Definition, Elementwise, Scalar, Structured, slot_indices, slot_name, slots

MIXES: dict[str, frozenset[int]] = {
    "inv": frozenset({0}),
    "expm": frozenset({0}),
    "phi1m": frozenset({0}),
    "solve": frozenset({0, 1}),
    "conv2d": frozenset({0}),
    "conv2d_image": frozenset({0}),
    "conv2d_kernel": frozenset(),
    "avgpool2d": frozenset({0}),
    "avgpool2d_image": frozenset({0}),
    "maxpool2d": frozenset({0}),
    "maxpool2d_image": frozenset({0}),
    "maxpool2d_taken": frozenset({0}),
}
"""Structured operations that mix entries, and to which operands credit then comes from other units."""

MOVES = frozenset(
    ("slice", "place", "flip", "concat", "stack", "reshape", "diag", "diagonal", "eye", "pick", "embed", "scatter", "one_hot")
)
"""Structured operations that only move entries: credit stays at its unit."""

BROADCASTS = frozenset(("softmax", "logsumexp"))
"""Structured operations in which units share one number with all others."""


@dataclass(frozen=True)
class Passage:
    """One piece of a way: credit comes from ``value`` to ``operand``.

    ``through`` are the factors by which it comes from other units (empty for what no factor weighs), ``crosses`` whether it
    does. ``summed`` are the sizes over which a parameter's uses are summed, one for each place where it is used.
    """

    value: str
    operand: str
    crosses: bool
    through: tuple[str, ...]
    summed: tuple[Scalar, ...]
    spans: tuple[Span, ...]


@dataclass(frozen=True)
class Way:
    """A way of credit within a step: from a cost term or from the costate of a state to ``target``."""

    kind: Literal["cost", "costate"]
    source: str
    target: str
    passages: tuple[Passage, ...]

    @property
    def connections(self) -> int:
        return sum(passage.crosses for passage in self.passages)


def ways(model: Model) -> dict[str, tuple[Way, ...]]:
    """For each param and each state with a costate the ways that pass most connections: from a cost, and from a costate.

    What no credit reaches has none.
    """
    return _Ways(model).found


@dataclass(frozen=True)
class _Hop:
    """A passage, and what it does with indices, which are told by their places.

    ``summed`` are those of the value that are summed while others stay, ``weighed`` that something that moves is read by
    one of them; ``gains`` tells whether the operand has a further one. ``free`` are those of the operand by which nothing
    else is read, each with its place in the value, if it has one.
    """

    passage: Passage
    summed: frozenset[int] = frozenset()
    weighed: bool = False
    gains: bool = False
    free: tuple[tuple[int, int | None], ...] = ()


@dataclass(frozen=True)
class _Link:
    """A way as far as it has come: the last passage, and the rest before it.

    ``pending`` is the length at which an index was summed while others stayed: a connection, unless a further index comes
    in, so that the sum is one number for many units. ``crossed`` are the lengths at which that was found to be so.
    ``anew`` marks what comes from a costate that begins each sample at 0. ``bare`` are the places, among the indices of
    what the way has come to, along which credit is one number: a sum over such an index hears of no other unit.
    """

    kind: Literal["cost", "costate"]
    source: str
    connections: int = 0
    length: int = 0
    pending: int = 0
    crossed: frozenset[int] = frozenset()
    anew: bool = False
    bare: frozenset[int] = frozenset()
    last: Passage | None = None
    before: _Link | None = None

    def then(self, hop: _Hop) -> _Link:
        """The way with one more passage, which sums an index while others stay, or brings a further index in."""
        crosses = hop.passage.crosses
        link = self.settled() if crosses else replace(self, pending=0) if hop.gains else self
        length = self.length + 1
        heard = hop.summed if hop.weighed else hop.summed - self.bare
        pending = 0 if crosses else length if heard and not link.pending else link.pending
        bare = frozenset(place for place, before in hop.free if before is None or before in self.bare)
        link = replace(link, connections=link.connections + crosses, length=length, pending=pending, bare=bare)
        return replace(link, last=hop.passage, before=self)

    def settled(self) -> _Link:
        """The way with its pending sum taken for the connection that it is."""
        if not self.pending:
            return self
        return replace(self, connections=self.connections + 1, pending=0, crossed=self.crossed | {self.pending})

    def passages(self) -> tuple[Passage, ...]:
        found: list[Passage] = []
        link: _Link | None = self
        while link is not None and link.last is not None:
            found.append(replace(link.last, crosses=True) if link.length in self.crossed else link.last)
            link = link.before
        return tuple(reversed(found))


class _Ways:
    def __init__(self, model: Model) -> None:
        self.model = model
        reads = {d.name: tuple(d.reads()) for d in model.definitions}
        moving = [name for name, q in model.quantities.items() if q.role not in ("param", "const")]
        self.of_a_step = depending_on((*moving, "t", "tau"), reads)  # what is no parameter, nor made of parameters alone
        self.ends = {q.name for q in model.of_role("param")} | set(model.taught)
        self.active = depending_on(self.ends, reads)
        self.ranks = {name: len(q.sizes) for name, q in model.quantities.items()}
        self.ranks |= {d.name: len(d.sizes) for d in model.definitions}
        self.at: dict[str, dict[tuple[object, ...], _Link]] = {}
        for cost in model.costs:
            self._offer(cost, _Link("cost", cost))
        anew = {state for state in model.taught if model.resets[state] == "sample"}
        # Whether parameters hear of the costate of this very sample.
        late = model.learning.replays or model.learning.order == "sequential"
        for state in model.taught:
            if late or state not in anew:
                self._offer(model.dynamics[state].definition, _Link("costate", state, anew=state in anew))
        for definition in reversed(model.definitions):
            state = definition.name.removeprefix("initial:")
            if definition.name in self.active and state != definition.name and state in model.taught:
                self._begin(definition.name, state, late)
            self._pass_on(definition)
        self.found = {name: self._longest(name) for name in sorted(self.ends) if any(self._known(name))}

    def _begin(self, initial: str, state: str, late: bool) -> None:
        """A state that begins hands on what reaches it at once: from its own costate too, where that has moved before.

        There the costs read the state that has moved, not the one that begins.
        """
        if late and self.model.dynamics[state].kind == "flow":  # h⁺ = h + τ f has h in it
            self._offer(initial, _Link("costate", state))
        for link in self.at.get(state, {}).values():
            if link.kind == "costate" or not late:
                self._offer(initial, link)

    def _longest(self, name: str) -> tuple[Way, ...]:
        best: dict[str, _Link] = {}
        for link in (link.settled() for link in self._known(name)):
            known = best.get(link.kind)
            if known is None or _rank(link) > _rank(known):
                best[link.kind] = link
        chosen = sorted(best.values(), key=_rank, reverse=True)
        return tuple(Way(link.kind, link.source, name, link.passages()) for link in chosen)

    def _known(self, name: str) -> Iterator[_Link]:
        """The ways to a name; a costate hears nothing of one that begins each sample at 0."""
        return (link for link in self.at.get(name, {}).values() if not (link.anew and name in self.model.dynamics))

    def _offer(self, name: str, link: _Link) -> None:
        """Keep the way to ``name`` that passes most connections, and of these the shortest."""
        here = self.at.setdefault(name, {})
        key = link.kind, bool(link.pending), link.anew, link.bare
        known = here.get(key)
        if known is None or _rank(link) > _rank(known):
            here[key] = link

    def _pass_on(self, definition: Definition) -> None:
        for hop in self._hops(definition) if definition.name in self.at else ():
            if hop.passage.operand in self.active:
                for link in tuple(self.at[definition.name].values()):
                    self._offer(hop.passage.operand, link.then(hop))

    def _hops(self, definition: Definition) -> Iterator[_Hop]:
        match definition.body:
            case Contraction(factors=factors, coefficient=coefficient):
                every = (*factors, *slots(coefficient))
                for place, factor in enumerate(every):
                    yield self._to_slot(definition, factor, (*every[:place], *every[place + 1 :]))
            case Elementwise(expression=expression):
                for factor in slots(expression):
                    slope = _slope(expression, factor)
                    if slope != 0:
                        yield self._to_slot(definition, factor, slots(slope))
            case Structured() as body:
                for place in range(len(body.operands)):
                    yield self._to_operand(definition, body, place)

    def _to_slot(self, definition: Definition, factor: Scalar, others: tuple[Scalar, ...]) -> _Hop:
        """``others`` are the slots by which the derivative by ``factor`` is read."""
        name, out, own = slot_name(factor), definition.indices, slot_indices(factor)
        lost, kept = [i for i in out if i not in own], [i for i in own if i in out]
        gained = [i for i in own if i not in out]
        parameter = name not in self.of_a_step
        uses = tuple(size for i, size in zip(out, definition.sizes, strict=True) if i in lost) if parameter else ()
        held = {i for other in others for i in slot_indices(other)}
        free = tuple((own.index(i), out.index(i) if i in out else None) for i in own if i not in held)
        if parameter and definition.name in self.of_a_step:  # the ends of the synapse, unless another one ties them
            others = tuple(other for other in others if slot_name(other) not in self.of_a_step)
        bound = [i for i, _ in definition.body.bound] if isinstance(definition.body, Contraction) else []
        summed = [*lost, *(i for i in bound if i not in own)]
        crosses = any(_ties(other, summed, gained) for other in others)
        through = tuple(dict.fromkeys(slot_name(o) for o in others if _ties(o, summed, gained or kept)))
        passage = Passage(definition.name, name, crosses, through, () if crosses else uses, definition.spans)
        if parameter:
            return _Hop(passage, free=free)
        weighed = any(i in lost for o in others if slot_name(o) in self.of_a_step for i in slot_indices(o))
        return _Hop(passage, frozenset(map(out.index, lost if kept and not gained else ())), weighed, bool(gained), free)

    def _to_operand(self, definition: Definition, body: Structured, place: int) -> _Hop:
        name = body.operands[place]
        crosses = place in MIXES.get(body.row, ())
        others = tuple(o for k, o in enumerate(body.operands) if k != place and crosses)
        passage = Passage(definition.name, name, crosses, others, (), definition.spans)
        return _Hop(passage, gains=body.row in BROADCASTS and self.ranks.get(name, 0) > len(definition.sizes))


def _ties(other: Scalar, lost: Sequence[sympy.Symbol], found: Sequence[sympy.Symbol]) -> bool:
    has = slot_indices(other)
    return any(i in has for i in lost) and any(j in has for j in found)


def _slope(expression: Scalar, factor: Scalar) -> Scalar:
    """The derivative of a formula by a slot; 0 where only a comparison reads it."""
    stand_in = sympy.Dummy()
    return sympy.diff(expression.xreplace({factor: stand_in}), stand_in).xreplace({stand_in: factor})


def _rank(link: _Link) -> tuple[int, bool, int]:
    """The more connections, the higher; then ways from a cost, then short ones."""
    return link.connections, link.kind == "cost", -link.length


def uses(model: Model, found: Mapping[str, tuple[Way, ...]], param: str) -> tuple[Scalar, ...]:
    """The sizes over which the credit of a parameter that is used at many places is summed."""
    return next((p.summed for way in found.get(param, ()) for p in reversed(way.passages) if p.summed), ())


def named(model: Model) -> set[str]:
    """What somebody wrote a name for: quantities and definitions, those of instances by their dotted names."""
    return {s.name for s in model.written.statements if isinstance(s, Define)} | model.quantities.keys()


def told(model: Model, way: Way) -> str:
    """A way in words, with the lines of the file: ``cost fit (20) → e → h, through C transposed (18) → W (17)``.

    What nobody wrote a name for is left out, but for the connections.
    """
    names = named(model)
    first = way.passages[0].spans if way.passages else ()
    of = "cost" if way.kind == "cost" else "the costate of"
    parts = [f"{of} {way.source}{_lines(model, first)}"]
    for passage in way.passages:
        shown = [passage.operand] if passage.operand in names and passage.operand != way.source else []
        if passage.crosses:
            through = [f"through {' and '.join(passage.through)} transposed" if passage.through else "through other units"]
            parts.append(", ".join([*shown, *through]) + _lines(model, passage.spans))
        elif shown:
            parts.append(passage.operand)
    if parts[-1] != way.target:
        parts.append(way.target)
    return " → ".join(parts)


def _lines(model: Model, spans: tuple[Span, ...]) -> str:
    """The first line of the file on which a passage stands, behind the name of the file where it is another."""
    own = model.source.lines_of(spans)
    if own:
        return f" ({own[0]})"
    used = model.source.used_lines_of(spans)
    return f" ({used[0][0]}:{used[0][1][0]})" if used else ""
