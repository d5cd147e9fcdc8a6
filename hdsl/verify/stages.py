"""A step of several stages of the judge: Runge-Kutta of Hamilton's equations, every slope torch.autograd's.

It shares nothing with `hdsl.derive.integrators`. What flows is one set of numbers, h, z, θ and ω, with slopes

    ḣ = f        ż = ∂H′/∂h − ηz        θ̇ = −βω        ω̇ = ∂H′/∂θ − ηω        H′ = φL + ⟨z, f⟩ of the flows

at the time of each stage, the sample held. ``next`` states stand still meanwhile and are assigned at the end; their ⟨z, F⟩
pulls once, at the beginning. With ``dissipation = exact`` it is e^{ηs} z that is integrated, s being the time since the step
began.

Each stream's h and z use its own τ, the shared equations the mean τ: all slopes here are multiplied by it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from hdsl.verify.beginning import Marks, through_beginning
from hdsl.verify.derivatives import (
    Moment,
    Values,
    assigned,
    differentiate,
    kept,
    moment_of,
    moves_by_assignment,
    of_stream,
    point_of_shared,
    point_of_stream,
    slope,
)
from hdsl.verify.mechanics import SCHEMES as ALL
from hdsl.verify.mechanics import Scheme
from hdsl.verify.written import STAGED, Written

SCHEMES: Mapping[str, Scheme] = {step: ALL[step] for step in STAGED}

Groups = dict[str, dict[str, Tensor]]
STATE, COSTATE, PARAMETER, OMEGA = "state", "costate", "parameter", "parameter costate"


@dataclass(frozen=True)
class Start:
    """Where a step begins: its moment, whether it is the very first, the cells, and which streams have just begun."""

    written: Written
    moment: Moment
    first: bool
    cells: Groups
    marks: Marks
    learns: bool

    def at(self, part: float) -> Moment:
        """The same sample at a part of the step."""
        moment = self.moment
        times = [t + part * tau for t, tau in zip(moment.times, moment.taus, strict=True)]
        return moment_of(self.written, moment.samples, times, moment.taus, self.first)

    def taus(self, name: str) -> tuple[float, ...]:
        """τ of each stream, or the mean alone for what is shared."""
        return self.moment.taus if name in self.written.per_stream else (self.moment.shared_tau,)

    def scaled(self, name: str, value: Tensor, factor: Callable[[float], float]) -> Tensor:
        """A value times a factor that depends on the τ of its stream."""
        factors = torch.tensor([factor(tau) for tau in self.taus(name)], dtype=value.dtype)
        return value * (factors.reshape(-1, *(1 for _ in value.shape[1:])) if name in self.written.per_stream else factors[0])


def step_by_stages(start: Start) -> Groups:
    """The new cells."""
    written, scheme = start.written, SCHEMES[start.written.word("step")]
    exact = written.word("dissipation") == "exact"
    slopes: list[Groups] = []
    pulls: list[dict[str, Tensor]] = []

    def gone(parts: Sequence[float], since: float) -> Groups:
        return {
            group: {name: _gone(start, exact, group, name, value, slopes, parts, since) for name, value in own.items()}
            for group, own in start.cells.items()
        }

    for row in scheme.rows:
        slope_here, pull = _slopes(start, gone(row, sum(row)), sum(row), exact)
        slopes.append(slope_here)
        pulls.append(pull)
    new = gone(scheme.weights, 1.0)
    weighed = [{name: b * value for name, value in pull.items()} for b, pull in zip(scheme.weights, pulls, strict=True)]
    pulled = {name: torch.stack([pull[name] for pull in weighed]).sum(0) for name in pulls[0]}
    return _assigned(start, new, pulled)


def _gone(
    start: Start, exact: bool, group: str, name: str, value: Tensor, slopes: list[Groups], parts: Sequence[float], since: float
) -> Tensor:
    """A value after a part of the step; of e^{ηs} z where dissipation is exact, and back."""
    for part, slope_there in zip(parts, slopes, strict=False):
        value = value + part * slope_there[group][name]
    if exact and group in (COSTATE, OMEGA) and not moves_by_assignment(start.written, name):
        return start.scaled(name, value, lambda tau: math.exp(-since * tau * start.written.rate("eta", name, tau)))
    return value


def _slopes(start: Start, cells: Groups, part: float, exact: bool) -> tuple[Groups, dict[str, Tensor]]:
    """The slopes times τ, and ∂H′ times τ by state and parameter."""
    written, moment = start.written, start.at(part)
    h, z, theta, omega = (cells[group] for group in (STATE, COSTATE, PARAMETER, OMEGA))
    values = {**h, **theta}
    points = [point_of_stream(written, of_stream(written, values, b), moment, b) for b in range(len(moment.samples))]
    common = point_of_shared(written, values, moment)

    def moving(name: str, value: Tensor) -> Tensor:
        if moves_by_assignment(written, name):
            return torch.zeros_like(value)
        own = [slope(written, name, point) for point in points] if name in written.per_stream else []
        return start.scaled(name, torch.stack(own) if own else slope(written, name, common), lambda tau: tau)

    still = {group: {name: torch.zeros_like(v) for name, v in own.items()} for group, own in cells.items()}
    still[STATE] = {name: moving(name, value) for name, value in h.items()}
    if not start.learns:
        return still, {}
    flowing = {name: torch.zeros_like(v) if moves_by_assignment(written, name) else v for name, v in z.items()}
    pull = differentiate(written, values, moment, True, flowing, times_tau=True)

    def costate(name: str, value: Tensor) -> Tensor:
        if moves_by_assignment(written, name):
            return torch.zeros_like(value)
        if exact:  # what e^{ηs} z gets
            return start.scaled(name, pull[name], lambda tau: math.exp(part * tau * written.rate("eta", name, tau)))
        return pull[name] - start.scaled(name, value, lambda tau: tau * written.rate("eta", name, tau))

    def lowering(name: str) -> Tensor:
        return -start.scaled(name, omega[name], lambda tau: tau * written.rate("beta", name, tau))

    return {
        STATE: still[STATE],
        COSTATE: {name: costate(name, value) for name, value in z.items()},
        PARAMETER: {name: lowering(name) for name in theta},
        OMEGA: {name: costate(name, value) for name, value in omega.items()},
    }, pull


def _assigned(start: Start, new: Groups, pulled: Mapping[str, Tensor]) -> Groups:
    """What is assigned once a step, from the old values."""
    written, moment, old = start.written, start.moment, start.cells
    values = {**old[STATE], **old[PARAMETER]}
    streams = range(len(moment.samples))
    states = dict(new[STATE])
    for name in (name for name in states if moves_by_assignment(written, name)):
        if name in written.per_stream:
            points = [point_of_stream(written, of_stream(written, values, b), moment, b) for b in streams]
            states[name] = torch.stack([assigned(written, name, point) for point in points])
        else:
            states[name] = assigned(written, name, point_of_shared(written, values, moment)).clone()
    if not start.learns:
        return {**new, STATE: states}
    once = {n: v if moves_by_assignment(written, n) else torch.zeros_like(v) for n, v in old[COSTATE].items()}
    kick: Values = differentiate(written, values, moment, False, once, times_tau=True)

    z = {}
    for name, value in new[COSTATE].items():
        z[name] = value + kick[name]
        if moves_by_assignment(written, name):
            z[name] = start.scaled(name, old[COSTATE][name], partial(kept, written, name)) + kick[name] + pulled[name]
    whole = {name: pulled[name] + kick[name] + once.get(name, 0.0) for name in pulled}
    begun = through_beginning(written, old[STATE], old[PARAMETER], moment, start.marks, whole)
    omega = {name: value + kick[name] + begun[name] for name, value in new[OMEGA].items()}
    return {**new, STATE: states, COSTATE: z, OMEGA: omega}
