"""Ordering: sympy's sums and products have no order; this gives them the one that people read."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any

from hdsl.terms.naming import owner
from hdsl.terms.product import Product
from hdsl.terms.term import KEPT, Definition, Scalar, is_slot, slot_indices, slot_name, slots

_OLD, _COSTS, _OTHER, _OWN, _DISSIPATION = range(5)
_SETTINGS = ("tau", "phi", "seed", "present", "first", "eta", "beta")
_NUMBERED = re.compile(r"[cx](\d*)")


def is_setting(name: str) -> bool:
    """True for the scalars of learning: φ, τ, η, β, the weights of costs and what tells that a target is there."""
    return _kind(name) in _SETTINGS


def _kind(name: str) -> str:
    """What a name is of: ``eta`` of ``learn:eta.h``, ``seed`` of ``seed:fit``; nothing of a user's name."""
    kind, _, of = name.partition(":")
    return of.partition(".")[0] if kind == "learn" else kind if of or name == "tau" else ""


class Ordering:
    """``places`` orders names that nothing defines; what is defined comes before them, in its order."""

    def __init__(self, by_name: Mapping[str, Definition], places: Mapping[str, int], states: Collection[str]) -> None:
        self._by_name, self._places, self._states = by_name, places, frozenset(states)
        self._defined = {name: place for place, name in enumerate(by_name)}

    def summands(self, products: Sequence[Product], of: Definition | None) -> list[Product]:
        """The old value, the costs' part, the rest, −z, −ηz; within these as defined; one with a plus sign leads."""
        if len(products) == 1:
            return list(products)
        ordered = sorted(products, key=lambda product: self._summand_key(product, of))
        for position, product in enumerate(ordered):
            if not product.number.could_extract_minus_sign():
                return [product, *ordered[:position], *ordered[position + 1 :]]
        return ordered

    def factors(self, factors: Sequence[Scalar]) -> list[Scalar]:
        """Settings, then quantities, each before sums and functions of it, then costates and adjoints.

        A sum of scalars comes last: it stands in brackets before what it scales.
        """
        return sorted(factors, key=self._factor_key)

    def _summand_key(self, product: Product, of: Definition | None) -> tuple[Any, ...]:
        places = [self.place(name) for name in product.origin if not is_setting(name)]
        tie = (*map(_told, product.tensors), "", *map(_told, product.scalars), "", _told(product.number))
        return (self._summand_class(product, of), min(places, default=(0, -1)), *tie)

    def _summand_class(self, product: Product, of: Definition | None) -> int:
        names = product.origin
        if not names:
            return _DISSIPATION if product.number.could_extract_minus_sign() else _OLD
        moved = [t for t in product.tensors or product.scalars if not (is_slot(t) and is_setting(slot_name(t)))]
        if of is not None and [slot_name(t) for t in moved if is_slot(t)] == [own_of(of.name)]:
            if of.name.endswith("+") and not product.number.could_extract_minus_sign():
                return _OLD
            return _DISSIPATION if any(_kind(name) == "eta" for name in names) else _OWN
        roots = {root for name in names if name in self._by_name for root in self._by_name[name].roots}
        return _COSTS if any(map(_weighs, names)) or (roots and not roots & self._states) else _OTHER

    def _factor_key(self, factor: Scalar) -> tuple[Any, ...]:
        names = [slot_name(s) for s in slots(factor)]
        if not names:
            return (0, (0, 0), False, _told(factor))
        compound = not is_slot(factor) and not factor.is_Pow
        if all(map(is_setting, names)):
            return (1, (0, min(_SETTINGS.index(_kind(name)) for name in names)), compound, _told(factor))
        rank = 3 if any(name.startswith(("z:", "w:", "adj:")) for name in names) else 2
        last = bool(factor.is_Add) and not any(map(slot_indices, slots(factor)))
        return (rank, (last, *min(map(self.place, names))), compound, _told(factor))

    def trait(self, name: str) -> tuple[Any, ...]:
        """What decides besides its place where a name stands in sums and products."""
        roots = self._by_name[name].roots if name in self._by_name else ()
        costate = name.startswith(("z:", "w:", "adj:"))
        setting = (_kind(name), _weighs(name)) if is_setting(name) else ()
        return (setting, costate, bool(roots), not self._states.isdisjoint(roots))

    def place(self, name: str) -> tuple[int, int]:
        """What hdsl numbered in the order of the text (c, c2, c3 …), what is defined, what is given."""
        numbered = _NUMBERED.fullmatch(owner(name))
        if name in self._defined:
            return (0, int(numbered[1] or 1)) if numbered else (1, self._defined[name])
        return (2, self._places.get(name, len(self._places)))


def _weighs(name: str) -> bool:
    return name == "learn:phi" or name.startswith("seed:")


@lru_cache(maxsize=KEPT)  # sympy's printer is slow, and the bodies of a module have most of their equations in common
def _told(expression: Scalar) -> str:
    return str(expression)


def own_of(name: str) -> str:
    """The quantity whose change or new value this is: ``z:h`` for ``dot:z:h`` and ``z:h+``."""
    if name.startswith("dot:"):
        return name.removeprefix("dot:")
    return name[:-1] if name.endswith("+") else ""
