"""Refusals: the controls that no closed form chooses, each with the part of H′ that holds it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import sympy

from hdsl.derive.seeds import TAU
from hdsl.derive.stationarity import Form, Stationarity, derive_stationarity, total_of
from hdsl.diagnostics import catalogue_control as catalogue
from hdsl.diagnostics.diagnostic import Diagnostic
from hdsl.model.model import Model
from hdsl.model.schedules import BOUNDARY
from hdsl.model.sharing import depending_on
from hdsl.syntax.source import Span
from hdsl.terms.notation import Notation
from hdsl.terms.term import (
    Contraction,
    Definition,
    Elementwise,
    Scalar,
    setting_name,
    slot,
    slot_name,
    slots,
)

LONGEST = 120  # columns of what is shown of H′


def refusals(model: Model) -> list[Diagnostic]:
    """What is wrong with the controls of a model. Empty where stationarity, or a rule, chooses every one of them."""
    if not model.controls:
        return []
    found = derive_stationarity(model)
    wrong = [_refused(found, name, form) for name, form in found.forms.items() if form.kind != "closed"]
    return wrong or list(_by_targets(found))


def _refused(found: Stationarity, name: str, form: Form) -> Diagnostic:
    model = found.model
    control = model.controls[name]
    span = _named(model, name)
    shown = Shown(found, name)
    match form.kind:
        case "absent":
            return catalogue.absent(span, name)
        case "linear" if control.lower is not None and control.upper is not None:
            low, high = shown.expression(control.lower), shown.expression(control.upper)
            return catalogue.bang_bang(span, name, shown.part(), shown.slope(), low, high)
        case "linear":
            return catalogue.singular(span, name, shown.part(), shown.slope())
        case "curved":
            return catalogue.non_convex(span, name, shown.part(), shown.curvature(form), form.sign)
        case "coupled":
            return catalogue.coupled(span, name, shown.part(), (control.lower, control.upper) != (None, None))
        case "with":
            return catalogue.coupled_with(span, name, form.other, shown.part())
    return catalogue.not_quadratic(span, name, shown.part())


def _named(model: Model, name: str) -> Span:
    """Where the name of a control stands in its declaration."""
    text, whole = model.source.text, model.controls[name].span
    start = whole.start + len("control")
    while text[start].isspace():
        start += 1
    end = start
    while end < whole.end and (text[end].isalnum() or text[end] == "_"):
        end += 1
    return Span(start, end)


def _by_targets(found: Stationarity) -> Iterator[Diagnostic]:
    """Controls that stationarity would work out from targets, in a run forward: a prediction is made without them."""
    model = found.model
    if model.learning.schedule == BOUNDARY:
        return
    reads = {line.name: line.reads() for line in found.definitions}
    for name, control in model.controls.items():
        if control.rule != "stationarity":
            continue
        holding = depending_on([name], {d.name: d.reads() for d in model.definitions})
        costs = [cost for cost in model.costs if cost in holding and model.targets_of[cost]]
        line = found.choices[name]
        for target in (q.name for q in model.of_role("target")):
            of = [cost for cost in costs if target in model.targets_of[cost]]
            if of or line in depending_on([target], reads):
                yield catalogue.chosen_by_target(_named(model, name), name, target, of)
                break


class Shown:
    """Formulas about one control, as a derivation prints them, with everything put in that depends on the control."""

    def __init__(self, found: Stationarity, name: str) -> None:
        self.found, self.name, self.model = found, name, found.model
        self._lines = {line.name: line for line in (*self.model.definitions, *found.definitions)}
        self._holding = depending_on([name], {line.name: line.reads() for line in self._lines.values()})

    def part(self) -> str:
        """The summands of H′ that hold the control."""
        model, by_name = self.model, {d.name: d for d in self.model.definitions}
        phi = sympy.Integer(1) if model.learning.phi == 1 else slot(setting_name("phi"))
        made: list[Definition] = []
        summands: list[Scalar] = []
        for cost in model.costs:
            held = self._held(by_name[cost])
            if held is not None:
                made.append(replace(held, name=f"part:{cost}"))
                summands.append(phi * made[-1].slot)
        for state in model.taught:
            dynamics = model.dynamics[state]
            held = self._held(by_name[dynamics.definition])
            if held is None:
                continue
            made.append(replace(held, name=f"part:{held.name}"))
            at = made[-1].indices
            scale = 1 / TAU if dynamics.kind == "next" else sympy.Integer(1)
            costate = slot(f"z:{state}", at)
            if at:
                bound = tuple(zip(at, held.sizes, strict=True))
                made.append(Definition(f"pair:{state}", Contraction((costate, made[-1].slot), bound)))
                summands.append(scale * made[-1].slot)
            else:
                summands.append(scale * costate * made[-1].slot)
        return self._printed(sympy.Add(*summands), made)

    def _held(self, definition: Definition) -> Definition | None:
        """A definition with those of its summands alone that hold the control; None where none does."""
        if definition.name not in self._holding:
            return None
        if not isinstance(definition.body, Elementwise):
            return definition
        terms = sympy.Add.make_args(definition.body.expression)
        held = [term for term in terms if any(slot_name(s) in self._holding for s in slots(term))]
        return replace(definition, body=Elementwise(sympy.Add(*held)))

    def slope(self) -> str:
        """∂H′/∂a."""
        slope = self.found.slopes[self.name]
        return self._printed(total_of(slope), [], slope)

    def curvature(self, form: Form) -> str:
        """∂²H′/∂a²."""
        sizes = self.model.quantities[self.name].sizes
        return self._printed(form.curvature, list(form.lines), Definition("curve", Elementwise(form.curvature), sizes))

    def expression(self, value: Scalar) -> str:
        """A bound, as one writes it."""
        return self._notation([]).expression(value)

    def _printed(self, expression: Scalar, made: list[Definition], whole: Definition | None = None) -> str:
        sizes = () if whole is None else whole.sizes
        definition = Definition("part", Elementwise(expression), sizes)
        text = self._notation([*made, definition]).sides(definition)[1]
        return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"

    def _notation(self, made: list[Definition]) -> Notation:
        model = self.model
        lines = [*self._lines.values(), *made]
        inline = {line.name for line in lines if line.name in self._holding or line in made} - {"part"}
        inline |= {line.name for line in self.found.definitions if line.name not in {d.name for d in model.definitions}}
        return Notation(
            "text",
            lines,
            inline=inline,
            mean=False,
            order=tuple(model.quantities),
            states=tuple(model.dynamics),
            nexts=[name for name, dynamics in model.dynamics.items() if dynamics.kind == "next"],
            names=[*model.dims, *(d.name for d in model.definitions)],
        )
