"""Step: one step on a stream, as definitions in index notation (1-mathematics.md, section 3).

Each order is a row of `ORDERS`: which seeds are pulled back, at which point, with respect to what. One pass over H′ gives
``simultaneous``; ``sequential`` needs three, since the Lagrangian is read at the new state and the parameters' part of the
dynamics at the old one with the new costate.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import sympy

from hdsl.derive.accumulate import Part, accumulate, merge_roots, places_of, summands_of, total
from hdsl.derive.beginnings import begun, kept_by_flow, pull_through, starts_of
from hdsl.derive.hamiltonian import SIGN
from hdsl.derive.integrators import TABLEAUS
from hdsl.derive.layered import gated
from hdsl.derive.mechanical_step import mechanical_lines
from hdsl.derive.multistage import build_stages
from hdsl.derive.replay import Replay, build_replay
from hdsl.derive.seeds import PHI, TAU, given_of, kept_of, phi_of, seed_cost, seed_dynamics, setting, weight_of
from hdsl.derive.stationarity import within
from hdsl.derive.steered import Steered, in_turn, plainly_ruled, steer
from hdsl.derive.workspace import Workspace
from hdsl.model.model import Model
from hdsl.syntax.source import Span
from hdsl.terms.renaming import rename
from hdsl.terms.term import (
    Definition,
    Elementwise,
    Scalar,
    Summand,
    indices,
    merge_spans,
    merge_summands,
    setting_name,
    slot,
    slot_name,
    slots,
    trace_summands,
)


@dataclass(frozen=True)
class Pull:
    """One reverse pass: seeds are the costs, the dynamics with the old (``z``) or new (``z+``) costate, or both."""

    costs: bool
    costate: Literal["", "z", "z+"]
    point: Literal["old", "new"]
    state: bool
    param: bool


@dataclass(frozen=True)
class Order:
    """Reverse passes in order; where outputs and costs are read; which ω moves the parameters."""

    pulls: tuple[Pull, ...]
    point: Literal["old", "new"]
    omega: Literal["old", "new"]


ORDERS: dict[str, Order] = {
    "simultaneous": Order((Pull(True, "z", "old", True, True),), "old", "old"),
    "semi-implicit": Order((Pull(True, "z", "old", True, True),), "old", "new"),
    "sequential": Order(
        (
            Pull(True, "", "new", True, True),
            Pull(False, "z", "new", True, False),
            Pull(False, "z+", "old", False, True),
        ),
        "new",
        "new",
    ),
}


REPLAYED = Order((), "new", "new")
"""A token of a sequence that is replayed later: the states move, and what is told is read at the new ones."""


@dataclass(frozen=True)
class Step:
    """One step: ``lines`` in an order of evaluation; the new value of a cell ``X`` is the definition ``X+``.

    ``cells`` are what a step moves: states, their costates ``z:h``, the controls that follow their gradient, the parameters'
    costates ``w:W``, parameters.
    ``outputs`` and ``costs`` name the definitions that hold them at the order's point. ``still`` are the lines that move the
    states alone, the parameters held, where these are not among ``lines``: with several stages, parameters move within a step.
    ``replay`` is the way back, where the model goes back over what came: then a step moves the states alone.
    """

    model: Model
    lines: tuple[Definition, ...]
    cells: tuple[str, ...]
    outputs: Mapping[str, str]
    costs: Mapping[str, str]
    still: tuple[Definition, ...] = ()
    replay: Replay | None = None

    @property
    def whole(self) -> Step:
        """One step with the way back through the same token, where there is one."""
        if self.replay is None:
            return self
        known = {line.name for line in self.lines}
        lines = (*self.lines, *(line for line in self.replay.lines if line.name not in known))
        params = tuple(p.name for p in self.model.of_role("param"))
        return replace(self, lines=lines, cells=(*self.cells, *self.replay.cells, *params), replay=None)

    @property
    def summands(self) -> Mapping[str, tuple[Summand, ...]]:
        """Of each new value of a cell its summands, by its name (``h+``, ``z:h+``): their sum is its right side."""
        new = {f"{cell}+" for cell in self.cells}
        return {line.name: line.summands for line in self.lines if line.name in new}


def build_step(model: Model) -> Step:
    """The pass ``step``: the discrete equations of the model's order, or the stages of its integrator.

    Its reverse passes are those of the order, at points of its own, so it needs none of the equations in continuous time.
    """
    if model.hamiltonian is not None:
        lines, outputs = mechanical_lines(model)
        return Step(model, lines, cells_of(model), outputs, {})
    if model.learning.step not in TABLEAUS:
        return _Builder(model).build()
    made = build_stages(model, starts_of(model))
    outputs, costs = ({name: made.old[name].name for name in names} for names in (model.outputs, model.costs))
    return Step(model, made.lines, cells_of(model), outputs, costs, made.still)


def one_stage(step: Step) -> Step:
    """The Euler step by the slopes of a step of several stages: what one stage reads. Any other step is itself."""
    model = step.model
    if model.learning.step not in TABLEAUS:
        return step
    return _Builder(replace(model, learning=replace(model.learning, step="euler"))).build()


def cells_of(model: Model) -> tuple[str, ...]:
    """What a step moves, by name."""
    states, params = tuple(model.dynamics), tuple(p.name for p in model.of_role("param"))
    costates = (*(f"z:{h}" for h in model.taught), *model.followed, *(f"w:{w}" for w in params))
    return (*states, *costates, *params)


class _Builder:
    def __init__(self, model: Model) -> None:
        self.model = model
        self.order = REPLAYED if model.learning.replays else ORDERS[model.learning.order]
        self.workspace = Workspace(model)
        # τ multiplies a whole sum of contributions, unless a `next` state is there, whose own part has none.
        self.beginnings = model.begun
        flows_only = all(d.kind == "flow" for d in model.dynamics.values()) and not self.beginnings
        self.inner, self.outer = (sympy.Integer(1), TAU) if flows_only else (TAU, sympy.Integer(1))
        self.parts: dict[str, list[Part]] = {}
        consts = {q.name for q in model.of_role("const") if not q.sizes}
        self.numbers = {"tau", slot_name(PHI), *map(setting_name, model.learning.values)} | consts
        self.start = starts_of(model)
        for name, start in self.start.items():
            self.workspace.declare(start, self.workspace.sizes_of(name), model.quantities[name].shared)

    def build(self) -> Step:
        model = self.model
        old: dict[str, Definition] = {}
        ruled = {f"given:{name}": name for name in plainly_ruled(model)}
        made: list[Definition] = []  # what a state begins with stands before what is read of it
        for definition in model.definitions:
            old[definition.name] = rename(definition, self.start | ruled)
            made.append(old[definition.name])
            state = definition.name.removeprefix("initial:")
            if self.start.get(state) == f"begun:{state}":
                made.append(begun(model, state, old[definition.name]))
        steered = self._steered(tuple(old.values()))
        for line in in_turn((*made, *steered.chosen)) if model.controls else made:
            self.workspace.append(line)
        for name in model.dynamics:
            self._move_state(name)
        renamed = self._at_new_state()
        points = {"old": old, "new": renamed}
        self.old = tuple(made)
        for pull in self.order.pulls:
            if pull.costate == "z+":
                self._move_costates()
            self._pull(pull, points[pull.point])
        replay = build_replay(model) if model.learning.replays else None
        if replay is None:
            self._move_costates()
            for param in model.of_role("param"):
                self._move_param(param.name)
            self._move_controls(steered)
        at = points[self.order.point]
        return Step(
            model=model,
            lines=tuple(self.workspace.added),
            cells=cells_of(model) if replay is None else tuple(model.dynamics),
            outputs={name: at[name].name for name in model.outputs},
            costs={name: at[name].name for name in model.costs},
            replay=replay,
        )

    def _steered(self, old: tuple[Definition, ...]) -> Steered:
        """The controls at the beginning of the step, by H′ as it is there."""
        model, seeds = self.model, dict[str, list[Part]]()
        if not model.controls:
            return Steered((), (), {})
        by_name = {definition.name: definition for definition in old}
        for cost in model.costs:
            seeds[cost] = [Part(PHI * given_of(model, cost), by_name[cost].spans, (cost,))]
        for name in filter(self._held, model.taught):
            dynamics = model.dynamics[name]
            scale = 1 / TAU if dynamics.kind == "next" else sympy.Integer(1)
            definition = by_name[dynamics.definition]
            seeds[definition.name] = seed_dynamics(self.workspace, name, f"z:{name}", definition, scale)
        return steer(model, old, self.start, seeds, phi_of(model))

    def _move_controls(self, steered: Steered) -> None:
        """a+ = a − τ β ∂H′/∂a, within the bounds."""
        swap: dict[str, str] = {}  # the passes before have taken names that these lines have, too
        for line in steered.sloped:
            if self.workspace.line(line.name) is not None:
                swap[line.name] = self.workspace.fresh(line.name)
            self.workspace.append(rename(line, swap))
        for name, slope in steered.slopes.items():
            at = indices(len(self.workspace.sizes_of(name)))
            control, path = self.model.controls[name], self.model.learning.beta[name]
            value = within(control, slot(name, at) - TAU * setting(self.model, path) * slot(slope, at))
            made = next(line for line in steered.sloped if line.name == slope)
            spans = merge_spans((control.span,), made.spans)
            self._append(f"{name}+", value, name, spans, made.roots, [self._by_setting(value, path)])

    def _move_state(self, name: str) -> None:
        """h+ = h + τ f, or F."""
        dynamics, quantity = self.model.dynamics[name], self.model.quantities[name]
        at = indices(len(quantity.sizes))
        f = slot(dynamics.definition, at)
        value = slot(self.start[name], at) + TAU * f if dynamics.kind == "flow" else f
        self._append(f"{name}+", value, name, (dynamics.span,), (), [Summand(value, (dynamics.span,), (name,))])

    def _at_new_state(self) -> dict[str, Definition]:
        """Every definition of the model with h+ for h; those that read no state stay as they are."""
        swap = {name: f"{name}+" for name in self.model.dynamics}
        renamed: dict[str, Definition] = {}
        for definition in self.model.definitions:
            renamed[definition.name] = definition
            if swap.keys() & set(definition.reads()):
                swap[definition.name] = f"{definition.name}+"
                renamed[definition.name] = rename(definition, swap)
                if self.order.point == "new":
                    self.workspace.append(renamed[definition.name])
        return renamed

    def _held(self, name: str) -> bool:
        """False for a state that starts each sample anew: its old costate is zero."""
        return self.model.resets[name] != "sample"

    def _pull(self, pull: Pull, at: Mapping[str, Definition]) -> None:
        model = self.model
        seeds: dict[str, list[Part]] = {}
        if pull.costs:
            for cost in model.costs:
                weight = self.inner * weight_of(model, cost)
                seeds.setdefault(at[cost].name, []).extend(seed_cost(self.workspace, cost, at[cost], weight))
        for name in model.taught:
            dynamics = model.dynamics[name]
            if pull.costate == "z+" or (pull.costate == "z" and self._held(name)):
                costate = f"z:{name}" + pull.costate[1:]
                scale = self.inner if dynamics.kind == "flow" else sympy.Integer(1)
                definition = at[dynamics.definition]
                given = seed_dynamics(self.workspace, name, costate, definition, scale)
                seeds.setdefault(definition.name, []).extend(given)
        mark = "+" if pull.point == "new" else ""
        leaves = {name + mark if mark else self.start[name]: name for name in model.taught} if pull.state else {}
        params = [p.name for p in model.of_role("param")] if pull.param else []
        leaves |= {name: name for name in params}
        through = {name: self.start[name] for name in self.beginnings} if params and not mark else {}
        definitions = [d for d in at.values() if d.name not in self.start.values()]
        found = accumulate(self.workspace, definitions, seeds, (*leaves, *through.values()))
        for leaf, name in leaves.items():
            self.parts.setdefault(name, []).extend(found[leaf])
        pulls = {name: [*found[start], *self._kept(name, pull)] for name, start in through.items()}
        for name, parts in pull_through(self.workspace, self.old, pulls, params).items() if through else ():
            self.parts[name].extend(parts)

    def _kept(self, name: str, pull: Pull) -> list[Part]:
        """Of a flow, h⁺ = h + τ f, the part that is h; the old costate is 0 where a sequence begins."""
        flows = pull.costate == "z+" and self.model.dynamics[name].kind == "flow"
        return [kept_by_flow(self.workspace, name, f"z:{name}+")] if flows else []

    def _move_costates(self) -> None:
        """z+ = (1 − τη) z − s τ ∂H′/∂h; of a `next` state f holds −h/τ, which takes one whole z away."""
        for name in self.model.taught:
            own, dynamics = f"z:{name}", self.model.dynamics[name]
            if self.workspace.line(f"{own}+") is not None:
                return
            old = slot(own, indices(len(self.workspace.sizes_of(name))))
            kept = kept_of(self.model, self.model.learning.eta[name])
            why = [self._by_setting(sympy.Integer(1), self.model.learning.eta[name])]
            if dynamics.kind == "next":
                kept = kept + SIGN
                why.append(Summand(SIGN, (dynamics.span,), (name,)))
            parts = self.parts.get(name, [])
            pulled = summands_of(parts, -SIGN * self.outer)
            own_parts = [summand for summand in pulled if self._is_number(summand.expression / old)]
            rest = [summand for summand in pulled if not self._is_number(summand.expression / old)]
            if self._held(name):
                kept = sympy.Add(kept, *(summand.expression / old for summand in own_parts))
                rest.insert(0, merge_summands(kept * old, [*why, *own_parts]))
            value = sympy.Add(*(summand.expression for summand in rest))
            self._append(f"{own}+", value, name, places_of(parts), merge_roots(parts), rest)

    def _move_param(self, name: str) -> None:
        """ω+ = (1 − τη) ω − s τ ∂H′/∂θ and θ+ = θ − τ β ω."""
        learning = self.model.learning
        at = indices(len(self.workspace.sizes_of(name)))
        omega, parts = slot(f"w:{name}", at), self.parts.get(name, [])
        keep = kept_of(self.model, learning.eta[name])
        value = keep * omega - SIGN * self.outer * total(parts)
        summands = [self._by_setting(keep * omega, learning.eta[name]), *summands_of(parts, -SIGN * self.outer)]
        self._append(f"w:{name}+", value, name, places_of(parts), merge_roots(parts), summands)
        moved = omega if self.order.omega == "old" else slot(f"w:{name}+", at)
        value = slot(name, at) - TAU * setting(self.model, learning.beta[name]) * moved
        rule = [self._by_setting(value, learning.beta[name])]
        self._append(f"{name}+", value, name, (self.model.quantities[name].span,), (), rule)

    def _by_setting(self, expression: Scalar, path: str) -> Summand:
        """A summand that is there for a setting of ``learn``."""
        return Summand(expression, (), (setting_name(path),))

    def _is_number(self, expression: Scalar) -> bool:
        """True for what is one number throughout a step: settings, scalar consts, sizes."""
        return all(slot_name(s) in self.numbers for s in slots(expression))

    def _append(
        self,
        name: str,
        value: Scalar,
        of: str,
        spans: tuple[Span, ...],
        roots: tuple[str, ...],
        summands: Iterable[Summand],
    ) -> None:
        sizes, shared = self.workspace.sizes_of(of), self.workspace.shared([of])
        traced, kept = trace_summands(value, summands), gated(self.model, name[:-1], value)
        if kept != value:
            traced = (merge_summands(kept, [*traced, self._by_setting(kept, "schedule")]),)
            value = kept
        self.workspace.append(Definition(name, Elementwise(value), sizes, shared, spans, roots, traced))
