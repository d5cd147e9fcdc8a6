"""Control: the rows of a derivation about optimal control: its controls, and what holds at the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import sympy

from hdsl.derive.equations import Equations
from hdsl.model.model import Model
from hdsl.show.page import Equation, Row, worded
from hdsl.syntax.source import Span
from hdsl.terms.notation import Notation
from hdsl.terms.spelling import Style
from hdsl.terms.term import Definition, Elementwise, Structured, keep_needed, setting_name, slot

NOTES = {"stationarity": "stationary in {name}", "given": "by its rule", "gradient": "follows the gradient of H′"}
AT_MOST: dict[Style, str] = {"text": "≤", "latex": r"\leq"}
Place = Callable[[Row, tuple[Span, ...]], Row]


@dataclass(frozen=True)
class ControlRows:
    """Makes the rows; ``notation`` prints the equations, ``place`` gives a row the lines of the file."""

    equations: Equations
    notation: Notation
    style: Style
    place: Place

    @property
    def model(self) -> Model:
        return self.equations.model

    def rows(self) -> tuple[Row, ...]:
        """For each control what chooses it: ∂H′/∂a = 0 and a; the rule; or ∂H′/∂a and ȧ."""
        return tuple(row for name in self.model.controls for row in self._rows(name))

    def _rows(self, name: str) -> Iterator[Row]:
        control, path = self.model.controls[name], (f"control.{name}",)
        note = NOTES[control.rule].format(name=worded(self.notation.name(name), self.style))
        if control.rule != "given":
            slope = self.equations.slope[name]
            zero = " = 0" if control.rule == "stationarity" else ""
            told = Equation(self._by(name), f"{self.notation.sides(slope)[1]}{zero}", slope.name)
            yield self.place(Row((told,), note=note, paths=path, reads=frozenset(slope.reads())), slope.spans)
            note = ""
        line = self._moved(name) if control.rule == "gradient" else replace(self.equations.control[name], name=name)
        left, right = self.notation.sides(line)
        told = Equation(left, right.replace(self.notation.name(f"slope:{name}"), self._by(name)), line.name)
        yield self.place(Row((told,), note=note, paths=path, reads=frozenset(line.reads())), (control.span,))

    def _moved(self, name: str) -> Definition:
        """ȧ = −β ∂H′/∂a."""
        slope = self.equations.slope[name]
        beta = slot(setting_name(self.model.learning.beta[name]))
        return Definition(f"dot:{name}", Elementwise(-beta * slope.slot), slope.sizes)

    def _by(self, name: str) -> str:
        look = self.notation.name(name)
        return rf"\frac{{\partial H'}}{{\partial {look}}}" if self.style == "latex" else f"∂H′/∂{look}"


def inside_controls(equations: Equations) -> set[str]:
    """What is printed inside the formulas of controls: their rules, and what was made for these formulas alone."""
    model, lines = equations.model, (*equations.slope.values(), *equations.control.values())
    found = {control.definition for control in model.controls.values() if control.definition is not None}
    forward = {definition.name for definition in model.definitions}
    others = {name for line in equations.all for name in line.reads()}
    for definition in reversed(equations.definitions):
        whole = {o for d in equations.definitions if isinstance(d.body, Structured) for o in d.body.operands}
        made = definition.name not in forward | others | whole and not definition.name.startswith("adj:")
        if made and not any(definition.name in d.reads() and d.name not in found for d in equations.definitions):
            found.add(definition.name)
    return found & {name for line in (*equations.definitions, *lines) for name in line.reads()}


def end_rows(
    model: Model, notation_of: Callable[[tuple[Definition, ...]], Notation], style: Style, place: Place
) -> tuple[Row, ...]:
    """Φ, the conditions at the end and the path constraints; ``notation_of`` some definitions prints them."""
    finals = [final.definition for final in model.finals]
    held = [constraint.definition for constraint in model.constraints]
    needed = keep_needed(model.definitions, (*model.terminals, *finals, *held))
    whole = Definition("all:Phi", Elementwise(sympy.Add(*(slot(name) for name in model.terminals))))
    notation = notation_of((*needed, whole))
    by_name = {line.name: line for line in needed}
    rows = []
    if model.terminals:
        spans = tuple(span for name in model.terminals for span in by_name[name].spans)
        left, right = notation.sides(whole)
        rows.append(place(Row((Equation(left, right, "Phi"),), note="terminal cost", paths=("Phi",)), spans))
    for number, final in enumerate(model.finals, 1):
        right = notation.sides(by_name[final.definition])[1]
        row = Row((Equation(right, "0", final.definition),), note="at T", paths=(f"final.{number}",))
        rows.append(place(row, (final.span,)))
    for constraint in model.constraints:
        right = notation.sides(by_name[constraint.definition])[1]
        kind = "penalty" if constraint.weight is None else f"soft, weight {notation.expression(constraint.weight)}"
        row = Row((Equation(right, "0", constraint.definition, AT_MOST[style]),), note=f"constraint {constraint.name}, {kind}")
        rows.append(place(replace(row, paths=(f"constraint.{constraint.name}",)), (constraint.span,)))
    return tuple(rows)


def end_words(model: Model, notation: Notation, style: Style) -> str:
    """When the end is, in words."""
    horizon = model.horizon
    if horizon is None:
        return ""

    def told(value: object, infinite: str = "") -> str:
        return infinite if value is None else worded(notation.expression(value), style)

    if horizon.end is not None:
        said = f"{worded('T', style)} = {told(horizon.end)}"
    else:
        said = f"{worded('T', style)} is free, from {told(horizon.guess)}"
        low, high = horizon.lower, horizon.upper
        said += f", {told(low, '0')} or more" if low is not None else ""
        said += f", {told(high)} or less" if high is not None else ""
    free = [name for name in (*model.dynamics, *(p.name for p in model.of_role("param"))) if name in model.free]
    if free:
        said += f"; free at 0: {', '.join(worded(notation.name(name), style) for name in free)}"
    return said
