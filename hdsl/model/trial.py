"""Trials: a component or a function that nothing uses is read once with every size free, for what is wrong in any case.

The trial is a small model of its own: the sizes and the shaped parameters of the component, and one instance. Parameters
whose sizes are not written may be anything, so nothing is said of what they stand in; the trial goes on behind it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Set
from dataclasses import replace

from hdsl.diagnostics.whence import of_unused
from hdsl.model.components import Components, called_in, expressions_of, sizes_of
from hdsl.model.declarations import declare
from hdsl.model.delaying import Delayed
from hdsl.model.scope import UNKNOWN, Entry, Scope, build_scope
from hdsl.model.statements import read_statements
from hdsl.model.walk import calls_in, names_in
from hdsl.syntax.tree import Call, Component, Declare, Define, Dim, Expression, ModelText, Name, Parameter, Statement

# What no other sizes and no other values would put right.
SURE = frozenset(
    (
        *("arrangement", "axis", "dynamics-shape", "index-sizes", "index-use", "instance", "project"),
        *("shape", "square", "subscripts"),
    )
)


def try_unused(text: ModelText, scope: Scope, components: Components) -> dict[str, Entry]:
    """Report what is wrong with the sizes of every component that the file does not use; the dotted names of the trials."""
    entries: dict[str, Entry] = {}
    used = {name for tree in _expressions(text) for name in called_in(tree)}
    for name, component in components.known.items():
        if name in used or name in components.wrong or name in scope.poisoned:
            continue
        said = {(finding.code, finding.span) for finding in scope.findings}
        trial = _trial(text, component, components)
        entries |= {path: entry for path, entry in trial.entries.items() if "." in path}
        for finding in trial.findings:
            if finding.code in SURE and (finding.code, finding.span) not in said:
                scope.report(of_unused(finding, name))
    return entries


def _expressions(text: ModelText) -> Iterator[Expression]:
    for statement in text.statements:
        for inner in (*statement.body, statement) if isinstance(statement, Component) else (statement,):
            yield from expressions_of(inner)
        if isinstance(statement, Component):
            yield statement.value


def _trial(text: ModelText, component: Component, components: Components) -> Scope:
    """The scope of a trial, with what was found in it."""
    # The definition has the component's name, so that messages name `dense.W`; no name can be written like the other.
    called = replace(component, name=f"{component.name}()")
    sizes = _sizes(component, components.known, {})
    parameters = [p for p in component.parameters if p.shape or p.default is None or p.name in sizes]
    named = tuple((p.name, Name(p.name, p.name_span)) for p in parameters)
    call = Call(called.name, (), named, component.name_span, component.name_span)
    define = Define("let", component.name, call, component.name_span, component.span)
    others = [c for name, c in components.known.items() if name != component.name]
    statements = (*_declared(parameters, sizes), *others, called, define)
    small = ModelText(text.source, statements, "", text.unread)
    scope = build_scope(small)
    scope.trying = True
    scope.entries[UNKNOWN] = Entry(UNKNOWN, "dim", component.name_span)
    scope.poisoned.add(UNKNOWN)
    for parameter in parameters:
        if not parameter.shape and parameter.name not in sizes:
            scope.entries[parameter.name] = Entry(parameter.name, "let", parameter.name_span)
            scope.poisoned.add(parameter.name)
    known = {**{other.name: other for other in others}, called.name: called}
    read_statements(small, scope, declare(small, scope, {}, {}), Components(known, components.wrong), Delayed(()), None)
    return scope


def _sizes(component: Component, known: Mapping[str, Component], found: dict[str, set[str]]) -> set[str]:
    """The parameters that are sizes: those in its own shapes, and those that it hands on to such ones of others."""
    if component.name in found:
        return found[component.name]
    found[component.name] = sizes = sizes_of(component)
    free = {parameter.name for parameter in component.parameters if not parameter.shape}
    trees = [*(tree for statement in component.body for tree in expressions_of(statement)), component.value]
    for call in (call for tree in trees for call in calls_in(tree)):
        name, given = call.function, call.arguments
        if name == "repeat" and len(given) > 2 and isinstance(given[1], Name):
            name, given = given[1].name, given[2:]
        if name in known:
            inner = _sizes(known[name], known, found)
            handed = {**{p.name: a for p, a in zip(known[name].parameters, given, strict=False)}, **dict(call.keywords)}
            sizes |= {read.name for own in inner & handed.keys() for read in names_in(handed[own])} & free
    return sizes


def _declared(parameters: list[Parameter], sizes: Set[str]) -> Iterator[Statement]:
    """The sizes of a component as sizes of a model, and its shaped parameters as inputs of it."""
    names = [name for p in parameters for tree in p.shape for name in names_in(tree)]
    names += [Name(p.name, p.name_span) for p in parameters if p.name in sizes]
    for name in {name.name: name for name in names}.values():
        yield Dim(name.name, None, name.span, name.span)
    for p in parameters:
        if p.shape:
            yield Declare("input", p.name, p.shape, None, None, p.name_span, p.span)
