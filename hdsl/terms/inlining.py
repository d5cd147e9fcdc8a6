"""Inlining: which definitions a reader does not miss. They are printed inside the formula that reads them."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Sequence

import sympy

from hdsl.terms.arrangement import READABLE
from hdsl.terms.naming import owner
from hdsl.terms.term import (
    Contraction,
    Definition,
    Elementwise,
    Structured,
    is_slot,
    occurrences,
    slot_indices,
    slot_name,
    slots,
)

_TEMPORARY = re.compile(r"[aceosx]\d*")
_DEEPEST = 6


class Inlining:
    """``chosen`` are the names of what is printed inside its readers. ``written`` names are never among them."""

    def __init__(self, definitions: Sequence[Definition], written: Collection[str]) -> None:
        self._written = frozenset(written)
        self._uses: Counter[str] = Counter()
        self._within: set[str] = set()  # read inside a function, a power or a bracket
        self._contracted: set[str] = set()
        self._whole: Counter[str] = Counter()
        for definition in definitions:
            self._count(definition)
        for definition in reversed(definitions):
            if self._is_transparent(definition):
                self._hand_on(definition)
        self._cells = {owner(name) for name in (*self._uses, *(d.name for d in definitions)) if _of_cell(name)}
        self.chosen: set[str] = set()
        depths: dict[str, int] = {}
        for definition in definitions:
            depth = 1 + max((depths.get(name, 0) for name in definition.reads()), default=0)
            if depth <= _DEEPEST and self._reads_well(definition):
                self.chosen.add(definition.name)
                depths[definition.name] = depth

    def _count(self, definition: Definition) -> None:
        match definition.body:
            case Contraction(factors=factors, coefficient=coefficient):
                self._uses.update(slot_name(s) for s in (*factors, *occurrences(coefficient)))
                self._contracted.update(map(slot_name, factors))
            case Elementwise(expression=expression):
                self._uses.update(slot_name(s) for s in occurrences(expression))
                for term in sympy.Add.make_args(expression):
                    for factor in sympy.Mul.make_args(term):
                        if not is_slot(factor):
                            self._within.update(map(slot_name, occurrences(factor)))
            case Structured(operands=operands):
                self._whole.update(operands)

    def _is_transparent(self, definition: Definition) -> bool:
        """True for what is put into its readers however many there are."""
        return definition.name.startswith("adj:") and definition.name not in self._whole and _is_scaled(definition)

    def _hand_on(self, definition: Definition) -> None:
        """What such a definition reads stands wherever it does."""
        for name in set(definition.reads()):
            self._uses[name] += self._uses[definition.name] - 1
            if definition.name in self._contracted:
                self._contracted.add(name)
            if definition.name in self._within:
                self._within.add(name)

    def _reads_well(self, definition: Definition) -> bool:
        name = definition.name
        if not self._is_made(name):
            return False
        if isinstance(definition.body, Structured):
            # E[k] and x[1:n] are as short as a name; what is longer stands where it is read once.
            uses, row = self._uses[name] + self._whole[name], definition.body.row
            return row in READABLE and (uses == 1 or (uses > 1 and row in ("slice", "embed", "eye")))
        if name in self._whole or not self._uses[name]:
            return False
        if self._is_transparent(definition):
            return True
        if self._uses[name] > 1:
            return False
        if isinstance(definition.body, Contraction) or name.startswith(("f:", "F:")):
            return True
        plain = definition.body.expression.func in (sympy.Mul, sympy.Pow) or is_slot(definition.body.expression)
        return plain and name not in self._within and name not in self._contracted

    def _is_made(self, name: str) -> bool:
        if name.startswith(("adj:", "f:", "F:")):
            return True
        return bool(_TEMPORARY.fullmatch(owner(name))) and owner(name) not in self._written | self._cells


def _of_cell(name: str) -> bool:
    return name.startswith(("z:", "w:", "dot:", "f:", "F:"))


def _is_scaled(definition: Definition) -> bool:
    """A number or scalars times one quantity: φ e, −z."""
    if not isinstance(definition.body, Elementwise):
        return False
    factors = sympy.Mul.make_args(definition.body.expression)
    tensors = [f for f in factors if slots(f) and (not is_slot(f) or slot_indices(f))]
    return all(is_slot(f) for f in tensors) and len(tensors) <= 1 and len(factors) <= 3
