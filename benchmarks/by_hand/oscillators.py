"""The oscillators by hand: a' = −αa + ωb + Ba u, b' = −ωa − αb + Bb u, y = Ca a + Cb b, cost ½‖y − v‖²."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from benchmarks.by_hand.hand import Hand
from benchmarks.workload import ALPHA


class OscillatorsPacked(Hand):
    """x = [a | b], B = [Ba; Bb], C = [Ca | Cb]: one product each way; the rotation works on the two halves."""

    def build(self, parameters: dict[str, Tensor]) -> None:
        n, batch = self.workload.sizes["n"], self.workload.batch
        self.n = n
        self.theta = [
            parameters["omega"],
            torch.cat((parameters["Ba"], parameters["Bb"]), 0),
            torch.cat((parameters["Ca"], parameters["Cb"]), 1),
        ]
        self.costate = [torch.zeros_like(value) for value in self.theta]
        self.x, self.x_old, self.z, self.z_old = (self.zeros(batch, 2 * n) for _ in range(4))
        self.x[:, :n] = 1
        self.g = self.zeros(batch, n)
        self.e = torch.zeros_like(self.y)

    def _split(self, omega: Tensor, B: Tensor, C: Tensor) -> dict[str, Tensor]:
        n = self.n
        return {"omega": omega, "Ba": B[:n], "Bb": B[n:], "Ca": C[:, :n], "Cb": C[:, n:]}

    def parameters(self) -> dict[str, Tensor]:
        return self._split(*self.theta)

    def costates(self) -> dict[str, Tensor]:
        return {"a": self.z[:, : self.n], "b": self.z[:, self.n :], **self._split(*self.costate)}

    def states(self) -> dict[str, Tensor]:
        return {"a": self.x[:, : self.n], "b": self.x[:, self.n :]}

    def loop(self, us: Iterable[Tensor], targets: Iterable[Tensor], ys: Iterable[Tensor]) -> None:
        mm, mul, sub, add_each = torch.mm, torch.mul, torch.sub, torch._foreach_add_
        n, sequential = self.n, self.order == "sequential"
        theta, costate = self.theta, self.costate
        (omega, B, C), (costate_omega, costate_B, costate_C) = theta, costate
        x, x_old, z, z_old, g, e = self.x, self.x_old, self.z, self.z_old, self.g, self.e
        a, b, a_old, b_old = x[:, :n], x[:, n:], x_old[:, :n], x_old[:, n:]
        z_a, z_b, z_a_old, z_b_old = z[:, :n], z[:, n:], z_old[:, :n], z_old[:, n:]
        # The point at which parameters read the costate: the new one under sequential, else the old one.
        p, p_a, p_b = (z, z_a, z_b) if sequential else (z_old, z_a_old, z_b_old)
        x_read = x if sequential else x_old  # where y and L are taken
        B_t, C_t, p_t, e_t, g_t, mean = B.t(), C.t(), p.t(), e.t(), g.t(), self.mean
        tau, keep, rate, output_scale = self.tau, self.keep, self.rate, self.output_scale
        keep_x, keep_z = 1 - tau * ALPHA, keep - tau * ALPHA
        share, output_share = tau / len(x), output_scale / len(x)
        for u, v, y in zip(us, targets, ys, strict=False):
            x_old.copy_(x)
            x.addmm_(u, B_t, beta=keep_x, alpha=tau)
            a.addcmul_(omega, b_old, value=tau)
            b.addcmul_(omega, a_old, value=-tau)
            mm(x_read, C_t, out=y)
            sub(y, v, out=e)
            z_old.copy_(z)
            z.addmm_(e, C, beta=keep_z, alpha=output_scale)
            z_a.addcmul_(omega, z_b_old, value=-tau)
            z_b.addcmul_(omega, z_a_old, value=tau)
            mul(p_a, b_old, out=g).addcmul_(p_b, a_old, value=-1)  # g = p_a ⊙ b − p_b ⊙ a
            costate_omega.addmv_(g_t, mean, beta=keep, alpha=tau)
            costate_B.addmm_(p_t, u, beta=keep, alpha=share)
            costate_C.addmm_(e_t, x_read, beta=keep, alpha=output_share)
            add_each(theta, costate, alpha=rate)


class OscillatorsSeparate(Hand):
    """The same with each parameter and each state a tensor of its own."""

    def build(self, parameters: dict[str, Tensor]) -> None:
        n, batch = self.workload.sizes["n"], self.workload.batch
        self.theta = parameters
        self.costate = {name: torch.zeros_like(value) for name, value in parameters.items()}
        self.a, self.b, self.z_a, self.z_b, self.g = (self.zeros(batch, n) for _ in range(5))
        self.a.fill_(1)
        self.a_old, self.b_old, self.z_a_old, self.z_b_old = (self.zeros(batch, n) for _ in range(4))
        self.e = torch.zeros_like(self.y)

    def parameters(self) -> dict[str, Tensor]:
        return self.theta

    def costates(self) -> dict[str, Tensor]:
        return {"a": self.z_a, "b": self.z_b, **self.costate}

    def states(self) -> dict[str, Tensor]:
        return {"a": self.a, "b": self.b}

    def loop(self, us: Iterable[Tensor], targets: Iterable[Tensor], ys: Iterable[Tensor]) -> None:
        mm, mul, sub, add_each = torch.mm, torch.mul, torch.sub, torch._foreach_add_
        sequential = self.order == "sequential"
        omega, Ba, Bb, Ca, Cb = parameters = list(self.theta.values())
        costate_omega, costate_Ba, costate_Bb, costate_Ca, costate_Cb = costates = list(self.costate.values())
        a, b, a_old, b_old, g, e = self.a, self.b, self.a_old, self.b_old, self.g, self.e
        z_a, z_b, z_a_old, z_b_old = self.z_a, self.z_b, self.z_a_old, self.z_b_old
        p_a, p_b = (z_a, z_b) if sequential else (z_a_old, z_b_old)
        a_read, b_read = (a, b) if sequential else (a_old, b_old)
        Ba_t, Bb_t, Ca_t, Cb_t, p_a_t, p_b_t = Ba.t(), Bb.t(), Ca.t(), Cb.t(), p_a.t(), p_b.t()
        e_t, g_t, mean = e.t(), g.t(), self.mean
        tau, keep, rate, output_scale = self.tau, self.keep, self.rate, self.output_scale
        keep_x, keep_z = 1 - tau * ALPHA, keep - tau * ALPHA
        share, output_share = tau / len(a), output_scale / len(a)
        for u, v, y in zip(us, targets, ys, strict=False):
            a_old.copy_(a)
            b_old.copy_(b)
            a.addmm_(u, Ba_t, beta=keep_x, alpha=tau).addcmul_(omega, b_old, value=tau)
            b.addmm_(u, Bb_t, beta=keep_x, alpha=tau).addcmul_(omega, a_old, value=-tau)
            mm(a_read, Ca_t, out=y).addmm_(b_read, Cb_t)
            sub(y, v, out=e)
            z_a_old.copy_(z_a)
            z_b_old.copy_(z_b)
            z_a.addmm_(e, Ca, beta=keep_z, alpha=output_scale).addcmul_(omega, z_b_old, value=-tau)
            z_b.addmm_(e, Cb, beta=keep_z, alpha=output_scale).addcmul_(omega, z_a_old, value=tau)
            mul(p_a, b_old, out=g).addcmul_(p_b, a_old, value=-1)
            costate_omega.addmv_(g_t, mean, beta=keep, alpha=tau)
            costate_Ba.addmm_(p_a_t, u, beta=keep, alpha=share)
            costate_Bb.addmm_(p_b_t, u, beta=keep, alpha=share)
            costate_Ca.addmm_(e_t, a_read, beta=keep, alpha=output_share)
            costate_Cb.addmm_(e_t, b_read, beta=keep, alpha=output_share)
            add_each(parameters, costates, alpha=rate)
