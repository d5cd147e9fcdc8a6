"""The feed-forward network by hand: two tanh layers, a linear one, cross entropy.

It has no state, so both orders are one step.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from benchmarks.by_hand.hand import Hand, whole_lines


class MlpPacked(Hand):
    """[W | b] of each layer meets [x | 1]; a layer writes its activation into the next x. Rows are padded."""

    def build(self, parameters: dict[str, Tensor]) -> None:
        m, n, batch = self.workload.sizes["m"], self.workload.sizes["n"], self.workload.batch
        self.sizes = (m, n, n)
        self.P = [self.zeros(len(parameters[f"b{k}"]), whole_lines(size + 1)) for k, size in enumerate(self.sizes, 1)]
        self.omega = [torch.zeros_like(P) for P in self.P]
        self.x = [self.zeros(batch, whole_lines(size + 1)) for size in self.sizes]
        for k, (P, x, size) in enumerate(zip(self.P, self.x, self.sizes, strict=True), 1):
            P[:, :size], P[:, size], x[:, size] = parameters[f"W{k}"], parameters[f"b{k}"], 1
        self.r, self.q1, self.q2 = (self.zeros(batch, n) for _ in range(3))
        self.e = torch.zeros_like(self.y)
        self.minus_one = self.zeros(batch, 1) - 1

    def _split(self, packed: list[Tensor]) -> dict[str, Tensor]:
        named = {}
        for k, (P, size) in enumerate(zip(packed, self.sizes, strict=True), 1):
            named[f"W{k}"], named[f"b{k}"] = P[:, :size], P[:, size]
        return named

    def parameters(self) -> dict[str, Tensor]:
        return self._split(self.P)

    def costates(self) -> dict[str, Tensor]:
        return self._split(self.omega)

    def states(self) -> dict[str, Tensor]:
        return {}

    def loop(self, us: Iterable[Tensor], targets: Iterable[Tensor], ys: Iterable[Tensor]) -> None:
        mm, mul, softmax, add_each = torch.mm, torch.mul, torch.softmax, torch._foreach_add_
        (P1, P2, P3), (omega_1, omega_2, omega_3), (x0, x1, x2) = self.P, self.omega, self.x
        r, q1, q2, e, minus_one = self.r, self.q1, self.q2, self.e, self.minus_one
        m, n, _ = self.sizes
        x_u, a1, a2, W2, W3 = x0[:, :m], x1[:, :n], x2[:, :n], P2[:, :n], P3[:, :n]
        P1_t, P2_t, P3_t, q1_t, q2_t, e_t = P1.t(), P2.t(), P3.t(), q1.t(), q2.t(), e.t()
        keep, rate, share = self.keep, self.rate, self.output_scale / len(e)
        for u, c, y in zip(us, targets, ys, strict=False):
            x_u.copy_(u)
            mm(x0, P1_t, out=a1).tanh_()
            mm(x1, P2_t, out=a2).tanh_()
            mm(x2, P3_t, out=y)
            softmax(y, -1, out=e).scatter_add_(1, c, minus_one)  # e = softmax(y) − one_hot(c)
            mm(e, W3, out=q2)
            mul(a2, a2, out=r)
            q2.addcmul_(q2, r, value=-1)  # q2 = (1 − a2²) ⊙ W3ᵀ e
            mm(q2, W2, out=q1)
            mul(a1, a1, out=r)
            q1.addcmul_(q1, r, value=-1)  # q1 = (1 − a1²) ⊙ W2ᵀ q2
            omega_1.addmm_(q1_t, x0, beta=keep, alpha=share)
            omega_2.addmm_(q2_t, x1, beta=keep, alpha=share)
            omega_3.addmm_(e_t, x2, beta=keep, alpha=share)
            add_each(self.P, self.omega, alpha=rate)


class MlpSeparate(Hand):
    """The same with each parameter a tensor of its own."""

    def build(self, parameters: dict[str, Tensor]) -> None:
        n, batch = self.workload.sizes["n"], self.workload.batch
        self.theta = parameters
        self.omega = {name: torch.zeros_like(value) for name, value in parameters.items()}
        self.a1, self.a2, self.r, self.q1, self.q2 = (self.zeros(batch, n) for _ in range(5))
        self.e = torch.zeros_like(self.y)
        self.minus_one = self.zeros(batch, 1) - 1

    def parameters(self) -> dict[str, Tensor]:
        return self.theta

    def costates(self) -> dict[str, Tensor]:
        return self.omega

    def states(self) -> dict[str, Tensor]:
        return {}

    def loop(self, us: Iterable[Tensor], targets: Iterable[Tensor], ys: Iterable[Tensor]) -> None:
        mm, mul, addmm, softmax, add_each = torch.mm, torch.mul, torch.addmm, torch.softmax, torch._foreach_add_
        W1, b1, W2, b2, W3, b3 = parameters = list(self.theta.values())
        omega_W1, omega_b1, omega_W2, omega_b2, omega_W3, omega_b3 = costates = list(self.omega.values())
        a1, a2, r, q1, q2, e, minus_one = self.a1, self.a2, self.r, self.q1, self.q2, self.e, self.minus_one
        W1_t, W2_t, W3_t, q1_t, q2_t, e_t = W1.t(), W2.t(), W3.t(), q1.t(), q2.t(), e.t()
        mean, keep, rate, scale = self.mean, self.keep, self.rate, self.output_scale
        share = scale / len(e)
        for u, c, y in zip(us, targets, ys, strict=False):
            addmm(b1, u, W1_t, out=a1).tanh_()
            addmm(b2, a1, W2_t, out=a2).tanh_()
            addmm(b3, a2, W3_t, out=y)
            softmax(y, -1, out=e).scatter_add_(1, c, minus_one)
            mm(e, W3, out=q2)
            mul(a2, a2, out=r)
            q2.addcmul_(q2, r, value=-1)
            mm(q2, W2, out=q1)
            mul(a1, a1, out=r)
            q1.addcmul_(q1, r, value=-1)
            omega_W1.addmm_(q1_t, u, beta=keep, alpha=share)
            omega_b1.addmv_(q1_t, mean, beta=keep, alpha=scale)
            omega_W2.addmm_(q2_t, a1, beta=keep, alpha=share)
            omega_b2.addmv_(q2_t, mean, beta=keep, alpha=scale)
            omega_W3.addmm_(e_t, a2, beta=keep, alpha=share)
            omega_b3.addmv_(e_t, mean, beta=keep, alpha=scale)
            add_each(parameters, costates, alpha=rate)
