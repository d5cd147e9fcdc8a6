"""Components and functions of a file: what each declares, and whether the names in it stand for anything.

A component's scope is closed: its parameters and what it declares, other components and functions, and the names of the
language. Names are therefore looked at once, here, and not again for every instance.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hdsl.diagnostics import catalogue_component as catalogue
from hdsl.diagnostics import catalogue_model
from hdsl.diagnostics.catalogue_local import not_a_param
from hdsl.diagnostics.catalogue_project import holds
from hdsl.model.order import in_order
from hdsl.model.scope import HOLDING, INITIALS, RESERVED, Scope
from hdsl.model.walk import calls_in, names_in
from hdsl.syntax.control_tree import Constraint, Control, Costate, Final, Horizon
from hdsl.syntax.source import Span
from hdsl.syntax.tree import (
    Call,
    Component,
    Declare,
    Define,
    Dim,
    Dynamics,
    Expression,
    Local,
    ModelText,
    Name,
    Parameter,
    Project,
    Reset,
    Statement,
)
from hdsl.syntax.words import EVERY_PARAM


@dataclass(frozen=True)
class Components:
    """The components and functions of a file by name. Those in ``wrong`` have mistakes that are reported."""

    known: Mapping[str, Component]
    wrong: frozenset[str]


def read_components(text: ModelText, scope: Scope) -> Components:
    """Look at every component of a file; mistakes are reported to ``scope``, where their names stand already."""
    found: dict[str, Component] = {}
    for statement in text.statements:
        if isinstance(statement, Component) and scope.entries[statement.name].span == statement.name_span:
            found[statement.name] = statement
    wrong = {name for name, component in found.items() if not _check(component, scope)}
    wrong |= {name for name in found if name in scope.poisoned}
    needs = {name: [c for c in _called(component) if c in found] for name, component in found.items()}
    for path in in_order(needs)[1]:
        scope.report(catalogue.calls_itself(found[path[0]].name_span, path))
        wrong.update(path)
    return Components(found, frozenset(wrong))


def expressions_of(statement: Statement) -> Iterator[Expression]:
    """Every expression of a statement."""
    match statement:
        case Dim(default=default):
            yield from () if default is None else (default,)
        case Costate(value=value):
            yield from () if value is None else (value,)
        case Declare(shape=shape, value=value):
            yield from shape
            yield from () if value is None else (value,)
        case Project(value=value, every=every):
            yield value
            yield from () if every is None else (every,)
        case Define(value=value) | Dynamics(value=value) | Final(value=value):
            yield value
        case Control(shape=shape, bounds=bounds, value=value):
            yield from shape
            yield from () if bounds is None else (bounds.lower, bounds.upper)
            yield from () if value is None else (value,)
        case Constraint(value=value, weight=weight):
            yield value
            yield from () if weight is None else (weight,)
        case Costate(state=state, value=value):
            yield from (state,) if value is None else (state, value)
        case Horizon(end=end, guess=guess, bounds=bounds):
            free = isinstance(end, Name) and end.name == "free"
            yield from () if free else (end,)
            yield from () if guess is None else (guess,)
            yield from () if bounds is None else (bounds.lower, bounds.upper)


def held_in(tree: Expression, components: Components) -> Call | None:
    """The first call in an expression that holds a state or makes an instance of a component."""
    for call in calls_in(tree):
        component = components.known.get(call.function)
        if call.function in HOLDING or (component is not None and not component.pure):
            return call
    return None


def is_pure(tree: Expression, components: Components, scope: Scope) -> bool:
    """Whether an expression holds no state, nor an instance of a component; reported where it does."""
    held = held_in(tree, components)
    if held is not None:
        scope.report(holds(held.span, held.function))
    return held is None


def called_in(tree: Expression) -> Iterator[str]:
    """The components that an expression makes instances of: those it calls, and those that it repeats."""
    for call in calls_in(tree):
        yield call.function
        if call.function == "repeat":
            yield from (name.name for argument in call.arguments[1:2] for name in names_in(argument))


def _called(component: Component) -> Iterator[str]:
    for statement in component.body:
        for tree in expressions_of(statement):
            yield from called_in(tree)
    yield from called_in(component.value)


# Bodies -------------------------------------------------------------------------------------------------------------


def declared_in(component: Component) -> list[str]:
    """The names that a component declares in its body."""
    return [statement.name for statement in component.body if isinstance(statement, Dim | Declare | Define)]


def sizes_of(component: Component) -> set[str]:
    """The parameters that stand in the shapes of what a component declares: their arguments must be sizes."""
    shapes = [axis for s in component.body if isinstance(s, Declare) for axis in s.shape]
    defaults = [s.default for s in component.body if isinstance(s, Dim) and s.default is not None]
    read = {name.name for tree in (*shapes, *defaults) for name in names_in(tree)}
    return {parameter.name for parameter in component.parameters if not parameter.shape} & read


def body_in_order(component: Component) -> list[Statement]:
    """The statements of a body so that each finds what it needs: declarations, definitions, then what moves."""
    defines = {s.name: s for s in component.body if isinstance(s, Define)}
    needs = {name: [n.name.split(".")[0] for n in names_in(s.value)] for name, s in defines.items()}
    order = [defines[name] for name in in_order(needs)[0]]
    dims = {s.name: s for s in component.body if isinstance(s, Dim)}
    consts = {s.name: s for s in component.body if isinstance(s, Declare) and s.role == "const"}
    first = [dims[name] for name in _needed(dims, "default")] + [consts[name] for name in _needed(consts, "value")]
    declares = [*first, *(s for s in component.body if isinstance(s, Declare) and s.role != "const")]
    rest = [s for s in component.body if isinstance(s, Dynamics | Reset | Project | Local)]
    return [*declares, *order, *rest]


def _needed(statements: Mapping[str, Any], tree: str) -> tuple[str, ...]:
    """Names of statements, each after those that its tree reads."""
    trees = {name: getattr(statement, tree) for name, statement in statements.items()}
    return in_order({name: [n.name for n in names_in(t)] if t is not None else [] for name, t in trees.items()})[0]


# Names --------------------------------------------------------------------------------------------------------------


def _check(component: Component, outer: Scope) -> bool:
    """Whether the names of a component have their meaning; what has none is reported."""
    local = Scope(outer.source, outer.unread, outer.nameless)
    for parameter in component.parameters:
        local.declare(parameter.name, "argument", parameter.name_span)
    bound = _bind_sizes(component.parameters, local)
    for statement in component.body:
        if isinstance(statement, Dim):
            local.declare(statement.name, "dim", statement.name_span)
        elif isinstance(statement, Declare | Define):
            local.declare(statement.name, statement.role, statement.name_span)
    closed: dict[str, list[Span]] = {}
    for parameter in component.parameters:
        for tree in (*parameter.shape, *(() if parameter.default is None else (parameter.default,))):
            _look_up(tree, local, outer, bound | set(INITIALS), closed)
    for statement in component.body:
        indices = {i.name for i in statement.indices} if isinstance(statement, Define) else set()
        for tree in expressions_of(statement):
            _look_up(tree, local, outer, bound | indices | set(INITIALS), closed)
        if isinstance(statement, Dynamics | Reset):
            _state(statement, local)
        elif isinstance(statement, Project):
            local.find(statement.name, statement.name_span, ("param",))
        elif isinstance(statement, Local):
            _demand(statement, local)
    _look_up(component.value, local, outer, bound, closed)
    _report_closed(closed, local, outer)
    _cycles(component, local)
    if component.pure:
        _pure(component, local)
    local.report_unknown()
    for finding in local.findings:
        outer.report(finding)
    return not local.findings


def _bind_sizes(parameters: tuple[Parameter, ...], local: Scope) -> set[str]:
    """The names that shapes of parameters bind; they are sizes of the component."""
    found: set[str] = set()
    for parameter in parameters:
        for tree in parameter.shape:
            for name in names_in(tree):
                if name.name not in local.entries:
                    local.declare(name.name, "dim", name.span)
                    found.add(name.name)
    return found


def _report_closed(closed: dict[str, list[Span]], local: Scope, outer: Scope) -> None:
    """Names of the model, which a component does not see, each once."""
    for name in closed.keys() - local.folded(list(closed), closed):
        entry = outer.entries[name]
        local.report(catalogue.closed(min(closed[name]), name, entry.kind, outer.line(entry.span)))


def _look_up(
    tree: Expression, local: Scope, outer: Scope, known: set[str], closed: dict[str, list[Span]]
) -> None:
    repeated = {id(call.arguments[1]) for call in calls_in(tree) if call.function == "repeat" and len(call.arguments) > 1}
    for name in names_in(tree):
        head = name.name.split(".")[0]
        if name.name in known or name.name in RESERVED or id(name) in repeated:
            continue
        if "." in name.name and head in local.entries:
            continue  # of an instance, which is looked for where it is made
        entry = outer.entries.get(name.name)
        if name.name not in local.entries and entry is not None and entry.kind not in ("component", "function"):
            closed.setdefault(name.name, []).append(name.span)
        elif name.name not in local.entries and entry is not None:
            local.report(catalogue_model.function_value(name.span, name.name))
        else:
            local.find(name.name, name.span)


def _state(statement: Dynamics | Reset, local: Scope) -> None:
    what = "dynamics" if isinstance(statement, Dynamics) else "reset"
    entry = local.find(statement.name, statement.name_span, ("state",))
    if entry is not None and entry.kind != "state" and "." not in statement.name:
        line = local.line(entry.span)
        local.report(catalogue_model.not_a_state(statement.name_span, statement.name, entry.kind, line, what))


def _demand(statement: Local, local: Scope) -> None:
    """The names of a `local` line: params, or definitions, whose instances have theirs."""
    for name in statement.names:
        if name.name == EVERY_PARAM or "." in name.name:
            continue
        entry = local.find(name.name, name.span, ("param",))
        if entry is not None and entry.kind not in ("param", "let"):
            local.report(not_a_param(name.span, name.name, entry.kind, local.line(entry.span)))


def _cycles(component: Component, local: Scope) -> None:
    defines = {s.name: [n.name for n in names_in(s.value)] for s in component.body if isinstance(s, Define)}
    for path in in_order(defines)[1]:
        local.report(catalogue_model.cycle(local.entries[path[0]].span, path))


def _pure(component: Component, local: Scope) -> None:
    for call in calls_in(component.value):
        if call.function in HOLDING:
            local.report(catalogue.not_pure(call.function_span, component.name, call.function))
