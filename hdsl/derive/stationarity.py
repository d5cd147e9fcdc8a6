"""Stationarity: the controls that ∂H′/∂a = 0 gives, in closed form where H′ is quadratic and convex in them.

H′ = φL + ⟨z, f⟩ is differentiated by a control once, and the slope once more against a probe v, which gives (∂²H′/∂a²) v. From
that it is read off whether H′ is quadratic in the control, whether its entries are coupled, and the curvature r; then
a = −g/r with g = ∂H′/∂a at a = 0, clipped to the bounds, which is exact where no entry is coupled with another. Every other
control is refused, with the part of H′ that holds it (1-mathematics.md, section 2). A rule of its own needs none of this.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import sympy

from hdsl.derive.accumulate import Part, accumulate, merge_roots, places_of, summands_of, total
from hdsl.derive.fixed import Fixed
from hdsl.derive.lifted import Lifted, NoMatrix, is_positive
from hdsl.derive.probing import Probing
from hdsl.derive.seeds import PHI, TAU, seed_cost, seed_dynamics
from hdsl.derive.signs import Sign, Signs
from hdsl.derive.workspace import Workspace
from hdsl.model.model import ControlOf, Model
from hdsl.model.sharing import depending_on
from hdsl.terms.elementwise import ROWS, RowFunction, clip, maximum, minimum
from hdsl.terms.term import (
    Definition,
    Elementwise,
    Scalar,
    Structured,
    indices,
    keep_needed,
    slot,
    slot_indices,
    slot_name,
    slots,
    trace_summands,
)

SLOPE, CHOICE, PROBE = "slope:", "choice:", "probe:"
KINKED = frozenset(name for name, row in ROWS.items() if row.kinks or row.branches) | {"min", "max", "clip", "sign"}
"""Functions that have a kink, or a jump, in one of their first two arguments."""

Kind: TypeAlias = Literal["closed", "absent", "linear", "other", "coupled", "with", "curved"]
"""What H′ is in a control: quadratic with a curvature that may be above 0, free of it, linear, not quadratic, quadratic with
entries that are coupled, coupled with another control, quadratic with a curvature that is not above 0 or may not be."""


@dataclass(frozen=True)
class Form:
    """What H′ is in one control. ``curvature`` is r, ``lines`` are what it is made of, ``sign`` its sign;
    ``other`` is the control that it is coupled with."""

    kind: Kind
    curvature: Scalar | None = None
    sign: Sign = "unknown"
    other: str = ""
    lines: tuple[Definition, ...] = ()


@dataclass(frozen=True)
class Stationarity:
    """How every control is chosen.

    ``definitions`` are all that is needed, in order, those of the model among them; they read states, inputs, parameters,
    consts, ``z:h`` and, for controls that follow their gradient, controls. ``choices`` gives for each control that
    stationarity or a rule of its own chooses the line that it is, within its bounds; ``slopes`` for every control ∂H′/∂a,
    at the controls as they are. ``forms`` tell what H′ is in those that stationarity would choose: one whose form is not
    ``closed`` has no line.
    """

    model: Model
    definitions: tuple[Definition, ...]
    choices: Mapping[str, str]
    slopes: Mapping[str, Definition]
    forms: Mapping[str, Form]


def derive_stationarity(model: Model) -> Stationarity:
    """The controls of a model at (u, h, z, θ, t), with φ as a symbol and every target there."""
    workspace = Workspace(model)
    seeds = {}
    by_name = {d.name: d for d in model.definitions}
    for cost in model.costs:
        seeds[cost] = seed_cost(workspace, cost, by_name[cost], PHI)
    for state in model.taught:
        dynamics = model.dynamics[state]
        scale = 1 / TAU if dynamics.kind == "next" else sympy.Integer(1)
        definition = by_name[dynamics.definition]
        seeds[definition.name] = seed_dynamics(workspace, state, f"z:{state}", definition, scale)
    chosen = Chooser(workspace, model.definitions, seeds).chosen()
    wanted = {*chosen.choices.values(), *(slope.name for slope in chosen.slopes.values())}
    return Stationarity(
        model,
        keep_needed((*model.definitions, *workspace.added), wanted),
        chosen.choices,
        chosen.slopes,
        chosen.forms,
    )


@dataclass
class Chosen:
    """What a `Chooser` has added: the line of each control, its slope, and what H′ is in it."""

    choices: dict[str, str] = field(default_factory=dict)
    slopes: dict[str, Definition] = field(default_factory=dict)
    forms: dict[str, Form] = field(default_factory=dict)


class Chooser:
    """Adds the lines that choose the controls to a workspace.

    ``definitions`` are those of the model at the point where it is taken, ``seeds`` the adjoints with which cost terms and
    dynamics stand in H′.
    """

    def __init__(
        self, workspace: Workspace, definitions: Sequence[Definition], seeds: Mapping[str, Sequence[Part]]
    ) -> None:
        self.workspace = workspace
        self.model = workspace.model
        self.definitions = tuple(definitions)
        self.seeds = seeds
        self.found = Chosen()
        self._signs = Signs(self.model, {})

    def chosen(self, parts: Mapping[str, Sequence[Part]] | None = None) -> Chosen:
        """Add the lines: rules first, then the slopes, then what stationarity gives.

        ``parts`` are the derivatives of H′ by each control where they have been accumulated in the workspace already.
        """
        controls = self.model.controls
        for name, control in controls.items():
            if control.definition is not None:
                self._choose(control, slot(control.definition, self._at(name)), (control.span,))
        if parts is None:
            parts = accumulate(self.workspace, self.definitions, self.seeds, controls)
        for name in controls:
            self._slope(name, parts[name])
        sloped = (*self.definitions, *self.workspace.added)
        self._signs.definitions = everything = {line.name: line for line in sloped}
        asked = [name for name, control in controls.items() if control.rule == "stationarity"]
        for name in asked:
            form = self.found.forms[name] = self._form(name, sloped, asked)
            if form.kind == "closed":
                at_zero = Fixed(self.workspace, everything, name, sympy.Integer(0))
                rest = at_zero.value(total(parts[name]))
                spans = (controls[name].span, *places_of(parts[name]))
                self._choose(controls[name], self._least(name, rest, form.curvature), spans, merge_roots(parts[name]))
        return self.found

    def _at(self, name: str) -> tuple[sympy.Symbol, ...]:
        return indices(len(self.workspace.sizes_of(name)))

    def _slope(self, name: str, parts: Sequence[Part]) -> None:
        """∂H′/∂a, as a definition of its own."""
        sizes, value = self.workspace.sizes_of(name), total(parts)
        told = trace_summands(value, summands_of(parts))
        spans, roots = places_of(parts), merge_roots(parts)
        made = Definition(SLOPE + name, Elementwise(value), sizes, False, spans, roots, told)
        self.found.slopes[name] = self.workspace.append(made)

    def _choose(
        self, control: ControlOf, value: Scalar, spans: Iterable[object], roots: tuple[str, ...] = ()
    ) -> None:
        """The line of a control: the value within the bounds."""
        line = CHOICE + control.name
        places = tuple(dict.fromkeys(spans))
        sizes = self.workspace.sizes_of(control.name)
        made = Definition(line, Elementwise(within(control, value)), sizes, False, places, roots)  # type: ignore[arg-type]
        self.found.choices[control.name] = self.workspace.append(made).name

    def _least(self, name: str, rest: Scalar, curvature: Scalar | None) -> Scalar:
        """Where a quadratic form is least whose slope at 0 is ``rest``: −g/r, or R⁻¹ (−g) where entries are coupled."""
        at = self._at(name)
        if not isinstance(curvature, sympy.Indexed) or len(slot_indices(curvature)) <= len(at):
            return _over(rest, curvature)
        body, sizes = Elementwise(-rest), self.workspace.sizes_of(name)
        turned = Definition(self.workspace.fresh("x"), body, sizes, self.workspace.reads_only_shared(body))
        solved = Structured("solve", (slot_name(curvature), self.workspace.append(turned).name), (("turned", 0),))
        made = Definition(self.workspace.fresh("x"), solved, sizes, False)
        return self.workspace.append(made).slot

    # What H′ is in a control -----------------------------------------------------------------------------------------

    def _form(self, name: str, sloped: Sequence[Definition], asked: Sequence[str]) -> Form:
        """The kind of H′ in a control, by its second derivative against a probe."""
        if kinked(self.definitions, self.seeds, name):
            return Form("other")
        if total_of(self.found.slopes[name]) == 0:
            return Form("absent")
        probe, before = PROBE + name, self.workspace.mark
        self.workspace.declare(probe, self.workspace.sizes_of(name), False)
        seed = Part(slot(probe, self._at(name)), (), ())
        second = accumulate(self.workspace, sloped, {SLOPE + name: [seed]}, asked)
        lines = {line.name: line for line in (*sloped, *self.workspace.since(before))}
        probing = Probing(lines, probe, self._at(name))
        for other in asked:
            if other != name and probing.reads(total(second[other]), probe):
                return Form("with", other=other)
        along = probing.opened(total(second[name]))
        if not probing.reads(along, probe):
            return Form("linear")
        if any(probing.reads(along, other) for other in asked if other == name):
            return Form("other")
        if not probing.keeps_entries(along):
            return self._coupled(name, along, lines, probing)
        curvature = Fixed(self.workspace, lines, probe, sympy.Integer(1)).value(along)
        made = tuple({**lines, **{line.name: line for line in self.workspace.since(before)}}.values())
        self._signs.definitions = {line.name: line for line in made}
        sign = self._signs.of(curvature)
        needed = keep_needed(made, map(slot_name, slots(curvature)))
        return Form("closed" if sign == "above" else "linear" if sign == "zero" else "curved", curvature, sign, "", needed)

    def _coupled(self, name: str, along: Scalar, lines: Mapping[str, Definition], probing: Probing) -> Form:
        """Entries that are coupled by a matrix of consts, which is positive definite, and that no bounds hold: a = R⁻¹ (−g)."""
        control, probe = self.model.controls[name], PROBE + name
        if (control.lower, control.upper) != (None, None) or len(self._at(name)) != 1:
            return Form("coupled")
        before = self.workspace.mark
        try:
            lifted = Lifted(self.workspace, lines, probe, lambda read: probing.reads_name(read, probe))
            matrix = lifted.matrix(along)
        except NoMatrix:
            return Form("coupled")
        if not self.workspace.shared([matrix]):
            return Form("coupled")
        made = (*lines.values(), *self.workspace.since(before))
        known = {PHI: 1.0, **self._signs.known}  # all of the matrix is of costs, which φ weighs alike
        positive = is_positive(self.model, made, matrix, known)
        return Form("closed" if positive else "coupled", slot(matrix, indices(2)), "above" if positive else "unknown")


def kinked(definitions: Sequence[Definition], seeds: Iterable[str], name: str) -> bool:
    """Whether what is seeded has a kink, or a jump, in a quantity: its slope has no slope of its own there."""
    seeded = keep_needed(definitions, seeds)
    reading = depending_on([name], {line.name: line.reads() for line in seeded})
    for line in seeded:
        if line.name not in reading or not isinstance(line.body, Elementwise):
            continue
        for node in sympy.preorder_traversal(line.body.expression):
            decides = node.args[:2] if isinstance(node, RowFunction) and type(node).__name__ in KINKED else ()
            if any(slot_name(s) in reading for part in decides for s in slots(part)):
                return True
    rows = {line.body.row for line in seeded if line.name in reading and isinstance(line.body, Structured)}
    return "maxpool2d" in rows


def total_of(definition: Definition) -> Scalar:
    """The right side of a definition that is an expression."""
    assert isinstance(definition.body, Elementwise)
    return definition.body.expression


def within(control: ControlOf, value: Scalar) -> Scalar:
    """A value between the bounds of a control, where it has any."""
    match control.lower, control.upper:
        case None, None:
            return value
        case lower, None:
            return maximum(value, lower)
        case None, upper:
            return minimum(value, upper)
    return clip(value, control.lower, control.upper)


def _over(rest: Scalar, curvature: Scalar | None) -> Scalar:
    """−g/r, summand by summand where r is no sum."""
    assert curvature is not None
    if isinstance(curvature, sympy.Add):
        return -rest / curvature
    return sympy.Add(*(-term / curvature for term in sympy.Add.make_args(rest)))
