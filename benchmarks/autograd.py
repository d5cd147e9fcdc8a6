"""What a torch user would write: autograd and ``torch.optim.SGD`` with momentum, one update a step, at the same batch.

Where the workload has a state, the gradient is truncated to one step (the state is cut from its history): less work
than H′, which carries credit through the costate. The optimizer's variants are torch's: default, foreach and fused.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, linear

from benchmarks.workload import ALPHA, Workload

OPTIMISERS: Mapping[str, Mapping[str, bool]] = {"default": {}, "foreach": {"foreach": True}, "fused": {"fused": True}}


class Autograd:
    """One workload under one variant of the optimizer."""

    def __init__(self, workload: Workload, optimiser: str, dtype: torch.dtype = torch.float32) -> None:
        settings = workload.settings
        self.workload = workload
        self.theta = {name: torch.nn.Parameter(value) for name, value in workload.draw(dtype).items()}
        self.optimiser = torch.optim.SGD(
            self.theta.values(),
            lr=settings.tau * settings.beta,
            momentum=1 - settings.tau * settings.eta,
            dampening=1 - settings.tau * settings.phi,
            **OPTIMISERS[optimiser],
        )
        shape = (workload.batch, workload.sizes["n"])
        self.h = torch.zeros(shape, dtype=dtype)
        self.a, self.b = torch.ones(shape, dtype=dtype), torch.zeros(shape, dtype=dtype)

    def parameters(self) -> dict[str, Tensor]:
        return {name: value.detach() for name, value in self.theta.items()}

    def forward(self, u: Tensor) -> Tensor:
        """Moves the state and returns y (batch, d)."""
        theta, tau = self.theta, self.workload.settings.tau
        if self.workload.kind == "mlp":
            first = torch.tanh(linear(u, theta["W1"], theta["b1"]))
            return linear(torch.tanh(linear(first, theta["W2"], theta["b2"])), theta["W3"], theta["b3"])
        if self.workload.kind == "rnn":
            s = torch.tanh(linear(self.h, theta["W"], theta["b"]) + linear(u, theta["U"]))
            h = torch.lerp(self.h, s, tau)
            self.h = h.detach()
            return linear(h, theta["C"])
        a, b, omega, keep = self.a, self.b, theta["omega"], 1 - tau * ALPHA
        a_next = keep * a + tau * (omega * b + linear(u, theta["Ba"]))
        b_next = keep * b + tau * (linear(u, theta["Bb"]) - omega * a)
        self.a, self.b = a_next.detach(), b_next.detach()
        return linear(a_next, theta["Ca"]) + linear(b_next, theta["Cb"])

    def run(self, stream: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """y (steps, batch, d) and the mean cost of each step, fit (steps,)."""
        classes = self.workload.target == "c"
        ys, costs = [], []
        for u, target in zip(stream["u"].unbind(0), stream[self.workload.target].unbind(0), strict=True):
            self.optimiser.zero_grad()
            y = self.forward(u)
            cost = cross_entropy(y, target) if classes else 0.5 * (y - target).square().sum(-1).mean()
            cost.backward()  # type: ignore[no-untyped-call]
            self.optimiser.step()
            ys.append(y.detach())
            costs.append(cost.detach())
        return {"y": torch.stack(ys), "fit": torch.stack(costs)}
