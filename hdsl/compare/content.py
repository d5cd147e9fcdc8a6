"""Content: what a definition says, whatever the definitions that it reads are called and however it is cut into them.

Every definition gets an expression in given quantities and in numbered contents, which stand for sums over indices and for
structured operations. Contents are numbered in one `Table`: two models that share it can be compared by equality.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import permutations
from typing import Any

import sympy

from hdsl.terms.term import (
    Contraction,
    Definition,
    Elementwise,
    Scalar,
    Structured,
    indices,
    is_slot,
    multiplied_out,
    slot,
    slot_indices,
    slot_name,
    slots,
)

LONGEST = 400  # operations of an expression that is put into others; a longer one is numbered
MOST_BOUND = 4  # summed indices of which every order is tried
MOST_SUMMANDS = 64  # of an expression that is multiplied out


class Table:
    """Numbers for contents, one for each, in the order in which they are met."""

    def __init__(self) -> None:
        self._numbers: dict[Any, str] = {}

    def number(self, content: Any) -> str:
        """The name of a content: one that no user can write."""
        return self._numbers.setdefault(content, f"#{len(self._numbers)}")


class Contents:
    """The contents of one model's definitions, which stand in an order in which each reads earlier ones.

    ``shared`` tells of undefined names whether they are one for all streams; ``renamed`` gives given quantities the
    names under which they are compared.
    """

    def __init__(
        self, definitions: Iterable[Definition], table: Table, shared: Mapping[str, bool], renamed: Mapping[str, str]
    ) -> None:
        self.table, self.renamed = table, renamed
        self._shared = dict(shared)
        self._values: dict[str, Scalar] = {}
        for definition in definitions:
            if definition.name not in self._values:
                self._shared[definition.name] = definition.shared
                self._values[definition.name] = self.of(definition)

    def of(self, definition: Definition) -> Scalar:
        """What a definition says, at its canonical indices."""
        match definition.body:
            case Elementwise(expression=expression):
                found = self._put_in(expression)
            case Contraction():
                found = self._contraction(definition.body, definition.indices)
            case Structured(row=row, operands=operands, attributes=attributes):
                held = tuple(map(self._whole, operands))
                found = slot(self.table.number(("structured", row, held, attributes)), definition.indices)
        found = multiplied_out(found, MOST_SUMMANDS) or found
        if definition.shared and not all(self._is_shared(name) for name in definition.reads()):
            number, rest = self._scalars(found)
            found = number * slot(self.table.number(("mean", rest)), definition.indices)
        return self._short(found, definition.indices)

    def _is_shared(self, name: str) -> bool:
        return self._shared.get(name, not name.startswith(("z:", "present:")))

    def _read(self, name: str, at: tuple[sympy.Symbol, ...]) -> Scalar:
        """The value of a quantity at some indices."""
        if name not in self._values:
            return slot(_renamed(name, self.renamed), at)
        canonical = indices(len(at))
        return self._values[name].xreplace(dict(zip(canonical, at, strict=True)))

    def _put_in(self, expression: Scalar) -> Scalar:
        return expression.xreplace({s: self._read(slot_name(s), slot_indices(s)) for s in slots(expression)})

    def _short(self, value: Scalar, at: tuple[sympy.Symbol, ...]) -> Scalar:
        long = value.count_ops() > LONGEST
        return slot(self.table.number(("long", value)), at) if long else value

    def _whole(self, name: str) -> Any:
        """An operand as one content: the name of a given quantity, else its expression at canonical indices."""
        value = self._values.get(name)
        if value is None:
            return _renamed(name, self.renamed)
        at = slot_indices(value) if is_slot(value) else ()
        return slot_name(value) if is_slot(value) and at == indices(len(at)) else value

    # Sums of products ------------------------------------------------------------------------------------------------

    def _contraction(self, body: Contraction, at: tuple[sympy.Symbol, ...]) -> Scalar:
        number = self._put_in(body.coefficient)
        factors: list[Scalar] = []
        for factor in body.factors:
            scale, rest = self._scalars(self._read(slot_name(factor), slot_indices(factor)))
            number *= scale
            factors += [self._as_slot(part) for part in sympy.Mul.make_args(rest) for part in _repeated(part)]
        if not body.bound:
            return number * sympy.Mul(*factors)
        # Each factor is known by its name and indices; the summed ones get the names that make the list the smallest.
        bound = [i for i, _ in body.bound]
        names = [sympy.Symbol(f"_{k}", integer=True) for k in range(len(bound))]
        orders = permutations(names) if len(bound) <= MOST_BOUND else [tuple(names)]
        sorts = (
            tuple(sorted(str(factor.xreplace(dict(zip(bound, order, strict=True)))) for factor in factors))
            for order in orders
        )
        return number * slot(self.table.number(("sum", min(sorts), len(bound))), at)

    def _as_slot(self, factor: Scalar) -> Scalar:
        """A factor that is no quantity as it stands, by its number."""
        if is_slot(factor):
            return factor
        own = tuple(dict.fromkeys(i for occurrence in slots(factor) for i in slot_indices(occurrence)))
        canonical = factor.xreplace(dict(zip(own, _stand_ins(len(own)), strict=True)))
        return slot(self.table.number(("factor", canonical)), own)

    def _scalars(self, value: Scalar) -> tuple[Scalar, Scalar]:
        """The numbers and the shared scalars before a value, and the rest; of a sum its sign and the number all terms have."""
        scale, rest = sympy.Integer(1), sympy.Integer(1)
        for factor in sympy.Mul.make_args(value):
            if all(is_shared_scalar(s, self._is_shared) for s in slots(factor)):
                scale *= factor
            else:
                rest *= factor
        if rest.is_Add:
            number, rest = rest.primitive()
            sign = -1 if rest.could_extract_minus_sign() else 1
            scale, rest = sign * number * scale, sign * rest
        return scale, rest


def is_shared_scalar(occurrence: Scalar, is_shared: Any) -> bool:
    """Whether a slot is one number for all entries and streams: a setting, a scalar const or param."""
    return not slot_indices(occurrence) and not slot_name(occurrence).startswith("#") and is_shared(slot_name(occurrence))


def _renamed(name: str, renamed: Mapping[str, str]) -> str:
    """A given quantity, or what belongs to one, under another name; one name for the dissipation of any, and for β."""
    kind, colon, of = name.rpartition(":")
    if kind == "learn" and of.partition(".")[0] in ("eta", "beta"):
        return f"learn:{of.partition('.')[0]}"
    return f"{kind}{colon}{renamed.get(of, of)}"


def _repeated(factor: Scalar) -> list[Scalar]:
    """x² as two factors x."""
    base, exponent = factor.as_base_exp()
    return [base] * int(exponent) if exponent.is_Integer and 0 < exponent <= MOST_BOUND else [factor]


def _stand_ins(count: int) -> tuple[sympy.Symbol, ...]:
    return tuple(sympy.Symbol(f"_o{k}", integer=True) for k in range(count))
