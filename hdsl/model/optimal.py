"""What the statements of optimal control come to: controls, names of costates, ends of time, constraints."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import inf
from typing import Literal

import sympy

from hdsl.diagnostics import catalogue_control as catalogue
from hdsl.model.components import Components, held_in
from hdsl.model.declarations import Declarations
from hdsl.model.evaluate import evaluate
from hdsl.model.expressions import Reader
from hdsl.model.lists import met
from hdsl.model.model import Constraint, ControlOf, Final, Horizon
from hdsl.model.reach import reached
from hdsl.model.scalars import ScalarReader
from hdsl.model.scope import Scope
from hdsl.model.shapes import differ_by_name, fits
from hdsl.model.sizes import show_sizes
from hdsl.model.values import Value
from hdsl.model.walk import names_in
from hdsl.syntax import control_tree as tree
from hdsl.syntax.source import Span
from hdsl.syntax.tree import Binary, Call, Compare, Define, Expression, ModelText, Name, Negate, Number, Statement
from hdsl.terms.term import Scalar

COSTATE, GIVEN, FINAL, CONSTRAINT = "z:", "given:", "final:", "constraint:"
OF_STATES = "states, params, consts, inputs, controls, `t` and `tau`"
LATE: Mapping[str, str] = {
    "terminal": "states, params, consts, `t` and `T`",
    "final": "states, params, consts, `t` and `T`",
    "given": "states, costates by name, params, consts, inputs, `t` and `tau`",
    "constraint": "what the dynamics may read",
}
REFUSED: Mapping[str, frozenset[str]] = {
    "terminal": frozenset({"input", "target", "control", "costate", "tau"}),
    "final": frozenset({"input", "target", "control", "costate", "tau"}),
    "given": frozenset({"target", "control"}),
    "constraint": frozenset({"target", "costate"}),
}
ZERO, TWO = Fraction(0), Fraction(2)
Written = Callable[[Expression, str], Expression | None]


@dataclass
class Optimal:
    """``instead`` has for statements, by their places, what stands for them in the written text, functions written out.

    ``costates`` are the names of costates, with the state of each; ``reads`` what each statement reads, as written.
    """

    costates: dict[str, str] = field(default_factory=dict)
    controls: dict[str, ControlOf] = field(default_factory=dict)
    terminals: list[str] = field(default_factory=list)
    horizon: Horizon | None = None
    has_end: bool = False
    finals: list[Final] = field(default_factory=list)
    constraints: list[Constraint] = field(default_factory=list)
    instead: dict[Span, tuple[Statement, ...]] = field(default_factory=dict)
    reads: dict[str, tuple[str, ...]] = field(default_factory=dict)


def declare_controls(text: ModelText, scope: Scope, declared: Declarations) -> tuple[str, ...]:
    """The names of controls, whose sizes are then known."""
    names = []
    for statement in text.statements:
        if not isinstance(statement, tree.Control) or scope.entries[statement.name].span != statement.name_span:
            continue
        shape = declared.polynomials.shape(statement.shape, statement.name_span)
        if shape is None:
            scope.poisoned.add(statement.name)
        else:
            declared.sizes[statement.name] = shape
            names.append(statement.name)
    return tuple(names)


def name_costates(text: ModelText, scope: Scope) -> dict[str, str]:
    """The names of costates, each with its state; what has none is reported. A mechanical system's pairs are others."""
    found: dict[str, str] = {}
    first: dict[str, Span] = {}
    if any(isinstance(s, Define) and s.role == "hamiltonian" for s in text.statements):
        return found
    for statement in text.statements:
        if not isinstance(statement, tree.Costate):
            continue
        entry = scope.find(statement.state.name, statement.state.span, ("state",))
        if statement.value is not None and not text.unread:
            scope.report(catalogue.costate_value(statement.value.span, statement.name))
        if entry is None or entry.name in scope.poisoned:
            scope.poisoned.add(statement.name)
        elif entry.kind != "state":
            line = scope.line(entry.span)
            scope.report(catalogue.costate_of(statement.state.span, entry.name, entry.kind, line))
            scope.poisoned.add(statement.name)
        elif entry.name in first:
            scope.report(catalogue.costate_twice(statement.name_span, entry.name, first[entry.name]))
            scope.poisoned.add(statement.name)
        elif scope.entries[statement.name].span == statement.name_span:
            first[entry.name] = statement.name_span
            found[statement.name] = entry.name
    return found


