"""The dynamics of states: one definition for each, of the state's sizes."""

from __future__ import annotations

from collections.abc import Set

import sympy

from hdsl.diagnostics import catalogue_formula as formulas
from hdsl.diagnostics import catalogue_model as catalogue
from hdsl.diagnostics.diagnostic import Diagnostic
from hdsl.model.declarations import Declarations
from hdsl.model.expressions import Reader
from hdsl.model.lists import met
from hdsl.model.model import DynamicsOf
from hdsl.model.scope import Scope
from hdsl.model.shapes import differ_by_name, fits
from hdsl.model.sizes import show_sizes
from hdsl.model.values import Value
from hdsl.syntax.source import Span
from hdsl.syntax.tree import Dynamics, ModelText
from hdsl.terms.term import Body, Elementwise

PREFIX = {"flow": "f", "next": "F"}


def first_dynamics(text: ModelText, scope: Scope) -> dict[str, Dynamics]:
    """The dynamics of each state, its first where it has several. Dynamics of what is no state are reported."""
    moving: dict[str, Dynamics] = {}
    for statement in text.statements:
        if not isinstance(statement, Dynamics):
            continue
        name, span = statement.name, statement.name_span
        if name in moving:
            if name in scope.poisoned:
                continue
            scope.report(catalogue.duplicate_dynamics(span, name, moving[name].name_span))
        elif is_state(scope, name, span, "dynamics"):
            moving[name] = statement
    return moving


def is_state(scope: Scope, name: str, span: Span, what: str) -> bool:
    """Whether a name is that of a state; reported where it is not."""
    entry = scope.find(name, span, ("state",))
    if entry is None:
        return False
    if entry.kind == "state":
        return True
    if name not in scope.poisoned:
        scope.report(catalogue.not_a_state(span, name, entry.kind, scope.line(entry.span), what))
    return False


def value_of(reader: Reader, dynamics: Dynamics) -> Value | None:
    """The right side of the dynamics of one state, of the state's sizes; None after a mistake has been reported."""
    name = dynamics.name
    value = reader.value(dynamics.value)
    wanted = reader.sizes.get(name)
    if value is None or wanted is None or name in reader.scope.poisoned:
        return None
    value = reader.keep(met(reader, value, wanted), value.span)
    if value is not None and not fits(value.sizes, wanted) and not value.is_number:
        reader.scope.report(_misfit(reader.scope, dynamics, value, wanted))
        return None
    return value


def define_dynamics(reader: Reader, dynamics: Dynamics, body: Body, found: dict[str, DynamicsOf]) -> None:
    """The dynamics of one state, as a definition of the state's sizes."""
    name, definition = dynamics.name, f"{PREFIX[dynamics.kind]}:{dynamics.name}"
    reader.made.define(definition, body, reader.sizes[name], dynamics.span)
    found[name] = DynamicsOf(name, dynamics.kind, definition, dynamics.span)


def stand_still(reader: Reader, declared: Declarations, moved: Set[str], found: dict[str, DynamicsOf]) -> None:
    """States that nothing has ``moved`` stay where they begin: f = 0; but a hamiltonian moves all."""
    mechanical = any(entry.kind == "hamiltonian" for entry in reader.scope.entries.values())
    for name in (d.name for d in declared.declares if d.role == "state" and not mechanical):
        if name not in moved and name in reader.sizes:
            span = reader.scope.entries[name].span
            reader.made.define(f"f:{name}", Elementwise(sympy.Integer(0)), reader.sizes[name], span)
            found[name] = DynamicsOf(name, "flow", f"f:{name}", span)


def _misfit(scope: Scope, dynamics: Dynamics, value: Value, wanted: tuple[sympy.Basic, ...]) -> Diagnostic:
    name = dynamics.name
    return formulas.dynamics_shape(
        dynamics.value.span,
        name,
        show_sizes(wanted),
        show_sizes(value.sizes),
        scope.line(scope.entries[name].span),
        len(value.sizes) == len(wanted) and differ_by_name(value.sizes, wanted),
    )
