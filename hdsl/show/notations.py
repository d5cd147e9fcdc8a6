"""Notations that know a model: what its user named, what is shared, and what comes first in a product."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from fractions import Fraction
from functools import lru_cache
from typing import Any

from hdsl.derive.layered import LAYER
from hdsl.model.model import Model
from hdsl.syntax.parse import parse
from hdsl.syntax.source import Source
from hdsl.syntax.tree import Define
from hdsl.terms.notation import Form, Notation
from hdsl.terms.spelling import Style, decimal
from hdsl.terms.term import Definition


def as_written(notation: Notation, value: Any) -> str:
    """A setting as one writes it: 0.25, where a formula would say ¼."""
    written = decimal(Fraction(int(value.p), int(value.q))) if value.is_Rational else None
    return written or notation.expression(value)


def written_names(model: Model) -> tuple[str, ...]:
    """What the user named by ``let``, ``output`` and ``cost``."""
    return _written(model.source)


@lru_cache(maxsize=32)
def _written(source: Source) -> tuple[str, ...]:
    text, _ = parse(source)
    return tuple(s.name for s in text.statements if isinstance(s, Define))


def model_notation(
    model: Model,
    definitions: Iterable[Definition],
    style: Style,
    *,
    form: Form = "matrix",
    mean: bool = True,
    inline: Collection[str] | None = None,
) -> Notation:
    """A notation that knows the model: which names are the user's, what is shared, and what comes first in a product."""
    ranked = {"const": 0, "param": 1, "state": 2, "control": 3, "input": 4, "target": 5}
    order = sorted(model.quantities.values(), key=lambda q: ranked[q.role])
    return Notation(
        style,
        definitions,
        form=form,
        mean=mean,
        inline=inline,
        written=written_names(model) if inline is None else (),
        shared=[*(q.name for q in order if q.shared), *([LAYER] if model.layers else [])],
        order=[q.name for q in order],
        states=tuple(model.dynamics),
        nexts=[name for name, dynamics in model.dynamics.items() if dynamics.kind == "next"],
        names=[*model.dims, *(d.name for d in model.definitions)],
        latex=model.latex,
    )
