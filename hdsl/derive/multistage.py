"""One step of several stages: the flow of states, costates, parameters and their costates as one (1-mathematics.md, section 3).

The flow is Hamilton's equations with the sample held, at the time of each stage,

    ḣ = f        ż = ∂H′/∂h − ηz        ω̇ = ∂H′/∂θ − ηω        θ̇ = −βω        H′ = φL + ⟨z, f⟩ of the flows

What moves by assignment, h⁺ = F of a ``next`` or a delay, does so once a step and is read as it stood. Its ⟨z, F⟩ enters once
as well, at the old values: z⁺ and ω⁺ take (∂F/∂h)ᵀz and (∂F/∂θ)ᵀz besides what flows. Of the costate of such a state the
stages give what costs and flows pull on it, summed with their weights. Where a sequence begins, the parameters of what a state
begins with take (∂h₀/∂θ)ᵀ of what that step pulls on it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import sympy

from hdsl.derive.accumulate import Part, accumulate, summands_of
from hdsl.derive.beginnings import begun, pull_through
from hdsl.derive.hamiltonian import SIGN
from hdsl.derive.integrators import TABLEAUS, Flow, integrate, summed
from hdsl.derive.seeds import kept_of, seed_cost, seed_dynamics, setting, weight_of
from hdsl.derive.workspace import Workspace
from hdsl.model.model import Model
from hdsl.terms.renaming import rename
from hdsl.terms.term import (
    Definition,
    Scalar,
    Summand,
    indices,
    is_slot,
    keep_needed,
    merge_summands,
    setting_name,
    slot,
    slot_name,
    slots,
)


@dataclass(frozen=True)
class Staged:
    """``lines`` move every cell; ``still`` the states alone, the parameters held, where that is not the same. ``old`` has
    the model's definitions as they are at the beginning of the step, by name."""

    lines: tuple[Definition, ...]
    still: tuple[Definition, ...]
    old: Mapping[str, Definition]


def build_stages(model: Model, start: Mapping[str, str]) -> Staged:
    """The lines of a step of several stages. ``start`` names for each state what it is read from at the beginning."""
    whole = _Stages(model, start, learns=True)
    whole.build()
    flows = any(dynamics.kind == "flow" for dynamics in model.dynamics.values())
    still: tuple[Definition, ...] = ()
    if flows and model.of_role("param"):
        alone = _Stages(model, start, learns=False)
        alone.build()
        still = tuple(alone.workspace.added)
    return Staged(tuple(whole.workspace.added), still, whole.old)


