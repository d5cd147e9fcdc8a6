"""Memory: what a model keeps of a sequence until it goes back through it."""

from __future__ import annotations

from dataclasses import dataclass

import sympy

from hdsl.derive.reversing import reversal_of
from hdsl.model.model import Model
from hdsl.terms.term import Size


@dataclass(frozen=True)
class Memory:
    """``states`` and ``sample`` are the numbers that are kept of each token and stream; ``tokens`` the most tokens, None where
    they grow with the sequence. ``ends`` are kept of the first token, of one in ``every`` and where the last one has led."""

    states: Size
    sample: Size
    tokens: int | None
    ends: Size = sympy.Integer(0)
    every: int | None = None


def memory_of(model: Model) -> Memory:
    """What a model with ``schedule = replay`` keeps. A target has a mark besides, of whether it is there."""
    kept = reversal_of(model).kept if model.learning.states == "recomputed" else tuple(model.dynamics)
    every, states = (sympy.Add(*(sympy.Mul(*model.quantities[n].sizes) for n in of)) for of in (tuple(model.dynamics), kept))
    inputs = [sympy.Mul(*q.sizes) for q in model.of_role("input")]
    targets = [sympy.Mul(*q.sizes) + 1 for q in model.of_role("target")]
    return Memory(states, sympy.Add(*inputs, *targets), model.learning.tokens, every - states, model.learning.stored_every)
