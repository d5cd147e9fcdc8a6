"""Beginnings in the judge: what a state is at the first sample of a sequence, and what parameters get by way of it.

Where a state begins from g(u, θ), the new state is h⁺ = g + τ f(u, g); the derivative by the θ in g alone is torch.autograd's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from hdsl.verify.derivatives import (
    Moment,
    Point,
    Values,
    gradient,
    leaves_of,
    moves_by_assignment,
    of_stream,
    point_of_shared,
    point_of_stream,
    shared_of,
    terms_of_hamiltonian,
)
from hdsl.verify.evaluate import evaluate
from hdsl.verify.written import Written

Marks = Mapping[str, Tensor]


def beginning(written: Written, cells: Mapping[str, Any]) -> dict[str, Tensor]:
    """For each state that begins from the stream, (batch,) of bool: whose coming sample is the first since its reset."""
    ended, first = cells["ended"], cells["clock"] == 0
    found = {}
    for name in written.beginnings:
        when = written.resets.get(name, "sequence")
        back = {"sample": torch.ones_like(ended), "never": torch.zeros_like(ended)}.get(when, ended) | first
        found[name] = back.all().expand_as(back) if written.is_shared(name) else back
    return found


def begun(written: Written, h: Values, theta: Values, moment: Moment, marks: Marks) -> dict[str, Tensor]:
    """The states as a step finds them."""
    result = dict(h)
    for name, mark in ((name, marks[name]) for name in _in_order(written)):
        if written.is_shared(name):
            if bool(mark.all()):
                result[name] = _value(written, name, point_of_shared(written, {**result, **theta}, moment))
        else:
            points = [
                point_of_stream(written, {**of_stream(written, result, b), **theta}, moment, b) for b in range(len(mark))
            ]
            own = [_value(written, name, p) if mark[b] else h[name][b] for b, p in enumerate(points)]
            result[name] = torch.stack(own)
    return result


def _in_order(written: Written) -> list[str]:
    """The states that begin from the stream, each after those that its beginning reads."""
    order: list[str] = []
    waiting = list(written.beginnings)
    while waiting:
        ready = [name for name in waiting if not written.reads(written.beginnings[name]) & set(waiting)]
        order += ready
        waiting = [name for name in waiting if name not in ready]
    return order


def _value(written: Written, name: str, point: Point) -> Tensor:
    return evaluate(written.beginnings[name], point).broadcast_to(written.shape(name))


def by_beginning(
    written: Written, h: Values, theta: Values, moment: Moment, marks: Marks, z: Values, cost: bool
) -> dict[str, Tensor]:
    """What a step adds to ω by way of the beginnings, by parameter; ``h`` as `begun` gives it.

    With ``cost`` it is that of τ H′ at the beginning; without, that of ⟨z, h⁺⟩ with z the new costate.
    """
    total = {name: torch.zeros_like(value) for name, value in theta.items()}
    if not marks:
        return total
    streams = range(len(moment.samples))
    for b in streams:
        own, costates = of_stream(written, h, b), of_stream(written, z, b)
        leaves = leaves_of(theta)
        found: dict[str, Tensor] = {}
        for name in (name for name in _in_order(written) if marks[name][b]):
            found[name] = _value(written, name, point_of_stream(written, {**own, **found, **leaves}, moment, b))
        point = point_of_stream(written, {**own, **found, **theta}, moment, b)
        terms = terms_of_hamiltonian(written, False, point, moment.samples[b], moment.phis[b] if cost else None, costates)
        terms = moment.taus[b] * terms
        terms = terms + _kept(written, found, costates, shared=False, flows=not cost)
        for name, value in gradient(terms, leaves).items():
            total[name] = total[name] + value / len(streams)
    leaves = leaves_of(theta)
    found = {}
    for name in (name for name in _in_order(written) if written.is_shared(name) and marks[name].all()):
        found[name] = _value(written, name, point_of_shared(written, {**h, **found, **leaves}, moment))
    point = point_of_shared(written, {**shared_of(written, h), **found, **theta}, moment)
    terms = terms_of_hamiltonian(written, True, point, {}, moment.shared_phi if cost else None, shared_of(written, z))
    terms = moment.shared_tau * terms
    terms = terms + _kept(written, found, z, shared=True, flows=not cost)
    for name, value in gradient(terms, leaves).items():
        total[name] = total[name] + value
    return total


def through_beginning(
    written: Written, h: Values, theta: Values, moment: Moment, marks: Marks, pulls: Values
) -> dict[str, Tensor]:
    """(∂h₀/∂θ)ᵀ of what pulls on each state, by parameter: the mean over the streams, and what is shared as it is."""
    total = {name: torch.zeros_like(value) for name, value in theta.items()}
    for b in range(len(moment.samples)) if marks else ():
        leaves, found, whole = leaves_of(theta), dict[str, Tensor](), torch.zeros((), dtype=torch.float64)
        for name in (name for name in _in_order(written) if marks[name][b]):
            own = {**of_stream(written, h, b), **found, **leaves}
            found[name] = _value(written, name, point_of_stream(written, own, moment, b))
            if name in written.per_stream:
                whole = whole + (pulls[name][b] * found[name]).sum()
        for name, value in gradient(whole, leaves).items():
            total[name] = total[name] + value / len(moment.samples)
    leaves, found, whole = leaves_of(theta), {}, torch.zeros((), dtype=torch.float64)
    for name in (name for name in _in_order(written) if marks and written.is_shared(name) and marks[name].all()):
        found[name] = _value(written, name, point_of_shared(written, {**h, **found, **leaves}, moment))
        whole = whole + (pulls[name] * found[name]).sum()
    for name, value in gradient(whole, leaves).items():
        total[name] = total[name] + value
    return total


def _kept(written: Written, found: Values, z: Values, shared: bool, flows: bool) -> Tensor:
    """⟨z, g⟩, the part of ⟨z, h⁺⟩ besides τ ⟨z, f⟩. Of a ``next`` f holds −h/τ, so it always counts."""
    own = [name for name in found if written.is_shared(name) == shared and (flows or moves_by_assignment(written, name))]
    parts = [(z[name] * found[name]).sum() for name in own]
    return torch.stack(parts).sum() if parts else torch.zeros((), dtype=torch.float64)
