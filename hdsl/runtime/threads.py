"""Threads: how many of them the arithmetic of a run takes, and why that is one for most models.

A step is many small operations one after another. Handing one of them to a second thread costs about what it saves, and far
more where another program has that core: then every operation waits for it. Sums are rounded otherwise with other threads, so
that a run goes on bit for bit with as many as it began with.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import sympy
import torch

from hdsl.model.model import Model
from hdsl.optimise.program import Program
from hdsl.terms.term import Contraction, Definition, Size, Structured, size

LARGE = 2048**2
"""The products of the largest contraction, one stream, up to which one thread was measured to be the better choice.

`sunspots` on two cores that other programs also used, a step with one thread over a step with two, medians of 9 pairs in turn:
1.02 at n = 64, 0.02 at 256, 0.09 at 512, 0.07 at 1024, 0.41 at 2048 (126 ms and 375 ms). Above that nothing was measured.
"""

CUBIC = ("inv", "solve", "expm")


def threads_for(model: Model, program: Program) -> int:
    """One, or torch's own number of threads where some line of the program is large."""
    sizes = _numbers(model.dims)
    largest = max((_products(line, sizes) for line in program.lines), default=0)
    return torch.get_num_threads() if largest > LARGE else 1


@contextmanager
def using(threads: int) -> Iterator[None]:
    """So many threads for what is within, and then as many as before."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _numbers(dims: Mapping[str, Size | None]) -> dict[sympy.Basic, Size]:
    """The number of every size, those made of others worked out. Every one of them has a default."""
    known: dict[sympy.Basic, Size] = {size(name): value for name, value in dims.items() if value is not None}
    while any(value.free_symbols & known.keys() for value in known.values()):
        known = {symbol: value.subs(known) for symbol, value in known.items()}
    return known


def _products(line: Definition, sizes: Mapping[sympy.Basic, Size]) -> int:
    """About how many products a line takes, for one stream."""
    match line.body:
        case Contraction(bound=bound):
            axes = [*line.sizes, *(length for _, length in bound)]
        case Structured(row=row) if row in CUBIC:
            axes = [*line.sizes, *line.sizes[:1]]
        case _:
            axes = list(line.sizes)
    number = sympy.Mul(*axes).subs(sizes)
    return int(number) if number.is_Integer else 0
