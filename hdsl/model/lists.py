"""Literal lists in expressions: constant arrays, which meet named sizes by value.

A list has no size of its own name: where it stands beside a quantity, its axes take the sizes of the axes that they meet,
after the numbers have been compared. The numbers are a constant of the model, made once with the module.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol, TypeAlias

import sympy

from hdsl.diagnostics import catalogue_arranging as catalogue
from hdsl.diagnostics.diagnostic import Diagnostic
from hdsl.model.definitions import Definitions
from hdsl.model.initial import InitialReader
from hdsl.model.model import Initial, Quantity
from hdsl.model.scope import Scope
from hdsl.model.sizes import Sizes
from hdsl.model.values import Value, is_one
from hdsl.syntax.source import Span
from hdsl.syntax.tree import ListLiteral
from hdsl.terms.term import Elementwise, Size, indices, slot

Nested: TypeAlias = Any  # a number, or a tuple of such

LONGEST = 24  # characters of a list that a formula shows whole


class Reading(Protocol):
    """What a list asks of the reader of expressions. ``lists`` has the constants that lists have become."""

    scope: Scope
    made: Definitions
    constants: InitialReader
    lists: dict[str, Quantity]

    @property
    def measured(self) -> Sizes: ...


def listed(reader: Reading, tree: ListLiteral) -> Value | None:
    """The value of a literal list, or None after its mistakes have been reported."""
    numbers = reader.constants.numbers(tree)
    if numbers is None:
        return None
    ragged = _ragged(tree)
    if ragged is not None:
        reader.scope.report(catalogue.list_ragged(ragged.span))
        return None
    return of_numbers(reader, numbers, tuple(map(sympy.Integer, _lengths(numbers))), tree.span)


def of_numbers(reader: Reading, numbers: Nested, sizes: tuple[Size, ...], span: Span) -> Value:
    """Numbers as a constant of these sizes: the one that there is, or a new one."""
    initial = Initial("list", (), numbers)
    for name, known in reader.lists.items():
        if known.initial == initial and known.sizes == sizes:
            return Value(Elementwise(slot(name, indices(len(sizes)))), sizes, span, numbers)
    # What has met named sizes is another constant than the bare list, and looks like one: (1, 2) for [1, 2].
    bare = not any(size.free_symbols for size in sizes)
    text = _text(numbers, "[]" if bare else "()")
    text = text if len(text) <= LONGEST else f"{text[: LONGEST - 2]}…{text[-1]}"
    name = text
    while name in reader.lists:
        name += "_" + "_".join(map(str, sizes))
    reader.lists[name] = Quantity(name, "const", sizes, True, initial, None, span)
    reader.made.declare(name, shared=True)
    return Value(Elementwise(slot(name, indices(len(sizes)))), sizes, span, numbers)


def _text(numbers: Nested, brackets: str) -> str:
    """The numbers as one writes them. A name that begins with a bracket is no user's."""
    if isinstance(numbers, tuple):
        inner = ", ".join(_text(number, brackets) for number in numbers)
        return f"{brackets[0]}{inner}{brackets[1]}"
    if numbers.is_Rational and not numbers.is_Integer:
        return f"{float(numbers):g}"
    return str(numbers)


def _lengths(numbers: Nested) -> tuple[int, ...]:
    return (len(numbers), *_lengths(numbers[0])) if isinstance(numbers, tuple) else ()


def _ragged(tree: ListLiteral) -> ListLiteral | None:
    """The first row that has not the shape of the first row."""

    def shape(item: Any) -> tuple[int, ...]:
        return (len(item.items), *shape(item.items[0])) if isinstance(item, ListLiteral) else ()

    for item in tree.items:
        if shape(item) != shape(tree.items[0]):
            return item if isinstance(item, ListLiteral) else tree
        inner = _ragged(item) if isinstance(item, ListLiteral) else None
        if inner is not None:
            return inner
    return None


def mapped(reader: Reading, value: Value, change: Any, span: Span) -> Value:
    """A list with every number changed."""

    def each(numbers: Nested) -> Nested:
        return tuple(map(each, numbers)) if isinstance(numbers, tuple) else change(numbers)

    return of_numbers(reader, each(value.numbers), value.sizes, span)


def met(reader: Reading, value: Value, others: Sequence[Size | None]) -> Value | Diagnostic:
    """A value whose axes, where it is a list, have the sizes of what they meet; ``others`` are aligned at the last axis.

    None stands for an axis that meets nothing.
    """
    if value.numbers is None:
        return value
    sizes = list(value.sizes)
    for back in range(1, min(len(sizes), len(others)) + 1):
        own, other = sizes[-back], others[-back]
        if other is None or not other.free_symbols or is_one(own):
            continue
        number = reader.measured.value(other)
        if number is None:
            return catalogue.list_unknown(value.span, str(other))
        if number != own:
            return catalogue.list_length(value.span, int(own), f"{other} = {number}")
        sizes[-back] = other
    return of_numbers(reader, value.numbers, tuple(sizes), value.span) if tuple(sizes) != value.sizes else value


def met_in_product(reader: Reading, left: Value, right: Value) -> tuple[Value | Diagnostic, Value | Diagnostic]:
    """Both sides of ``left @ right``: the axes that are summed meet, and so do those in front."""
    if not left.rank or not right.rank:
        return left, right
    summed = right.sizes[-2] if right.rank > 1 else right.sizes[0]
    mine = met(reader, left, [*right.sizes[:-2], *([None] if left.rank > 1 else []), summed])
    tail: list[Size | None] = [left.sizes[-1], *([None] if right.rank > 1 else [])]
    yours = met(reader, right, [*left.sizes[:-2], *tail])
    return mine, yours
