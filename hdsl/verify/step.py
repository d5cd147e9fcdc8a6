"""One whole step of the judge on a batch of streams: the three orders, resets, and what a step reports.

Steps of several stages stand in `hdsl.verify.stages`.

Every derivative is torch.autograd's, by `hdsl.verify.derivatives`. With u, ŷ and τ of the sample, and s = −1:

    simultaneous     y = g(u, h)      gradients of H′ at (u, h, θ, z)
                     h⁺ = h + τ f(u, h)          θ⁺ = θ − τ β ω
                     z⁺ = (1−τη) z + τ ∂H′/∂h    ω⁺ = (1−τη) ω + τ ∂H′/∂θ

    sequential       h⁺ = h + τ f(u, h)          y = g(u, h⁺),  L at h⁺
                     z⁺ = (1−τη) z + τ ( φ ∂L/∂h⁺  +  (∂f/∂h at (u, h⁺))ᵀ z )
                     ω⁺ = (1−τη) ω + τ ( φ ∂L/∂θ   +  (∂f/∂θ at (u, h))ᵀ z⁺ )
                     θ⁺ = θ − τ β ω⁺

    semi-implicit    as simultaneous, but θ⁺ = θ − τ β ω⁺

Controls are worked out at (u, h, z, θ) first (`hdsl.verify.controls`), and held through the step.

Under ``schedule = layerwise`` a step moves the cells of one layer, each by the lines above as soon as it is made, and all
others stay (`hdsl.verify.layered`).

After that, what `project` says is due is put back, all of it from θ⁺ as it stands above.

Each stream's h, z and its part of the mean use its own τ, the shared equations the mean τ.

The cells between two steps are a dictionary. Tensors of a batch are (batch, …) for a per-stream state, and (…) for a
parameter or a shared state:

    "state", "costate"                 h and z of each state by name
    "parameter", "parameter costate"   θ and ω of each parameter by name
    "control"                          the controls that follow their gradient by name, (batch, …)
    "clock"                            int, how many steps were made
    "time"                             (batch,), t of the coming sample: starts at 0, and each step adds its τ
    "ended"                            (batch,) of bool, true where the last sample was the last of its sequence

Source: Melacci et al., *A Unified Framework for Neural Computation and Learning Over Time*, PMLR 277, 2025, Algorithm 1
for the simultaneous order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from hdsl.verify.beginning import beginning, begun, by_beginning
from hdsl.verify.controls import controls_of, first_controls, followed_on
from hdsl.verify.derivatives import (
    Moment,
    Point,
    Sample,
    Values,
    assigned,
    differentiate,
    kept,
    lacks_target,
    moment_of,
    moves_by_assignment,
    of_stream,
    point_of_shared,
    point_of_stream,
    slope,
)
from hdsl.verify.evaluate import DTYPE, evaluate, number
from hdsl.verify.layered import at_its_tick
from hdsl.verify.mechanics import mechanical_step
from hdsl.verify.stages import SCHEMES, Start, step_by_stages
from hdsl.verify.written import Written

Cells = dict[str, Any]
Report = list[dict[str, Tensor]]


def first_cells(written: Written, parameters: Mapping[str, Any], batch: int) -> Cells:
    """The cells before the first sample: parameters as given, states as written, costates 0."""
    theta = {name: number(parameters[name]).reshape(written.shape(name)).clone() for name in written.parameters}
    h = {}
    for name in written.states:
        value = written.initial(name)
        h[name] = value if written.is_shared(name) else torch.stack([value] * batch)
    return {
        "state": h,
        "costate": {name: torch.zeros_like(value) for name, value in h.items()},
        "parameter": theta,
        "parameter costate": {name: torch.zeros_like(value) for name, value in theta.items()},
        "control": first_controls(written, batch),
        "clock": 0,
        "time": torch.zeros(batch, dtype=DTYPE),
        "ended": torch.zeros(batch, dtype=torch.bool),
    }


def one_step(
    written: Written, cells: Mapping[str, Any], samples: Sequence[Sample], taus: Sequence[float], ended: Tensor,
    learns: bool = True,
) -> tuple[Cells, Report, Report]:
    """The new cells, and for each stream its outputs and its costs by name, nan for a cost without its target.

    One sample and one τ a stream; ``ended`` (batch,) is true where the sample is the last of its sequence. Without ``learns``
    only the new states count: with several stages they are other ones, since parameters stand still.
    """
    moment = moment_of(written, samples, cells["time"].tolist(), taus, first=cells["clock"] == 0)
    h, z = returned(written, cells)
    theta, omega = cells["parameter"], cells["parameter costate"]
    marks = beginning(written, cells)
    h = begun(written, h, theta, moment, marks)
    followed = returned_controls(written, cells)
    a = controls_of(written, {**h, **theta}, z, moment, followed)

    result = {"clock": cells["clock"] + 1, "time": cells["time"] + number(taus), "ended": ended}
    if written.energy is not None:
        return _of_energy(written, cells, h, moment, result)
    if written.word("step") in SCHEMES:
        groups = {"state": h, "costate": z, "parameter": theta, "parameter costate": omega}
        new = step_by_stages(Start(written, moment, cells["clock"] == 0, groups, marks, learns))
        new["parameter"] = projected(written, new["parameter"], cells["clock"] + 1, moment)
        return {**new, "control": {}, **result}, *reported(written, {**h, **theta}, moment)

    def gated(before: Values, after: Values) -> dict[str, Tensor]:
        return at_its_tick(written, cells["clock"], before, after)

    new_h = gated(h, moved(written, h, {**theta, **a}, moment))
    order = written.word("order")
    if order == "sequential":
        old, new = {**h, **theta, **a}, {**new_h, **theta, **a}
        pull = differentiate(written, new, moment, True, z, times_tau=True)
        new_z = gated(z, plus(faded(written, z, moment), pull))
        by_cost = differentiate(written, new, moment, True, None, times_tau=True)
        by_dynamics = differentiate(written, old, moment, False, new_z, times_tau=True)
        new_omega = plus(plus(faded(written, omega, moment), by_cost), by_dynamics)
        new_omega = plus(new_omega, by_beginning(written, {**h, **a}, theta, moment, marks, new_z, cost=False))
        new_omega = gated(omega, new_omega)
        new_theta = gated(theta, lowered(written, theta, new_omega, moment))
        outputs, costs = reported(written, new, moment)
    elif order in ("simultaneous", "semi-implicit"):
        old = {**h, **theta, **a}
        pull = differentiate(written, old, moment, True, z, times_tau=True)
        new_z = gated(z, plus(faded(written, z, moment), pull))
        new_omega = plus(faded(written, omega, moment), pull)
        new_omega = plus(new_omega, by_beginning(written, {**h, **a}, theta, moment, marks, z, cost=True))
        new_omega = gated(omega, new_omega)
        new_theta = gated(theta, lowered(written, theta, omega if order == "simultaneous" else new_omega, moment))
        outputs, costs = reported(written, old, moment)
    else:
        raise ValueError(f"the judge does not know the order {order}")

    new_theta = projected(written, new_theta, cells["clock"] + 1, moment)
    moved_cells = {"state": new_h, "costate": new_z, "parameter": new_theta, "parameter costate": new_omega}
    moved_cells["control"] = followed_on(written, a, {**h, **theta}, z, moment)
    return {**moved_cells, **result}, outputs, costs


def _of_energy(
    written: Written, cells: Mapping[str, Any], h: Values, moment: Moment, result: Cells
) -> tuple[Cells, Report, Report]:
    """A step of a mechanical system, whose outputs are those at its end."""
    new = mechanical_step(written, h, moment.shared_time, moment.shared_tau)
    later = [time + tau for time, tau in zip(moment.times, moment.taus, strict=True)]
    groups = {group: dict(cells[group]) for group in ("costate", "parameter", "parameter costate", "control")}
    at_end = moment_of(written, moment.samples, later, moment.taus, first=False)
    return {"state": new, **groups, **result}, *reported(written, new, at_end)


def returned(written: Written, cells: Mapping[str, Any]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """States and costates before a sample: where the sample or the sequence ended, back at their beginning.

    A shared state is one for all streams, so it returns when the sequences of all of them have ended.
    """
    h, z, ended = dict(cells["state"]), dict(cells["costate"]), cells["ended"]
    for name in written.states:
        when = written.resets.get(name, "sequence")
        if when == "never":
            continue
        back = torch.ones_like(ended) if when == "sample" else ended
        initial = written.initial(name)
        if written.is_shared(name):
            if bool(back.all()):
                h[name], z[name] = initial, torch.zeros_like(initial)
        else:
            h[name] = torch.stack([initial if back[b] else value for b, value in enumerate(h[name])])
            z[name] = torch.stack([torch.zeros_like(value) if back[b] else value for b, value in enumerate(z[name])])
    return h, z


def returned_controls(written: Written, cells: Mapping[str, Any]) -> dict[str, Tensor]:
    """The controls that follow their gradient before a sample: where the sequence ended, back where they begin."""
    ended, begin = cells["ended"], first_controls(written, len(cells["ended"]))
    return {
        name: torch.stack([begin[name][b] if ended[b] else value for b, value in enumerate(cells["control"][name])])
        for name in written.followed
    }


def moved(written: Written, h: Values, theta: Values, moment: Moment) -> dict[str, Tensor]:
    """h⁺ = h + τ f(u, h); a ``next`` state is assigned F itself."""

    def new(name: str, value: Tensor, point: Point, tau: float) -> Tensor:
        if moves_by_assignment(written, name):
            return assigned(written, name, point).clone()
        return value + tau * slope(written, name, point)

    values = {**h, **theta}
    streams = range(len(moment.samples))
    points = [point_of_stream(written, of_stream(written, values, b), moment, b) for b in streams]
    common = point_of_shared(written, values, moment)
    result = {}
    for name, value in h.items():
        if written.is_shared(name):
            result[name] = new(name, value, common, moment.shared_tau)
        else:
            result[name] = torch.stack([new(name, value[b], points[b], moment.taus[b]) for b in streams])
    return result


def faded(written: Written, costates: Values, moment: Moment) -> dict[str, Tensor]:
    """(1 − τη) z, or e^{−τη} z, and likewise ω."""
    return {
        name: torch.stack([kept(written, name, tau) * value[b] for b, tau in enumerate(moment.taus)])
        if name in written.per_stream
        else kept(written, name, moment.shared_tau) * value
        for name, value in costates.items()
    }


def plus(costates: Values, pull: Values) -> dict[str, Tensor]:
    """Costates with what pulls on them added, name by name."""
    return {name: value + pull[name] for name, value in costates.items()}


def lowered(written: Written, theta: Values, omega: Values, moment: Moment) -> dict[str, Tensor]:
    """θ⁺ = θ − τ β ω."""
    tau = moment.shared_tau
    return {name: value - tau * written.rate("beta", name, tau) * omega[name] for name, value in theta.items()}


def projected(written: Written, theta: Values, ticks: int, moment: Moment) -> dict[str, Tensor]:
    """What `project` puts back after so many steps: all from the values before any of them."""
    known = point_of_shared(written, theta, moment)
    result = dict(theta)
    for projection in written.projections:
        every = 1 if projection.every is None else int(evaluate(projection.every, known))
        if ticks % every == 0:
            value = evaluate(projection.value, known)
            result[projection.name] = value.broadcast_to(written.shape(projection.name)).clone()
    return result


def reported(written: Written, values: Values, moment: Moment) -> tuple[Report, Report]:
    """The outputs and the costs of each stream; those that are shared have one value, with the mean t and τ."""
    common = point_of_shared(written, values, moment)
    outputs, costs = [], []
    for b, sample in enumerate(moment.samples):
        own = point_of_stream(written, of_stream(written, values, b), moment, b)
        named = {name: common if written.is_shared(name) else own for name in (*written.outputs, *written.costs)}
        outputs.append({name: named[name](name) for name in written.outputs})
        costs.append(
            {
                name: number(torch.nan) if lacks_target(written, name, sample) else named[name](name)
                for name in written.costs
            }
        )
    return outputs, costs
