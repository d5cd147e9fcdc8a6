"""Calls in expressions: elementwise rows, reductions, structured operations, losses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from hdsl.diagnostics import catalogue_formula as formulas
from hdsl.diagnostics import catalogue_model as catalogue
from hdsl.diagnostics.diagnostic import Diagnostic
from hdsl.model.arithmetic import apply_row
from hdsl.model.arranging import ARRANGING, arranged
from hdsl.model.axes import axis_of
from hdsl.model.contractions import mean, product_sum, squared, squared_along, summed
from hdsl.model.definitions import Definitions
from hdsl.model.initial import InitialReader
from hdsl.model.lists import met
from hdsl.model.model import Quantity
from hdsl.model.scope import INITIALS, Scope
from hdsl.model.shapes import describe, differ_by_name, disagree, fits
from hdsl.model.sizes import Sizes, same, show_sizes
from hdsl.model.values import Value, aligned, broadcast, opened, plain, whole
from hdsl.model.windows import WINDOWED, windowed
from hdsl.syntax.source import Span
from hdsl.syntax.tree import Call, Expression, Name, Negate
from hdsl.terms.elementwise import ROWS, WRITABLE
from hdsl.terms.term import Elementwise, Scalar, Size, Structured, index, indices, is_slot, slot, slots


class Reading(Protocol):
    """What a call needs of the reader of expressions."""

    scope: Scope
    made: Definitions
    below: dict[str, Size]
    constants: InitialReader
    lists: dict[str, Quantity]

    @property
    def measured(self) -> Sizes: ...

    def part(self, tree: Expression) -> Value | None: ...

    def keep(self, found: object, span: Span) -> Value | None: ...


def call(reader: Reading, tree: Call) -> Value | None:
    """The value of a call, or None after its mistakes have been reported."""
    if tree.function in WRITABLE:
        return _elementwise(reader, tree)
    if tree.function in ARRANGING:
        return arranged(reader, tree)
    if tree.function in WINDOWED:
        return windowed(reader, tree)
    signature = SIGNATURES.get(tree.function)
    if signature is None:
        for argument in (*tree.arguments, *(value for _, value in tree.keywords)):
            # An index is for some functions: whether it may stand here cannot be said.
            _ = None if isinstance(argument, Name) and argument.name in reader.below else reader.part(argument)
        known = tree.function in reader.scope.poisoned or tree.function in reader.scope.unread
        return None if known else reader.keep(no_function(reader.scope, tree), tree.span)
    finding = _misfit(tree, signature)
    if finding is not None:
        return reader.keep(finding, tree.span)
    return signature.read(reader, tree)


def no_function(scope: Scope, tree: Call) -> Diagnostic:
    name, span = tree.function, tree.function_span
    entry = scope.entries.get(name)
    if entry is not None:
        return catalogue.not_a_function(span, name, entry.kind, scope.line(entry.span))
    if name in ("t", "tau", "pi", "inf"):
        return catalogue.not_a_function(span, name, "number", None)
    if name in INITIALS:
        return catalogue.initial_outside(span, name)
    return catalogue.unknown_function(span, name, scope.suggest_function(name))


# Arguments ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Signature:
    """How many operands a function takes, whether an axis may follow, and what reads it."""

    operands: int
    axis: bool
    read: Callable[[Reading, Call], Value | None]


def _misfit(tree: Call, signature: Signature) -> Diagnostic | None:
    """Too few or too many arguments, or an unknown one."""
    found, most = len(tree.arguments), signature.operands + signature.axis
    if not signature.operands <= found <= most:
        wanted = formulas.values_wanted(signature.operands, signature.axis)
        return formulas.arity(tree.span, tree.function, wanted, found)
    seen = {"axis"} if found == most and signature.axis else set()
    for keyword, value in tree.keywords:
        if keyword != "axis" or not signature.axis:
            return formulas.unknown_keyword(value.span, tree.function, keyword, "axis" if signature.axis else "")
        if keyword in seen:
            return formulas.keyword_twice(value.span, tree.function, keyword)
        seen.add(keyword)
    return None


def _axis(reader: Reading, tree: Call, operand: Value, default: int | None) -> int | Diagnostic | None:
    """The axis of a call, counted from the start; ``default`` (from the end) or None where none is written."""
    written = tree.arguments[1] if len(tree.arguments) > 1 else dict(tree.keywords).get("axis")
    if written is None:
        if default is not None and operand.rank == 0:
            return formulas.axis_range(tree.arguments[0].span, default, "", 0)
        return None if default is None else operand.rank + default
    return axis_of(written, operand.sizes)


# Elementwise rows ---------------------------------------------------------------------------------------------------


def _elementwise(reader: Reading, tree: Call) -> Value | None:
    """A row applied to slots: every argument gets a definition of its own unless it is one slot or a constant."""
    arity = ROWS[tree.function].arity
    for keyword, value in tree.keywords:
        return reader.keep(formulas.unknown_keyword(value.span, tree.function, keyword, ""), tree.span)
    if len(tree.arguments) != arity:
        found = formulas.arity(tree.span, tree.function, formulas.values_wanted(arity), len(tree.arguments))
        return reader.keep(found, tree.span)
    if tree.function == "clip":
        opened_sides = _half_open(reader, tree)
        if opened_sides is not None:
            return _row(reader, *opened_sides, tree.span)
    return _row(reader, tree.function, tree.arguments, tree.span)


def _half_open(reader: Reading, tree: Call) -> tuple[str, tuple[Expression, ...]] | None:
    """``clip`` with an infinite bound is ``min`` or ``max``: the one place where ``inf`` has a meaning."""
    x, low, high = tree.arguments
    if isinstance(low, Negate) and isinstance(low.operand, Name) and low.operand.name == "inf":
        return "min", (x, high)
    if isinstance(high, Name) and high.name == "inf":
        return "max", (x, low)
    return None


def _row(reader: Reading, function: str, trees: tuple[Expression, ...], span: Span) -> Value | None:
    values = [reader.part(tree) for tree in trees]
    present = tuple(value for value in values if value is not None)
    return apply(reader, function, trees, present, span) if len(present) == len(values) else None


def apply(
    reader: Reading, function: str, trees: tuple[Expression, ...], values: tuple[Value, ...], span: Span
) -> Value | None:
    """A row applied to values, with axes aligned as in arithmetic."""
    if any(value.numbers is not None for value in values):
        longest = max((value.sizes for value in values if value.numbers is None), key=len, default=())
        kept = [reader.keep(met(reader, value, longest), value.span) for value in values]
        if any(value is None for value in kept):
            return None
        values = tuple(value for value in kept if value is not None)
    sizes: tuple[Size, ...] = ()
    for position, value in enumerate(values):
        wider = broadcast(sizes, value.sizes)
        if wider is None:
            doing = formulas.entry_by_entry(function, show_sizes(sizes), show_sizes(value.sizes))
            pair = (trees[position - 1], trees[position]), (values[position - 1], value)
            by_name = differ_by_name(sizes, value.sizes)
            return reader.keep(disagree(reader.scope, span, doing, *pair, by_name), span)
        sizes = wider
    stem = reader.made.before(span) if len(values) == 1 else ""
    result = apply_row(function, tuple(argument(reader.made, value, sizes, stem) for value in values), span)
    return reader.keep(result if isinstance(result, Diagnostic) else plain(result, sizes, span), span)


def argument(made: Definitions, value: Value, sizes: tuple[Size, ...], stem: str = "") -> Scalar:
    """An argument of a row at the indices of the result: a slot, or a constant. ``stem`` is for what has no name yet."""
    if stem and not isinstance(value.body, Elementwise):
        name = made.temporary(stem, value.body, value.sizes, value.span)
        value = plain(slot(name, indices(value.rank)), value.sizes, value.span)
    expression = opened(made, value)
    if is_slot(expression) or not slots(expression):
        return aligned(made, value, sizes)
    name = made.temporary(stem or "a", Elementwise(expression), value.sizes, value.span)
    return aligned(made, plain(slot(name, indices(value.rank)), value.sizes, value.span), sizes)


# Reductions ---------------------------------------------------------------------------------------------------------


def _reduction(
    reduce: Callable[[Definitions, Value, tuple[int, ...], Span], Value],
) -> Callable[[Reading, Call], Value | None]:
    def read(reader: Reading, tree: Call) -> Value | None:
        operand = reader.part(tree.arguments[0])
        if operand is None:
            return None
        axis = _axis(reader, tree, operand, None)
        if isinstance(axis, Diagnostic):
            return reader.keep(axis, tree.span)
        return reduce(reader.made, operand, tuple(range(operand.rank)) if axis is None else (axis,), tree.span)

    return read


def _norm2(reader: Reading, tree: Call) -> Value | None:
    """The Euclidean norm of all entries, or along an axis: the root of a sum of squares, with slope 0 at 0."""
    operand = reader.part(tree.arguments[0])
    if operand is None:
        return None
    axis = _axis(reader, tree, operand, None)
    if isinstance(axis, Diagnostic):
        return reader.keep(axis, tree.span)
    made, span = reader.made, tree.span
    total = squared(made, operand, span) if axis is None else squared_along(made, operand, axis, span)
    return apply(reader, "root", tree.arguments[:1], (total,), span)


def _squared(reader: Reading, tree: Call) -> Value | None:
    operand = reader.part(tree.arguments[0])
    return None if operand is None else squared(reader.made, operand, tree.span)


def _dot(reader: Reading, tree: Call) -> Value | None:
    left, right = (reader.part(argument) for argument in tree.arguments)
    pair_met = _both_met(reader, left, right)
    if pair_met is None:
        return None
    left, right = pair_met
    if not fits(left.sizes, right.sizes):
        doing = formulas.sums_products(show_sizes(left.sizes), show_sizes(right.sizes))
        pair = tree.arguments, (left, right)
        by_name = left.rank == right.rank and differ_by_name(left.sizes, right.sizes)
        return reader.keep(disagree(reader.scope, tree.span, doing, *pair, by_name), tree.span)
    return product_sum(reader.made, left, right, tree.span)


def _both_met(reader: Reading, left: Value | None, right: Value | None) -> tuple[Value, Value] | None:
    """Two values, lists with the sizes of the other; None where one is missing or does not fit, which has been reported."""
    if left is None or right is None:
        return None
    first, second = met(reader, left, right.sizes), met(reader, right, left.sizes)
    mine, yours = reader.keep(first, left.span), reader.keep(second, right.span)
    return None if mine is None or yours is None else (mine, yours)


# Structured operations and losses -----------------------------------------------------------------------------------


def _structured(row: str) -> Callable[[Reading, Call], Value | None]:
    def read(reader: Reading, tree: Call) -> Value | None:
        operand = reader.part(tree.arguments[0])
        if operand is None:
            return None
        axis = _axis(reader, tree, operand, -1)
        if isinstance(axis, Diagnostic):
            return reader.keep(axis, tree.span)
        assert axis is not None
        kept = operand.sizes if row == "softmax" else operand.sizes[:axis] + operand.sizes[axis + 1 :]
        body = Structured(row, (whole(reader.made, operand),), (("axis", axis - operand.rank),))
        return Value(body, kept, tree.span)

    return read


def _cross_entropy(reader: Reading, tree: Call) -> Value | None:
    """``−log softmax(logits)`` at an index, or its mean under probabilities: logsumexp less what the target picks."""
    logits_tree, target = tree.arguments
    logits = reader.part(logits_tree)
    if isinstance(target, Name) and target.name in reader.below:
        return None if logits is None else _at_index(reader, tree, logits, target)
    given = reader.part(target)
    pair_met = _both_met(reader, logits, given)
    if pair_met is None:
        return None
    logits, given = pair_met
    if logits.rank != 1 or not fits(logits.sizes, given.sizes):
        doing = formulas.wants_probabilities()
        pair = tree.arguments, (logits, given)
        by_name = logits.rank == given.rank and differ_by_name(logits.sizes, given.sizes)
        return reader.keep(disagree(reader.scope, tree.span, doing, *pair, by_name), tree.span)
    made, span = reader.made, tree.span
    share = plain(slot(whole(made, given), (index(0),)), given.sizes, given.span)
    score = plain(slot(whole(made, logits), (index(0),)), logits.sizes, logits.span)
    level = opened(made, Value(Structured("logsumexp", (whole(made, score),), (("axis", -1),)), (), span))
    total = opened(made, summed(made, share, (0,), span))
    return plain(level * total - opened(made, product_sum(made, score, share, span)), (), span)


def _at_index(reader: Reading, tree: Call, logits: Value, target: Name) -> Value | None:
    made, span = reader.made, tree.span
    if target.name in reader.scope.poisoned:
        return None
    below = reader.below[target.name]
    if logits.rank != 1 or not same(logits.sizes[0], below):
        scope, doing = reader.scope, formulas.wants_logits(str(below))
        line = scope.line(scope.entries[target.name].span)
        wanted = formulas.index_operand(scope.written(target.span), str(below), line)
        operands = (describe(scope, tree.arguments[0], logits.sizes), wanted)
        by_name = logits.rank == 1 and bool(logits.sizes[0].free_symbols and below.free_symbols)
        return reader.keep(formulas.shape(span, scope.written(span), doing, operands, by_name), span)
    name = whole(made, logits)
    level = opened(made, Value(Structured("logsumexp", (name,), (("axis", -1),)), (), span))
    picked = opened(made, Value(Structured("pick", (name, target.name)), (), span))
    return plain(level - picked, (), span)


SIGNATURES: dict[str, Signature] = {
    "sum": Signature(1, True, _reduction(summed)),
    "mean": Signature(1, True, _reduction(mean)),
    "dot": Signature(2, False, _dot),
    "norm2": Signature(1, True, _norm2),
    "squared": Signature(1, False, _squared),
    "softmax": Signature(1, True, _structured("softmax")),
    "logsumexp": Signature(1, True, _structured("logsumexp")),
    "cross_entropy": Signature(2, False, _cross_entropy),
}
