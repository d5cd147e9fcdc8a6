"""The controls of the judge: where H′ of one stream is least in them, by torch.autograd of H′ on the walk of the text.

H′ is quadratic in what stationarity chooses, so that one Newton step from 0 with autograd's second derivatives meets its
stationary point; clipped to the bounds it is the least point there wherever the second derivative is diagonal. Nothing here
knows how the compiler came to its formula.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from hdsl.verify.derivatives import Moment, Values, leaves_of, of_stream, point_of_stream, terms_of_hamiltonian
from hdsl.verify.evaluate import DTYPE, evaluate
from hdsl.verify.written import Written


def first_controls(written: Written, batch: int) -> dict[str, Tensor]:
    """Where the controls that follow their gradient begin: 0, or the bound nearest to it. Shape (batch, …)."""
    zeros = {name: torch.zeros((batch, *written.shape(name)), dtype=DTYPE) for name in written.followed}
    return {name: bounded(written, name, value) for name, value in zeros.items()}


def bounded(written: Written, name: str, value: Tensor) -> Tensor:
    """A value within the bounds of a control."""
    bounds = written.controls[name].bounds
    if bounds is None:
        return value
    known = written.constants().__getitem__
    lower, upper = (evaluate(bound, known) for bound in (bounds.lower, bounds.upper))
    return torch.maximum(torch.minimum(value, upper), lower)


def controls_of(written: Written, values: Values, z: Values, moment: Moment, followed: Values) -> dict[str, Tensor]:
    """Every control of a batch at a moment, (batch, …). ``values`` are states and parameters, ``followed`` as the last step
    left them."""
    if not written.controls:
        return {}
    each = [
        _of_stream(written, of_stream(written, values, b), of_stream(written, z, b), moment, b, _row(followed, b))
        for b in range(len(moment.samples))
    ]
    return {name: torch.stack([own[name] for own in each]) for name in written.controls}


def _row(values: Values, stream: int) -> dict[str, Tensor]:
    return {name: value[stream] for name, value in values.items()}


def _of_stream(
    written: Written, values: Values, z: Values, moment: Moment, stream: int, followed: Values
) -> dict[str, Tensor]:
    found = dict(followed)
    named = {name: z[state] for name, state in written.costates.items()}
    for name, control in written.controls.items():
        if control.value is not None:
            point = point_of_stream(written, {**values, **named}, moment, stream)
            value = evaluate(control.value, point).broadcast_to(written.shape(name))
            found[name] = bounded(written, name, value.clone())
    asked = [name for name, control in written.controls.items() if control.rule == "stationarity"]
    for name in asked:
        found[name] = torch.zeros(written.shape(name), dtype=DTYPE)
    for name in asked:
        found[name] = bounded(written, name, _least(written, {**values, **found}, z, moment, stream, name))
    return {name: found[name].detach() for name in written.controls}


def _least(written: Written, values: Values, z: Values, moment: Moment, stream: int, name: str) -> Tensor:
    """Where H′ is stationary in one control, all else held."""
    start = torch.zeros(values[name].numel(), dtype=DTYPE)

    def robust(flat: Tensor) -> Tensor:
        return _hamiltonian(written, {**values, name: flat.reshape(values[name].shape)}, z, moment, stream)

    slope = torch.autograd.functional.jacobian(robust, start)
    curvature = torch.autograd.functional.hessian(robust, start)
    return torch.linalg.solve(curvature, -slope).reshape(values[name].shape)


def _hamiltonian(written: Written, values: Values, z: Values, moment: Moment, stream: int) -> Tensor:
    """H′ of one stream: what no stream has its own of holds no control."""
    point = point_of_stream(written, values, moment, stream)
    return terms_of_hamiltonian(written, False, point, moment.samples[stream], moment.phis[stream], z)


def slopes_of(written: Written, values: Values, z: Values, moment: Moment, names: Sequence[str]) -> dict[str, Tensor]:
    """∂H′/∂a of a batch at the controls in ``values``, (batch, …)."""
    found: dict[str, list[Tensor]] = {name: [] for name in names}
    for b in range(len(moment.samples)):
        own = of_stream(written, values, b)
        leaves = leaves_of({name: own[name] for name in names})
        total = _hamiltonian(written, {**own, **leaves}, of_stream(written, z, b), moment, b)
        if not total.requires_grad:
            slopes = [torch.zeros_like(leaf) for leaf in leaves.values()]
        else:
            slopes = list(torch.autograd.grad(total, list(leaves.values()), allow_unused=True, materialize_grads=True))
        for name, slope in zip(names, slopes, strict=True):
            found[name].append(slope)
    return {name: torch.stack(each) for name, each in found.items()}


def followed_on(written: Written, controls: Values, values: Values, z: Values, moment: Moment) -> dict[str, Tensor]:
    """a⁺ = a − τ β ∂H′/∂a within the bounds, of the controls that follow their gradient."""
    names = written.followed
    slopes = slopes_of(written, {**values, **controls}, z, moment, names) if names else {}
    found: Mapping[str, list[Tensor]] = {name: [] for name in names}
    for b, tau in enumerate(moment.taus):
        for name in names:
            moved = controls[name][b] - tau * written.rate("beta", name, tau) * slopes[name][b]
            found[name].append(bounded(written, name, moved))
    return {name: torch.stack(each) for name, each in found.items()}