class _Stages:
    def __init__(self, model: Model, start: Mapping[str, str], learns: bool) -> None:
        self.model, self.start, self.learns = model, start, learns
        self.tableau = TABLEAUS[model.learning.step]
        self.exact = model.learning.dissipation == "exact"
        self.params = [p.name for p in model.of_role("param")] if learns else []
        self.taught = model.taught if learns else ()
        self.flows = [name for name, dynamics in model.dynamics.items() if dynamics.kind == "flow"]
        self.workspace = self._workspace()
        self.old: dict[str, Definition] = {}

    def _workspace(self) -> Workspace:
        workspace = Workspace(self.model)
        for name, where in self.start.items():
            workspace.declare(where, workspace.sizes_of(name), self.model.quantities[name].shared)
        return workspace

    def build(self) -> None:
        made = self._begin()
        flow = self._flow(self.taught)
        held = tuple(name for name in self.taught if self._held(name))
        first = flow if held == tuple(self.taught) else self._flow(held)
        zero = {f"z:{name}": None for name in self.taught if not self._held(name)}
        new = integrate(self.workspace, flow, self.tableau, {**self.start, **zero}, first)
        assigned, through = self._assigned(made, new)
        for name, dynamics in self.model.dynamics.items():
            if dynamics.kind == "next":
                f = slot(dynamics.definition, self._at(name))
                self._append(name, name, [Summand(f, (dynamics.span,), (name,))])
            else:
                self._append(name, name, new[name])
        for name in self.taught:
            kept = self._kept_by_assignment(name) if name not in self.flows and self._held(name) else []
            self._append(f"z:{name}", name, [*kept, *new[f"z:{name}"], *summands_of(assigned.get(name, ()), -SIGN)])
        for name in self.params:
            parts = (*assigned.get(name, ()), *through.get(name, ()))
            self._append(f"w:{name}", name, [*new[f"w:{name}"], *summands_of(parts, -SIGN)])
            self._append(name, name, new[name])

    # --- the flow ----------------------------------------------------------------------------------------------------

    def _begin(self) -> list[Definition]:
        """The model's definitions at the beginning of the step, and what states begin with."""
        made = []
        for definition in self.model.definitions:
            self.old[definition.name] = self.workspace.append(rename(definition, self.start))
            made.append(self.old[definition.name])
            state = definition.name.removeprefix("initial:")
            if self.start.get(state) == f"begun:{state}":
                made.append(self.workspace.append(begun(self.model, state, self.old[definition.name])))
        return made

    def _flow(self, heard: Sequence[str]) -> Flow:
        """The flow, with the costates of the states that are ``heard``: those of others are 0."""
        model, workspace = self.model, self._workspace()
        definitions = [d for d in model.definitions if not d.name.startswith("initial:")]
        by_name = {d.name: d for d in definitions}
        slopes: dict[str, list[Summand]] = {}
        at: dict[str, Summand] = {}
        for name in self.flows:
            span, own = model.dynamics[name].span, self._at(name)
            slopes[name] = [Summand(slot(model.dynamics[name].definition, own), (span,), (name,))]
            at[name] = Summand(slot(name, own), (span,), (name,))
        if not self.learns:
            return Flow(keep_needed(definitions, (model.dynamics[name].definition for name in self.flows)), slopes, at)
        parts = self._pulled(workspace, by_name, heard)
        decays: dict[str, Scalar] = {}
        held = {f"z:{name}" for name in self.taught if name not in self.flows}
        for name in model.begun:
            if name in self.taught and self.params:
                held.add(f"pull:{name}")
                slopes[f"pull:{name}"] = self._short(workspace, f"pull:{name}", name, summands_of(parts[name], -SIGN))
        for name in (*self.taught, *self.params):
            cell, eta = f"{'z' if name in model.dynamics else 'w'}:{name}", model.learning.eta[name]
            own, given = slot(cell, self._at(name)), summands_of(parts[name], -SIGN)
            at[cell] = self._by_setting(own, eta)
            if cell in held:
                pass  # it decays by assignment
            elif self.exact:
                decays[cell] = setting(model, eta)
            elif name in self.params or name in heard:
                given.append(self._by_setting(-setting(model, eta) * own, eta))
            line = f"pull:{name}" if self.exact or cell in held else f"dot:{cell}"
            slopes[cell] = self._short(workspace, line, name, given)
        for name in self.params:
            beta, own = model.learning.beta[name], self._at(name)
            slopes[name] = [self._by_setting(-setting(model, beta) * slot(f"w:{name}", own), beta)]
            at[name] = self._by_setting(slot(name, own), beta)
        wanted = (*(model.dynamics[name].definition for name in self.flows), *_read(slopes))
        return Flow(keep_needed((*definitions, *workspace.added), wanted), slopes, at, frozenset(held), decays)

    def _pulled(
        self, workspace: Workspace, by_name: Mapping[str, Definition], heard: Sequence[str]
    ) -> dict[str, tuple[Part, ...]]:
        """∂H′/∂h and ∂H′/∂θ of what flows, as parts of each."""
        model = self.model
        seeds: dict[str, list[Part]] = {}
        for cost in model.costs:
            seeds[cost] = seed_cost(workspace, cost, by_name[cost], weight_of(model, cost))
        for name in (name for name in heard if name in self.flows):
            definition = by_name[model.dynamics[name].definition]
            seeds.setdefault(definition.name, []).extend(
                seed_dynamics(workspace, name, f"z:{name}", definition, sympy.Integer(1))
            )
        return accumulate(workspace, tuple(by_name.values()), seeds, (*self.taught, *self.params))

    def _short(self, workspace: Workspace, name: str, of: str, summands: Sequence[Summand]) -> list[Summand]:
        """The summands as they are where each is a number times one quantity, else a line of their own."""
        value = sympy.Add(*(summand.expression for summand in summands))
        if value == 0 or (not isinstance(value, sympy.Add) and sum(map(_has_axes, sympy.Mul.make_args(value))) < 2):
            return list(summands)
        line = workspace.line(name) or summed(workspace, name, of, summands)
        if workspace.line(name) is None:
            workspace.append(line)
        return [merge_summands(line.slot, summands)]

    # --- what is assigned --------------------------------------------------------------------------------------------

    def _assigned(
        self, made: Sequence[Definition], new: Mapping[str, Sequence[Summand]]
    ) -> tuple[dict[str, tuple[Part, ...]], dict[str, tuple[Part, ...]]]:
        """By state and parameter, what ⟨z, F⟩ gives it at the old values; and what parameters get by way of the beginnings."""
        if not self.learns:
            return {}, {}
        model, workspace = self.model, self.workspace
        seeds: dict[str, list[Part]] = {}
        for name in self.taught:
            if name not in self.flows and self._held(name):
                definition = self.old[model.dynamics[name].definition]
                given = seed_dynamics(workspace, name, f"z:{name}", definition, sympy.Integer(1))
                seeds.setdefault(definition.name, []).extend(given)
        begins = [name for name in model.begun if f"pull:{name}" in new]
        leaves = {self.start[name]: name for name in self.taught} | {name: name for name in self.params}
        definitions = [d for d in self.old.values() if d.name not in self.start.values()]
        found = accumulate(workspace, definitions, seeds, (*leaves, *(self.start[name] for name in begins)))
        pulls = {
            name: [*found[self.start[name]], *(Part(-SIGN * s.expression, s.spans, s.roots) for s in new[f"pull:{name}"])]
            for name in begins
        }
        through = pull_through(workspace, made, pulls, self.params) if begins else {}
        return {name: found[leaf] for leaf, name in leaves.items()}, through

    def _kept_by_assignment(self, name: str) -> list[Summand]:
        """Of a ``next`` f holds −h/τ, which takes one whole z away: what is left of it is its dissipation."""
        eta, span = self.model.learning.eta[name], self.model.dynamics[name].span
        left = (kept_of(self.model, eta) + SIGN) * slot(f"z:{name}", self._at(name))
        return [Summand(left, (span,), (name, setting_name(eta)))]

    # --- definitions -------------------------------------------------------------------------------------------------

    def _held(self, name: str) -> bool:
        """False for a state that starts each sample anew: its old costate is zero."""
        return self.model.resets[name] != "sample"

    def _at(self, name: str) -> tuple[sympy.Symbol, ...]:
        return indices(len(self.workspace.sizes_of(name)))

    def _by_setting(self, expression: Scalar, path: str) -> Summand:
        """A summand that is there for a setting of ``learn``."""
        return Summand(expression, (), (setting_name(path),))

    def _append(self, cell: str, of: str, summands: Sequence[Summand]) -> None:
        self.workspace.append(summed(self.workspace, f"{cell}+", of, summands))


def _has_axes(factor: Scalar) -> bool:
    """Whether a factor is, or holds, more than one number."""
    return not is_slot(factor) or bool(factor.args) if slots(factor) else False


def _read(slopes: Mapping[str, Iterable[Summand]]) -> set[str]:
    return {slot_name(read) for summands in slopes.values() for summand in summands for read in slots(summand.expression)}
