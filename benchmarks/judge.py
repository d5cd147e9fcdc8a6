"""The equations of each order by torch autograd of H′ = φL + ⟨z, f⟩.

One derivative at a time: slow, and the judge of the fast steps. Nothing here is shared with the hand-written steps
but the workload's sizes and settings.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from benchmarks.workload import ALPHA, Workload

Named = dict[str, Tensor]


class Judge:
    """One workload at one order. ``run`` returns y (steps, batch, d) and fit (steps, batch), as the others do."""

    def __init__(self, workload: Workload, order: str, dtype: torch.dtype, parameters: Mapping[str, Tensor]) -> None:
        self.workload, self.order, self.settings = workload, order, workload.settings
        self.theta: Named = {name: value.clone() for name, value in parameters.items()}
        self.omega: Named = {name: torch.zeros_like(value) for name, value in parameters.items()}
        shape = (workload.batch, workload.sizes["n"])
        self.h: Named = {}
        if workload.kind == "rnn":
            self.h = {"h": torch.zeros(shape, dtype=dtype)}
        elif workload.kind == "oscillators":
            self.h = {"a": torch.ones(shape, dtype=dtype), "b": torch.zeros(shape, dtype=dtype)}
        self.z: Named = {name: torch.zeros_like(value) for name, value in self.h.items()}

    def parameters(self) -> Named:
        return self.theta

    def costates(self) -> Named:
        return {**self.z, **self.omega}

    def states(self) -> Named:
        return self.h

    def dynamics(self, u: Tensor, h: Named, theta: Named) -> Named:
        """f: the slope of each state."""
        if self.workload.kind == "rnn":
            return {"h": -h["h"] + torch.tanh(h["h"] @ theta["W"].T + u @ theta["U"].T + theta["b"])}
        if self.workload.kind == "oscillators":
            a, b = h["a"], h["b"]
            return {
                "a": -ALPHA * a + theta["omega"] * b + u @ theta["Ba"].T,
                "b": -theta["omega"] * a - ALPHA * b + u @ theta["Bb"].T,
            }
        return {}

    def output(self, u: Tensor, h: Named, theta: Named) -> Tensor:
        """g: the output."""
        if self.workload.kind == "rnn":
            return h["h"] @ theta["C"].T
        if self.workload.kind == "oscillators":
            return h["a"] @ theta["Ca"].T + h["b"] @ theta["Cb"].T
        first = torch.tanh(u @ theta["W1"].T + theta["b1"])
        second = torch.tanh(first @ theta["W2"].T + theta["b2"])
        return second @ theta["W3"].T + theta["b3"]

    def lagrangian(self, y: Tensor, target: Tensor) -> Tensor:
        """L of each stream, (batch,)."""
        if self.workload.target == "c":
            return cross_entropy(y, target, reduction="none")
        return 0.5 * ((y - target) ** 2).sum(-1)

    def gradient(self, value: Tensor, wrt: Named) -> Named:
        if not wrt:
            return {}
        parts = torch.autograd.grad(value, list(wrt.values()), retain_graph=True, materialize_grads=True)
        return dict(zip(wrt, parts, strict=True))

    def step(self, u: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
        """One step; returns y (batch, d) and L of each stream (batch,)."""
        tau, phi, keep = self.settings.tau, self.settings.phi, 1 - self.settings.tau * self.settings.eta
        sequential = self.order == "sequential"
        theta = leaves(self.theta)
        h = leaves(self.h)
        slope = self.dynamics(u, h, theta)
        h_next = leaves({name: h[name] + tau * slope[name] for name in h})
        h_read = h_next if sequential else h
        y = self.output(u, h_read, theta)
        cost = self.lagrangian(y, target)

        # z of a stream is the derivative of its own H′: the sum over streams keeps them apart.
        slope_read = self.dynamics(u, h_read, theta)
        product = sum(((self.z[name] * slope_read[name]).sum() for name in h), torch.zeros(()))
        slope_h = self.gradient(phi * cost.sum() + product, h_read)
        z_next = {name: keep * self.z[name] + tau * slope_h[name] for name in h}

        # ω is shared: the mean over streams.
        z_read = z_next if sequential else self.z
        product = sum(((z_read[name] * slope[name]).sum() for name in h), torch.zeros(()))
        slope_theta = self.gradient((phi * cost.sum() + product) / len(u), theta)
        for name in self.theta:
            self.omega[name] = keep * self.omega[name] + tau * slope_theta[name]
            self.theta[name] = self.theta[name] - tau * self.settings.beta * self.omega[name]
        self.h = {name: value.detach() for name, value in h_next.items()}
        self.z = z_next
        return y.detach(), cost.detach()

    def run(self, stream: Mapping[str, Tensor]) -> Named:
        results = [self.step(u, target) for u, target in zip(stream["u"], stream[self.workload.target], strict=True)]
        return {"y": torch.stack([y for y, _ in results]), "fit": torch.stack([cost for _, cost in results])}


def leaves(tensors: Named) -> Named:
    """Copies cut from their history, with respect to which a derivative can be taken."""
    return {name: value.detach().clone().requires_grad_() for name, value in tensors.items()}
