"""Product: a summand taken apart, with what is inlined in it multiplied out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import and_
from typing import Any, TypeAlias

import sympy

from hdsl.terms.term import (
    Contraction,
    Definition,
    Elementwise,
    Scalar,
    at_indices,
    is_negative,
    is_slot,
    occurrences,
    ordered_terms,
    slot_indices,
    slot_name,
    slots,
)

Indices: TypeAlias = tuple[sympy.Symbol, ...]


@dataclass
class Product:
    """``number * scalars * Σ over bound of tensors``.

    ``origin`` are the names that the summand read before anything was put in. ``in_order`` says that the tensors stand
    as they were written (in a contraction); sympy's own products have no order. ``term`` is the summand of the whole
    expression that it is a part of.
    """

    number: Any = sympy.Integer(1)
    scalars: list[Scalar] = field(default_factory=list)
    tensors: list[Scalar] = field(default_factory=list)
    bound: list[tuple[sympy.Symbol, Any]] = field(default_factory=list)
    origin: tuple[str, ...] = ()
    in_order: bool = False
    term: Scalar = None


def indices_in(expression: Scalar) -> Indices:
    """Every index that slots of the expression have, once."""
    return tuple(dict.fromkeys(i for occurrence in occurrences(expression) for i in slot_indices(occurrence)))


class Unfolding:
    """Writes expressions as sums of products. ``closed`` tells of definitions that stay in brackets of their own."""

    def __init__(
        self, by_name: Mapping[str, Definition], inlined: Collection[str], closed: Callable[[Definition], bool]
    ) -> None:
        self._by_name, self._inlined, self.closed = by_name, inlined, closed
        self._fresh = 0

    def begin(self) -> None:
        """Begin a formula: what is summed in it is numbered from 0."""
        self._fresh = 0

    def inlined(self, expression: Scalar) -> Definition | None:
        """The definition that is printed in the place of this slot, if any."""
        return self.named(slot_name(expression)) if is_slot(expression) else None

    def named(self, name: str) -> Definition | None:
        """The definition that is printed in the place of this name, if any."""
        return self._by_name[name] if name in self._inlined else None

    def sum(self, expression: Scalar) -> list[Product]:
        """The summands of an expression."""
        found = []
        for term in sympy.Add.make_args(expression):
            for part in self.opened(term):
                found.append(Product(origin=tuple(map(slot_name, slots(part))), term=term))
                self._multiply(found[-1], part)
        return found

    def opened(self, term: Scalar) -> Iterator[Scalar]:
        """A summand, or those of the sum that is printed in its place."""
        sign, bare = (-1, -term) if is_negative(term) else (1, term)
        inner = self.printed(bare)
        if inner is not None and inner.func is sympy.Add:
            yield from (sign * part for one in ordered_terms(inner) for part in self.opened(one))
        else:
            yield term

    def contraction(self, definition: Definition, body: Contraction, at: Indices) -> Product:
        """A contraction at the given indices."""
        product = Product(origin=tuple(definition.reads()))
        self._splice(product, definition, body, at)
        return product

    def _multiply(self, product: Product, expression: Scalar) -> None:
        """Put a factor into a product, with what is inlined in it."""
        for factor in sympy.Mul.make_args(expression):
            definition, inner = self.inlined(factor), self.printed(factor)
            if factor.is_number:
                product.number = product.number * factor
            elif definition and isinstance(definition.body, Contraction) and not self.closed(definition):
                self._splice(product, definition, definition.body, slot_indices(factor))
            elif inner is not None and inner.func is not sympy.Add:
                self._multiply(product, inner)
            else:
                (product.tensors if indices_in(factor) else product.scalars).append(factor)

    def _splice(self, product: Product, definition: Definition, body: Contraction, at: Indices) -> None:
        own, here = definition.indices, at
        for i, size in body.bound:
            fresh = sympy.Symbol(f"_{self._fresh}", integer=True)
            own, here = (*own, i), (*here, fresh)
            product.bound.append((fresh, size))
            self._fresh += 1
        product.in_order = True
        self._multiply(product, body.coefficient)
        for factor in body.factors:
            self._multiply(product, at_indices(factor, own, here))

    def printed(self, expression: Scalar) -> Scalar | None:
        """What an inlined elementwise definition says, at the indices of the slot that reads it."""
        definition = self.inlined(expression)
        if definition is None or not isinstance(definition.body, Elementwise) or self.closed(definition):
            return None
        return at_indices(definition.body.expression, definition.indices, slot_indices(expression))


def take_common(products: Sequence[Product]) -> list[Scalar]:
    """Take the scalars that every summand has out of all of them; nothing where there is one summand."""
    if len(products) < 2:
        return []
    counts = [Counter(product.scalars) for product in products]
    common = reduce(and_, counts)
    for product, own in zip(products, counts, strict=True):
        product.scalars = list((own - common).elements())
    return list(common.elements())


def averaged(product: Product, at: Indices) -> tuple[Any, Sequence[Scalar]] | None:
    """Number and scalars that are left where they divide one plain sum by the number of its terms, else None."""
    if at or len(product.tensors) != 1 or not product.bound or not product.number.is_Rational:
        return None
    count = sympy.Mul(*(size for _, size in product.bound))
    left = sympy.Mul(product.number, *product.scalars) * count
    if count == 1 or any(left.has(size) for size in count.free_symbols) or product.number.q % count.as_coeff_Mul()[0]:
        return None
    number, rest = left.as_coeff_Mul()
    return number, () if rest == 1 else sympy.Mul.make_args(rest)
