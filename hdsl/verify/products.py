"""Dot products: ⟨w, J d⟩ = ⟨Jᵀw, d⟩, with J d by torch's forward mode on the walk and Jᵀw by the derived equations.

H′ = φL + ⟨z, f⟩ is linear in φ and in z. So a costate's equation without φ is the transposed Jacobian of the dynamics, applied
to z, and without z that of the cost, applied to φ: both are judged by what goes forward, which never transposes.
"""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor
from torch.autograd import forward_ad

from hdsl.derive.equations import Equations
from hdsl.terms.term import setting_name
from hdsl.verify.along import direction
from hdsl.verify.derivatives import point_at, terms_of_hamiltonian
from hdsl.verify.interpret import Readings, interpret
from hdsl.verify.judgement import FLOOR, Errors, difference
from hdsl.verify.points import Point, Sized, of_stream, own, pulls_of, readings, streams


def judge_products(
    found: Sized, equations: Equations, point: Point, errors: Errors, generator: torch.Generator
) -> None:
    """Add the error of the two products of every ż and ω̇ at a point, relative to that of a usual direction."""
    given = readings(found, point)
    still = Readings({**given.shared, setting_name("phi"): np.zeros(())}, given.streams)
    nothing = {name: torch.zeros_like(value) for name, value in point.costates.items()}
    level = replace(point, costates=nothing)
    for cost, where, known in ((False, point, still), (True, level, readings(found, level))):
        made = interpret((*equations.definitions, *equations.all), known, found.sizes)
        pulls = pulls_of(found, where, made)
        for name in equations.costate:
            along = direction(found, point, name, generator)
            mine = float((pulls[name] * along.numpy()).sum())
            judged, size = _forward(found, point, name, along, cost)
            usual = float(np.linalg.norm(pulls[name])) / max(pulls[name].size, 1) ** 0.5
            errors.add(f"dot:{own(found, name)}", "products", difference(mine, judged, max(usual, FLOOR * size)))


def _forward(found: Sized, point: Point, name: str, along: Tensor, cost: bool) -> tuple[float, float]:
    """What φL, or ⟨z, f⟩ with z as it stands, changes by along a direction of one quantity: the sum over the streams for what
    is per stream, else their mean, and that of the shared terms undivided. The second number is how large it is."""
    written, shared = found.walk.written, found.model.quantities[name].shared
    z = None if cost else point.of(written.states)
    total, size = 0.0, 0.0
    with forward_ad.dual_level():
        moving = {**point.values, name: _moving(point.values[name], along)}
        phi = written.phi(point.t, point.tau, False) if cost else None
        for b in streams(point):
            values = of_stream(found, point, b, **moving)
            costates = None if z is None else {n: v[b] if n in written.per_stream else v for n, v in z.items()}
            at = point_at(written, values, point.samples[b], point.t, point.tau)
            terms = terms_of_hamiltonian(written, False, at, point.samples[b], phi, costates)
            total += _tangent(terms) / (len(point.samples) if shared else 1)
            size = max(size, abs(float(terms)))
        common = terms_of_hamiltonian(written, True, at, point.samples[b], phi, costates)
        return total + _tangent(common) if shared else total, size


def _moving(value: Tensor, along: Tensor) -> Tensor:
    with warnings.catch_warnings():  # with the first one torch registers its forward rules, by way of what it warns of itself
        warnings.simplefilter("ignore", DeprecationWarning)
        return forward_ad.make_dual(value, along)


def _tangent(value: Tensor) -> float:
    tangent = forward_ad.unpack_dual(value).tangent
    return 0.0 if tangent is None else float(tangent)
