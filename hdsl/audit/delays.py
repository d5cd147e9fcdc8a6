"""What crosses each delay in a step: the value forward, and the costate back, for every stream."""

from __future__ import annotations

from dataclasses import dataclass

import sympy

from hdsl.model.model import Model
from hdsl.stability.numbers import Numbers
from hdsl.syntax.source import Span
from hdsl.terms.term import Size

BYTES = {"float32": 4, "float64": 8}


@dataclass(frozen=True)
class Crossing:
    """One delay: ``numbers`` values cross it forward in each step, for each stream, or once for all where it is ``shared``.

    ``back`` is the same of its costate, 0 where it has none. Both are formulas in the sizes; `bytes` gives them by data type
    where the sizes are known.
    """

    state: str
    numbers: Size
    back: Size
    shared: bool
    known: int | None
    span: Span

    @property
    def bytes(self) -> dict[str, tuple[int, int]]:
        """Forward and back in bytes a step, by data type; empty where a size has no number."""
        if self.known is None:
            return {}
        back = self.known if self.back != 0 else 0
        return {dtype: (width * self.known, width * back) for dtype, width in BYTES.items()}


def crossings(model: Model) -> tuple[Crossing, ...]:
    """The delays of a model in the order of the text, those of `previous` among them."""
    numbers = Numbers(model)
    found = []
    for state in (name for name in model.hidden if name not in model.steps_before):
        quantity = model.quantities[state]
        count = sympy.Mul(*quantity.sizes)
        known = numbers.of(count)
        back = sympy.Integer(0) if state in model.without_costate else count
        found.append(
            Crossing(state, count, back, quantity.shared, int(known) if known.is_Integer else None, quantity.span)
        )
    return tuple(found)
