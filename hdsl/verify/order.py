"""The order of the integrator, measured: how the error of one generated step falls with τ.

The flow is that of the walk of the text, its derivatives torch.autograd's, with the sample held and t going on:

    ḣ = f        θ̇ = −β ω        ż = ∂H′/∂h − η z        ω̇ = ∂H′/∂θ − η ω

followed by classical Runge-Kutta in parts of τ: far closer to it than a step of lower order, and as a step of that very method
closer by the fourth power of the number of parts. A method of order p errs by τ^(p+1) in one step.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from hdsl.syntax.tree import Expression
from hdsl.verify.beginning import beginning
from hdsl.verify.controls import controls_of, slopes_of
from hdsl.verify.derivatives import Values, moment_of, of_stream
from hdsl.verify.exponent import FEW, exponent_of
from hdsl.verify.generated import GROUPS, Case, cells_of, old_cells, step_of
from hdsl.verify.interpret import kinks_of
from hdsl.verify.judgement import Errors
from hdsl.verify.layered import layers_of
from hdsl.verify.points import Point, Sized, smooth_point
from hdsl.verify.step import returned, returned_controls
from hdsl.verify.written import STAGED, Written, names_in

INTEGRATORS: Mapping[str, int] = {
    "euler": 1, "midpoint": 2, "rk4": 4, "two-step": 2, "leapfrog": 2, "yoshida4": 4, "implicit-midpoint": 2
}
"""The order of each integrator, by the word after `step =`; the three orders of update are all of order 1."""

SMALLEST, LARGEST = 2.0**-30, 0.5
"""What one step errs by at the smallest τ that is measured, and the largest τ."""

COARSE: Mapping[str, float] = {"yoshida4": 3.0}
"""What goes back and forth errs as if its steps were so much longer."""

PARTS = 4
"""Runge-Kutta steps in one τ."""

NOISE = 1e-15
"""Round-off of a new value, relative to the largest entry."""

MOST_CLOCK = 1000


def why_no_order(written: Written) -> str:
    """Why the model has no order, in a few words; empty if it has one."""
    if written.replays:
        return "a replay goes back over a whole sequence"
    if max(layers_of(written).values(), default=1) > 1:
        return "a tick moves one layer, and the others wait"
    at_once = [name for name, law in written.dynamics.items() if law.kind == "next"]
    if at_once:
        return f"{at_once[0]} moves at once"
    if written.exact and written.word("step") in STAGED:
        return f"what {min(written.exact)} reads is held through the stages"
    settings = {path: value for path, value in written.settings.items() if isinstance(value, Expression)}
    read = {path: names_in(value) for path, value in settings.items()}
    read |= {name: written.reads(value) for name, value in written.defined.items()}
    read |= {name: written.reads(law.value) for name, law in written.dynamics.items()}
    reading = [name for name, names in read.items() if "tau" in names]
    if reading:
        return f"{reading[0]} reads tau"
    anew = [name for name in written.beginnings if written.resets.get(name) == "sample"]
    return f"{anew[0]} begins anew with each sample" if anew else ""


def judge_order(found: Sized, torch_text: str, errors: Errors, seed: int) -> str:
    """Add the order of every cell, of one stream. Returns what is to be said of it: what was to be found, or why nothing is."""
    written = found.walk.written
    integrator = written.word("step")
    wanted = INTEGRATORS[integrator]
    # A mechanical system is judged where it is smooth, and its norms are distances, which are not 0 there.
    bent = kinks_of(found.model.definitions) if wanted > 1 and written.energy is None else ""
    why = why_no_order(written) or (bent and f"{bent} has a kink, which a step of several stages may cross")
    clock = next((k for k in range(1, MOST_CLOCK) if all((k + 1) % p.every for p in found.model.projections)), None)
    if not why and clock is None:
        why = f"{found.model.projections[0].param} is put back after every step"
    if why:
        return f"no order is measured: {why}"
    assert clock is not None
    point = smooth_point(found, 1, torch.Generator().manual_seed(seed))
    case = Case(clock=clock, stretch=0.5)
    flowing = replace(found, walk=found.walk.flowing)
    taken: list[float] = []
    wrong: dict[str, list[float]] = {}
    largest: dict[str, float] = {}
    for tau in steps_of(wanted, COARSE.get(integrator, 1.0)):
        at = replace(point, tau=tau)
        flown = _flown(flowing, at, case, tau)
        made = step_of(found, torch_text, at, case).cells
        taken.append(tau)
        for name in flown.keys() & made.keys():
            wrong.setdefault(name, []).append(float(np.abs(made[name] - flown[name]).max(initial=0.0)))
            largest[name] = float(np.abs(flown[name]).max(initial=0.0))
        if len(taken) >= FEW and all(_told(taken, wrong[name], largest[name]) for name in wrong):
            break
    for name, sizes in wrong.items():
        exponent = exponent_of(taken, sizes, NOISE * largest[name])
        errors.add_exponent(f"{name}+", "order", None if exponent is None else exponent - 1, wanted)
    return f"{integrator} is of order {wanted}"


def steps_of(order: int, coarse: float = 1.0) -> tuple[float, ...]:
    """τ, from small to large by octaves, by halves of these where less room is left between round-off and the largest.

    As few of the smallest as tell are taken. One that is ``coarse`` so many times errs as others do of its order at so much
    smaller a τ.
    """
    first, ratio, last = SMALLEST ** (1 / (order + 1)) / coarse, 2.0**0.5, LARGEST
    if order == 1:
        ratio, last = 2.0, LARGEST / 8  # longer steps are far from what small ones tell, and there is no need of them
    return tuple(tau for k in range(40) if (tau := first * ratio**k) <= last)


def _told(taken: list[float], sizes: list[float], largest: float) -> bool:
    """Whether enough is known of a cell: it does not err at all, or by more than round-off."""
    return not any(sizes) or exponent_of(taken, sizes, NOISE * largest) is not None


def _flown(found: Sized, point: Point, case: Case, tau: float) -> dict[str, np.ndarray]:
    """The cells after a time τ of the flow, by hdsl's names."""
    written = found.walk.written
    cells = cells_of(found, point, case)
    assert not any(bool(mark.any()) for mark in beginning(written, cells).values())
    h, z = returned(written, cells)
    began = float(cells["time"][0])
    followed = returned_controls(written, cells)
    groups = (h, z, cells["parameter"], cells["parameter costate"], followed)
    values = dict(zip((*GROUPS, "control"), groups, strict=True))
    part = tau / PARTS
    for k in range(PARTS):
        t = began + k * part
        first = _slope(found, point, values, t)
        second = _slope(found, point, _on(values, first, part / 2), t + part / 2)
        third = _slope(found, point, _on(values, second, part / 2), t + part / 2)
        fourth = _slope(found, point, _on(values, third, part), t + part)
        for slope, weight in ((first, 1), (second, 2), (third, 2), (fourth, 1)):
            values = _on(values, slope, weight * part / 6)
    return old_cells(values)


