"""The ends of a boundary problem, as derived, against torch.autograd on a walk of the written terminal costs and conditions.

With Φ the sum of the terminal costs and ψ the conditions at the end, as the text has them: at the end z must be
e^{−ηT} (∂Φ/∂h + (∂ψ/∂h)ᵀ μ), ω the same by θ, and by T what H balances where T is free; Φ and ψ as the text says.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from hdsl.derive.boundary import Boundary, Endless
from hdsl.syntax.control_tree import Final
from hdsl.syntax.tree import Compare, Define, Expression, ModelText
from hdsl.verify.derivatives import point_at
from hdsl.verify.evaluate import evaluate
from hdsl.verify.interpret import Readings, interpret, shape_of
from hdsl.verify.judgement import Errors, difference
from hdsl.verify.points import Sized, readings, smooth_point


def judge_ends(found: Sized, boundary: Boundary | Endless, text: ModelText, errors: Errors, seed: int, points: int) -> None:
    """Add the errors of every line of the end at random points, values by the walk and gradients by autograd."""
    if isinstance(boundary, Endless):
        return
    generator = torch.Generator().manual_seed(seed)
    for _ in range(points):
        point = smooth_point(found, 1, generator)
        given, end = readings(found, point), 0.5 + float(torch.rand((), generator=generator, dtype=torch.float64))
        shapes = {name: shape_of(sizes, found.sizes) for name, sizes in boundary.mus.items()}
        mus = {name: torch.randn(shape, generator=generator, dtype=torch.float64) for name, shape in shapes.items()}
        own = {**given.streams[0], "T": np.asarray(end), "t": np.asarray(end)}
        own |= {name: value.numpy() for name, value in mus.items()}
        shared = {name: value for name, value in given.shared.items() if name != "t"}
        try:
            made = interpret(boundary.end, Readings(shared, (own,)), found.sizes)
        except (KeyError, ValueError) as fault:
            errors.stop("the end as it is derived", "autograd", fault)
            return
        _against_autograd(found, boundary, text, made, point.tau, (own, shared), end, mus, errors)


def _against_autograd(
    found: Sized,
    boundary: Boundary,
    text: ModelText,
    made: Readings,
    tau: float,
    numbers: tuple[dict[str, np.ndarray], dict[str, np.ndarray]],
    end: float,
    mus: dict[str, Tensor],
    errors: Errors,
) -> None:
    written, (own, shared) = found.walk.written, numbers
    names = (*written.states, *written.parameters)
    leaves = {n: torch.tensor(own[n] if n in own else shared[n], dtype=torch.float64, requires_grad=True) for n in names}
    leaves["T"] = torch.tensor(end, dtype=torch.float64, requires_grad=True)
    point = point_at(written, leaves, {}, end, tau)
    goals = {s.name: evaluate(s.value, point) for s in text.statements if isinstance(s, Define) and s.role == "terminal"}
    conditions = [evaluate(_difference(s), point) for s in text.statements if isinstance(s, Final)]
    whole = sum(goals.values(), torch.zeros((), dtype=torch.float64))
    for mu, condition in zip(mus.values(), conditions, strict=True):
        whole = whole + (mu * condition).sum()
    gradients: Sequence[Tensor | None] = [None] * len(leaves)
    if whole.requires_grad:
        gradients = torch.autograd.grad(whole, list(leaves.values()), allow_unused=True)
    for name, goal in goals.items():
        errors.add(name, "walk", difference(made.of(name)[0], goal.detach().numpy()))
    for final, condition in zip(boundary.model.finals, conditions, strict=True):
        errors.add(final.definition, "walk", difference(made.of(final.definition)[0], condition.detach().numpy()))
    for (name, leaf), gradient in zip(leaves.items(), gradients, strict=True):
        eta = written.rate("eta", name if name != "T" else names[0], tau) if names else 0.0
        wanted = torch.zeros_like(leaf) if gradient is None else gradient * math.exp(-eta * end)
        line = "end:T" if name == "T" else f"end:{'z' if name in written.states else 'w'}:{name}"
        if line == "end:T" and boundary.model.horizon is not None and boundary.model.horizon.end is not None:
            continue  # T is given
        errors.add(line, "autograd", difference(made.of(line)[0], wanted.detach().numpy()))


def _difference(final: Final) -> Expression:
    """Left side less right side; the written text has it so already."""
    assert not isinstance(final.value, Compare)
    return final.value
