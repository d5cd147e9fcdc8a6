"""Statements: definitions, dynamics and resets, in whatever order they stand."""

from __future__ import annotations

from collections.abc import Mapping, Set
from dataclasses import dataclass, field, replace
from typing import Literal

from hdsl.diagnostics import catalogue_formula as formulas
from hdsl.diagnostics import catalogue_model as catalogue
from hdsl.diagnostics.catalogue_control import reads
from hdsl.model.beginnings import INITIAL, first_of_all, holds_no_delay, read_beginning, report_beginnings
from hdsl.model.components import Components
from hdsl.model.declarations import Declarations, declare_more
from hdsl.model.definitions import MOST_DEFINITIONS, Definitions, TooManyDefinitions
from hdsl.model.delaying import Delayed
from hdsl.model.dynamics import define_dynamics, first_dynamics, is_state, stand_still, value_of
from hdsl.model.expressions import Reader
from hdsl.model.instances import Instances, TooManyInstances
from hdsl.model.model import DynamicsOf, Projection, Quantity
from hdsl.model.optimal import OF_STATES, Optimal, OptimalReader, declare_controls, name_costates
from hdsl.model.order import in_order
from hdsl.model.projections import read_projections
from hdsl.model.reach import in_text_order, target_reads
from hdsl.model.scope import RESERVED, Scope
from hdsl.model.sharing import depending_on
from hdsl.model.sizes import show_sizes
from hdsl.model.two_step import pair_of, parts_of, resets_of
from hdsl.model.values import Value
from hdsl.model.walk import names_in
from hdsl.syntax.source import Span
from hdsl.syntax.tree import (
    Component,
    Declare,
    Define,
    Dim,
    Dynamics,
    Expression,
    ModelText,
    Name,
    Project,
    Reset,
    Statement,
    Use,
)
from hdsl.terms.term import Definition, Size


@dataclass
class Statements:
    """What the statements come to. ``reads`` has what each definition, and for a state its dynamics, reads, as written.

    ``lists`` are the constants that literal lists have become; ``moved`` the states that have dynamics in the file;
    ``reset_spans`` where resets stand; ``written`` is the text with its instances written out, and ``fixed`` are the sizes
    that tell how many copies there are; ``sizes`` those of every quantity and definition that could be read.
    """

    scope: Scope
    written: ModelText
    definitions: tuple[Definition, ...] = ()
    lists: dict[str, Quantity] = field(default_factory=dict)
    states: tuple[str, ...] = ()
    outputs: tuple[str, ...] = ()
    costs: tuple[str, ...] = ()
    dynamics: dict[str, DynamicsOf] = field(default_factory=dict)
    moved: set[str] = field(default_factory=set)
    resets: dict[str, Literal["sample", "sequence", "never"]] = field(default_factory=dict)
    reset_spans: dict[str, Span] = field(default_factory=dict)
    reads: dict[str, tuple[str, ...]] = field(default_factory=dict)
    fixed: set[str] = field(default_factory=set)
    projections: tuple[Projection, ...] = ()
    projected: tuple[Definition, ...] = ()
    sizes: Mapping[str, tuple[Size, ...]] = field(default_factory=dict)
    optimal: Optimal = field(default_factory=Optimal)


