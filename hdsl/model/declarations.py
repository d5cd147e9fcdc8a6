"""Declarations: sizes, quantities with their initial values, and settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import isnan

import sympy

from hdsl.diagnostics import catalogue_formula as formulas
from hdsl.diagnostics import catalogue_model as catalogue
from hdsl.model.evaluate import evaluate
from hdsl.model.initial import InitialReader, named_kind
from hdsl.model.learning import LearningReader
from hdsl.model.model import Initial, Learning
from hdsl.model.order import in_order
from hdsl.model.outside import read_overrides
from hdsl.model.scalars import ScalarReader
from hdsl.model.scope import Scope
from hdsl.model.sizes import LARGEST_SIZE, Sizes, read_given, show_sizes
from hdsl.model.walk import names_in
from hdsl.syntax.tree import Declare, Dim, Learn, ListLiteral, ModelText
from hdsl.terms.term import Scalar, Size, size, slot


@dataclass
class Declarations:
    """What is declared, of every quantity once. What is missing from ``sizes`` has been reported.

    ``constants`` reads numbers and sizes as declarations have them.

    ``declares`` are the quantities in the order of the text; ``constants_in`` has what the initial values and the settings
    read; ``used_sizes`` the sizes that shapes, other sizes and initial values are made of.
    """

    learning: Learning
    constants: InitialReader
    declares: list[Declare] = field(default_factory=list)
    dims: dict[str, Size | None] = field(default_factory=dict)
    sizes: dict[str, tuple[Size, ...]] = field(default_factory=dict)
    below: dict[str, Size] = field(default_factory=dict)
    initials: dict[str, Initial] = field(default_factory=dict)
    constants_in: dict[str, tuple[str, ...]] = field(default_factory=dict)
    used_sizes: set[str] = field(default_factory=set)


def declare(
    text: ModelText, scope: Scope, dims: Mapping[str, int], settings: Mapping[str, str | float]
) -> Declarations:
    """Read every declaration and setting of a file, those from outside in place of its own."""
    sizes = Sizes(scope)
    defaults = _read_dims(text, scope, sizes, dims)
    consts, changed = read_overrides(text, scope, settings)
    declares = [replace(d, value=consts.get(d.name, d.value)) for d in _firsts(text, scope)]
    scalar = frozenset(d.name for d in declares if _is_scalar_const(d))
    _report_cycles(scope, {d.name: d for d in declares if d.name in scalar})
    known: dict[Scalar, float] = {size(name): float(number) for name, number in sizes.numbers.items()}
    reader = InitialReader(scope, ScalarReader(scope, scalar), sizes, known)
    # The numbers of scalar consts first: other initial values may read them.
    initials = _scalar_consts(declares, scalar, reader, known)
    settings_read = [setting for s in text.statements if isinstance(s, Learn) for setting in s.settings]
    learning = LearningReader(scope, scalar, known).read(settings_read, changed)
    found = Declarations(learning, reader, declares, defaults, initials=initials)
    for declared in declares:
        _quantity(declared, found, sizes, reader, declared.name in scalar)
    found.constants_in = {
        d.name: tuple(name.name for name in names_in(d.value)) for d in declares if d.value is not None
    }
    found.constants_in["learn"] = tuple(
        name.name for setting in (*settings_read, *changed) for name in names_in(setting.value)
    )
    found.used_sizes = sizes.used
    return found


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


def _scalar_consts(
    declares: list[Declare], scalar: frozenset[str], reader: InitialReader, known: dict[Scalar, float]
) -> dict[str, Initial]:
    """The initial values of scalar consts, each after those that it reads; their numbers go to ``known``."""
    consts = {d.name: d for d in declares if d.name in scalar}
    needs = {name: [read.name for read in names_in(d.value)] if d.value else [] for name, d in consts.items()}
    found: dict[str, Initial] = {}
    for name in in_order(needs)[0]:
        initial = reader.read(consts[name], ())
        if initial is None:
            reader.scope.poisoned.add(name)
            continue
        found[name] = initial
        value = evaluate(initial.arguments[0], known)
        if value is not None and not isnan(value):
            known[slot(name)] = value
    return found


def _quantity(declared: Declare, found: Declarations, sizes: Sizes, reader: InitialReader, done: bool) -> None:
    """The sizes, the bound and the initial value of one quantity. ``done`` where the initial value has been read."""
    scope, name = sizes.scope, declared.name
    shape = sizes.shape(declared.shape, declared.name_span)
    arrives = declared.role in ("input", "target")
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
    elif not arrives and not done:
        initial = reader.read(declared, shape)
        if initial is not None:
            found.initials[name] = initial
    if shape is None:
        scope.poisoned.add(name)
        return
    entries = sizes.entries(shape)
    if entries is not None and entries > LARGEST_SIZE:
        sizes_written = show_sizes(shape)
        scope.report(formulas.too_many_entries(declared.name_span, name, sizes_written, entries, LARGEST_SIZE))
    found.sizes[name] = shape
