"""A program of one stream without the axes that have one entry: a row of a table by a number is then a line over a vector,
which shares a loop with others of its length.

What a structured operation takes or makes keeps its axes, since that is told of them by their places.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import chain

import sympy

from hdsl.optimise.program import Program
from hdsl.terms.term import (
    Contraction,
    Definition,
    Elementwise,
    Scalar,
    Size,
    Structured,
    indices,
    slot,
    slot_indices,
    slot_name,
    slots,
)

Axes = Mapping[str, tuple[int, ...]]
"""Which axes of a quantity are left."""


def squeezed(
    program: Program, extents: Callable[[str], tuple[int, ...]], length: Callable[[Size], int]
) -> tuple[Program, Axes]:
    """The program, and the axes that are left of what has lost any.

    Args:
        extents: the sizes, as numbers, of what is read from outside.
    """
    known = {line.name: tuple(map(length, line.sizes)) for line in program.lines}
    outside = (*program.reads(), *program.cells, *(line.name for line in program.given))
    known |= {name: extents(name) for name in outside if name not in known}
    kept = _kept(program, {name for name, sizes in known.items() if 1 in sizes})
    left = {
        name: tuple(axis for axis, size in enumerate(sizes) if size != 1)
        for name, sizes in known.items() if 1 in sizes and name not in kept
    }  # fmt: skip
    lines = tuple(_plain(_without(line, left, length)) for line in program.lines)
    return replace(program, lines=lines), left


def _kept(program: Program, having: set[str]) -> set[str]:
    """What keeps its axes: what a structured operation touches, and what is made of that with such an axis of its own."""
    kept: set[str] = set()
    touched = chain.from_iterable((line.name, *line.reads()) for line in program.lines if isinstance(line.body, Structured))
    new = set(touched) & having
    while new - kept:
        kept |= new
        both = {(line.name, line.name[:-1]) for line in program.lines if program.is_update(line)}
        new = {name for pair in both if kept & set(pair) for name in pair}
        new |= {line.name for line in program.lines if kept & set(line.reads())}
        new &= having
    return kept


def _without(line: Definition, left: Axes, length: Callable[[Size], int]) -> Definition:
    body = line.body
    if isinstance(body, Structured):
        return line
    axes = left.get(line.name, tuple(range(len(line.sizes))))
    swap = dict(zip((line.indices[axis] for axis in axes), indices(len(axes)), strict=True))

    def moved(occurrence: Scalar) -> Scalar:
        name, at = slot_name(occurrence), slot_indices(occurrence)
        own = left.get(name, tuple(range(len(at))))
        return slot(name, tuple(swap.get(at[axis], at[axis]) for axis in own))

    sizes = tuple(line.sizes[axis] for axis in axes)
    if isinstance(body, Elementwise):
        inside = {occurrence: moved(occurrence) for occurrence in slots(body.expression)}
        return replace(line, body=Elementwise(body.expression.xreplace(inside)), sizes=sizes, summands=())
    factors = tuple(map(moved, body.factors))
    stand = {index for factor in factors for index in slot_indices(factor)}
    bound = tuple((index, size) for index, size in body.bound if index in stand or length(size) != 1)
    return replace(line, body=replace(body, factors=factors, bound=bound), sizes=sizes)


def _plain(line: Definition) -> Definition:
    """A product of which nothing is summed up as an elementwise line, where it is no table of two vectors."""
    body = line.body
    if not isinstance(body, Contraction) or body.bound or len(line.sizes) > 1:
        return line
    return replace(line, body=Elementwise(body.coefficient * sympy.Mul(*body.factors)))