Groups = Mapping[str, Mapping[str, Tensor]]


def _on(values: Groups, slopes: Groups, step: float) -> dict[str, dict[str, Tensor]]:
    return {group: {n: v + step * slopes[group][n] for n, v in own.items()} for group, own in values.items()}


def _slope(found: Sized, point: Point, values: Groups, t: float) -> dict[str, dict[str, Tensor]]:
    """ḣ, ż, θ̇ and ω̇ of a batch, and ȧ of the controls that follow their gradient."""
    walk, written = found.walk, found.walk.written
    h, z, theta, omega = (values[group] for group in GROUPS)
    moment = moment_of(written, point.samples, [t] * len(point.samples), [point.tau] * len(point.samples), first=False)
    controls = controls_of(written, {**h, **theta}, z, moment, values["control"])
    both: Values = {**h, **theta, **controls}
    slopes = slopes_of(written, both, z, moment, written.followed) if written.followed else {}
    pulled = walk.gradients(both, z, point.samples, t, point.tau)
    seen = [walk.forward(of_stream(written, both, b), s, t, point.tau) for b, s in enumerate(point.samples)]

    def moved(name: str) -> Tensor:
        slopes = [one[f"{name}'"] for one in seen]
        return slopes[0] if written.is_shared(name) else torch.stack(slopes)

    def rate(prefix: str, name: str) -> float:
        return written.rate(prefix, name, point.tau)

    rates = (
        {name: moved(name) for name in h},
        {name: pulled[name] - rate("eta", name) * value for name, value in z.items()},
        {name: -rate("beta", name) * omega[name] for name in theta},
        {name: pulled[name] - rate("eta", name) * value for name, value in omega.items()},
        {name: -rate("beta", name) * slope for name, slope in slopes.items()},
    )
    return dict(zip((*GROUPS, "control"), rates, strict=True))
