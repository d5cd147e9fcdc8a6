"""Values and derivatives of a written model, stream by stream: f, L and H′ = φL + ⟨z, f⟩, and torch.autograd of them.

Nothing here knows a derivative. There is no batch axis: a batch is a loop over streams, and the one place where streams
meet is the mean in `differentiate`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from hdsl.verify.evaluate import DTYPE, evaluate, number
from hdsl.verify.following import followed
from hdsl.verify.mechanics import slopes_at
from hdsl.verify.written import Written

Values = Mapping[str, Tensor]
Sample = Mapping[str, Any]
Point = Callable[[str], Tensor]


# --- one stream at one moment ----------------------------------------------------------------------------------------


def observed(written: Written, name: str, sample: Sample) -> Tensor | None:
    """An input or a target of a sample as a tensor; None where a target is missing.

    Missing is None or nothing at all, a nan in any component of a real, a number below 0 for an index.
    """
    statement, value = written.declared[name], sample.get(name)
    if value is None:
        return None
    if statement.index is not None:
        return torch.tensor(int(value)) if int(value) >= 0 else None
    tensor = torch.as_tensor(value, dtype=DTYPE).reshape(written.shape(name))  # what is differentiated by keeps its graph
    return None if statement.role == "target" and bool(tensor.isnan().any()) else tensor


def lacks_target(written: Written, definition: str, sample: Sample) -> bool:
    """Whether a definition reads a target that the sample does not have."""
    return any(observed(written, target, sample) is None for target in written.targets_of(definition))


def point_at(written: Written, values: Values, sample: Sample, t: float, tau: float) -> Point:
    """The value of every name at one moment of one stream, as a function of the name.

    ``values`` has the states and parameters, each in its own shape. Definitions are computed when first asked for.
    What was not given has no value (a missing target; anything of a stream where the sample is empty): asking for it
    raises ValueError.
    """
    known = {**written.constants(), "t": number(t), "tau": number(tau), **values}
    for name in (*written.inputs, *written.targets):
        seen = observed(written, name, sample)
        if seen is not None:
            known[name] = seen

    def value_of(name: str) -> Tensor:
        if name not in known:
            if name not in written.defined:
                raise ValueError(f"{name} has no value here")
            known[name] = evaluate(written.defined[name], value_of)
        return known[name]

    return value_of


def assigned(written: Written, state: str, point: Point) -> Tensor:
    """F of a state with ``next h = F``, or what a flow comes to that is followed exactly. Shape: the state's."""
    if state in written.exact:
        return followed(written, state, point)
    return evaluate(written.dynamics[state].value, point).broadcast_to(written.shape(state))


def moves_by_assignment(written: Written, state: str) -> bool:
    """Whether a state has ``next h =``, or an exact step."""
    return state in written.dynamics and (written.dynamics[state].kind == "next" or state in written.exact)


def slope(written: Written, state: str, point: Point) -> Tensor:
    """f: what stands behind ``h' =``, or what an energy makes; (F − h)/τ for a ``next``; else 0. Shape: the state's."""
    if written.energy is not None:
        values = {name: point(name) for name in written.states}
        return slopes_at(written, values, float(point("t")), float(point("tau")))[state]
    if state not in written.dynamics:
        return torch.zeros(written.shape(state), dtype=DTYPE)
    if moves_by_assignment(written, state):
        return (assigned(written, state, point) - point(state)) / point("tau")
    return evaluate(written.dynamics[state].value, point).broadcast_to(written.shape(state))


def terms_of_hamiltonian(
    written: Written, shared: bool, point: Point, sample: Sample, phi: float | None, costates: Values | None
) -> Tensor:
    """The shared, or the per-stream, terms of H′ = φL + ⟨z, f⟩. Without φ there is no φL, without costates no ⟨z, f⟩.

    A cost term whose target is missing drops out.
    """
    total = number(0.0)
    if phi is not None:
        for cost in written.costs:
            if written.is_shared(cost) == shared and not lacks_target(written, cost, sample):
                total = total + phi * point(cost)
    if costates is not None:
        for state in written.states:
            if written.is_shared(state) == shared:
                total = total + (costates[state] * slope(written, state, point)).sum()
    return total


# --- a batch at one moment -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Moment:
    """A moment of a batch: the sample, t, τ and φ of each stream, and t, τ and φ of the shared equations."""

    samples: tuple[Sample, ...]
    times: tuple[float, ...]
    taus: tuple[float, ...]
    phis: tuple[float, ...]
    shared_time: float
    shared_tau: float
    shared_phi: float