def read_statements(
    text: ModelText, scope: Scope, declared: Declarations, components: Components, delayed: Delayed, single: Set[str] | None
) -> Statements:
    """Every definition, dynamics and reset of a file. All flows but those in ``single`` are pairs of states; if None, none."""
    found = Statements(scope, text)
    defines = [s for s in text.statements if isinstance(s, Define) and s.role != "terminal"]
    controls, costates = declare_controls(text, scope, declared), name_costates(text, scope)
    first = {s.name: s for s in defines if scope.entries[s.name].span == s.name_span}
    moving = first_dynamics(text, scope)
    found.moved = set(moving)
    _read_resets(text, found)
    needs = in_text_order(text, first, moving, declared.beginnings)
    order, cycles = in_order(needs)
    for path in cycles:
        state = path[0].removesuffix("'")
        if state != path[0] and set(path) == {path[0]}:
            continue  # `h' = f(h.W)`: there is no `h.W` yet, and reading says so
        scope.report(catalogue.cycle(scope.entries[path[0]].span if state == path[0] else moving[state].name_span, path))
        scope.poisoned.update(path)
    arriving = [*(d.name for d in declared.declares if d.role in ("input", "target")), *controls]
    begin = {state: needs[INITIAL + state] for state in declared.beginnings}
    known = {name.removesuffix("'"): names for name, names in needs.items()}
    reads = {name: (*names, *begin.get(name, ())) for name, names in known.items()}
    named: dict[str, tuple[str, ...]] = {name: (state,) for name, state in costates.items()}
    own = depending_on(arriving, begin | reads | named)
    shared = {name: name not in own for name in (*scope.entries, "t", "tau", "T")}
    shared |= {f"z:{state}": state not in own for state in costates.values()}
    made = Definitions((*scope.entries, *RESERVED), shared)
    reader = Reader(scope, made, declared.initial_reader, dict(declared.sizes), declared.below, costates=costates)
    reader.sizes |= {f"z:{state}": reader.sizes[state] for state in costates.values() if state in reader.sizes}
    writing = _Writing(reader, declared, found, single)
    instances = Instances(components, scope, declared.polynomials, writing, delayed)
    try:
        for name in order:
            if name.startswith(INITIAL):
                writing.begin(name)
                writing.starts(name.removeprefix(INITIAL), instances)
                continue
            statement: Define | Dynamics = moving[name[:-1]] if name.endswith("'") else first[name]
            if isinstance(statement, Define) and statement.role == "let":
                statement = replace(statement, value=delayed.value(name, statement.value))
            writing.begin(name)
            made.places = (statement.span,) if instances.has_any(statement.value) else ()
            tree = instances.written_out(statement.value, name.removesuffix("'"))
            writing.start_all(instances)
            writing.end(statement if tree is None else replace(statement, value=tree), tree is not None, instances)
        stand_still(reader, declared, found.moved, found.dynamics)
        for projection in (s for s in text.statements if isinstance(s, Project)):
            writing.project(projection, instances.functions_only(projection.value, projection.name))
        found.optimal = OptimalReader(reader, declared, components, instances.written_out).read(text)
        for again in defines:
            if first.get(again.name) is not again and not instances.has_any(again.value):
                _ = reader.by_index(again) if again.indices else reader.value(again.value)
    except TooManyDefinitions as many:
        scope.report(formulas.too_many_definitions(many.span, MOST_DEFINITIONS))
    except TooManyInstances:
        pass
    found.fixed, found.sizes = instances.fixed, reader.sizes
    writing.finish(text)
    return found


