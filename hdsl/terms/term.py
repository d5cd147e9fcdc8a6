"""Definitions in index notation: the one form in which models, derivations and programs are held.

A definition is ``name[indices] = body`` and its body is one of three kinds: a sum of products (`Contraction`), a scalar
expression in indexed symbols (`Elementwise`), or a row of the table of structured operations (`Structured`).

A *slot* is one occurrence ``W[i, j]`` of a quantity: a sympy ``Indexed``, or a plain ``Symbol`` for a scalar quantity.
Slots hold plain indices only, and no index twice. The batch axis is never an index: a quantity that is not ``shared``
has one value per stream.

Names that users cannot write mark what hdsl makes: ``z:h`` and ``w:W`` are the costates of ``h`` and ``W``, ``adj:a`` the
adjoint of ``a``, ``a+`` the value of ``a`` at the new state, ``learn:eta.h`` a setting.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, TypeAlias

import sympy

from hdsl.syntax.source import Span

Size: TypeAlias = Any  # a sympy polynomial in size symbols with integer coefficients
Scalar: TypeAlias = Any  # a sympy expression

INDEX_NAMES = ("i", "j", "k", "l", "m", "p", "q", "r")

KEPT = 2**16  # answers about slots: sympy keeps 1000 of its own, and makes anew what falls out, equal and yet another object


@lru_cache(maxsize=KEPT)
def index(position: int) -> sympy.Symbol:
    """The canonical index at a position: i, j, k, …"""
    cycle, letter = divmod(position, len(INDEX_NAMES))
    return sympy.Symbol(INDEX_NAMES[letter] + (str(cycle) if cycle else ""), integer=True)


@lru_cache(maxsize=64)
def indices(rank: int) -> tuple[sympy.Symbol, ...]:
    """The canonical output indices of a definition of this rank."""
    return tuple(index(k) for k in range(rank))


def size(name: str) -> sympy.Symbol:
    """A named size; sizes stay symbolic through the whole compiler."""
    return sympy.Symbol(name, integer=True, positive=True)


@lru_cache(maxsize=KEPT)
def slot(name: str, at: tuple[sympy.Symbol, ...] = ()) -> Scalar:
    """One occurrence of a quantity."""
    return sympy.Indexed(sympy.IndexedBase(name), *at) if at else sympy.Symbol(name)


def setting_name(path: str) -> str:
    """The name of a setting of ``learn`` in formulas: one that no user can write, but ``tau``, which nobody can declare."""
    return path if path == "tau" else f"learn:{path}"


def is_slot(expression: Scalar) -> bool:
    """True for an occurrence of a quantity; false for sizes and indices, which are integer symbols."""
    if isinstance(expression, sympy.Indexed):
        return True
    return isinstance(expression, sympy.Symbol) and not expression.is_integer


@lru_cache(maxsize=KEPT)
def slot_name(occurrence: Scalar) -> str:
    """The name of the quantity that stands in a slot."""
    return str(occurrence.base.label.name if isinstance(occurrence, sympy.Indexed) else occurrence.name)


@lru_cache(maxsize=KEPT)
def slot_indices(occurrence: Scalar) -> tuple[sympy.Symbol, ...]:
    """The indices at which a slot reads its quantity."""
    return tuple(occurrence.indices) if isinstance(occurrence, sympy.Indexed) else ()


@lru_cache(maxsize=KEPT)  # every pass asks this of every line, many times
def slots(expression: Scalar) -> tuple[Scalar, ...]:
    """Every slot of an expression once, in a fixed order."""
    found: set[Scalar] = set()

    def walk(node: Scalar) -> None:
        if is_slot(node):
            found.add(node)
        else:
            for argument in node.args:
                walk(argument)

    walk(expression)
    return tuple(sorted(found, key=lambda s: (slot_name(s), tuple(i.name for i in slot_indices(s)))))


@lru_cache(maxsize=KEPT)  # most stand where they are read as they were defined: nothing is made anew then
def at_indices(expression: Scalar, own: tuple[sympy.Symbol, ...], at: tuple[sympy.Symbol, ...]) -> Scalar:
    """An expression with other indices in the place of its own."""
    if own == at:
        return expression
    swap = dict(zip(own, at, strict=True))
    moved = {s: slot(slot_name(s), tuple(swap.get(i, i) for i in slot_indices(s))) for s in slots(expression)}
    return expression.xreplace({**swap, **moved})


def occurrences(expression: Scalar) -> Iterator[Scalar]:
    """Every slot of an expression as often as it stands there."""
    if is_slot(expression):
        yield expression
    else:
        for argument in expression.args:
            yield from occurrences(argument)


@dataclass(frozen=True)
class Contraction:
    """``coefficient * sum over bound of the product of factors``.

    ``bound`` gives each summed index its size. An output index that no factor has is a broadcast. The coefficient is a
    sympy expression in sizes, numbers and shared scalar slots.
    """

    factors: tuple[Scalar, ...]
    bound: tuple[tuple[sympy.Symbol, Size], ...] = ()
    coefficient: Scalar = sympy.Integer(1)


@dataclass(frozen=True)
class Elementwise:
    """A scalar expression in slots whose indices are among the output's; a missing index is a broadcast."""

    expression: Scalar


