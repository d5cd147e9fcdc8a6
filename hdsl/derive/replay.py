"""Replay: a sequence forward, then back from its last token to its first (1-mathematics.md, section 3), as definitions.

Forward, each token moves the states, h⁺ = h + τ f, and θ, z and ω stand still. Then z = 0, ω ← (1 − τη) ω, and token by token
from the last

    z ← (1 − τη) z + τφ ∂L/∂h⁺ + τ′ (∂f/∂h at (u′, h⁺))ᵀ z        ω ← ω + τ (φ ∂L/∂θ + (∂f/∂θ at (u, h))ᵀ z)

with u′, τ′ of the token after it; at the end θ⁺ = θ − τβω. What stands last in the line of z is what the token after hands
back: it is pulled there, with what teaches θ, in one reverse pass over f at (u, h), and kept as ``back:h``.

All that differs between tokens counts as per stream here, be it t, τ or a state that all streams share: so a line may be worked
out for many tokens at once, as if they were streams.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import sympy

from hdsl.derive.accumulate import Part, accumulate, merge_roots, places_of, summands_of, total
from hdsl.derive.beginnings import begun, kept_by_flow, pull_through
from hdsl.derive.reversing import Reversal, reversal_of
from hdsl.derive.seeds import PHI, TAU, kept_of, plain_phi, seed_cost, seed_dynamics, setting
from hdsl.derive.workspace import Workspace
from hdsl.model.model import Model
from hdsl.syntax.source import Span
from hdsl.terms.renaming import rename
from hdsl.terms.term import (
    Contraction,
    Definition,
    Elementwise,
    Scalar,
    Summand,
    indices,
    keep_needed,
    merge_spans,
    setting_name,
    slot,
    slot_name,
    slots,
    trace_summands,
)

TOKEN, EVERY, FIRST = "token:stream", "token:all", "token:first"
"""Marks of a token: 0 where its stream waits for the others, whose sequences are longer; 1 at all; 1 in the first replay."""


@dataclass(frozen=True)
class Replay:
    """The way back. ``tokens`` are those after which it is gone at the latest; None where only a boundary ends them.

    ``turn`` holds for each parameter ω⁺ = (1 − τη) ω, ``token`` the lines of one token in an order of evaluation, ``move``
    θ⁺ = θ − τβω. ``cells`` are what a token moves: costates ``z:h``, what it hands back ``back:h``, costates ``w:W``.
    ``reversal`` gives the states before a token from those after it, where they are recomputed and not stored.
    """

    turn: tuple[Definition, ...]
    token: tuple[Definition, ...]
    move: tuple[Definition, ...]
    cells: tuple[str, ...]
    tokens: int | None
    reversal: Reversal | None = None

    @property
    def lines(self) -> tuple[Definition, ...]:
        """What a token does and what moves the parameters at the end."""
        return (*self.token, *self.move)


def build_replay(model: Model) -> Replay:
    """The way back of a model with ``schedule = replay``."""
    return _Builder(model).build()


def weight_of(model: Model, cost: str, shared: bool) -> Scalar:
    """τφ of a cost term at a token: 1 in the first replay where so declared, 0 where a target is missing or a stream waits."""
    weight = sympy.expand(TAU * plain_phi(model))
    if model.learning.first == "undamped":
        weight = slot(FIRST) + (1 - slot(FIRST)) * weight
    present = (slot(f"present:{target}") for target in model.targets_of[cost])
    return weight * sympy.Mul(*present, slot(EVERY if shared else TOKEN))


class _Builder:
    def __init__(self, model: Model) -> None:
        self.model = model
        self.workspace = Workspace(model)
        self.pieces: dict[str, list[Definition]] = {}  # of each definition at the old state, itself last
        self.params = [p.name for p in model.of_role("param")]
        self.held = [name for name in model.taught if model.resets[name] != "sample"]
        self.start = {name: name if model.resets[name] != "sample" else f"initial:{name}" for name in model.dynamics}
        self.start |= {name: f"begun:{name}" for name in model.begun if model.resets[name] != "sample"}
        for name in ("tau", "t", setting_name("first"), "begins:all", TOKEN, EVERY, FIRST):
            self.workspace.declare(name, (), False)
        for name, start in self.start.items():
            for made in (name, f"{name}+", start, f"z:{name}", f"z:{name}+", f"back:{name}"):
                self.workspace.declare(made, self.workspace.sizes_of(name), False)
        consts = {q.name for q in model.of_role("const") if not q.sizes}
        self.numbers = {"tau", slot_name(PHI), *map(setting_name, model.learning.values)} | consts

    def build(self) -> Replay:
        model = self.model
        old, made = self._at_old_state()
        new = self._at_new_state()
        by_cost = self._of_costs(new)
        for name in model.taught:
            self._move_costate(name, by_cost[f"{name}+"])
        by_dynamics = self._of_dynamics(old, made)
        for name in self.held:
            parts = by_dynamics[self.start[name]]
            self._append(f"back:{name}+", name, places_of(parts), merge_roots(parts), summands_of(parts))
        for param in self.params:
            parts = (*by_cost[param], *by_dynamics[param])
            kept = Summand(slot(f"w:{param}", self._at(param)), (), ())
            self._append(f"w:{param}+", param, places_of(parts), merge_roots(parts), [kept, *summands_of(parts)])
        cells = (*(f"z:{h}" for h in model.taught), *(f"back:{h}" for h in self.held), *(f"w:{w}" for w in self.params))
        return Replay(
            turn=tuple(self._turned(param) for param in self.params),
            token=keep_needed(self.workspace.added, [f"{cell}+" for cell in cells]),
            move=tuple(self._moved(param) for param in self.params),
            cells=cells,
            tokens=model.learning.tokens,
            reversal=reversal_of(model) if model.learning.states == "recomputed" else None,
        )

    def _at(self, name: str) -> tuple[sympy.Symbol, ...]:
        return indices(len(self.workspace.sizes_of(name)))

    # --- the two points ----------------------------------------------------------------------------------------------

    def _add(self, definition: Definition) -> list[Definition]:
        """A definition as it stands here, last: shared where all that it reads is the same for every token.

        What a state begins from is of a stream, as here the state is, be it that all of them share it. A number before a sum
        that is not the same for every token stands apart from the sum.
        """
        workspace, body, made = self.workspace, definition.body, []
        if isinstance(body, Contraction) and not workspace.shared(map(slot_name, slots(body.coefficient))):
            bare = replace(body, coefficient=sympy.Integer(1))
            shared = workspace.reads_only_shared(bare)
            part = replace(definition, name=workspace.fresh("c"), body=bare, shared=shared)
            made.append(workspace.append(part))
            definition = replace(definition, body=Elementwise(body.coefficient * part.slot))
        alike = definition.shared and not definition.name.startswith("initial:")
        alike = alike and workspace.reads_only_shared(definition.body)
        return [*made, workspace.append(replace(definition, shared=alike))]

    def _seed(self, seeds: dict[str, list[Part]], definition: Definition, parts: list[Part]) -> None:
        """Give a definition its own adjoint; one that is the same for every token has the mean over them all."""
        if definition.shared:
            whole = self.workspace.fresh("x")
            self.workspace.append(Definition(whole, Elementwise(total(parts)), definition.sizes, False, places_of(parts)))
            made = self.workspace.fresh(f"adj:{definition.name}")
            body, at = Contraction((slot(whole, definition.indices),), ()), definition.indices
            spans, roots = merge_spans(*(part.spans for part in parts)), merge_roots(parts)
            self.workspace.append(Definition(made, body, definition.sizes, True, spans, roots))
            parts = [Part(slot(made, at), spans, roots)]
        seeds.setdefault(definition.name, []).extend(parts)

    def _at_old_state(self) -> tuple[dict[str, Definition], tuple[Definition, ...]]:
        """Every definition of the model at (u, h), by its name; and the same with what states begin from, in order."""
        old: dict[str, Definition] = {}
        made: list[Definition] = []
        for definition in self.model.definitions:
            self.pieces[definition.name] = pieces = self._add(rename(definition, self.start))
            old |= {piece.name: piece for piece in pieces}
            made += pieces
            state = definition.name.removeprefix("initial:")
            if self.start.get(state) == f"begun:{state}":
                made += self._add(begun(self.model, state, old[definition.name]))
        return old, tuple(made)

    def _at_new_state(self) -> dict[str, Definition]:
        """Every definition with h⁺ for h; those that read no state stay as they are."""
        swap = {name: f"{name}+" for name in self.model.dynamics}
        new: dict[str, Definition] = {}
        for definition in self.model.definitions:
            pieces = self.pieces[definition.name]
            if swap.keys() & set(definition.reads()):
                swap[definition.name] = f"{definition.name}+"
                pieces = self._add(rename(definition, swap))
            new |= {piece.name: piece for piece in pieces[:-1]} | {definition.name: pieces[-1]}
        return new

    # --- the two reverse passes --------------------------------------------------------------------------------------

    def _of_costs(self, new: Mapping[str, Definition]) -> dict[str, tuple[Part, ...]]:
        """τφ ∂L by the new states and by the parameters, each as it stands in L."""
        seeds: dict[str, list[Part]] = {}
        for cost in self.model.costs:
            definition = new[cost]
            alike = {d.name: d.shared for d in self.model.definitions}[cost]
            self._seed(seeds, definition, seed_cost(self.workspace, cost, definition, weight_of(self.model, cost, alike)))
        leaves = (*(f"{name}+" for name in self.model.taught), *self.params)
        return accumulate(self.workspace, list(new.values()), seeds, leaves)

    def _of_dynamics(
        self, old: Mapping[str, Definition], made: tuple[Definition, ...]
    ) -> dict[str, tuple[Part, ...]]:
        """τ (∂f/∂h)ᵀ z and τ (∂f/∂θ)ᵀ z at (u, h), with what reaches the parameters by what states begin from."""
        model = self.model
        seeds: dict[str, list[Part]] = {}
        for name in model.taught:
            dynamics = model.dynamics[name]
            scale = TAU if dynamics.kind == "flow" else sympy.Integer(1)
            definition = old[dynamics.definition]
            self._seed(seeds, definition, seed_dynamics(self.workspace, name, f"z:{name}+", definition, scale))
        through = {name: self.start[name] for name in model.begun} if self.params else {}
        leaves = dict.fromkeys((*(self.start[name] for name in self.held), *self.params, *through.values()))
        definitions = [d for d in old.values() if d.name not in self.start.values()]
        found = accumulate(self.workspace, definitions, seeds, leaves)
        pulls = {name: [*found[start], *self._kept(name)] for name, start in through.items()}
        for name, parts in pull_through(self.workspace, made, pulls, self.params).items() if through else ():
            found[name] = (*found[name], *parts)
        return found

    def _kept(self, name: str) -> list[Part]:
        flows = name in self.model.taught and self.model.dynamics[name].kind == "flow"
        return [kept_by_flow(self.workspace, name, f"z:{name}+")] if flows else []

    # --- what moves --------------------------------------------------------------------------------------------------

    def _move_costate(self, name: str, parts: tuple[Part, ...]) -> None:
        """z⁺ = (1 − τη) z + back + τφ ∂L/∂h⁺; of a `next` state f holds −h/τ, which takes one whole z away."""
        summands = list(summands_of(parts))
        if name in self.held:
            path, dynamics, at = self.model.learning.eta[name], self.model.dynamics[name], self._at(name)
            kept = kept_of(self.model, path) - (0 if dynamics.kind == "flow" else 1)
            own = Summand(kept * slot(f"z:{name}", at), (), (setting_name(path),))
            back = Summand(slot(f"back:{name}", at), (dynamics.span,), (name,))
            summands = [own, back, *summands]
        self._append(f"z:{name}+", name, places_of(parts), merge_roots(parts), summands)

    def _turned(self, name: str) -> Definition:
        path = self.model.learning.eta[name]
        value = kept_of(self.model, path) * slot(f"w:{name}", self._at(name))
        return self._of_param(f"w:{name}+", name, value, path)

    def _moved(self, name: str) -> Definition:
        path, at = self.model.learning.beta[name], self._at(name)
        value = slot(name, at) - TAU * setting(self.model, path) * slot(f"w:{name}", at)
        return self._of_param(f"{name}+", name, value, path)

    def _of_param(self, line: str, name: str, value: Scalar, path: str) -> Definition:
        sizes, spans = self.workspace.sizes_of(name), (self.model.quantities[name].span,)
        told = trace_summands(value, [Summand(value, (), (setting_name(path),))])
        return Definition(line, Elementwise(value), sizes, True, spans, (), told)

    def _append(
        self, name: str, of: str, spans: tuple[Span, ...], roots: tuple[str, ...], summands: Iterable[Summand]
    ) -> None:
        given = list(summands)
        value = sympy.Add(*(summand.expression for summand in given))
        sizes, shared = self.workspace.sizes_of(of), self.workspace.shared([of])
        traced = trace_summands(value, given)
        self.workspace.append(Definition(name, Elementwise(value), sizes, shared, spans, roots, traced))