class _Writing:
    """Takes in the statements of the model one after another, those that instances make before the one they stand in."""

    def __init__(self, reader: Reader, declared: Declarations, found: Statements, by_two_step: Set[str] | None) -> None:
        self.by_two_step = by_two_step
        self.reader = reader
        self.declared = declared
        self.found = found
        self._own: dict[str, list[Statement]] = {}  # what the instances in a definition, or in dynamics, have made
        self._whole: dict[str, Define | Dynamics] = {}
        self._projects: dict[Span, Project | None] = {}
        self._starts: dict[str, Expression] = {}  # what states begin from, its instances written out
        self._waiting: list[str] = []
        self._name = ""

    def begin(self, name: str) -> None:
        """Turn to a definition, or to the dynamics of a state (``h'``)."""
        self._name = name
        self._own[name] = []
        self.reader.scope.instances.clear()

    def end(self, statement: Define | Dynamics, whole: bool, instances: Instances) -> None:
        """Take in the statement itself, its instances written out; one that is not ``whole`` has been reported."""
        self.reader.scope.in_instance = False
        self._whole[self._name] = statement
        if not whole:
            self.reader.scope.poisoned.add(statement.name)
        elif isinstance(statement, Dynamics):
            self._whole[self._name] = self._dynamics(statement)
            self.start_all(instances)
        else:
            _define(self.reader, statement)

    def starts(self, state: str, instances: Instances) -> None:
        """Take in what a state begins from; it may hold instances, which stand before what holds the state."""
        tree = self.declared.beginnings[state]
        made = instances.written_out(tree, state) if holds_no_delay(self.reader.scope, state, tree) else None
        if made is not None:
            self._starts[state] = made
            read_beginning(self.reader, state, made)

    def start_all(self, instances: Instances) -> None:
        """Take in what the states of instances begin from, which may be anything that their instance has of its own."""
        while self._waiting:
            self.starts(self._waiting.pop(0), instances)

    def project(self, statement: Project, value: Expression | None) -> None:
        """Keep a projection, its functions written out, until all that it may read is known; None has been reported."""
        self._projects[statement.span] = None if value is None else replace(statement, value=value)

    def value(self, tree: Expression) -> Value | None:
        return self.reader.value(tree)

    def read(self, statement: Statement) -> bool:
        """Take in a statement of an instance."""
        scope, found = self.reader.scope, self.found
        scope.in_instance = True
        match statement:
            case Dim() | Declare():
                if not declare_more(statement, self.declared):
                    return False
                if isinstance(statement, Declare):
                    self.reader.sizes[statement.name] = self.declared.sizes[statement.name]
                    self.reader.made.know(statement.name, statement.role != "state")
                    self._waiting += [statement.name] if statement.name in self.declared.beginnings else []
            case Define(name=name):
                scope.declare(name, "let", statement.name_span)
                self.reader.made.know(name, not any(self.reader.made.is_of_streams(read) for read in _names(statement)))
                _define(self.reader, statement)
                if name not in self.reader.sizes:
                    scope.poisoned.add(name)
                    return False
            case Dynamics(name=name):
                if name in found.moved:
                    if name in found.dynamics:  # else the first has a mistake of its own
                        scope.report(catalogue.duplicate_dynamics(statement.name_span, name, found.dynamics[name].span))
                    return False
                found.moved.add(name)
                statement = self._dynamics(statement)
                if name not in found.dynamics:
                    return False
            case Reset():
                _reset(statement, found)
        self._own[self._name].append(statement)
        return True

    def _dynamics(self, statement: Dynamics) -> Dynamics:
        """Take in the dynamics of a state; a flow by two-step as what moves at once, with the hidden states that it needs."""
        reader, found, name = self.reader, self.found, statement.name
        value = value_of(reader, statement)
        if value is None:
            return statement
        body = value.body
        if self.by_two_step is not None and statement.kind == "flow" and name not in self.by_two_step:
            declare = next(d for d in self.declared.declares if d.name == name)
            f = reader.made.opened(body, value.sizes, statement.span)
            pair = pair_of(statement, declare, name in self.declared.beginnings, f)
            inside = reader.scope.in_instance
            for part in pair.hidden:
                self.read(part)
            reader.scope.in_instance = inside
            statement, body = pair.dynamics, pair.body
        define_dynamics(reader, statement, body, found.dynamics)
        return statement

    def finish(self, text: ModelText) -> None:
        """Put the text together again, and what is known of all of its statements."""
        found, declared = self.found, self.declared
        found.scope.instances.clear()
        statements: list[Statement] = []
        for statement in text.statements:
            name = getattr(statement, "name", "") + ("'" if isinstance(statement, Dynamics) else "")
            whole = self._whole.get(name)
            if whole is not None and isinstance(statement, Define | Dynamics) and statement.span == whole.span:
                statements += [*self._own[name], whole]
            elif isinstance(statement, Project):
                kept = self._projects.get(statement.span)
                statements += [kept] if kept else []
            elif statement.span in found.optimal.instead:
                statements += found.optimal.instead[statement.span]
            elif not isinstance(statement, Component | Use):
                statements += [*self._own.get(INITIAL + name, ()), statement]
        statements = [self._started(statement) for statement in statements]
        found.written = replace(text, statements=tuple(statements))
        place = {s.name: k for k, s in enumerate(statements) if isinstance(s, Declare)}
        for statement in text.statements:
            if isinstance(statement, Reset) and "." in statement.name:
                _reset(statement, found)
        declared.declares.sort(key=lambda declare: place.get(declare.name, -1))
        found.definitions = first_of_all(self.reader.made.made)
        projects = [s for s in statements if isinstance(s, Project)]
        found.projections, found.projected = read_projections(projects, self.reader, declared)
        read = {name for made in (*found.definitions, *found.projected) for name in made.reads()}
        found.lists = {name: quantity for name, quantity in self.reader.lists.items() if name in read}
        found.states = tuple(d.name for d in declared.declares if d.role == "state")
        found.dynamics = {name: found.dynamics[name] for name in found.states if name in found.dynamics}
        found.resets = {name: found.resets.get(name, "sequence") for name in found.states}
        self._reset_pairs()
        begins = {state: tree.span for state, tree in self._starts.items() if self.reader.made.knows(INITIAL + state)}
        report_beginnings(found.scope, found.definitions, begins, found.resets)
        defines = {s.name: s for s in statements if isinstance(s, Define) and self.reader.made.knows(s.name)}
        moving = {s.name: s for s in statements if isinstance(s, Dynamics) and s.name in found.dynamics}
        found.outputs = tuple(s.name for s in defines.values() if s.role == "output")
        found.costs = tuple(s.name for s in defines.values() if s.role == "cost")
        found.reads = {s.name: _names(s) for s in defines.values()}
        order = in_order(found.reads)[0]
        found.reads |= {s.name: _names(s) for s in moving.values()}
        for state, tree in self._starts.items():
            found.reads[state] = (*found.reads.get(state, ()), *(read.name for read in names_in(tree)))
        found.reads |= found.optimal.reads
        found.reads |= {f"project {s.name}": tuple(n.name for n in _of_project(s)) for s in projects}
        _report_targets(order, defines, moving, found)

    def _reset_pairs(self) -> None:
        """What is hidden of a flow by two-step begins anew with it."""
        found = self.found
        more: list[Reset] = []
        for state, when in found.resets.items() if self.by_two_step is not None else ():
            if when != "sequence" and all(part in found.resets for part in parts_of(state)):
                more += resets_of(state, when, found.reset_spans[state])
        found.resets |= {reset.name: reset.when for reset in more}
        found.written = replace(found.written, statements=(*found.written.statements, *more))

    def _started(self, statement: Statement) -> Statement:
        """A state with what it begins from written out."""
        tree = self._starts.get(statement.name) if isinstance(statement, Declare) else None
        return replace(statement, value=tree) if isinstance(statement, Declare) and tree is not None else statement


