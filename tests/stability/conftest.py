"""Small models written out to plain scalars, whose derivatives sympy takes: the judge of what is read in forms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import sympy

import hdsl
from hdsl.model.model import Model
from hdsl.terms.expand import scalars

Judge = Callable[[str], tuple[Model, dict[str, Any], dict[Any, float]]]


@pytest.fixture
def written_out() -> Judge:
    """The entries of every name of a model, and numbers for those of consts and params that are lists or numbers."""

    def make(text: str) -> tuple[Model, dict[str, Any], dict[Any, float]]:
        model = hdsl.loads(text).product("model")
        sizes = {q.name: q.sizes for q in model.quantities.values()}
        values = scalars(model.definitions, {name: int(n) for name, n in model.dims.items() if n}, sizes=sizes)
        given: dict[Any, float] = {}
        for quantity in (*model.of_role("const"), *model.of_role("param")):
            initial = quantity.initial
            if initial is None or quantity.name not in values:
                continue
            entries = sympy.flatten(values[quantity.name])
            shape = tuple(int(n) for n in values[quantity.name].shape)
            match initial.kind:
                case "number":
                    numbers = [float(initial.arguments[0])] * len(entries)
                case "ones":
                    numbers = [1.0] * len(entries)
                case "list":
                    numbers = [float(n) for n in np.array(initial.values, dtype=float).flat]
                case "eye":
                    numbers = list(np.eye(*shape).flat)
                case _:
                    continue
            given |= dict(zip(entries, numbers, strict=True))
        return model, values, given

    return make
