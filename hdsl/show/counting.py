"""How many numbers a model learns, and at which sizes."""

from __future__ import annotations

from collections.abc import Callable

import sympy

from hdsl.model.model import Model


def parameter_count(model: Model, told: Callable[[str, str], str]) -> str:
    """``1 121 numbers at n = 32``; empty where there is no parameter, or a size without a number.

    Args:
        told: a size and its number as they stand within words.
    """
    count = sympy.Add(*(sympy.Mul(*p.sizes) for p in model.of_role("param")))
    named = {s: model.dims.get(str(s)) for s in count.free_symbols}
    while any(value is not None and value.free_symbols for value in named.values()):
        swap = {sympy.Symbol(n, integer=True, positive=True): v for n, v in model.dims.items() if v is not None}
        named = {s: None if v is None else v.subs(swap) for s, v in named.items()}
    if not count or any(value is None for value in named.values()):
        return ""
    total = f"{int(count.subs(named)):,}".replace(",", "\N{NO-BREAK SPACE}")
    at = ", ".join(told(str(s), str(named[s])) for s in sorted(named, key=str))
    return f"{total} numbers at {at}" if at else f"{total} numbers"