def moment_of(
    written: Written, samples: Sequence[Sample], times: Sequence[float], taus: Sequence[float], first: bool
) -> Moment:
    """A moment with φ filled in. Shared equations take the mean of t and of τ; ``first`` is the very first sample."""
    time, tau = sum(times) / len(times), sum(taus) / len(taus)
    phis = tuple(written.phi(own_time, own_tau, first) for own_time, own_tau in zip(times, taus, strict=True))
    return Moment(tuple(samples), tuple(times), tuple(taus), phis, time, tau, written.phi(time, tau, first))


def point_of_stream(written: Written, values: Values, moment: Moment, stream: int) -> Point:
    """The point of one stream; ``values`` as `of_stream` gives them."""
    return point_at(written, values, moment.samples[stream], moment.times[stream], moment.taus[stream])


def point_of_shared(written: Written, values: Values, moment: Moment) -> Point:
    """The point of the shared equations, at which nothing of a stream has a value."""
    return point_at(written, shared_of(written, values), {}, moment.shared_time, moment.shared_tau)


def of_stream(written: Written, values: Values, stream: int) -> dict[str, Tensor]:
    """The values of one stream, out of those of a batch."""
    return {name: value[stream] if name in written.per_stream else value for name, value in values.items()}


def shared_of(written: Written, values: Values) -> dict[str, Tensor]:
    """The shared values, out of those of a batch."""
    return {name: value for name, value in values.items() if name not in written.per_stream}


def differentiate(
    written: Written, values: Values, moment: Moment, cost: bool, costates: Values | None, times_tau: bool
) -> dict[str, Tensor]:
    """The derivative of H′ by every state and parameter of ``values``, in its shape.

    ``cost`` keeps φL; without ``costates`` there is no ⟨z, f⟩. A per-stream state gets the derivative of each stream's
    own H′, (batch, …). A parameter or a shared state gets the mean over all streams of the derivatives of their own
    terms, and that of the shared terms undivided. With ``times_tau`` each stream's part is multiplied by its τ, the
    shared one by the mean τ: what one step adds to the costates.
    """
    streams = range(len(moment.samples))
    own = []
    for b in streams:
        leaves = leaves_of(of_stream(written, values, b))
        z = None if costates is None else of_stream(written, costates, b)
        point = point_of_stream(written, leaves, moment, b)
        terms = terms_of_hamiltonian(written, False, point, moment.samples[b], moment.phis[b] if cost else None, z)
        own.append(gradient(moment.taus[b] * terms if times_tau else terms, leaves))

    leaves = leaves_of(shared_of(written, values))
    point = point_of_shared(written, leaves, moment)
    terms = terms_of_hamiltonian(written, True, point, {}, moment.shared_phi if cost else None, costates)
    undivided = gradient(moment.shared_tau * terms if times_tau else terms, leaves)

    result = {}
    for name in values:
        of_streams = torch.stack([own[b][name] for b in streams])
        mean = of_streams.sum(dim=0) / len(streams)
        result[name] = of_streams if name in written.per_stream else mean + undivided[name]
    return result


def kept(written: Written, name: str, tau: float) -> float:
    """What a step leaves of a costate by dissipation alone: 1 − τη, or e^{−τη}."""
    rate = tau * written.rate("eta", name, tau)
    return math.exp(-rate) if written.word("dissipation") == "exact" else 1 - rate


def leaves_of(values: Values) -> dict[str, Tensor]:
    """Copies by which can be differentiated."""
    return {name: value.detach().clone().requires_grad_() for name, value in values.items()}


def gradient(total: Tensor, leaves: Values) -> dict[str, Tensor]:
    """The derivative of a scalar by each leaf; 0 where it does not depend on it."""
    if not total.requires_grad:
        return {name: torch.zeros_like(value) for name, value in leaves.items()}
    derivatives = torch.autograd.grad(total, list(leaves.values()), allow_unused=True, materialize_grads=True)
    return dict(zip(leaves, derivatives, strict=True))


def finite_difference(function: Callable[[Tensor], Tensor], point: Tensor, along: Tensor, h: float = 1e-5) -> Tensor:
    """The derivative of a function at a point along a direction, by a central difference: what judges autograd itself.

    Its error is O(h²) of the function's third derivative, and round-off over h.
    """
    with torch.no_grad():
        return (function(point + h * along) - function(point - h * along)) / (2 * h)
