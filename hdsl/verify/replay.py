"""The judge of a replay: torch.autograd through the whole sequence, unrolled on the walk of the text.

With τ_k of sample k, H_k the states after it, and h_k those before it, what a replay of a window is to make is

    J = Σ_k mean over the streams of τ_k φ L(u_k, H_k, θ)     ω ← (1−τη) ω + ∂J/∂θ     θ ← θ − τβω     z = ∂J/∂H of the first

where τ outside J is the model's. A costate that fades by 1 − τη a token is the derivative of a sequence that forgets: to
H_{k+1} is added −τ_k η (H_k − its own value held fast), which is 0 and has the derivative −τ_k η. J leaves out a stream that
waits for the others; a cost that all streams share counts once a token.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from hdsl.verify.beginning import beginning, begun
from hdsl.verify.derivatives import (
    Moment,
    Sample,
    Values,
    kept,
    lacks_target,
    moment_of,
    of_stream,
    point_of_shared,
    point_of_stream,
)
from hdsl.verify.step import Cells, Report, lowered, moved, projected, reported, returned
from hdsl.verify.written import Written


@dataclass(frozen=True)
class Token:
    """A sample of each stream with its τ, and which streams have one: the others wait."""

    samples: tuple[Sample, ...]
    tau: float
    there: tuple[bool, ...]


def replayed(written: Written, cells: Mapping[str, Any], tokens: Sequence[Token]) -> tuple[Cells, list[tuple[Report, Report]]]:
    """The cells after some tokens and the replay of them, and each token's outputs and costs.

    ``cells`` as `hdsl.verify.step` has them, with the number of replays before this one under "replays". All streams' sequences
    begin with the first token where "ended" is true of all.
    """
    theta = {name: value.detach().clone().requires_grad_() for name, value in cells["parameter"].items()}
    first = cells["replays"] == 0
    total: Tensor = torch.zeros((), dtype=torch.float64)
    state, told = dict(cells["state"]), []
    path: list[dict[str, Tensor]] = []
    clock, time, ended = cells["clock"], cells["time"], cells["ended"]
    previous: tuple[dict[str, Tensor], float] | None = None
    for token in tokens:
        streams = len(token.samples)
        now = {"state": state, "costate": cells["costate"], "ended": ended, "clock": clock}
        moment = moment_of(written, token.samples, time.tolist(), (token.tau,) * streams, first)
        h, _ = returned(written, now)
        h = begun(written, h, theta, moment, beginning(written, now))
        state = _forgetting(written, moved(written, h, theta, moment), previous)
        if not path:  # also those that no parameter is behind have a derivative
            state = {name: value if value.requires_grad else value.clone().requires_grad_() for name, value in state.items()}
        values = {**state, **theta}
        total = total + _cost(written, values, moment, token)
        plain = {name: value.detach() for name, value in values.items()}
        told.append(reported(written, plain, moment))
        path.append(state)
        previous = (state, token.tau)
        clock, time, ended = clock + 1, time + token.tau, torch.zeros_like(ended)
    leaves = {**{f"z {name}": value for name, value in path[0].items()}, **theta}
    found = {name: torch.zeros_like(value) for name, value in leaves.items()}
    if total.requires_grad:
        given = torch.autograd.grad(total, list(leaves.values()), allow_unused=True, materialize_grads=True)
        found = dict(zip(leaves, given, strict=True))
    return _ended(written, cells, found, path, told, clock, time), told


def _forgetting(
    written: Written, new: dict[str, Tensor], previous: tuple[dict[str, Tensor], float] | None
) -> dict[str, Tensor]:
    """The states, with the derivative −τη, or e^{−τη} − 1, by those before them: what makes a costate fade."""
    if previous is None:
        return new
    before, tau = previous
    lasting = [name for name in new if written.resets.get(name, "sequence") != "sample"]
    rates = {name: 1 - kept(written, name, tau) for name in lasting}
    faded = {name: new[name] - rates[name] * (before[name] - before[name].detach()) for name in lasting}
    return {**new, **faded}


def _cost(written: Written, values: Values, moment: Moment, token: Token) -> Tensor:
    """τφL of a token: the mean over the streams of what is theirs, and what they share."""
    total = torch.zeros((), dtype=torch.float64)
    for b, sample in enumerate(token.samples):
        point = point_of_stream(written, of_stream(written, values, b), moment, b)
        for cost in written.costs:
            if token.there[b] and not written.is_shared(cost) and not lacks_target(written, cost, sample):
                total = total + token.tau * moment.phis[b] * point(cost) / len(token.samples)
    point = point_of_shared(written, values, moment)
    for cost in written.costs:
        if written.is_shared(cost):
            total = total + token.tau * moment.shared_phi * point(cost)
    return total


def _ended(
    written: Written,
    cells: Mapping[str, Any],
    found: Values,
    path: Sequence[Values],
    told: Sequence[tuple[Report, Report]],
    clock: int,
    time: Tensor,
) -> Cells:
    """The cells once the parameters have moved, by the model's own τ."""
    tau, streams = written.setting("tau"), len(cells["ended"])
    before = cells["parameter costate"]
    omega = {name: kept(written, name, tau) * value + found[name] for name, value in before.items()}
    moment = moment_of(written, ({},) * streams, time.tolist(), (tau,) * streams, False)
    theta = lowered(written, cells["parameter"], omega, moment)
    costate = {name: found[f"z {name}"] * (streams if name in written.per_stream else 1) for name in path[0]}
    return {
        "state": {name: value.detach() for name, value in path[-1].items()},
        "costate": costate,
        "parameter": projected(written, theta, cells["replays"] + 1, moment),
        "parameter costate": omega,
        "clock": clock,
        "time": time,
        "ended": torch.ones(streams, dtype=torch.bool),
        "replays": cells["replays"] + 1,
    }
