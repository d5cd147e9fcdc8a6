"""Mechanical systems: `hamiltonian H = …`, and with each state its momentum, `costate p of q = …`.

A momentum is a state with the shape of the state that it belongs to. Nothing is learned and nothing arrives, so that all else
that a file may hold is refused. What moves the states is derived later, in `hdsl.derive.mechanics`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from hdsl.diagnostics import catalogue_mechanics as mechanics
from hdsl.diagnostics import catalogue_model as catalogue
from hdsl.model.learning import SYMPLECTIC, WORDS
from hdsl.model.model import Learning
from hdsl.model.scope import Scope
from hdsl.syntax.control_tree import Costate
from hdsl.syntax.source import Span
from hdsl.syntax.tree import (
    Component,
    Declare,
    Define,
    Dim,
    Dynamics,
    Latex,
    Learn,
    ModelName,
    ModelText,
    Statement,
    Use,
    Version,
)

SETTINGS = ("step", "tau")
"""What `learn` may set of a mechanical system."""


def hamiltonians(text: ModelText) -> list[Define]:
    """The `hamiltonian` lines of a file; it is a mechanical system where there is one."""
    return [s for s in text.statements if isinstance(s, Define) and s.role == "hamiltonian"]


def pair_up(text: ModelText, scope: Scope) -> tuple[ModelText, Mapping[str, str]]:
    """The text with every momentum declared as a state, and the momentum of each state; mistakes are reported.

    The `costate` lines stay, behind the declarations that they have become.
    """
    if not hamiltonians(text):
        return text, {}
    states = {s.name: s for s in text.statements if _is_own(s, scope) and isinstance(s, Declare) and s.role == "state"}
    momenta = {s.name: s for s in text.statements if _is_own(s, scope) and isinstance(s, Costate)}
    firsts: dict[str, Costate] = {}
    made: list[Statement] = []
    for statement in text.statements:
        declared = None
        if isinstance(statement, Costate) and momenta.get(statement.name) is statement:
            declared = _declared(statement, states, momenta, firsts, scope)
            if declared is None:
                scope.poisoned.add(statement.name)
        made += [statement] if declared is None else [declared, statement]
    return replace(text, statements=tuple(made)), {state: costate.name for state, costate in firsts.items()}


def _is_own(statement: Statement, scope: Scope) -> bool:
    """Whether a statement is the one that gives its name a meaning."""
    if not isinstance(statement, Declare | Costate) or statement.name in scope.poisoned:
        return False
    return scope.entries[statement.name].span == statement.name_span


def _declared(
    costate: Costate,
    states: Mapping[str, Declare],
    momenta: Mapping[str, Costate],
    firsts: dict[str, Costate],
    scope: Scope,
) -> Declare | None:
    """The momentum as a state of its state's shape; None after a mistake."""
    name, span = costate.state.name, costate.state.span
    entry = scope.find(name, span, ("state",))
    if entry is None or name in scope.poisoned:
        return None
    if name in momenta:
        scope.report(mechanics.momentum_of(span, name, scope.line(momenta[name].span)))
        return None
    if name not in states:
        scope.report(catalogue.not_a_state(span, name, entry.kind, scope.line(entry.span), "momentum"))
        return None
    if name in firsts:
        scope.report(mechanics.momentum_twice(span, name, firsts[name].state.span))
        return None
    firsts[name] = costate
    shape = states[name].shape
    return Declare("state", costate.name, shape, costate.value, None, costate.name_span, costate.span, costate.doc)


def report_mechanics(
    text: ModelText, scope: Scope, learning: Learning, states: Mapping[str, Span], pairs: Mapping[str, str]
) -> None:
    """What a mechanical system lacks, and what it has too much; of a model that is none, a step that is for these.

    Args:
        text: as `pair_up` has left it.
        states: where each state is declared, those of components and delays too.
        pairs: the momentum of each state.
    """
    found = hamiltonians(text)
    if not found:
        if learning.step in SYMPLECTIC:
            words = [word for word in WORDS["step"][0] if word not in SYMPLECTIC]
            scope.report(mechanics.mechanical_step(learning.spans["step"], learning.step, words))
        return
    own = {s.name for s in text.statements if isinstance(s, Declare)}
    for again in found[1:]:
        if again.name not in scope.poisoned:
            scope.report(mechanics.hamiltonian_twice(again.name_span, found[0].name_span))
    _report_others(text, scope, learning, found[0].name_span)
    known = {*pairs, *pairs.values(), *scope.poisoned}
    for name, span in states.items():
        if name not in known:
            scope.report(mechanics.no_momentum(span, name, name not in own))
    if not states and not scope.findings:
        scope.report(mechanics.nothing_moves(found[0].name_span))


def _report_others(text: ModelText, scope: Scope, learning: Learning, first: Span) -> None:
    """What belongs to learning; of several things the first, which names the lines of the others."""
    wrong = [found for statement in text.statements if (found := _not_mechanical(statement)) is not None]
    settings = ((path, span) for path, span in learning.spans.items() if path not in SETTINGS)
    wrong += [(f"the setting `{path}`", span) for path, span in settings]
    if wrong:
        what, span = min(wrong, key=lambda one: one[1])
        others = sorted({scope.line(other) for _, other in wrong} - {scope.line(span)})
        scope.report(mechanics.not_mechanical(span, what, scope.line(first), others))


def _not_mechanical(statement: Statement) -> tuple[str, Span] | None:
    """What a statement is, with its place, where it belongs to learning."""
    match statement:
        case Version() | ModelName() | Dim() | Costate() | Component() | Use() | Latex() | Learn():
            return None
        case Declare(role="state" | "const") | Define(role="let" | "output" | "hamiltonian"):
            return None
        case Declare(role=role, name=name) | Define(role=role, name=name):
            return f"the {role} `{name}`", statement.name_span
        case Dynamics(name=name):
            return f"a line that moves `{name}`", statement.name_span
    return f"a `{type(statement).__name__.lower()}` line", statement.span