class OptimalReader:
    """Reads these statements, after all definitions and dynamics; nothing else reads what they define.

    ``written`` gives an expression with its functions written out, or None after a mistake has been reported.
    """

    def __init__(self, reader: Reader, declared: Declarations, components: Components, written: Written) -> None:
        self.reader = reader
        self.scope = reader.scope
        self.declared = declared
        self.components = components
        self.written = written
        self.found = Optimal(costates=reader.costates)
        self._statements: tuple[Statement, ...] = ()

    def read(self, text: ModelText) -> Optimal:
        self._statements = text.statements
        ends: Span | None = None
        for statement in text.statements:
            match statement:
                case tree.Control() if statement.name in self.declared.sizes:
                    self._control(statement)
                case Define(role="terminal"):
                    self._terminal(statement)
                case tree.Final():
                    self._final(statement)
                case tree.Constraint():
                    self._constraint(statement)
                case tree.Horizon() if ends is not None:
                    self.scope.report(catalogue.horizon_twice(statement.span, ends))
                case tree.Horizon():
                    ends = statement.span
                    self._horizon(statement)
        self.found.has_end = ends is not None or bool(text.unread) or self._without_end(text)
        return self.found

    def _without_end(self, text: ModelText) -> bool:
        """Whether something that needs an end of time has been reported for there is none."""
        for statement in text.statements:
            if isinstance(statement, Define) and statement.role == "terminal":
                what = f"the terminal cost `{statement.name}`"
                self.scope.report(catalogue.horizon_missing(statement.name_span, what))
                return True
            if isinstance(statement, tree.Final):
                place = Span(statement.span.start, statement.span.start + len("final"))
                self.scope.report(catalogue.horizon_missing(place, "`final`"))
                return True
        return False

    # One of each -----------------------------------------------------------------------------------------------------

    def _control(self, statement: tree.Control) -> None:
        name, rule = statement.name, statement.rule
        lower, upper = self._bounds(statement.bounds)
        self._bounds_meet(statement, lower, upper)
        definition = None
        if statement.value is not None:
            value = self._read(statement.value, f"the rule of `{name}`", "given", statement.span, name)
            definition = self._given(statement, value) if value is not None else None
            if definition is None:
                return
        self.found.controls[name] = ControlOf(name, lower, upper, rule, definition, statement.span)

    def _bounds(self, bounds: tree.Bounds | None) -> tuple[Scalar | None, Scalar | None]:
        if bounds is None:
            return None, None
        return self._bound(bounds.lower, "lower"), self._bound(bounds.upper, "upper")

    def _bound(self, bound: Expression, side: str) -> Scalar | None:
        """One bound as a scalar; None where it is infinite, or wrong."""
        inner = bound.operand if isinstance(bound, Negate) else bound
        if isinstance(inner, Name) and inner.name == "inf":
            if (side == "lower") is not isinstance(bound, Negate):
                self.scope.report(catalogue.bound_infinite(bound.span, side))
            return None
        return self._number(bound)

    def _number(self, expression: Expression) -> Scalar | None:
        self.found.reads.setdefault("ends", ())
        self.found.reads["ends"] += tuple(name.name for name in names_in(expression))
        return ScalarReader(self.scope, self.declared.scalar).read(expression)

    def _known(self, number: Scalar | None) -> float | None:
        return None if number is None else evaluate(number, self.declared.known)

    def _bounds_meet(self, statement: tree.Control, lower: Scalar | None, upper: Scalar | None) -> None:
        low, high = self._known(lower), self._known(upper)
        if statement.bounds is not None and low is not None and high is not None and not low < high:
            self.scope.report(catalogue.bounds_meet(statement.bounds.span, statement.name, low, high))

    def _given(self, statement: tree.Control, value: Value) -> str | None:
        name, wanted = statement.name, self.declared.sizes[statement.name]
        made = self.reader.keep(met(self.reader, value, wanted), value.span)
        if made is None:
            return None
        if not fits(made.sizes, wanted) and not made.is_number:
            by_name = len(made.sizes) == len(wanted) and differ_by_name(made.sizes, wanted)
            line, sizes = self.scope.line(statement.name_span), (show_sizes(wanted), show_sizes(made.sizes))
            self.scope.report(catalogue.given_shape(value.span, name, *sizes, line, by_name))
            return None
        self.reader.made.know(GIVEN + name, False)
        return self.reader.made.define(GIVEN + name, made.body, wanted, statement.span, alone=True).name

    def _terminal(self, statement: Define) -> None:
        name, what = statement.name, f"the terminal cost `{statement.name}`"
        value = self._read(statement.value, what, "terminal", statement.span, name)
        if value is None or name in self.scope.poisoned:
            return
        if value.rank:
            sizes = show_sizes(value.sizes)
            self.scope.report(catalogue.terminal_shape(statement.value.span, name, sizes))
            return
        self.found.terminals.append(self.reader.made.define(name, value.body, (), statement.span, alone=True).name)

    def _final(self, statement: tree.Final) -> None:
        whole = statement.value
        if not isinstance(whole, Compare) or whole.operator != "==":
            self.scope.report(catalogue.final_equality(whole.span))
            return
        difference = Binary("-", whole.left, whole.right, whole.span)
        value = self._read(difference, "a condition at the end", "final", statement.span, str(statement.span.start))
        if value is not None:
            name = f"{FINAL}{len(self.found.finals) + 1}"
            self.reader.made.define(name, value.body, value.sizes, statement.span, alone=True)
            self.found.finals.append(Final(name, statement.span))

    def _constraint(self, statement: tree.Constraint) -> None:
        name, whole = statement.name, statement.value
        if not isinstance(whole, Compare) or whole.operator not in ("<=", ">="):
            self.scope.report(catalogue.constraint_inequality(whole.span))
            return
        sides = (whole.left, whole.right) if whole.operator == "<=" else (whole.right, whole.left)
        above = Binary("-", *sides, whole.span)
        weight = None if statement.weight is None else self._number(statement.weight)
        known = self._known(weight)
        if statement.weight is not None and known is not None and not known > 0:
            self.scope.report(catalogue.constraint_weight(statement.weight.span, known))
        value = self._read(above, f"the constraint `{name}`", "constraint", statement.span, name)
        if value is None or name in self.scope.poisoned or (weight is None and statement.weight is not None):
            return
        definition = self.reader.made.define(CONSTRAINT + name, value.body, value.sizes, statement.span, alone=True).name
        kind: Literal["soft", "penalty"] = "penalty" if weight is None else "soft"
        self.found.constraints.append(Constraint(name, definition, kind, weight, statement.span))
        if statement.weight is not None:
            self._as_cost(statement)

    def _as_cost(self, statement: tree.Constraint) -> None:
        """A soft constraint is a cost: half its weight times the square of what is above 0."""
        (plain,) = self.found.instead[statement.span]
        assert isinstance(plain, tree.Constraint) and isinstance(plain.value, Binary) and statement.weight is not None
        span = statement.span
        above = Call("squared", (Call("max", (plain.value, Number(ZERO, span)), (), span, span),), (), span, span)
        half = Binary("/", statement.weight, Number(TWO, span), span)
        cost = Define("cost", statement.name, Binary("*", half, above, span), statement.name_span, span, statement.doc)
        value = self.reader.value(cost.value)
        if value is not None:
            self.reader.made.define(cost.name, value.body, value.sizes, span)
            self.reader.sizes[cost.name] = value.sizes
            self.found.instead[span] = (plain, cost)

    def _horizon(self, statement: tree.Horizon) -> None:
        end, guess, low, high = None, None, None, None
        if isinstance(statement.end, Name) and statement.end.name == "free":
            guess = sympy.Integer(1) if statement.guess is None else self._positive(statement.guess, "the guess")
            if statement.bounds is not None:
                low, high = self._bounds(statement.bounds)
                self._horizon_within(statement, guess, low, high)
        elif statement.guess is not None or statement.bounds is not None:
            place = statement.guess.span if statement.guess is not None else statement.bounds and statement.bounds.span
            self.scope.report(catalogue.horizon_value(place or statement.span))
        else:
            end = self._positive(statement.end, "the end of time")
        self.found.horizon = Horizon(end, guess, low, high, statement.span)

    def _positive(self, expression: Expression, what: str) -> Scalar | None:
        number = self._number(expression)
        value = self._known(number)
        if value is not None and not value > 0:
            self.scope.report(catalogue.horizon_range(expression.span, what, value))
        return number

    def _horizon_within(
        self, statement: tree.Horizon, guess: Scalar | None, lower: Scalar | None, upper: Scalar | None
    ) -> None:
        assert statement.bounds is not None
        low, high, begin = self._known(lower), self._known(upper), self._known(guess)
        if low is not None and low < 0:
            self.scope.report(catalogue.horizon_range(statement.bounds.lower.span, "the lower bound", low))
        elif low is not None and high is not None and not low < high:
            self.scope.report(catalogue.horizon_bounds(statement.bounds.span, low, high))
        elif begin is not None and not (-inf if low is None else low) <= begin <= (inf if high is None else high):
            place = statement.guess.span if statement.guess is not None else statement.bounds.span
            self.scope.report(catalogue.horizon_outside(place, begin, low, high))

    # What they read --------------------------------------------------------------------------------------------------

    def _read(self, expression: Expression, what: str, kind: str, span: Span, name: str) -> Value | None:
        """The value of an expression that holds no state and reads what it may; None after a mistake has been reported."""
        names = tuple(dict.fromkeys(read.name for read in names_in(expression)))
        self.found.reads[name if kind == "given" else f"{kind} {name}"] = names
        held = held_in(expression, self.components)
        if held is not None:
            self.scope.report(catalogue.holds(held.span, what, held.function))
            return None
        made = self.written(expression, name)
        if made is None or not all([self._may(read, what, kind) for read in names_in(expression)]):
            return None
        self.reader.at_end = kind in ("terminal", "final")
        value = self.reader.value(made)
        self.reader.at_end = False
        self.found.instead[span] = (self._with(span, made),)
        return value

    def _with(self, span: Span, made: Expression) -> Statement:
        statement = next(s for s in self._statements if s.span == span)
        assert isinstance(statement, tree.Control | tree.Final | tree.Constraint | Define)
        return replace(statement, value=made)

    def _may(self, read: Name, what: str, kind: str) -> bool:
        """Whether a name may be read there, itself and by way of definitions; reported where it may not."""
        made = {definition.name: tuple(definition.reads()) for definition in self.reader.made.made}
        if read.name in self.scope.poisoned:
            return True
        for name in _first_near(read.name, made):
            of = self._kind(name)
            if of not in REFUSED[kind]:
                continue
            if of == "tau":
                self.scope.report(catalogue.reads_step(read.span, what, "tau"))
                return False
            told = next((p for p, x in self.found.costates.items() if COSTATE + x == name), name)
            entry, way = self.scope.entries[told], () if read.name == told else (read.name,)
            line = self.scope.line(entry.span)
            self.scope.report(catalogue.reads(read.span, what, told, entry.kind, line, way, LATE[kind]))
            return False
        return True

    def _kind(self, name: str) -> str:
        if name == "tau":
            return "tau"
        if name.startswith(COSTATE) or name in self.found.costates:
            return "costate"
        return self.scope.entries[name].kind if name in self.scope.entries else ""


def _first_near(name: str, reads: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    """A name, then what it depends on, in the order of names."""
    yield name
    yield from sorted(reached([name], reads) - {name})
