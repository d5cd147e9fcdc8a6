"""One step of a mechanical system: states and momenta in turn, all by stages, or by the implicit midpoint rule.

Splittings are for H = T(p) + V(q): they move p by V alone and q by T alone, each exactly, and so keep the symplectic form.

    leapfrog            p⁽²⁾ = p − ½τ ∂V/∂q(q)      q⁺ = q + τ ∂T/∂p(p⁽²⁾)      p⁺ = p⁽²⁾ − ½τ ∂V/∂q(q⁺)

The implicit midpoint rule is symplectic for any H, and time-reversible like those:

    X⁺ = X + τ k(M)      M = X + ½τ k(M) at t + ½τ

M is found by sweeps from M = X, each first through the states, then through the momenta with the new states: on H = T + V two
iterations are worth one such sweep. After `SWEEPS` of them the last change must be round-off, else X⁺ is nan. Where t is read,
p moves at the time that q has come to, and q at that of p.

Sources: Hairer, Lubich, Wanner, *Geometric Numerical Integration*, 2nd ed., I.1, II.5, VI.3 and VIII.6; Yoshida, *Phys. Lett.
A* 150 (1990) 262.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sympy

from hdsl.derive.integrators import TABLEAUS, Flow, Tableau, at_stage, integrate, summed
from hdsl.derive.seeds import TAU
from hdsl.derive.workspace import Workspace
from hdsl.model.model import Model
from hdsl.terms.elementwise import sqrt, where_equal
from hdsl.terms.renaming import rename
from hdsl.terms.term import (
    Contraction,
    Definition,
    Elementwise,
    Scalar,
    Summand,
    indices,
    keep_needed,
    slot,
)


@dataclass(frozen=True)
class Splitting:
    """Parts of a step by which p moves (``kicks``) and q moves (``drifts``) in turn, p first and last; 0 for not at all."""

    order: int
    kicks: tuple[Scalar, ...]
    drifts: tuple[Scalar, ...]


_OUTER = 1 / (2 - sympy.cbrt(2))
_HALF = sympy.Rational(1, 2)
SPLITTINGS: Mapping[str, Splitting] = {
    "leapfrog": Splitting(2, (_HALF, _HALF), (sympy.Integer(1),)),
    "yoshida4": Splitting(
        4, (_OUTER / 2, (1 - _OUTER) / 2, (1 - _OUTER) / 2, _OUTER / 2), (_OUTER, 1 - 2 * _OUTER, _OUTER)
    ),
}
"""By the word after ``step =``."""

EULER = Tableau(1, ((),), (sympy.Integer(1),))
"""Euler's method moves all from old values here, as all that has several stages does."""

SWEEPS = 10
"""Of the implicit midpoint rule. With the largest frequency ω of a system a sweep leaves (τω/2)² of what the one before it
moved: ten of them leave round-off where τω < 0.31, which is 20 steps a period (measured: docs/mechanics.md)."""

SLACK = 64
"""The last change may be so many times the half of the round-off of the state."""


