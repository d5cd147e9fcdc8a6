"""Named features to the inputs of a model: dictionaries that may lack names or bring new ones, as streams of rows do."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from typing import Any

from hdsl.model.model import Model

Features = Mapping[Hashable, Any]


class Places:
    """Which feature stands where.

    A feature with the name of a scalar input is that input. All others have places in the one input that is a vector, by first
    appearance; those that appear together, by name, so that the order within a sample does not matter. What a sample lacks
    is 0.
    """

    def __init__(self, model: Model) -> None:
        """Raises ValueError: the model has several vectors among its inputs, or a matrix."""
        inputs = model.of_role("input")
        vectors = [q.name for q in inputs if q.sizes]
        if len(vectors) > 1 or any(len(q.sizes) > 1 for q in inputs):
            raise ValueError(f"features go to one vector and to scalars; the model {model.name} has the inputs "
                             + ", ".join(f"{q.name}[{', '.join(map(str, q.sizes))}]" if q.sizes else q.name for q in inputs))
        self.model = model.name
        self.scalars = {q.name: q.below is not None for q in inputs if not q.sizes}
        self.vector = vectors[0] if vectors else None
        self.of: dict[Hashable, int] = {}

    def learn(self, x: Features, size: int) -> None:
        """Give new features their places in a vector of ``size`` numbers. Raises ValueError where there is none left."""
        new = sorted((name for name in x if name not in self.of and name not in self.scalars), key=_order)
        for name in new:
            if self.vector is None:
                read = ", ".join(self.scalars) or "nothing"
                raise ValueError(f"the feature `{name}` is no input of {self.model}, which reads {read}")
            if len(self.of) == size:
                raise ValueError(
                    f"the feature `{name}` is one more than the {size} that `{self.vector}` of {self.model} takes; "
                    "make the input larger"
                )
            self.of[name] = len(self.of)

    def sample(self, x: Features, size: int) -> dict[str, Any]:
        """The inputs for one stream, by name; features without a place are left out, as those that were never learned from."""
        found: dict[str, Any] = {}
        for name, is_index in self.scalars.items():
            if is_index and x.get(name) is None:
                raise ValueError(f"the feature `{name}` is missing; it is an index, and no number stands for none")
            found[name] = [int(x[name])] if is_index else [_number(name, x.get(name))]
        if self.vector is not None:
            row = [0.0] * size
            for name, value in x.items():
                place = self.of.get(name)
                if place is not None:
                    row[place] = _number(name, value)
            found[self.vector] = [row]
        return found


def _order(name: Hashable) -> tuple[str, str]:
    return type(name).__name__, str(name)


def _number(name: Hashable, value: Any) -> float:
    """A feature as a number, 0 for None. Raises ValueError for what is none, and for nan and infinities."""
    try:
        number = 0.0 if value is None else float(value) if not isinstance(value, str | bytes) else math.nan
    except (TypeError, ValueError):
        number = math.nan
    if not math.isfinite(number):
        raise ValueError(f"the feature `{name}` is {value!r}, and a number is wanted; encode or drop it before the model")
    return number
