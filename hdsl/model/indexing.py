"""Subscripts: positions, ranges and new axes, ``x[0]``, ``x[1:n]``, ``x[::2]``, ``x[:, None]``, and rows chosen by an index.

Positions are polynomials of sizes. One that is negative whatever the sizes are counts from the end of its axis.
"""

from __future__ import annotations

from typing import Any, Protocol

import sympy

from hdsl.diagnostics import catalogue_arranging as catalogue
from hdsl.diagnostics.diagnostic import Diagnostic
from hdsl.model.axes import whole_number
from hdsl.model.definitions import Definitions
from hdsl.model.scope import Scope
from hdsl.model.sizes import Sizes, same, show_sizes
from hdsl.model.values import ONE, Value, opened, plain, relabelled, whole
from hdsl.syntax.source import Span
from hdsl.syntax.tree import At, Expression, Index, Name, Slice, Subscript
from hdsl.terms.arranged import Place, kept, whole_axis
from hdsl.terms.term import Size, Structured, index


class Reading(Protocol):
    """What this room of the reader of expressions is handed."""

    scope: Scope
    made: Definitions
    below: dict[str, Size]

    @property
    def measured(self) -> Sizes: ...

    def part(self, tree: Expression) -> Value | None: ...

    def keep(self, found: object, span: Span) -> Value | None: ...


def indexed(reader: Reading, tree: Index) -> Value | None:
    """The value of ``operand[subscripts]``, or None after its mistakes have been reported."""
    operand = reader.part(tree.operand)
    if operand is None:
        return None
    wanted = [s for s in tree.subscripts if not is_new_axis(s)]
    if len(wanted) > operand.rank:
        span = wanted[operand.rank].span
        return reader.keep(catalogue.too_many_subscripts(span, len(wanted), show_sizes(operand.sizes)), span)
    chosen = _chosen(reader, wanted)
    if chosen is not None:
        return _at_index(reader, operand, chosen, wanted, tree)
    taken = taken_from(reader, operand, wanted, tree.span)
    return None if taken is None else with_new_axes(reader.made, taken, tree)


def is_new_axis(subscript: Subscript) -> bool:
    return isinstance(subscript, At) and subscript.is_new_axis


def taken_from(reader: Reading, operand: Value, subscripts: list[Subscript], span: Span) -> Value | None:
    """The entries at positions and in ranges, an axis each; axes without a subscript are taken whole."""
    places: list[Place | None] = [_place(reader, s, n) for s, n in zip(subscripts, operand.sizes, strict=False)]
    turned = [axis for axis, place in enumerate(places) if place is not None and len(place) == 3 and place[2] < 0]
    if any(place is None for place in places):
        return None
    value = operand
    for axis in turned:
        value = _flipped(reader.made, value, axis)
        start, stop, step = places[axis] or ()
        last = operand.sizes[axis] - 1
        places[axis] = (sympy.expand(last - start), sympy.expand(last - stop), -step)
    full = [*places, *map(whole_axis, operand.sizes[len(places) :])]
    return sliced(reader.made, value, tuple(p for p in full if p is not None), span)


def sliced(made: Definitions, value: Value, places: tuple[Place, ...], span: Span) -> Value:
    """A slice of a value; the value itself where all of it is taken."""
    if all(place == whole_axis(n) for place, n in zip(places, value.sizes, strict=True)):
        return Value(value.body, value.sizes, span)
    body = Structured("slice", (whole(made, value),), (("places", places), ("of", value.sizes)))
    return Value(body, kept(places), span)


def _flipped(made: Definitions, value: Value, axis: int) -> Value:
    body = Structured("flip", (whole(made, value),), (("axis", axis - value.rank),))
    return Value(body, value.sizes, value.span)


def with_new_axes(made: Definitions, value: Value, tree: Index) -> Value:
    """A value with an axis of size 1 wherever a subscript is ``None``."""
    if not any(map(is_new_axis, tree.subscripts)):
        return value
    rest, labels, sizes = iter(value.sizes), [], []
    for subscript in tree.subscripts:
        if is_new_axis(subscript):
            sizes.append(ONE)
        elif isinstance(subscript, Slice):
            labels.append(index(len(sizes)))
            sizes.append(next(rest))
    for remaining in rest:
        labels.append(index(len(sizes)))
        sizes.append(remaining)
    return plain(relabelled(opened(made, value), tuple(labels)), tuple(sizes), tree.span)


# One subscript ------------------------------------------------------------------------------------------------------


def _place(reader: Reading, subscript: Subscript, size: Size) -> Place | None:
    """A subscript on an axis of a size; a negative step stays for the caller to turn the axis."""
    if isinstance(subscript, At):
        at = _position(reader, subscript.value, size)
        return None if at is None or not _within(reader, subscript.value.span, at, size) else (at,)
    return _range(reader, subscript, size)