class _Builder:
    def __init__(self, model: Model) -> None:
        self.model = model
        self.workspace = Workspace(model)
        self.states, self.momenta = tuple(model.pairs), tuple(model.pairs.values())
        for definition in model.definitions:
            self.workspace.append(definition)
        self.timed = any("t" in definition.reads() for definition in model.definitions)

    def build(self) -> dict[str, str]:
        """Add the lines of a step. Returns what each output is called at its end."""
        step = self.model.learning.step
        if step in SPLITTINGS:
            self._split(SPLITTINGS[step])
        elif step == "implicit-midpoint":
            self._implicit()
        else:
            self._stages(TABLEAUS.get(step, EULER))
        swap = {name: f"{name}+" for name in self.model.dynamics} | self._time(sympy.Integer(1), "+")
        made = self._at(keep_needed(self.model.definitions, self.model.outputs), swap, "+")
        return {name: made.get(name, name) for name in self.model.outputs}

    # --- methods -----------------------------------------------------------------------------------------------------

    def _split(self, rule: Splitting) -> None:
        now: dict[str, str] = {}
        kicked, drifted = sympy.Integer(0), sympy.Integer(0)
        for place, kick in enumerate(rule.kicks):
            last = place == len(rule.kicks) - 1
            stage = f"@{place + 1}" if place else ""
            swap = {q: now[q] for q in self.states if q in now} | self._time(drifted, "+" if last else f"@{2 * place + 1}")
            made = self._at(self._behind(self.momenta), swap, "+" if last else stage)
            self._move(self.momenta, now, kick, made, "+" if last else f"@{place + 2}")
            kicked += kick
            if not last:
                drift, last = rule.drifts[place], place == len(rule.drifts) - 1
                swap = {p: now[p] for p in self.momenta} | self._time(kicked, f"@{2 * place + 2}")
                made = self._at(self._behind(self.states), swap, f"@{place + 2}")
                self._move(self.states, now, drift, made, "+" if last else f"@{place + 2}")
                drifted += drift

    def _move(self, names: Sequence[str], now: dict[str, str], part: Scalar, made: Mapping[str, str], mark: str) -> None:
        """Some cells by a part of the step, from where they are now."""
        for name in names:
            new = f"{name}{mark}"
            self._append(new, name, [self._own(now.get(name, name), name), self._slope(name, made, part)])
            now[name] = new

    def _stages(self, tableau: Tableau) -> None:
        cells = (*self.states, *self.momenta)
        slopes = {name: [self._slope(name, {}, sympy.Integer(1), scale=sympy.Integer(1))] for name in cells}
        flow = Flow(self._behind(cells), slopes, {name: self._own(name, name) for name in cells})
        for name, summands in integrate(self.workspace, flow, tableau).items():
            self._append(f"{name}+", name, summands)

    def _implicit(self) -> None:
        cells = (*self.states, *self.momenta)
        now = {name: name for name in cells}
        halfway = self._time(_HALF, at_stage("", 2))
        before = now
        for stage in range(1, 2 * SWEEPS, 2):
            before, now = now, dict(now)
            for half, group in enumerate((self.states, self.momenta), stage):
                made = self._at(self._behind(group), {**now, **halfway}, f"@{half}")
                for name in group:
                    now[name] = at_stage(name, half + 1)
                    self._append(now[name], name, [self._own(name, name), self._slope(name, made, _HALF)])
        made = self._at(self._behind(cells), {**now, **halfway}, at_stage("", 2 * SWEEPS + 1))
        for name in cells:
            self._settle(name, now[name], before[name], made)

    def _settle(self, name: str, now: str, before: str, made: Mapping[str, str]) -> None:
        """X⁺ = X + τ k(M), where the last sweep changed M by no more than round-off."""
        at = indices(len(self.workspace.sizes_of(name)))
        moved = [self._own(name, name), self._slope(name, made, sympy.Integer(1))]
        whole = self._append(f"moved:{name}", name, moved)
        change = self._append(f"change:{name}", name, [Summand(slot(now, at) - slot(before, at), whole.spans, (name,))])
        gap = sqrt(self._squares(f"gap:{name}", (change.slot,), whole)) / SLACK
        scale = sqrt(self._squares(f"scale:{name}", (slot(now, at), whole.slot), whole))
        value = where_equal(scale + gap, scale, whole.slot, sympy.nan)
        definition = Definition(f"{name}+", Elementwise(value), whole.sizes, whole.shared, whole.spans, whole.roots)
        self.workspace.append(definition)

    def _squares(self, name: str, of: Sequence[Scalar], like: Definition) -> Scalar:
        """The sum of the squares of all numbers of some quantities."""
        bound = tuple(zip(like.indices, like.sizes, strict=True))
        parts = []
        for place, one in enumerate(of, 1):
            own = f"{name}~{place}" if place > 1 else name
            body = Contraction((one, one), bound) if bound else Elementwise(one**2)
            self.workspace.append(Definition(own, body, (), like.shared, like.spans, like.roots))
            parts.append(slot(own))
        return sympy.Add(*parts)

    # --- lines -------------------------------------------------------------------------------------------------------

    def _behind(self, cells: Sequence[str]) -> tuple[Definition, ...]:
        """The definitions that the slopes of some cells need."""
        return keep_needed(self.model.definitions, (self.model.dynamics[name].definition for name in cells))

    def _at(self, lines: Sequence[Definition], swap: Mapping[str, str], mark: str) -> dict[str, str]:
        """Add the lines at values that have other names. Returns all names that are others there."""
        made = {name: new for name, new in swap.items() if new != name}
        for line in lines:
            if made.keys() & set(line.reads()):
                made[line.name] = f"{line.name}{mark}"
                if self.workspace.line(made[line.name]) is None:
                    self.workspace.append(rename(line, made))
        return made

    def _time(self, part: Scalar, mark: str) -> dict[str, str]:
        """The time at a part of the step, where anything reads it."""
        if not self.timed or part == 0:
            return {}
        if self.workspace.line(f"t{mark}") is None:
            self.workspace.append(Definition(f"t{mark}", Elementwise(slot("t") + part * TAU), (), True))
        return {"t": f"t{mark}"}

    def _own(self, now: str, name: str) -> Summand:
        span = self.model.dynamics[name].span
        return Summand(slot(now, indices(len(self.workspace.sizes_of(name)))), (span,), (name,))

    def _slope(self, name: str, made: Mapping[str, str], part: Scalar, scale: Scalar = TAU) -> Summand:
        """A part of τ times the slope of a cell."""
        moved = self.model.dynamics[name]
        at = indices(len(self.workspace.sizes_of(name)))
        value = part * scale * slot(made.get(moved.definition, moved.definition), at)
        return Summand(value, (moved.span,), (name,))

    def _append(self, name: str, of: str, summands: Sequence[Summand]) -> Definition:
        return self.workspace.append(summed(self.workspace, name, of, summands))


def mechanical_lines(model: Model) -> tuple[tuple[Definition, ...], dict[str, str]]:
    """The lines of one step of a mechanical system, and what each of its outputs is called at the end of the step."""
    builder = _Builder(model)
    outputs = builder.build()
    return tuple(builder.workspace.added), outputs
