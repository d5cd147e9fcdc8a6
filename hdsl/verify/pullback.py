"""The judge of a module's pullback: torch.autograd of an output by the inputs, on the walk of the text.

The states are those before the step, as in the module: what earlier inputs did to them is not differentiated. Where a state
begins from the sample itself, that is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from hdsl.derive.pullback import Pullback
from hdsl.verify.beginning import beginning, begun
from hdsl.verify.derivatives import Sample, assigned, moment_of, moves_by_assignment, of_stream, point_at, slope
from hdsl.verify.evaluate import number
from hdsl.verify.generated import CASES, cells_of, column_of, module_of
from hdsl.verify.judgement import Errors, difference
from hdsl.verify.points import Sized, smooth_point
from hdsl.verify.step import moved, returned
from hdsl.verify.written import Written


def judged_pullback(
    written: Written, cells: Mapping[str, Any], samples: Sequence[Sample], tau: float, output: str, adjoint: Tensor
) -> dict[str, Tensor]:
    """(∂y/∂u)ᵀ of the adjoint (batch, …) of an output, (batch, …) for each real input by name."""
    taus = (tau,) * len(samples)
    real = [name for name in written.inputs if written.declared[name].index is None]
    leaves = [
        {name: number(sample[name]).reshape(written.shape(name)).clone().requires_grad_() for name in real}
        for sample in samples
    ]
    read = [{**sample, **own} for sample, own in zip(samples, leaves, strict=True)]
    moment = moment_of(written, read, cells["time"].tolist(), taus, first=cells["clock"] == 0)
    h = begun(written, returned(written, cells)[0], cells["parameter"], moment, beginning(written, cells))
    values = {**h, **cells["parameter"]}
    new = moved(written, h, cells["parameter"], moment)
    found: dict[str, list[Tensor]] = {name: [] for name in real}
    for b, sample in enumerate(read):
        own = of_stream(written, values, b)
        point = point_at(written, own, sample, moment.times[b], tau)
        if written.replays or written.word("order") == "sequential":
            after = of_stream(written, new, b)
            for name in h:
                if name in written.per_stream and moves_by_assignment(written, name):
                    after[name] = assigned(written, name, point)
                elif name in written.per_stream:
                    after[name] = own[name] + tau * slope(written, name, point)
            point = point_at(written, own | after, sample, moment.times[b], tau)
        y = point(output)
        total = (y * adjoint[b].reshape(y.shape)).sum()
        if real and total.requires_grad:
            places = list(leaves[b].values())
            gradients = torch.autograd.grad(total, places, retain_graph=True, allow_unused=True, materialize_grads=True)
        else:
            gradients = tuple(torch.zeros_like(leaf) for leaf in leaves[b].values())
        for name, gradient in zip(real, gradients, strict=True):
            found[name].append(gradient)
    return {name: torch.stack(rows) for name, rows in found.items()}


def judge_pullback(found: Sized, pullback: Pullback, text: str, errors: Errors, seed: int) -> None:
    """Add the error of the gradient of each input, as the module of a text has it, for batches of 1 and 3 in all cases."""
    generator = torch.Generator().manual_seed(seed)
    assert pullback.output is not None
    for batch in (1, 3):
        for case in CASES:
            point = smooth_point(found, batch, generator)
            net = module_of(found, text, point, case)
            inputs = [column_of(found, point, name) for name in net.inputs]
            adjoint = torch.randn(net.predict(*inputs).shape, generator=generator, dtype=torch.float64)
            made = net.pullback(*inputs, adjoint)
            cells, tau = cells_of(found, point, case), float(net.tau)
            judged = judged_pullback(found.walk.written, cells, point.samples, tau, pullback.output, adjoint)
            for name, line in pullback.gradients.items():
                errors.add(line, "walk", difference(made[name], judged[name]))
