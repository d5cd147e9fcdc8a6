"""Declarations: sizes, quantities with their initial values, and settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import isnan

import sympy

from hdsl.diagnostics import catalogue_formula as formulas
from hdsl.diagnostics import catalogue_model as catalogue
from hdsl.model.beginnings import begins_from_stream
from hdsl.model.evaluate import evaluate
from hdsl.model.initial import InitialReader, named_kind
from hdsl.model.learning import LearningReader
from hdsl.model.model import Initial, Learning
from hdsl.model.order import in_order
from hdsl.model.outside import read_consts, read_settings
from hdsl.model.scalars import ScalarReader
from hdsl.model.scope import Scope
from hdsl.model.sizes import LARGEST_SIZE, Sizes, read_given, show_sizes
from hdsl.model.walk import names_in
from hdsl.syntax.control_tree import Control
from hdsl.syntax.tree import Declare, Dim, Expression, Learn, ListLiteral, ModelText
from hdsl.terms.term import Scalar, Size, size, slot

ARRIVING = ("input", "target")


@dataclass
class Declarations:
    """What is declared, of every quantity once. What is missing from ``sizes`` has been reported.

    ``constants`` reads numbers and sizes as declarations have them.

    ``declares`` are the quantities in the order of the text; ``constants_in`` has what the initial values and the settings
    read; ``known`` the numbers of sizes and scalar consts, ``scalar`` the names of these consts, ``consts`` the values of
    consts from outside by name; ``beginnings`` how states begin that read more than numbers.
    """

    polynomials: Sizes
    known: dict[Scalar, float]
    scalar: set[str]
    consts: dict[str, Expression]
    declares: list[Declare] = field(default_factory=list)
    dims: dict[str, Size | None] = field(default_factory=dict)
    sizes: dict[str, tuple[Size, ...]] = field(default_factory=dict)
    below: dict[str, Size] = field(default_factory=dict)
    initials: dict[str, Initial] = field(default_factory=dict)
    beginnings: dict[str, Expression] = field(default_factory=dict)
    constants_in: dict[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def used_sizes(self) -> set[str]:
        """The sizes that shapes, other sizes and initial values are made of."""
        return self.polynomials.used

    @property
    def initial_reader(self) -> InitialReader:
        scope = self.polynomials.scope
        return InitialReader(scope, ScalarReader(scope, self.scalar), self.polynomials, self.known)


def declare(
    text: ModelText, scope: Scope, dims: Mapping[str, int], settings: Mapping[str, str | float]
) -> Declarations:
    """Read every declaration of a file, with the sizes and consts from outside in place of its own."""
    sizes = Sizes(scope)
    defaults = _read_dims(text, scope, sizes, dims)
    consts = read_consts(text, scope, settings)
    declares = [replace(d, value=consts.get(d.name, d.value)) for d in _firsts(text, scope)]
    scalar = {d.name for d in declares if _is_scalar_const(d)}
    _report_cycles(scope, {d.name: d for d in declares if d.name in scalar})
    known: dict[Scalar, float] = {size(name): float(number) for name, number in sizes.numbers.items()}
    found = Declarations(sizes, known, scalar, consts, declares, defaults)
    scope.poisoned.update(d.name for d in declares if d.role in ARRIVING and d.value is not None)
    # The numbers of scalar consts first: other initial values may read them.
    _scalar_consts(declares, found)
    for declared in declares:
        _quantity(declared, found)
    return found


def declare_more(statement: Declare | Dim, found: Declarations) -> bool:
    """Declare what an instance of a component has of its own. False after a mistake has been reported."""
    name, scope = statement.name, found.polynomials.scope
    if isinstance(statement, Dim):
        scope.declare(name, "dim", statement.name_span)
        default = None if statement.default is None else found.polynomials.read(statement.default, divides=True)
        if default is None:
            scope.poisoned.add(name)
            return False
        found.dims[name] = default
        found.polynomials.settle(name, default, statement.span)
        if name in found.polynomials.numbers:
            found.known[size(name)] = float(found.polynomials.numbers[name])
        return name not in scope.poisoned
    statement = replace(statement, value=found.consts.get(name, statement.value))
    scope.declare(name, statement.role, statement.name_span)
    if name in scope.poisoned:
        return False
    found.declares.append(statement)
    if _is_scalar_const(statement):
        found.scalar.add(name)
        _scalar_consts([statement], found)
    _quantity(statement, found)
    return name in found.sizes and name not in scope.poisoned


def read_learning(
    text: ModelText, scope: Scope, found: Declarations, settings: Mapping[str, str | float]
) -> Learning:
    """Read every setting of a file, those from outside in place of its own."""
    written = [setting for s in text.statements if isinstance(s, Learn) for setting in s.settings]
    changed = read_settings(text, scope, settings)
    found.constants_in |= {
        d.name: tuple(name.name for name in names_in(d.value)) for d in found.declares if d.value is not None
    }
    found.constants_in["learn"] = tuple(
        name.name for setting in (*written, *changed) for name in names_in(setting.value)
    )
    followed = tuple(s.name for s in text.statements if isinstance(s, Control) and s.rule == "gradient")
    return LearningReader(scope, found.scalar, found.known, followed).read(written, changed)


def _firsts(text: ModelText, scope: Scope) -> list[Declare]:
    """The declarations of quantities, without those of a name that has another meaning already."""
    return [s for s in text.statements if isinstance(s, Declare) and scope.entries[s.name].span == s.name_span]


# Sizes --------------------------------------------------------------------------------------------------------------


def _read_dims(text: ModelText, scope: Scope, sizes: Sizes, given: Mapping[str, int]) -> dict[str, Size | None]:
    """The defaults of sizes, and the numbers behind them."""
    dims = [s for s in text.statements if isinstance(s, Dim) and scope.entries[s.name].span == s.name_span]
    needs = {dim.name: [name.name for name in names_in(dim.default)] if dim.default else [] for dim in dims}
    numbers = read_given(scope, given)
    order, cycles = in_order({name: [] if name in numbers else reads for name, reads in needs.items()})
    for path in cycles:
        scope.report(catalogue.cycle(scope.entries[path[0]].span, path))
        scope.poisoned.update(path)
    by_name = {dim.name: dim for dim in dims}
    defaults: dict[str, Size | None] = {}
    for name in order:
        tree = by_name[name].default
        default = None if tree is None else sizes.read(tree, divides=True)
        if tree is not None and default is None:
            scope.poisoned.add(name)
        defaults[name] = sympy.Integer(numbers[name]) if name in numbers else default
        if name not in scope.poisoned:
            sizes.settle(name, defaults[name], tree.span if tree else by_name[name].name_span)
    return {dim.name: defaults[dim.name] for dim in dims}


# Quantities ---------------------------------------------------------------------------------------------------------


def _is_scalar_const(declared: Declare) -> bool:
    """A const of one number that initial values and settings may read."""
    value = declared.value
    return (
        declared.role == "const"
        and not declared.shape
        and value is not None
        and not isinstance(value, ListLiteral)
        and named_kind(value) is None
    )


def _report_cycles(scope: Scope, consts: Mapping[str, Declare]) -> None:
    needs = {name: [read.name for read in names_in(d.value)] if d.value else [] for name, d in consts.items()}
    for path in in_order(needs)[1]:
        scope.report(catalogue.cycle(scope.entries[path[0]].span, path))
        scope.poisoned.update(path)


def _scalar_consts(declares: list[Declare], found: Declarations) -> None:
    """The initial values of scalar consts, each after those that it reads; their numbers go to ``known``."""
    reader = found.initial_reader
    consts = {d.name: d for d in declares if d.name in found.scalar}
    needs = {name: [read.name for read in names_in(d.value)] if d.value else [] for name, d in consts.items()}
    for name in in_order(needs)[0]:
        initial = reader.read(consts[name], ())
        if initial is None:
            reader.scope.poisoned.add(name)
            continue
        found.initials[name] = initial
        value = evaluate(initial.arguments[0], found.known)
        if value is not None and not isnan(value):
            found.known[slot(name)] = value


def _quantity(declared: Declare, found: Declarations) -> None:
    """The sizes, the bound and the initial value of one quantity; that of a scalar const has been read."""
    sizes, name = found.polynomials, declared.name
    scope = sizes.scope
    shape = sizes.shape(declared.shape, declared.name_span)
    arrives = declared.role in ARRIVING
    if declared.index is not None:
        if not arrives or declared.shape:
            scope.report(catalogue.index_here(declared.index.span, declared.role, name))
            scope.poisoned.add(name)
        else:
            below = sizes.bound(declared.index)
            if below is None:
                scope.poisoned.add(name)
            else:
                found.below[name] = below
    if arrives and declared.value is not None:
        scope.report(catalogue.value_here(declared.value.span, declared.role, name))
    elif not arrives and name not in found.scalar:
        if begins_from_stream(scope, declared, found.scalar) and declared.value is not None:
            found.beginnings[name] = declared.value
        elif (initial := found.initial_reader.read(declared, shape)) is not None:
            found.initials[name] = initial
    if shape is None:
        scope.poisoned.add(name)
        return
    entries = sizes.entries(shape)
    if entries is not None and entries > LARGEST_SIZE:
        sizes_written = show_sizes(shape)
        scope.report(formulas.too_many_entries(declared.name_span, name, sizes_written, entries, LARGEST_SIZE))
    found.sizes[name] = shape
