"""Occurrences: where each name of a file is declared, and every place at which it stands.

The names of a file, of a component, of the indices of one formula and of the arguments of one function are apart. A dotted
name (``a.W``) is one occurrence a part: `a` of the definition, `W` of what the component declares. The product is made from
what could be read, whatever else is wrong.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal, TypeAlias

from hdsl.model.check import Known, known
from hdsl.model.components import expressions_of
from hdsl.model.learning import GROUPED
from hdsl.model.scope import Kind
from hdsl.model.walk import children, names_in
from hdsl.syntax.control_tree import Constraint, Control, Costate
from hdsl.syntax.names import ascii_spelling
from hdsl.syntax.source import Span
from hdsl.syntax.tree import (
    Call,
    Component,
    Declare,
    Define,
    Dim,
    Dynamics,
    Expression,
    IndexSum,
    Latex,
    Learn,
    Local,
    ModelText,
    Name,
    Parameter,
    Project,
    Reset,
    Statement,
)

AnyKind: TypeAlias = Kind | Literal["index"]


@dataclass(frozen=True)
class Declared:
    """One thing that has a name. ``span`` is the name's place where it is declared, by which it is told from all others.

    ``within`` is the component in which it is declared, "" for the file. ``reach`` is where its name means it: the whole
    text for a name of the file, the component, or the formula that names an index. ``node`` is what declares it; None for a
    name of an index and for a size that an argument's shape binds.
    """

    name: str
    kind: AnyKind
    span: Span
    within: str
    reach: Span
    node: Dim | Declare | Define | Component | Control | Costate | Constraint | Parameter | None = None

    @property
    def doc(self) -> str:
        return "" if self.node is None or isinstance(self.node, Parameter) else self.node.doc


@dataclass(frozen=True, order=True)
class Occurrence:
    """A place of a name: ``of`` is where that name is declared. ``path`` is the dotted name up to here."""

    span: Span
    of: Span
    path: str = ""


@dataclass(frozen=True)
class Occurrences:
    """The names of a file. ``known`` has the kinds of all names, those of instances among them, and their sizes."""

    declared: Mapping[Span, Declared]
    all: tuple[Occurrence, ...]
    known: Known

    @cached_property
    def _starts(self) -> list[int]:
        return [occurrence.span.start for occurrence in self.all]

    def at(self, offset: int) -> Occurrence | None:
        """The occurrence at a place of the text; at its end, too, where no other one begins."""
        for place in (bisect_right(self._starts, offset) - 1, bisect_right(self._starts, offset - 1) - 1):
            if place >= 0 and self.all[place].span.start <= offset <= self.all[place].span.end:
                return self.all[place]
        return None

    def of(self, declared: Declared) -> tuple[Occurrence, ...]:
        """Every place of a name, its declaration among them, in the order of the text."""
        return tuple(occurrence for occurrence in self.all if occurrence.of == declared.span)

    def in_scope(self, offset: int) -> tuple[Declared, ...]:
        """What a name may mean at a place: all of the component there, else of the file, and components and functions."""
        found = [one for one in self.declared.values() if one.within == "" and one.kind != "index"]
        inner = [one for one in self.declared.values() if one.within and one.reach.start <= offset <= one.reach.end]
        if inner:
            found = [one for one in found if one.kind in ("component", "function")]
        named = [one for one in self.declared.values() if one.kind == "index" and not one.within]
        return (*inner, *(one for one in named if one.reach.start <= offset <= one.reach.end), *found)

    def instances_of(self, declared: Declared) -> tuple[str, ...]:
        """The dotted names that a name of a component has in the instances of the file."""
        return tuple(path for path, entry in self.known.entries.items() if "." in path and entry.span == declared.span)


def occurrences(text: ModelText, told: Known | None = None) -> Occurrences:
    """The names of a file. Never raises for anything that a text may hold.

    ``told`` is what a check of the text knows already; components with mistakes in them are checked again.
    """
    whole = replace(text, statements=(*text.statements, *text.broken), broken=())
    finder = _Finder(whole, known(whole) if told is None or text.broken else told)
    finder.file()
    return Occurrences(finder.declared, tuple(sorted(set(finder.found))), finder.known)


@dataclass
class _Names:
    """The names in force at one place, by their spelling; ``within`` is the component, ``prefix`` an instance of it."""

    names: dict[str, Span]
    within: str
    reach: Span
    prefix: str = ""


@dataclass
class _Finder:
    """One walk over a file."""

    text: ModelText
    known: Known
    declared: dict[Span, Declared] = field(default_factory=dict)
    found: list[Occurrence] = field(default_factory=list)
    callable: dict[str, Span] = field(default_factory=dict)

    def file(self) -> None:
        names = _Names({}, "", Span(0, len(self.text.source.text)))
        for statement in self.text.statements:
            self._declare(statement, names)
        self.callable = {name: span for name, span in names.names.items() if self._is_callable(span)}
        for statement in self.text.statements:
            if isinstance(statement, Component):
                self._component(statement)
            else:
                self._statement(statement, names)

    def _is_callable(self, span: Span) -> bool:
        return self.declared[span].kind in ("component", "function")

    # --- declarations ------------------------------------------------------------------------------------------------

    def _declare(self, statement: Statement, names: _Names) -> None:
        match statement:
            case Dim():
                self._enter(statement.name, "dim", statement.name_span, names, statement)
            case Declare() | Define():
                self._enter(statement.name, statement.role, statement.name_span, names, statement)
            case Control():
                self._enter(statement.name, "control", statement.name_span, names, statement)
            case Costate():
                self._enter(statement.name, "costate", statement.name_span, names, statement)
            case Constraint():
                self._enter(statement.name, "constraint", statement.name_span, names, statement)
            case Component():
                kind: Kind = "function" if statement.pure else "component"
                self._enter(statement.name, kind, statement.name_span, names, statement)

    def _enter(
        self,
        name: str,
        kind: AnyKind,
        span: Span,
        names: _Names,
        node: Dim | Declare | Define | Component | Parameter | None = None,
    ) -> None:
        """A declaration; one of a name that is declared already is another thing, which nothing else can mean."""
        self.declared[span] = Declared(name, kind, span, names.within, names.reach, node)
        self.found.append(Occurrence(span, span, name))
        names.names.setdefault(name, span)

    def _component(self, component: Component) -> None:
        names = _Names({}, component.name, component.span)
        for parameter in component.parameters:
            self._enter(parameter.name, "argument", parameter.name_span, names, parameter)
        for parameter in component.parameters:
            for name in (name for axis in parameter.shape for name in names_in(axis)):
                if name.name not in names.names:
                    self._enter(name.name, "dim", _place(name), names)
        for statement in component.body:
            self._declare(statement, names)
        names.prefix = self._prefix(component)
        for parameter in component.parameters:
            for tree in (*parameter.shape, *(() if parameter.default is None else (parameter.default,))):
                self._expression(tree, names)
        for statement in component.body:
            self._statement(statement, names)
        self._expression(component.value, names)

    def _prefix(self, component: Component) -> str:
        """The name of one instance of a component, with a dot; "" where the file has none that declares anything."""
        own = {statement.name_span for statement in component.body if isinstance(statement, Dim | Declare | Define)}
        found = (path.rpartition(".")[0] for path, entry in self.known.entries.items() if entry.span in own)
        return next((f"{prefix}." for prefix in found if prefix), "")

    # --- statements --------------------------------------------------------------------------------------------------

    def _statement(self, statement: Statement, names: _Names) -> None:
        inner = names
        match statement:
            case Define(indices=indices) if indices:
                inner = self._bound(indices, statement.span, names)
            case Dynamics() | Reset() | Project() | Latex():
                self._path(statement.name, statement.name_span, names)
            case Local(names=demanded):
                for name in demanded:
                    self._path(name.name, _place(name), names)
            case Learn(settings=settings):
                for setting in settings:
                    self._setting(setting.path, setting.path_span, names)
                    self._expression(setting.value, names)
        if isinstance(statement, Declare) and statement.index is not None:
            self._expression(statement.index, names)
        for tree in expressions_of(statement):
            self._expression(tree, inner)

    def _setting(self, path: tuple[str, ...], span: Span, names: _Names) -> None:
        """``beta.a.W``: what stands behind the setting's own name is a name of the file, or a group."""
        below = ".".join(path[1:])
        if below and not (path[0] == "eta" and below in GROUPED["eta"]):
            head = self.text.source.text.find(".", span.start, span.end) + 1
            self._path(below, Span(head, span.end), names)

    # --- expressions -------------------------------------------------------------------------------------------------

    def _expression(self, tree: Expression, names: _Names) -> None:
        waiting = [(tree, names)]
        while waiting:
            node, here = waiting.pop()
            match node:
                case Name():
                    self._path(node.name, _place(node), here)
                case IndexSum(indices=indices, span=span):
                    here = self._bound(indices, span, here)
                case Call():
                    self._call(node, here)
            waiting += [(child, here) for child in children(node)]

    def _bound(self, indices: Sequence[Name], reach: Span, names: _Names) -> _Names:
        """The names in force where indices are named."""
        own = _Names({}, names.within, reach)
        for index in indices:
            self._enter(index.name, "index", _place(index), own)
        return _Names({**names.names, **own.names}, names.within, names.reach, names.prefix)

    def _call(self, call: Call, names: _Names) -> None:
        called = self.callable.get(call.function)
        if called is not None:
            self.found.append(Occurrence(call.function_span, called, call.function))
        component = self.declared[called].node if called is not None else None
        if call.function == "repeat" and len(call.arguments) > 1 and isinstance(call.arguments[1], Name):
            named = call.arguments[1]
            repeated = self.callable.get(named.name)
            if repeated is not None:
                self.found.append(Occurrence(_place(named), repeated, named.name))
                component = self.declared[repeated].node
        parameters = component.parameters if isinstance(component, Component) else ()
        places = {parameter.name: parameter.name_span for parameter in parameters}
        for (keyword, _), span in zip(call.keywords, call.keyword_span, strict=False):
            if keyword in places:
                self.found.append(Occurrence(span, places[keyword], keyword))

    # --- dotted names ------------------------------------------------------------------------------------------------

    def _path(self, name: str, span: Span, names: _Names) -> None:
        """A name, or a dotted one part by part, as far as is known what the parts mean."""
        head = name.partition(".")[0]
        if head not in names.names:
            return
        first = True
        path = ""
        for part, place in self._parts(span):
            path = f"{path}.{part}" if path else part
            of = names.names[head] if first else self._inner(f"{names.prefix}{path}")
            if of is not None:
                self.found.append(Occurrence(place, of, path))
            else:
                self._instance(place, path)
            first = False

    def _parts(self, span: Span) -> Iterator[tuple[str, Span]]:
        """The parts of a dotted name with their places; names are cut as they are written."""
        start = span.start
        for written in self.text.source.text[span.start : span.end].split("."):
            yield ascii_spelling(written), Span(start, start + len(written))
            start += len(written) + 1

    def _inner(self, path: str) -> Span | None:
        """Where the last part of the dotted name of an instance's own is declared."""
        entry = self.known.entries.get(path)
        return entry.span if entry is not None and entry.span in self.declared else None

    def _instance(self, place: Span, path: str) -> None:
        """A part that is called after a component: ``dense``, ``dense_2``."""
        written = self.text.source.text[place.start : place.end]
        stem, _, number = written.rpartition("_")
        stem = stem if stem and number.isdecimal() else written
        called = self.callable.get(ascii_spelling(stem))
        if called is not None:
            self.found.append(Occurrence(Span(place.start, place.start + len(stem)), called, path))


def _place(name: Name) -> Span:
    """The place of a name without parentheses around it."""
    return name.own_span or name.span