def _names(statement: Define | Dynamics) -> tuple[str, ...]:
    """What a statement reads; not the indices to which it gives names."""
    own = {index.name for index in statement.indices} if isinstance(statement, Define) else set()
    return tuple(dict.fromkeys(name.name for name in names_in(statement.value) if name.name not in own))


def _of_project(statement: Project) -> tuple[Name, ...]:
    return (*names_in(statement.value), *(names_in(statement.every) if statement.every is not None else ()))


def _define(reader: Reader, define: Define) -> None:
    """One let, output or cost."""
    reader.made.begin(define.name, define.value.span)
    value = reader.by_index(define) if define.indices else reader.value(define.value)
    if value is None or define.name in reader.scope.poisoned:
        return
    if define.role in ("cost", "hamiltonian") and value.rank:
        reader.scope.report(formulas.not_scalar(define.value.span, define.role, define.name, show_sizes(value.sizes)))
        return
    reader.made.define(define.name, value.body, value.sizes, define.span)
    reader.sizes[define.name] = value.sizes


def _report_targets(
    order: tuple[str, ...], first: Mapping[str, Define], moving: Mapping[str, Dynamics], found: Statements
) -> None:
    """Targets may be read by costs, and by what only costs read: a prediction is made without them."""
    scope = found.scope
    trees: dict[str, Expression] = {name: define.value for name, define in first.items()}
    trees |= {f"{name}'": dynamics.value for name, dynamics in moving.items()}
    bound = {name: {index.name for index in define.indices} for name, define in first.items()}
    places = {
        name: [(read.name, read.span) for read in names_in(tree) if read.name not in bound.get(name, ())]
        for name, tree in trees.items()
    }
    for reader, (span, target, way) in target_reads(order, scope.entries, places).items():
        who = f"the dynamics of `{reader[:-1]}`" if reader.endswith("'") else f"the output `{reader}`"
        scope.report(catalogue.target_read(span, who, target, scope.line(scope.entries[target].span), way))
    read = target_reads(order, scope.entries, places, "costate", ("output", "cost"))
    for reader, (span, costate, way) in read.items():
        kind = "cost" if scope.entries.get(reader) and scope.entries[reader].kind == "cost" else "output"
        who = f"the dynamics of `{reader[:-1]}`" if reader.endswith("'") else f"the {kind} `{reader}`"
        line = scope.line(scope.entries[costate].span)
        scope.report(reads(span, who, costate, "costate", line, way, OF_STATES))


# Resets -------------------------------------------------------------------------------------------------------------


def _read_resets(text: ModelText, found: Statements) -> None:
    """When states return to their initial values; a reset of a hidden state waits until that is made."""
    for statement in text.statements:
        if isinstance(statement, Reset) and "." not in statement.name:
            _reset(statement, found)


def _reset(statement: Reset, found: Statements) -> None:
    scope, name, span = found.scope, statement.name, statement.name_span
    if name in found.reset_spans:
        if name not in scope.poisoned:
            scope.report(catalogue.duplicate_reset(span, name, found.reset_spans[name]))
    elif is_state(scope, name, span, "reset"):
        found.reset_spans[name] = span
        found.resets[name] = statement.when
