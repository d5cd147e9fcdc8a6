"""Alike: definitions that differ in nothing but names have formulas that differ in nothing but names.

Layers of a model are alike, and so are their adjoints; a formula is written once for all of them, with stand-ins for the
names, and filled in for each.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

import sympy

from hdsl.terms.formula import Form
from hdsl.terms.matrix import Piece
from hdsl.terms.naming import Look, Naming
from hdsl.terms.ordering import Ordering, own_of
from hdsl.terms.product import Unfolding
from hdsl.terms.spelling import TEXT, Spelling
from hdsl.terms.term import KEPT, Body, Contraction, Definition, Elementwise, Scalar, is_slot, slot_indices, slot_name

*_LETTERS, _LONG = filter(str.isalpha, map(chr, range(0x1D400, 0x1D800)))
"""Letters of mathematics, which no name has (`hdsl.syntax.names`): a formula asks whether a name has letters, or only one."""

MOST = len(_LETTERS)
"""Names beyond which a formula is written without stand-ins."""

_NUMBERS = {letter: k for k, letter in enumerate(_LETTERS)}
_STAND_IN = re.compile(f"([{''.join(_LETTERS)}]){_LONG}?")

Parts: TypeAlias = tuple[str | int, ...]
"""A text with stand-ins: k for the name k."""


class Alike:
    """Tells which definitions are written alike in a `Notation` for text."""

    def __init__(self, naming: Naming, ordering: Ordering, unfolding: Unfolding) -> None:
        self._naming, self._ordering, self._unfolding = naming, ordering, unfolding
        self._traits: dict[str, Hashable] = {}

    def pattern(self, definition: Definition) -> tuple[Hashable, tuple[str, ...]]:
        """All that a formula depends on but how its names look; and these names.

        That is the expression, with those that are printed inside it, what kind each name is of, and in which order the
        names stand in the model and in the alphabet: sums and products are sorted by both.
        """
        numbers: dict[str, int] = {}
        moved: list[str] = []
        words: set[str] = set()
        said = self._said(definition, numbers, moved, words)
        names = tuple(numbers)
        traits = tuple(self._traits.get(name) or self._trait(name) for name in names)
        own = tuple(numbers.get(name, -1) for name in moved)
        return (said, traits, own, self._order(names), _alphabet(numbers, words)), names

    def _said(self, definition: Definition, numbers: dict[str, int], moved: list[str], words: set[str]) -> Hashable:
        form, names, own = outline(definition.body)
        words |= own
        moved.append(own_of(definition.name))
        at = tuple([numbers.setdefault(name, len(numbers)) for name in names])
        within = []
        for name in dict.fromkeys(names):
            inner = self._unfolding.named(name)
            if inner is not None:
                within.append((numbers[name], self._said(inner, numbers, moved, words)))
        sizes = len(definition.sizes) if isinstance(definition.body, Elementwise) else definition.sizes
        return form, at, sizes, self._unfolding.closed(definition), definition.name.endswith("+"), tuple(within)

    def _trait(self, name: str) -> Hashable:
        """What a formula asks of a name; a name without letters is like no other."""
        look = self._naming.of(name)
        text = look.spell(TEXT)
        traits = (bool(look.marks), len(text) == 1, self._ordering.trait(name))
        self._traits[name] = found = traits if any(map(str.isalpha, text)) else (name, *traits)
        return found

    def _order(self, names: Sequence[str]) -> tuple[int, ...]:
        places = [self._ordering.place(name) for name in names]
        ranks = {place: rank for rank, place in enumerate(sorted(set(places)))}
        return tuple([ranks[place] for place in places])


def _alphabet(numbers: Mapping[str, int], words: Collection[str]) -> tuple[Any, ...]:
    """The names in alphabetical order, with the other words, which sums and products are sorted by as well.

    Where one begins with another, the sign that follows is compared with other text.
    """
    ordered = sorted({*numbers, *words})
    told: list[Any] = [numbers.get(name, name) for name in ordered]
    for k, name in enumerate(ordered):
        for longer in ordered[k + 1 :]:
            if not longer.startswith(name):
                break
            told.append((numbers.get(name, name), numbers.get(longer, longer), longer[len(name)]))
    return tuple(told)


@lru_cache(maxsize=KEPT)  # bodies of a module have most of their lines in common
def outline(body: Body) -> tuple[Hashable, tuple[str, ...], frozenset[str]]:
    """A body without its names, these as often as it has them, in order, and the words of functions and sizes."""
    names: list[str] = []
    words: set[str] = set()

    def bare(node: Scalar) -> Hashable:
        if is_slot(node):
            names.append(slot_name(node))
            return slot_indices(node)
        if not (node.is_Number or node.is_Add or node.is_Mul):
            words.add("sqrt" if node.is_Pow else node.func.__name__ if node.args else str(node))
        return (node.func, *[bare(argument) for argument in node.args]) if node.args else node

    if isinstance(body, Elementwise):
        return bare(body.expression), tuple(names), frozenset(words)
    if isinstance(body, Contraction):
        form = (tuple(map(bare, body.factors)), body.bound, bare(body.coefficient))
        return form, tuple(names), frozenset(words)
    return (body.row, body.attributes), body.operands, frozenset()


@dataclass(frozen=True)
class _StandIn:
    """What stands for the look of a name."""

    number: int
    marks: bool
    short: bool

    def spell(self, spelling: Spelling, superscript: str = "") -> str:
        return _LETTERS[self.number] + ("" if self.short else _LONG) + superscript


class StandIns(Naming):
    """A naming in which some names have stand-ins for their looks."""

    def __init__(self, naming: Naming, names: Sequence[str]) -> None:
        self._naming = naming
        self._for = {name: self._stand_in(k, naming.of(name)) for k, name in enumerate(names)}

    @staticmethod
    def _stand_in(number: int, look: Look) -> _StandIn:
        return _StandIn(number, bool(look.marks), len(look.spell(TEXT)) == 1)

    def of(self, name: str) -> Any:
        return self._for.get(name) or self._naming.of(name)


@dataclass(frozen=True)
class Template:
    """A formula with stand-ins for its names. ``summands`` are its summands, each with its place in the sum that it is of."""

    form: Form
    parts: Parts
    level: int
    summands: tuple[tuple[Parts, int | None], ...]

    @classmethod
    def of(cls, piece: Piece, form: Form, body: Body) -> Template:
        places = {term: k for k, term in enumerate(_terms(body))}
        summands = ((_taken_apart(text), places.get(term)) for text, term in piece.summands)
        return cls(form, _taken_apart(piece.text), piece.level, tuple(summands))

    def filled(self, looks: Sequence[Look], body: Body) -> Piece:
        """The formula of a body with these names."""
        terms = _terms(body) if self.summands else ()
        summands = tuple((_filled(parts, looks), None if k is None else terms[k]) for parts, k in self.summands)
        return Piece(_filled(self.parts, looks), self.level, summands=summands)


def _terms(body: Body) -> tuple[Scalar, ...]:
    return sympy.Add.make_args(body.expression) if isinstance(body, Elementwise) else ()


def _taken_apart(text: str) -> Parts:
    parts: list[str | int] = []
    end = 0
    for found in _STAND_IN.finditer(text):
        parts.append(text[end : found.start()])
        parts.append(_NUMBERS[found[1]])
        end = found.end()
    return (*parts, text[end:])


def _filled(parts: Parts, looks: Sequence[Look]) -> str:
    return "".join([part if isinstance(part, str) else looks[part].spell(TEXT) for part in parts])
