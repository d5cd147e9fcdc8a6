"""Instances: calls of components and functions written out as statements of the model, with dotted names.

``let a = tanh(dense(u, 30))`` becomes ``param a.W[30, d] = …`` and ``let a = tanh(a.W @ u + a.b)``. Statements that an
instance makes are handed to ``reader``, which reads them at once as though they stood in the file: the sizes of
arguments are known then, and the rest of the compiler knows no components.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from fractions import Fraction
from typing import Protocol

from hdsl.diagnostics import catalogue_component as catalogue
from hdsl.model.binding import arguments_of, bind_shape
from hdsl.model.components import Components, body_in_order, declared_in, is_pure, sizes_of
from hdsl.model.delaying import Delayed
from hdsl.model.owner import Owner
from hdsl.model.scope import UNKNOWN, Scope
from hdsl.model.sizes import Sizes
from hdsl.model.substitute import apart, apart_defined, as_tree, rebuilt, substituted
from hdsl.model.values import Value
from hdsl.model.walk import calls_in, is_polynomial, names_in
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
    Local,
    Name,
    Negate,
    Number,
    Project,
    Reset,
    Statement,
)
from hdsl.syntax.words import EVERY_PARAM
from hdsl.terms.term import Size

MOST_INSTANCES = 1_000
MOST_COPIES = 1_000
LONGEST_DELAY = 1_000


class TooManyInstances(Exception):
    """The model has more instances than hdsl takes on; it has been reported."""


class StatementReader(Protocol):
    """Reads the statements of instances into the model."""

    def value(self, tree: Expression) -> Value | None:
        """The value of an expression without instances, or None after its mistakes have been reported."""

    def read(self, statement: Statement) -> bool:
        """Take in a statement under its dotted name; false after a mistake has been reported."""


class Instances:
    """Writes instances out. ``scope`` and ``sizes`` are the model's."""

    def __init__(
        self, components: Components, scope: Scope, sizes: Sizes, reader: StatementReader, delayed: Delayed
    ) -> None:
        self.components = components
        self.scope = scope
        self.sizes = sizes
        self.reader = reader
        self.delayed = delayed
        self.fixed: set[str] = set()  # sizes whose number says how many copies there are
        self._made = 0

    def has_any(self, tree: Expression) -> bool:
        """Whether an expression has something to be written out."""
        return any(c.function in self.components.known or c.function in WRITERS for c in calls_in(tree))

    def written_out(self, tree: Expression, name: str) -> Expression | None:
        """The expression without instances; those that stood in it are named after ``name``. None after a mistake."""
        return self._expanded(tree, Owner(name), frozenset()) if self.has_any(tree) else tree

    def functions_only(self, tree: Expression, name: str) -> Expression | None:
        return self.written_out(tree, name) if is_pure(tree, self.components, self.scope) else None

    # --- trees -------------------------------------------------------------------------------------------------------

    def _expanded(self, tree: Expression, owner: Owner, indices: frozenset[str]) -> Expression | None:
        """``indices`` are named indices in force, which only expressions at this place may read."""
        if isinstance(tree, Call) and tree.function in WRITERS:
            return WRITERS[tree.function](self, tree, owner, indices)
        if isinstance(tree, Call) and tree.function in self.components.known:
            component = self.components.known[tree.function]
            if component.pure:
                return self._function(tree, component, owner, indices)
            name = owner.next(component.name, self._is_taken(component, owner))
            return self._instance(tree, component, name, owner, indices)
        if isinstance(tree, IndexSum):
            indices = indices | {index.name for index in tree.indices}
        failed = False

        def part(inner: Expression) -> Expression:
            nonlocal failed
            made = self._expanded(inner, owner, indices)
            failed |= made is None
            return inner if made is None else made

        made = rebuilt(tree, part)
        return None if failed else made

    def _is_taken(self, component: Component, owner: Owner) -> bool:
        """Whether something that the component declares has, under the owner's name, another meaning already."""
        return any(f"{owner.name}.{name}" in self.scope.entries for name in declared_in(component))

    def _argument(self, tree: Expression, name: str, owner: Owner, indices: frozenset[str]) -> Expression | None:
        """An argument as something that may stand in many places: a name, a number, or a definition made for it."""
        made = self._expanded(tree, owner, indices)
        if made is None:
            return self._unknown(tree)
        if _is_short(made) or any(n.name in indices for n in names_in(made)) or self._is_size(made):
            return made
        unique, count = name, 1
        while unique in self.scope.entries:
            count += 1
            unique = f"{name}_{count}"
        known = self.reader.read(Define("let", unique, made, tree.span, tree.span))
        return Name(unique, tree.span) if known else self._unknown(tree)

    def _unknown(self, tree: Expression) -> Expression | None:
        """What stands for an expression with a mistake, or in a trial with what is not known: there, reading goes on."""
        return Name(UNKNOWN, tree.span) if self.scope.trying else None

    def _is_size(self, tree: Expression) -> bool:
        """Numbers, sizes and scalar consts alone: what may stand in a shape or in an initial value."""
        kinds = [self.scope.entries.get(name.name) for name in names_in(tree)]
        return not any(calls_in(tree)) and all(entry is not None and entry.kind in ("dim", "const") for entry in kinds)

    # --- functions and instances -------------------------------------------------------------------------------------

    def _bound(
        self, call: Call, component: Component, prefix: str, owner: Owner, indices: frozenset[str], first: Expression | None
    ) -> dict[str, Expression] | None:
        """What the names of a component's parameters, and the sizes in their shapes, stand for."""
        if component.name in self.components.wrong:
            return None
        given = arguments_of(self.scope, call, component, first)
        if given is None:
            return None
        names: dict[str, Expression] = {}
        for parameter in component.parameters:
            tree = given[parameter.name]
            made = tree if tree is first else self._argument(tree, f"{prefix}.{parameter.name}", owner, indices)
            if made is None:
                return None
            names[parameter.name] = made
            if parameter.name in sizes_of(component) and not self._is_size(made):
                if self.scope.in_doubt(names_in(made)):
                    if not self.scope.trying:
                        return None
                    names[parameter.name] = Name(UNKNOWN, tree.span)
                    continue
                finding = catalogue.argument_size(tree.span, component.name, parameter.name, parameter.span)
                self.scope.report(finding)
                return None
        for parameter in sorted(component.parameters, key=lambda p: bool(p.shape)):
            if not parameter.shape:
                continue
            value = self.reader.value(names[parameter.name])
            if value is None and self.scope.trying:
                free = [name for axis in parameter.shape for name in names_in(axis) if name.name not in names]
                names |= {name.name: Name(UNKNOWN, name.span) for name in free}
            elif value is None or not bind_shape(self.scope, self.sizes, component, parameter, names, value.sizes):
                return None
        return names

    def _function(self, call: Call, component: Component, owner: Owner, indices: frozenset[str]) -> Expression | None:
        """A function is its expression with the arguments in it."""
        for inner in calls_in(component.value):
            other = self.components.known.get(inner.function)
            if other is not None and not other.pure:
                finding = catalogue.makes_instance(inner.function_span, component.name, other.name)
                self.scope.report(finding)
                return None
        self._count(call.span)
        names = self._bound(call, component, f"{owner.name}.{component.name}", owner, indices, None)
        if names is None:
            return None
        self.scope.instances.append((component.span, "", call.span))
        return self._expanded(substituted(apart(component.value, self.scope.entries), names), owner, indices)

    def _instance(
        self,
        call: Call,
        component: Component,
        name: str,
        owner: Owner,
        indices: frozenset[str],
        first: Expression | None = None,
    ) -> Expression | None:
        """Declare what an instance has of its own, and give what it returns."""
        if indices:
            self.scope.report(catalogue.no_state(call.span, component.name))
            return None
        self._count(call.span)
        names = self._bound(call, component, name, owner, indices, first)
        if names is None:
            return None
        for own in declared_in(component):
            names[own] = Name(f"{name}.{own}", call.span)
        # The names of indices are the component's own, whatever the model has by these names.
        taken, body = self.scope.entries, body_in_order(component)
        self.scope.instances.append((component.span, name, call.span))
        if not all([self._body(apart_defined(s, taken), name, names) for s in body]) and not self.scope.trying:
            return None
        return self._expanded(self._dotted(apart(component.value, taken), name, names), Owner(name), indices)

    def _dotted(self, tree: Expression, name: str, names: Mapping[str, Expression]) -> Expression:
        """An expression of a component's body in the names of the model: ``r.W`` is of the instance in its own ``r``."""
        paths = {n.name for n in names_in(tree) if "." in n.name and n.name not in names}
        return substituted(tree, {**names, **{path: Name(f"{name}.{path}", tree.span) for path in paths}})

    def _body(self, statement: Statement, name: str, names: Mapping[str, Expression]) -> bool:
        """One statement of a component's body as a statement of the model."""

        def inside(tree: Expression | None) -> Expression | None:
            return tree and self._dotted(tree, name, names)

        match statement:
            case Dim(name=own, default=default):
                return self.reader.read(replace(statement, name=f"{name}.{own}", default=inside(default)))
            case Declare(name=own, shape=shape, value=value):
                sizes = tuple(self._dotted(axis, name, names) for axis in shape)
                return self.reader.read(replace(statement, name=f"{name}.{own}", shape=sizes, value=inside(value)))
            case Define(name=own, value=value, indices=indices):
                own_names = {key: tree for key, tree in names.items() if key not in {i.name for i in indices}}
                made = self.delayed.value(f"{name}.{own}", self._dotted(value, name, own_names))
                bound = frozenset(index.name for index in indices)
                expanded = self._expanded(made, Owner(f"{name}.{own}"), bound)
                if expanded is None:
                    self.scope.poisoned.add(f"{name}.{own}")
                return expanded is not None and self.reader.read(replace(statement, name=f"{name}.{own}", value=expanded))
            case Dynamics(name=own, value=value):
                expanded = self._expanded(self._dotted(value, name, names), Owner(f"{name}.{own}"), frozenset())
                return expanded is not None and self.reader.read(replace(statement, name=f"{name}.{own}", value=expanded))
            case Project(name=own, value=value, every=every):
                expanded = self.functions_only(self._dotted(value, name, names), f"{name}.{own}")
                whole = replace(statement, name=f"{name}.{own}", value=expanded or value, every=inside(every))
                return expanded is not None and self.reader.read(whole)
            case Local(names=wanted):  # `all` is all that the instance has
                paths = (name if read.name == EVERY_PARAM else f"{name}.{read.name}" for read in wanted)
                dotted = tuple(replace(read, name=path) for read, path in zip(wanted, paths, strict=True))
                return self.reader.read(replace(statement, names=dotted))
            case Reset(name=own):
                return self.reader.read(replace(statement, name=f"{name}.{own}"))
        return True

    def _count(self, span: Span) -> None:
        self._made += 1
        if self._made > MOST_INSTANCES:
            self.scope.report(catalogue.too_many_instances(span, MOST_INSTANCES))
            raise TooManyInstances

    # --- hidden states and copies ------------------------------------------------------------------------------------

    def delay(self, call: Call, owner: Owner, indices: frozenset[str]) -> Expression | None:
        """``delay(e, k)``: k states in a row, each of which takes the value of the one before it."""
        if not 1 <= len(call.arguments) <= 2 or call.keywords:
            self.scope.report(catalogue.wrong_count(call.span, "delay", "1 or 2 values", len(call.arguments)))
            return None
        if indices:
            self.scope.report(catalogue.no_state(call.span, "delay"))
            return None
        steps = self._whole(call.arguments[1]) if len(call.arguments) > 1 else 1
        if steps is None or steps < 1:
            place = call.arguments[1].span
            if steps is not None or not self.scope.in_doubt(names_in(call.arguments[1])):
                self.scope.report(catalogue.delay_count(place, self.scope.written(place)))
            return None
        if steps > LONGEST_DELAY:
            self.scope.report(catalogue.delay_large(call.arguments[1].span, steps, LONGEST_DELAY))
            return None
        name = owner.hidden("delay")
        tree = self._expanded(call.arguments[0], owner, indices)
        value = None if tree is None else self.reader.value(tree)
        if tree is None or value is None:
            return self._unknown(call)
        shape = tuple(as_tree(size, call.span) for size in value.sizes)
        for step in range(1, steps + 1):
            own = name if steps == 1 else f"{name}.{step}"
            self._count(call.span)
            if not self._hidden(own, shape, tree, call.span):
                return None
            tree = Name(own, call.span)
        return tree

    def previous(self, call: Call, owner: Owner, indices: frozenset[str]) -> Expression | None:
        """``previous(u)``: the last value of an input, a state that keeps no costate."""
        if len(call.arguments) != 1 or call.keywords:
            self.scope.report(catalogue.wrong_count(call.span, "previous", "1 value", len(call.arguments)))
            return None
        operand = call.arguments[0]
        entry = self.scope.entries.get(operand.name) if isinstance(operand, Name) else None
        value = self.reader.value(operand) if entry is not None and entry.kind == "input" else None
        if value is None:
            if not (entry is None and isinstance(operand, Name) and self.scope.in_doubt([operand])) and (
                entry is None or entry.kind != "input"
            ):
                self.scope.report(catalogue.previous_operand(operand.span, self.scope.written(operand.span)))
            return None
        assert isinstance(operand, Name)
        name = f"{operand.name}.previous"
        if name not in self.scope.entries:
            shape = tuple(as_tree(size, call.span) for size in value.sizes)
            if not self._hidden(name, shape, operand, call.span):
                return None
        return Name(name, call.span)

    def _hidden(self, name: str, shape: tuple[Expression, ...], tree: Expression, span: Span) -> bool:
        """A state that begins at 0 and takes a value at every step."""
        zero = Number(Fraction(0), span)
        state = Declare("state", name, shape, zero, None, span, span)
        return self.reader.read(state) and self.reader.read(Dynamics("next", name, tree, span, span))

    def repeat(self, call: Call, owner: Owner, indices: frozenset[str]) -> Expression | None:
        """``repeat(4, block, x, …)``: what the fourth copy returns, each copy taking what the one before it returned."""
        if len(call.arguments) < 3 or not isinstance(call.arguments[1], Name):
            self.scope.report(catalogue.repeat_arguments(call.span))
            return None
        counted, named, first, *extra = call.arguments
        assert isinstance(named, Name)
        component = self.components.known.get(named.name)
        if component is None:
            if named.name not in self.scope.unread:
                self.scope.report(catalogue.not_a_component(named.span, named.name))
            return None
        count = self._whole(counted)
        if count is None or count < 0:
            if count is not None or not self.scope.in_doubt(names_in(counted)):
                self.scope.report(catalogue.repeat_count(counted.span, self.scope.written(counted.span)))
            return None
        if count > MOST_COPIES:
            self.scope.report(catalogue.repeat_large(counted.span, count, MOST_COPIES))
            return None
        name = owner.next("repeat")
        # What all copies are given is worked out once, under the names that the component has for it.
        own = [f"{name}.{parameter.name}" for parameter in component.parameters] + [f"{name}.x"] * len(call.arguments)
        given = [self._argument(tree, n, owner, indices) for tree, n in zip((first, *extra), own, strict=False)]
        known = [tree for tree in given if tree is not None]
        if len(known) < len(given):
            return None
        again = replace(call, function=named.name, function_span=named.span, arguments=tuple(known[1:]))
        return self._copies(again, component, name, known[0], count)

    def _copies(self, call: Call, component: Component, name: str, first: Expression, count: int) -> Expression | None:
        """The copies one after another; what each returns is a definition of its name."""
        made: Expression = first
        for number in range(1, count + 1):
            copy = f"{name}.{number}"
            before = self.reader.value(made)
            block = replace(component, value=self.delayed.value(copy, component.value))
            if block.pure:
                whole = replace(call, arguments=(made, *call.arguments))
                out = self._function(whole, block, Owner(copy), frozenset())
            else:
                out = self._instance(call, block, copy, Owner(copy), frozenset(), made)
            if out is None or (before is None and not self.scope.trying):
                return self._unknown(call)
            if not self.reader.read(Define("let", copy, out, call.span, call.span)):
                return self._unknown(call)
            made = Name(copy, call.span)
        return made

    def _whole(self, tree: Expression) -> int | None:
        """A whole number that is known now; the sizes in it are fixed from here on."""
        if not self._is_size(tree) or not is_polynomial(tree):
            return None
        size: Size | None = self.sizes.read(tree)
        value = None if size is None else self.sizes.value(size)
        if value is None or value.denominator != 1:
            return None
        assert size is not None
        self.fixed.update(symbol.name for symbol in size.free_symbols)
        return int(value)


WRITERS = {"delay": Instances.delay, "previous": Instances.previous, "repeat": Instances.repeat}


def _is_short(tree: Expression) -> bool:
    return isinstance(tree, Name | Number) or (isinstance(tree, Negate) and isinstance(tree.operand, Number))
