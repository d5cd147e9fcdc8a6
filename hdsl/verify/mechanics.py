"""Mechanical systems before the judge: slopes by torch.autograd of the energy as it is written, and steps of its own.

It shares nothing with `hdsl.derive.mechanics` and `hdsl.derive.mechanical_step`. The implicit midpoint rule is solved by
Newton's method on the whole of states and momenta.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from hdsl.verify.evaluate import DTYPE, evaluate, number
from hdsl.verify.written import Written


@dataclass(frozen=True)
class Scheme:
    """Row i of ``rows`` says how much of each slope before it stage i has gone; ``weights`` make the whole step."""

    rows: tuple[tuple[float, ...], ...]
    weights: tuple[float, ...]


SCHEMES: Mapping[str, Scheme] = {
    "euler": Scheme(((),), (1.0,)),
    "midpoint": Scheme(((), (0.5,)), (0.0, 1.0)),
    "rk4": Scheme(((), (0.5,), (0.0, 0.5), (0.0, 0.0, 1.0)), (1 / 6, 1 / 3, 1 / 3, 1 / 6)),
}

Cells = dict[str, Tensor]
Slopes = Callable[[Mapping[str, Tensor], float], Cells]

NEWTON = 30


def energy_at(written: Written, values: Mapping[str, Tensor], t: float, tau: float) -> Tensor:
    """The energy of states and momenta, each in its own shape, a scalar."""
    known = {**written.constants(), "t": number(t), "tau": number(tau), **values}

    def value_of(name: str) -> Tensor:
        if name not in known:
            known[name] = evaluate(written.defined[name], value_of)
        return known[name]

    return value_of(str(written.energy))


def slopes_at(written: Written, values: Mapping[str, Tensor], t: float, tau: float) -> Cells:
    """q̇ = ∂H/∂p and ṗ = −∂H/∂q by name."""
    leaves = {name: values[name].detach().clone().requires_grad_() for name in written.states}
    energy = energy_at(written, leaves, t, tau)
    if not energy.requires_grad:
        return {name: torch.zeros_like(value) for name, value in leaves.items()}
    found = torch.autograd.grad(energy, list(leaves.values()), allow_unused=True, materialize_grads=True)
    slopes = dict(zip(leaves, found, strict=True))
    moved = {state: slopes[momentum] for state, momentum in written.pairs.items()}
    return moved | {momentum: -slopes[state] for state, momentum in written.pairs.items()}


def mechanical_step(written: Written, cells: Mapping[str, Tensor], t: float, tau: float) -> Cells:
    """The cells after a step. Raises ValueError for one that the judge does not know."""

    def slopes(values: Mapping[str, Tensor], time: float) -> Cells:
        return slopes_at(written, values, time, tau)

    word = written.word("step")
    if word == "implicit-midpoint":
        return _midpoint(slopes, dict(cells), t, tau)
    if word == "leapfrog":
        return _leapfrog(written, slopes, dict(cells), t, tau)
    if word == "yoshida4":
        cube = 2.0 ** (1 / 3)
        values = dict(cells)
        for part in (1 / (2 - cube), -cube / (2 - cube), 1 / (2 - cube)):
            values = _leapfrog(written, slopes, values, t, part * tau)
            t += part * tau
        return values
    if word in SCHEMES:
        return _stages(SCHEMES[word], slopes, dict(cells), t, tau)
    raise ValueError(f"the judge does not know the step {word}")


def _stages(scheme: Scheme, slopes: Slopes, start: Cells, t: float, tau: float) -> Cells:
    """A Runge-Kutta step: each stage, and the whole, from the slopes of the stages before."""
    found: list[Cells] = []
    for row in (*scheme.rows, scheme.weights):
        values = {n: v + sum(a * tau * k[n] for a, k in zip(row, found, strict=False)) for n, v in start.items()}
        found.append(slopes(values, t + sum(row) * tau))
    return values


def _leapfrog(written: Written, slopes: Slopes, values: Cells, t: float, tau: float) -> Cells:
    """Half a step of the momenta, a whole one of the states, the other half of the momenta."""
    states, momenta = tuple(written.pairs), tuple(written.pairs.values())
    for names, part, time in ((momenta, 0.5, t), (states, 1.0, t + tau / 2), (momenta, 0.5, t + tau)):
        moved = slopes(values, time)
        values = {**values, **{name: values[name] + part * tau * moved[name] for name in names}}
    return values


def _midpoint(slopes: Slopes, values: Cells, t: float, tau: float) -> Cells:
    """X⁺ of X⁺ = X + τ k((X + X⁺)/2)."""
    shapes = {name: value.shape for name, value in values.items()}
    start = torch.cat([value.reshape(-1) for value in values.values()])

    def parted(flat: Tensor) -> Cells:
        parts = flat.split([math.prod(shape) for shape in shapes.values()])
        return {name: part.reshape(shape) for (name, shape), part in zip(shapes.items(), parts, strict=True)}

    def slope(flat: Tensor) -> Tensor:
        moved = slopes(parted(flat), t + tau / 2)
        return torch.cat([moved[name].reshape(-1) for name in shapes])

    new = start + tau * slope(start)
    for _ in range(NEWTON):
        left = new - start - tau * slope((start + new) / 2)
        if not float(left.abs().max()) > 1e-15 * float(start.abs().max()):
            break
        new = new - torch.linalg.solve(torch.eye(len(start), dtype=DTYPE) - tau * _jacobian(slope, (start + new) / 2) / 2, left)
    return parted(new)


def _jacobian(slope: Callable[[Tensor], Tensor], at: Tensor) -> Tensor:
    """∂k/∂X by central differences: what it is off by costs Newton's method an iteration, and its result nothing."""
    step = 1e-5
    columns = [(slope(at + step * axis) - slope(at - step * axis)) / (2 * step) for axis in torch.eye(len(at), dtype=DTYPE)]
    return torch.stack(columns, 1)
