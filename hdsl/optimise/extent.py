"""Extent: how much arithmetic the lines of a program are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import sympy

from hdsl.optimise.program import Program
from hdsl.terms.term import Contraction, Definition, Size, Structured, size

CUBIC = ("inv", "solve", "expm", "phi1m")


def largest(program: Program, dims: Mapping[str, Size | None]) -> int:
    """About how many products the largest line takes, for one stream; a line of a size without a number counts as nothing."""
    sizes = _numbers(dims)
    return max((_products(line, sizes) for line in program.lines), default=0)


def numbers_of(sizes: Sequence[Size], dims: Mapping[str, Size | None]) -> int:
    """How many numbers a quantity of these sizes has; nothing where a size is without a number."""
    number = sympy.Mul(*sizes).xreplace(_numbers(dims))
    return int(number) if number.is_Integer else 0


def _numbers(dims: Mapping[str, Size | None]) -> dict[sympy.Basic, Size]:
    """The sizes that have a default, those made of others worked out."""
    known: dict[sympy.Basic, Size] = {size(name): value for name, value in dims.items() if value is not None}
    while any(value.free_symbols & known.keys() for value in known.values()):
        known = {symbol: value.subs(known) for symbol, value in known.items()}
    return known


def _products(line: Definition, sizes: Mapping[sympy.Basic, Size]) -> int:
    match line.body:
        case Contraction(bound=bound):
            axes = [*line.sizes, *(length for _, length in bound)]
        case Structured(row=row) if row in CUBIC:
            axes = [*line.sizes, *line.sizes[:1]]
        case _:
            axes = list(line.sizes)
    number = sympy.Mul(*axes).xreplace(sizes)
    return int(number) if number.is_Integer else 0
