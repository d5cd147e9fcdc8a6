"""Named indices: ``let y[i, k] = expr`` and ``sum[i, j](expr)``, entry by entry.

Where indices have names, every quantity is read at its indices (``W[i, j]``), and an index has the size of the axes that it
stands at. A part of such an expression is held with its own indices only, so that nothing is made larger than it is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from hdsl.diagnostics import catalogue_arranging as catalogue
from hdsl.diagnostics import catalogue_formula as formulas
from hdsl.diagnostics.diagnostic import Diagnostic
from hdsl.model.arithmetic import apply_row, choose, combine, literal_exponent
from hdsl.model.contractions import summed
from hdsl.model.indexing import Reading, taken_from
from hdsl.model.scope import RESERVED
from hdsl.model.sizes import same, show_sizes
from hdsl.model.values import Value, negative, opened, permuted, plain, relabelled, shortened
from hdsl.model.walk import choice, folded, names_in
from hdsl.syntax.source import Span
from hdsl.syntax.tree import (
    At,
    Binary,
    Call,
    Compare,
    Conditional,
    Define,
    Expression,
    Index,
    IndexSum,
    Name,
    Negate,
    Slice,
    Subscript,
)
from hdsl.terms.elementwise import ROWS, WRITABLE
from hdsl.terms.term import Scalar, Size, index, indices, is_slot, slot, slots

MOST_FACTORS = 6  # of one sum of products


@dataclass(frozen=True)
class Entry:
    """A value whose axes are named indices, in the order in which these were bound."""

    value: Value
    axes: tuple[str, ...]


@dataclass
class ByIndex:
    """Reads expressions in which some indices have names. ``sized`` has the size and the place of each that was met."""

    reader: Reading
    bound: tuple[str, ...] = ()
    sized: dict[str, tuple[Size, Span]] = field(default_factory=dict)

    # Binding ---------------------------------------------------------------------------------------------------------

    def bind(self, names: tuple[Name, ...]) -> bool:
        """Give indices their meaning; False after the mistakes of all of them have been reported."""
        found = [self._refusal(name, names[:position]) for position, name in enumerate(names)]
        for finding in found:
            if finding is not None:
                self.reader.scope.report(finding)
        self.bound = (*self.bound, *(name.name for name in names))
        return not any(found)

    def _refusal(self, index: Name, before: tuple[Name, ...]) -> Diagnostic | None:
        name, scope = index.name, self.reader.scope
        if name in self.bound or any(other.name == name for other in before):
            return catalogue.index_twice(index.span, name)
        if name in RESERVED or name == "None":
            return catalogue.index_reserved(index.span, name)
        entry = scope.entries.get(name)
        return catalogue.index_taken(index.span, name, entry.kind, scope.line(entry.span)) if entry else None

    def defined(self, define: Define) -> Value | None:
        """The value of ``let y[i, k] = expr``, its axes in the order of the indices."""
        if not self.bind(define.indices):
            return None
        entry = self.part(define.value)
        if entry is None:
            return None
        for name in define.indices:
            if name.name not in entry.axes:
                return self.reader.keep(catalogue.index_unread(name.span, name.name), define.span)
        order = tuple(entry.axes.index(name.name) for name in define.indices)
        return permuted(self.reader.made, entry.value, order, define.value.span)

    def summed(self, tree: IndexSum) -> Entry | None:
        """``sum[i, j](value)``, in which the indices bound so far may stand too."""
        inner = ByIndex(self.reader, self.bound, self.sized)
        if not inner.bind(tree.indices):
            return None
        entry = inner.part(tree.value)
        names = [name.name for name in tree.indices]
        sizes = {name: self.sized.pop(name, None) for name in names}
        if entry is None:
            return None
        for name in tree.indices:
            if sizes[name.name] is None or name.name not in entry.axes:
                self.reader.scope.report(catalogue.index_unread(name.span, name.name))
                return None
        axes = tuple(entry.axes.index(name) for name in sorted(names, key=entry.axes.index))
        left = tuple(axis for axis in entry.axes if axis not in names)
        return Entry(summed(self.reader.made, entry.value, axes, tree.span, MOST_FACTORS), left)

    # Parts -----------------------------------------------------------------------------------------------------------

    def part(self, tree: Expression) -> Entry | None:
        """The value of a part, or None after every mistake in it has been reported."""
        if not isinstance(tree, IndexSum) and not self._has_index(tree):
            value = self.reader.part(tree)
            if value is not None and value.rank:
                self._report(catalogue.not_at_indices(tree.span, self._written(tree), show_sizes(value.sizes)))
                return None
            return None if value is None else Entry(value, ())
        match tree:
            case Name():
                self._report(catalogue.index_alone(tree.span, tree.name))
            case Negate():
                operand = self.part(tree.operand)
                return operand and Entry(negative(self.reader.made, operand.value, tree.span), operand.axes)
            case Index():
                return self._slot(tree)
            case IndexSum():
                return self.summed(tree)
            case Binary():
                return folded(tree, self.part, self._combine)
            case Call() if tree.function in WRITABLE:
                return self._row(tree)
            case Compare() | Conditional():
                return self._choice(tree)
            case Call():
                self._report(catalogue.around_indices(tree.function_span, f"`{tree.function}`"))
            case _:
                self._report(catalogue.around_indices(tree.span, f"`{self._written(tree)}`"))
        return None

    def _has_index(self, tree: Expression) -> bool:
        return any(name.name in self.bound for name in names_in(tree))

    def _report(self, finding: Diagnostic) -> None:
        self.reader.scope.report(finding)

    def _written(self, tree: Expression) -> str:
        return self.reader.scope.written(tree.span)

    def _slot(self, tree: Index) -> Entry | None:
        """``W[i, 0, j]``: the operand at positions, then at its indices."""
        if self._has_index(tree.operand):
            self._report(catalogue.around_indices(tree.span, f"`{self._written(tree)}`"))
            return None
        operand = self.reader.part(tree.operand)
        if operand is None:
            return None
        made_of = [s for s in tree.subscripts if isinstance(s, At) and not self._is_index(s) and self._has_index(s.value)]
        for subscript in made_of:
            self._report(catalogue.index_not_plain(subscript.span, self._written(subscript.value)))
        if made_of:
            return None
        whole = [self._whole(subscript) for subscript in tree.subscripts]
        if len(tree.subscripts) != operand.rank or any(isinstance(s, Slice) for s in tree.subscripts):
            self._report(catalogue.not_at_indices(tree.span, self._written(tree), show_sizes(operand.sizes)))
            return None
        taken = taken_from(self.reader, operand, whole, tree.span)
        names = [s.value for s in tree.subscripts if self._is_index(s)]  # type: ignore[union-attr]
        if taken is None:
            return None
        here: list[str] = []
        for name, size in zip(names, taken.sizes, strict=True):
            assert isinstance(name, Name)
            if name.name in here:
                self._report(catalogue.index_repeated(name.span, name.name))
                return None
            if not self._fits(name, size):
                return None
            here.append(name.name)
        order = tuple(here.index(name) for name in self.bound if name in here)
        return Entry(permuted(self.reader.made, taken, order, tree.span), tuple(here[k] for k in order))

    def _is_index(self, subscript: Subscript) -> bool:
        return isinstance(subscript, At) and isinstance(subscript.value, Name) and subscript.value.name in self.bound

    def _whole(self, subscript: Subscript) -> Subscript:
        """An index runs over its whole axis."""
        return Slice(None, None, None, subscript.span) if self._is_index(subscript) else subscript

    def _fits(self, name: Name, size: Size) -> bool:
        """Whether an index runs over axes of one size."""
        first, place = self.sized.setdefault(name.name, (size, name.span))
        if same(first, size):
            return True
        by_name = bool(first.free_symbols and size.free_symbols)
        self._report(catalogue.index_sizes(name.span, name.name, str(size), place, str(first), by_name))
        return False

    # Arithmetic ------------------------------------------------------------------------------------------------------

    def _combine(self, operation: Binary, left: Entry, right: Entry) -> Entry | None:
        span, operator = operation.span, operation.operator
        if operator == "@":
            self._report(catalogue.around_indices(span, "`@`"))
            return None
        if operator == "^" and not literal_exponent(self._opened(left), self._opened(right)):
            return self._applied("power", [left, right], span)
        return self._joined([left, right], span, lambda parts: combine(operator, parts[0], parts[1], span), self._opened)

    def _row(self, tree: Call) -> Entry | None:
        """An elementwise function."""
        for keyword, value in tree.keywords:
            self._report(formulas.unknown_keyword(value.span, tree.function, keyword, ""))
            return None
        arity = ROWS[tree.function].arity
        if len(tree.arguments) != arity:
            wanted = formulas.values_wanted(arity)
            self._report(formulas.arity(tree.span, tree.function, wanted, len(tree.arguments)))
            return None
        entries = [self.part(argument) for argument in tree.arguments]
        present = [entry for entry in entries if entry is not None]
        return self._applied(tree.function, present, tree.span) if len(present) == arity else None

    def _choice(self, tree: Compare | Conditional) -> Entry | None:
        """A conditional, or a comparison that stands as 1 and 0; any other condition holds where it is not 0."""
        sides, branches = choice(tree)
        entries = [self.part(part) for part in (sides.left, sides.right, *branches)]
        present = [entry for entry in entries if entry is not None]
        if len(present) < len(entries):
            return None

        def make(parts: list[Scalar]) -> Scalar | Diagnostic:
            left, right, value, other = parts
            return choose(sides.operator, (left, right), (value, other), tree.span)

        return self._joined(present, tree.span, make, self._argument)

    def _applied(self, function: str, entries: list[Entry], span: Span) -> Entry | None:
        return self._joined(entries, span, lambda parts: apply_row(function, tuple(parts), span), self._argument)

    def _joined(
        self,
        entries: list[Entry],
        span: Span,
        make: Callable[[list[Scalar]], Scalar | Diagnostic],
        spell: Callable[[Entry], Scalar],
    ) -> Entry | None:
        """Entries at the indices of all of them, put together."""
        axes = tuple(name for name in self.bound if any(name in entry.axes for entry in entries))
        parts = [
            relabelled(spell(entry), tuple(index(axes.index(name)) for name in entry.axes)) for entry in entries
        ]
        sizes = {name: size for entry in entries for name, size in zip(entry.axes, entry.value.sizes, strict=True)}
        value = self.reader.keep(make(parts), span)
        if value is None:
            return None
        made = replace(value, sizes=tuple(sizes[name] for name in axes), span=span)
        return Entry(shortened(self.reader.made, made), axes)

    def _opened(self, entry: Entry) -> Scalar:
        return opened(self.reader.made, entry.value)

    def _argument(self, entry: Entry) -> Scalar:
        """An argument of a row: a slot, or a constant."""
        expression, value = self._opened(entry), entry.value
        if is_slot(expression) or not slots(expression):
            return expression
        name = self.reader.made.temporary("a", plain(expression, value.sizes, value.span).body, value.sizes, value.span)
        return slot(name, indices(value.rank))


def index_sum(reader: Reading, tree: IndexSum) -> Value | None:
    """A sum over named indices where no others are bound: a scalar."""
    entry = ByIndex(reader).summed(tree)
    return None if entry is None else entry.value