def _position(reader: Reading, tree: Expression, size: Size) -> Size | None:
    """A position as a polynomial, counted from the start."""
    found = reader.measured.read(tree)
    if found is None:
        return None
    negative = found != 0 and all(term.as_coeff_Mul()[0] < 0 for term in sympy.Add.make_args(found))
    return sympy.expand(size + found) if negative else found


def _within(reader: Reading, span: Span, at: Size, size: Size) -> bool:
    """Whether a position is on its axis, as far as numbers are known."""
    if below(reader, at, sympy.Integer(0)) or below(reader, size - 1, at):
        given = reader.measured.given(sympy.Add(at, size)) if at.free_symbols or size.free_symbols else ""
        reader.scope.report(catalogue.position_range(span, reader.scope.written(span), str(size - 1), given))
        return False
    return True


def below(reader: Reading, left: Size, right: Size) -> bool:
    """Whether ``left`` is surely below ``right``: by the polynomials, else by the numbers that are known."""
    apart = sympy.expand(left - right)
    if apart.is_Integer:
        return bool(apart < 0)
    value = reader.measured.value(apart)
    return value is not None and value < 0


def _range(reader: Reading, subscript: Slice, size: Size) -> Place | None:
    scope, span = reader.scope, subscript.span
    step = 1 if subscript.step is None else whole_number(subscript.step)
    if step is None or step == 0:
        scope.report(catalogue.range_step(subscript.step.span if subscript.step else span))
        return None
    ends = (sympy.Integer(0), size) if step > 0 else (size - 1, sympy.Integer(-1))
    written = (subscript.start, subscript.stop)
    first, last = (
        end if tree is None else _position(reader, tree, size) for tree, end in zip(written, ends, strict=True)
    )
    if first is None or last is None:
        return None
    low, high = (first, last) if step > 0 else (last + 1, first + 1)
    given = reader.measured.given(sympy.Add(low, high, size)) if _has_names(low, high, size) else ""
    if below(reader, low, sympy.Integer(0)) or below(reader, size, high):
        scope.report(catalogue.range_beyond(span, scope.written(span), str(size), given))
        return None
    if below(reader, high, low + 1):
        scope.report(catalogue.range_empty(span, scope.written(span), given))
        return None
    if not whole_count(high - low, abs(step)):
        scope.report(catalogue.range_length(span, str(sympy.expand(high - low)), abs(step)))
        return None
    return (first, last, step)


def _has_names(*sizes: Size) -> bool:
    return any(size.free_symbols for size in sizes)


def whole_count(count: Size, step: int) -> bool:
    """Whether every ``step``-th of so many entries is a polynomial: the step divides all but the number in it."""
    _, rest = sympy.expand(count).as_coeff_Add()
    return all(term == 0 or term.as_coeff_Mul()[0] % step == 0 for term in sympy.Add.make_args(rest))


# Rows chosen by an index --------------------------------------------------------------------------------------------


def _chosen(reader: Reading, subscripts: list[Subscript]) -> Name | None:
    """The index of the stream that stands first among the subscripts."""
    first = subscripts[0] if subscripts else None
    if isinstance(first, At) and isinstance(first.value, Name) and first.value.name in reader.below:
        return first.value
    return None


def _at_index(reader: Reading, operand: Value, chosen: Name, subscripts: list[Subscript], tree: Index) -> Value | None:
    """``E[k]``: the row, or of a vector the entry, that an index chooses."""
    found = at_index(reader, operand, chosen, tree.span)
    if isinstance(found, Diagnostic):
        return reader.keep(found, tree.span)
    if found is None:
        return None
    taken = taken_from(reader, found, subscripts[1:], tree.span)
    return None if taken is None else with_new_axes(reader.made, taken, tree)


def at_index(reader: Reading, operand: Value, chosen: Name, span: Span) -> Value | Diagnostic | None:
    """The row of a table at an index; None where the index has been reported."""
    if chosen.name in reader.scope.poisoned:
        return None
    limit = reader.below[chosen.name]
    if operand.rank > 2:
        return catalogue.takes_table(operand.span, show_sizes(operand.sizes))
    if not same(operand.sizes[0], limit):
        line = reader.scope.line(reader.scope.entries[chosen.name].span)
        return catalogue.index_below(chosen.span, chosen.name, str(limit), str(operand.sizes[0]), line)
    row: Any = "pick" if operand.rank == 1 else "embed"
    return Value(Structured(row, (whole(reader.made, operand), chosen.name)), operand.sizes[1:], span)
