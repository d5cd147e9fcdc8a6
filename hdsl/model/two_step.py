"""`step = two-step`: a leapfrog in time, written out as a pair of states that move at once.

``h' = f`` becomes

    h₊ = h.before + (tau + h.tau) f(h, u)        h.before₊ = h        h.tau₊ = tau

with ``h.before`` the state one sample ago, which begins where ``h`` does, and ``h.tau`` the τ of that sample, 0 before the
first: so the first step is Euler's, and where τ is even every other one h_{k+1} = h_{k−1} + 2τ f(h_k), of order 2. Being a map
of the pair, it has an adjoint and an inverse like any other, h_{k−1} = h_{k+1} − (τ_k + τ_{k−1}) f(h_k), whatever the τ are.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal

from hdsl.syntax.source import Span
from hdsl.syntax.tree import Binary, Declare, Dynamics, Expression, Name, Number, Reset
from hdsl.terms.term import Elementwise, Scalar, indices, slot

TWO_STEP = "two-step"
BEFORE, TAU = ".before", ".tau"


@dataclass(frozen=True)
class Pair:
    """A flow by two-step: the hidden states that it needs, with their dynamics, and how it moves itself.

    ``body`` is the right side of that in index notation.
    """

    hidden: tuple[Declare | Dynamics, ...]
    dynamics: Dynamics
    body: Elementwise


def pair_of(flow: Dynamics, state: Declare, streamed: bool, f: Scalar) -> Pair:
    """The flow ``h' = f`` of a state as a pair.

    ``streamed`` is whether the state begins from what arrives, ``f`` the flow at canonical indices.
    """
    span, name = flow.span, flow.name
    before, since, tau, own = (Name(n, span) for n in (name + BEFORE, name + TAU, "tau", name))
    value: Expression
    if state.value is None:
        value = Number(Fraction(0), span)
    elif streamed:
        value = own  # as the state has begun
    else:
        value = replace(state.value, span=span)
    whole = Binary("*", Binary("+", tau, since, span), flow.value, span)
    hidden = (
        Declare("state", before.name, state.shape, value, None, span, span),
        Declare("state", since.name, (), Number(Fraction(0), span), None, span, span),
        Dynamics("next", before.name, own, span, span),
        Dynamics("next", since.name, tau, span, span),
    )
    at = indices(len(state.shape))
    body = Elementwise(slot(before.name, at) + (slot("tau") + slot(since.name)) * f)
    return Pair(hidden, replace(flow, kind="next", value=Binary("+", before, whole, span)), body)


def parts_of(name: str) -> tuple[str, str]:
    """The hidden states of a flow by two-step."""
    return name + BEFORE, name + TAU


def owner_of(name: str) -> str | None:
    """The flow that a hidden state would belong to, by its name."""
    return next((name.removesuffix(end) for end in (BEFORE, TAU) if name.endswith(end)), None)


def resets_of(name: str, when: Literal["sample", "sequence", "never"], span: Span) -> tuple[Reset, ...]:
    """The resets that the hidden states of a flow have with it."""
    return tuple(Reset(part, when, span, span) for part in parts_of(name))