@dataclass(frozen=True)
class Structured:
    """A row of `hdsl.terms.structured` applied to whole operands, by name, with attributes: an axis, sizes, subscripts."""

    row: str
    operands: tuple[str, ...]
    attributes: tuple[tuple[str, Any], ...] = ()


Body: TypeAlias = Contraction | Elementwise | Structured


@dataclass(frozen=True)
class Summand:
    """One summand of a derived equation, and why it is there.

    ``roots`` are cost terms and states (for their dynamics) by name, and settings by theirs (`setting_name`); ``spans`` are
    where the cost terms and the dynamics stand. ``through`` are the definitions that it was pulled through last.
    """

    expression: Scalar
    spans: tuple[Span, ...]
    roots: tuple[str, ...]
    through: tuple[str, ...] = ()


@dataclass(frozen=True)
class Definition:
    """``name[indices] = body``.

    ``sizes`` has one entry an index. ``shared`` is true where the value is one for all streams; a shared definition that
    reads a per-stream quantity is the mean over the streams (the one reduction over the batch).
    ``spans`` are the places of the .ham file that it comes from; ``roots`` are, for what is derived, the names of the cost
    terms and of the states (for their dynamics) whose derivative it holds. ``summands`` are those of an elementwise body
    that was derived, each with its own spans and roots: their sum is the body.
    """

    name: str
    body: Body
    sizes: tuple[Size, ...] = ()
    shared: bool = False
    spans: tuple[Span, ...] = ()
    roots: tuple[str, ...] = field(default=())
    summands: tuple[Summand, ...] = field(default=())

    @property
    def indices(self) -> tuple[sympy.Symbol, ...]:
        return indices(len(self.sizes))

    @property
    def slot(self) -> Scalar:
        """The left side."""
        return slot(self.name, self.indices)

    def reads(self) -> tuple[str, ...]:
        """Names of the quantities that the body reads, in a fixed order, repeats included."""
        return self._reads

    @cached_property
    def _reads(self) -> tuple[str, ...]:
        match self.body:
            case Contraction(factors=factors, coefficient=coefficient):
                return tuple(map(slot_name, (*factors, *slots(coefficient))))
            case Elementwise(expression=expression):
                return tuple(map(slot_name, slots(expression)))
            case Structured(operands=operands):
                return operands


def merge_spans(*groups: tuple[Span, ...]) -> tuple[Span, ...]:
    """All spans of the groups once, in the order of the text."""
    return tuple(sorted({span for group in groups for span in group}))


def merge_summands(expression: Scalar, summands: Iterable[Summand]) -> Summand:
    """One summand that says why all of them are there."""
    given = tuple(summands)
    roots, through = (tuple(dict.fromkeys(n for s in given for n in getattr(s, of))) for of in ("roots", "through"))
    return Summand(expression, merge_spans(*(s.spans for s in given)), roots, through)


def trace_summands(expression: Scalar, given: Iterable[Summand]) -> tuple[Summand, ...]:
    """The summands of an expression that is the sum of what is given, written as it may be.

    What sympy has made one of several carries them all: 2 z of z and z, and τ (a + b) whatever a and b carry.
    """
    behind: dict[Scalar, list[Summand]] = {}
    for summand in given:
        for term in sympy.Add.make_args(summand.expression):
            behind.setdefault(term.as_coeff_Mul()[1], []).append(summand)
    terms = sympy.Add.make_args(expression)
    found = {term: behind.pop(term.as_coeff_Mul()[1], []) for term in terms if term != 0}
    rest = [summand for group in behind.values() for summand in group]
    return tuple(merge_summands(term, group or rest) for term, group in found.items())


@lru_cache(maxsize=KEPT)
def ordered_terms(expression: Scalar) -> tuple[Any, ...]:
    """The summands of a sum, a positive one first, in an order that does not change from run to run."""
    terms = sorted(sympy.Add.make_args(expression), key=sympy.default_sort_key)
    return tuple(sorted(terms, key=is_negative))


@lru_cache(maxsize=KEPT)
def is_negative(term: Scalar) -> bool:
    """Whether a summand is written with a minus sign."""
    return bool(term.could_extract_minus_sign())


def multiplied_out(expression: Scalar, most: int) -> Scalar | None:
    """Products of sums as sums of products; None where that would make more than ``most`` summands of it."""
    summands, terms = 0, sympy.Add.make_args(expression)
    for term in terms:
        count = 1
        for factor in sympy.Mul.make_args(term):
            count *= len(sympy.Add.make_args(factor))
        summands += count
    return sympy.Add(*(sympy.expand_mul(term, deep=False) for term in terms)) if summands <= most else None


def keep_needed(lines: Iterable[Definition], results: Iterable[str]) -> tuple[Definition, ...]:
    """The lines that the results depend on, in order."""
    wanted, kept = set(results), []
    for line in reversed(tuple(lines)):
        if line.name in wanted:
            kept.append(line)
            wanted.update(line.reads())
    return tuple(reversed(kept))
