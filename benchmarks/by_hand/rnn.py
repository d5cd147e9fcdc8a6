"""The leaky recurrent network by hand: h' = -h + tanh(W h + U u + b), y = C h, cost ½‖y − v‖²."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from benchmarks.by_hand.hand import Hand, whole_lines


class RnnPacked(Hand):
    """[W | U | b] meets [h | u | 1]: one product forward, one outer product back. h is a view of x.

    Rows are padded with zeros to whole cache lines: an odd row length costs a quarter at n = 1024, batch 32.
    """

    def build(self, parameters: dict[str, Tensor]) -> None:
        n, m, batch = self.workload.sizes["n"], self.workload.sizes["m"], self.workload.batch
        self.n, self.m = n, m
        width = whole_lines(n + m + 1)
        self.P = self.zeros(n, width)
        self.P[:, : n + m + 1] = torch.cat((parameters["W"], parameters["U"], parameters["b"][:, None]), 1)
        self.C = parameters["C"]
        self.omega_P, self.omega_C = torch.zeros_like(self.P), torch.zeros_like(self.C)
        self.x = self.zeros(batch, width)
        self.x[:, n + m] = 1
        self.x_old = self.x.clone()
        self.z, self.s, self.r, self.q = (self.zeros(batch, n) for _ in range(4))
        self.e = torch.zeros_like(self.y)

    def _split(self, P: Tensor) -> dict[str, Tensor]:
        n, m = self.n, self.m
        return {"W": P[:, :n], "U": P[:, n : n + m], "b": P[:, n + m]}

    def parameters(self) -> dict[str, Tensor]:
        return {**self._split(self.P), "C": self.C}

    def costates(self) -> dict[str, Tensor]:
        return {"h": self.z, **self._split(self.omega_P), "C": self.omega_C}

    def states(self) -> dict[str, Tensor]:
        return {"h": self.x[:, : self.n]}

    def loop(self, us: Iterable[Tensor], targets: Iterable[Tensor], ys: Iterable[Tensor]) -> None:
        (self._sequential if self.order == "sequential" else self._semi_implicit)(us, targets, ys)

    def _semi_implicit(self, us: Iterable[Tensor], vs: Iterable[Tensor], ys: Iterable[Tensor]) -> None:
        mm, mul, addcmul, sub, add_each = torch.mm, torch.mul, torch.addcmul, torch.sub, torch._foreach_add_
        P, C, omega_P, omega_C, n = self.P, self.C, self.omega_P, self.omega_C, self.n
        x, z, s, r, q, e = self.x, self.z, self.s, self.r, self.q, self.e
        h, x_u, W = x[:, :n], x[:, n : n + self.m], P[:, :n]
        P_t, C_t, q_t, e_t = P.t(), C.t(), q.t(), e.t()
        parameters, costates = [P, C], [omega_P, omega_C]
        tau, keep, rate, output_scale = self.tau, self.keep, self.rate, self.output_scale
        keep_z, share, output_share = keep - tau, tau / len(x), output_scale / len(x)
        for u, v, y in zip(us, vs, ys, strict=False):
            x_u.copy_(u)
            mm(x, P_t, out=s).tanh_()  # s = tanh(W h + U u + b)
            mul(s, s, out=r)
            addcmul(z, z, r, value=-1, out=q)  # q = (1 − s²) ⊙ z
            mm(h, C_t, out=y)
            sub(y, v, out=e)  # e = C h − v
            z.addmm_(q, W, beta=keep_z, alpha=tau).addmm_(e, C, alpha=output_scale)
            omega_P.addmm_(q_t, x, beta=keep, alpha=share)
            omega_C.addmm_(e_t, h, beta=keep, alpha=output_share)
            h.lerp_(s, tau)
            add_each(parameters, costates, alpha=rate)

    def _sequential(self, us: Iterable[Tensor], vs: Iterable[Tensor], ys: Iterable[Tensor]) -> None:
        mm, mul, addcmul, sub, add_each = torch.mm, torch.mul, torch.addcmul, torch.sub, torch._foreach_add_
        P, C, omega_P, omega_C, n = self.P, self.C, self.omega_P, self.omega_C, self.n
        x, x_old, z, s, r, q, e = self.x, self.x_old, self.z, self.s, self.r, self.q, self.e
        h, x_u, W = x[:, :n], x[:, n : n + self.m], P[:, :n]
        P_t, C_t, q_t, e_t = P.t(), C.t(), q.t(), e.t()
        s_next = torch.empty_like(s)
        parameters, costates = [P, C], [omega_P, omega_C]
        tau, keep, rate, output_scale = self.tau, self.keep, self.rate, self.output_scale
        keep_z, share, output_share = keep - tau, tau / len(x), output_scale / len(x)
        for u, v, y in zip(us, vs, ys, strict=False):
            x_u.copy_(u)
            mm(x, P_t, out=s).tanh_()  # s = tanh(W h + U u + b)
            x_old.copy_(x)
            h.lerp_(s, tau)  # h⁺
            mm(h, C_t, out=y)
            sub(y, v, out=e)  # e = C h⁺ − v
            mm(x, P_t, out=s_next).tanh_()  # s at h⁺
            mul(s_next, s_next, out=r)
            addcmul(z, z, r, value=-1, out=q)
            z.addmm_(q, W, beta=keep_z, alpha=tau).addmm_(e, C, alpha=output_scale)  # z⁺
            mul(s, s, out=r)
            addcmul(z, z, r, value=-1, out=q)  # q = (1 − s²) ⊙ z⁺, s at h
            omega_P.addmm_(q_t, x_old, beta=keep, alpha=share)
            omega_C.addmm_(e_t, h, beta=keep, alpha=output_share)
            add_each(parameters, costates, alpha=rate)


class RnnStacked(RnnPacked):
    """C stands below W as well: A = [[W, U, b], [C, 0, 0]], for both meet h.

    Needs φ = 1, so that q and e share a factor.

    Where W and C meet the same h (the point of y), one product gives the argument of tanh and y; one gives Wᵀq + Cᵀe;
    one takes both outer products, and one addition moves all parameters. The costates of the zeros are put back to zeros.
    """

    def build(self, parameters: dict[str, Tensor]) -> None:
        super().build(parameters)
        n, batch = self.n, len(self.x)
        d = len(self.C)
        assert self.output_scale == self.tau, "stacked needs φ = 1"
        self.A = self.zeros(n + d, self.P.shape[1])
        self.A[:n], self.A[n:, :n] = self.P, self.C
        self.omega_A = torch.zeros_like(self.A)
        self.P, self.C = self.A[:n], self.A[n:, :n]
        self.omega_P, self.omega_C = self.omega_A[:n], self.omega_A[n:, :n]
        self.a_y, self.q_e = self.zeros(batch, n + d), self.zeros(batch, n + d)

    def _semi_implicit(self, us: Iterable[Tensor], vs: Iterable[Tensor], ys: Iterable[Tensor]) -> None:
        mm, mul, addcmul, sub = torch.mm, torch.mul, torch.addcmul, torch.sub
        A, omega_A, n = self.A, self.omega_A, self.n
        x, z, r, a_y, q_e = self.x, self.z, self.r, self.a_y, self.q_e
        h, x_u, s, y_new, q, e = x[:, :n], x[:, n : n + self.m], a_y[:, :n], a_y[:, n:], q_e[:, :n], q_e[:, n:]
        A_t, W_C, q_e_t, beside_C = A.t(), A[:, :n], q_e.t(), omega_A[n:, n:]
        tau, keep, rate = self.tau, self.keep, self.rate
        keep_z, share = keep - tau, tau / len(x)
        for u, v, y in zip(us, vs, ys, strict=False):
            x_u.copy_(u)
            mm(x, A_t, out=a_y)  # [a | y] = [W h + U u + b | C h]
            s.tanh_()
            y.copy_(y_new)
            sub(y_new, v, out=e)  # e = C h − v
            mul(s, s, out=r)
            addcmul(z, z, r, value=-1, out=q)  # q = (1 − s²) ⊙ z
            z.addmm_(q_e, W_C, beta=keep_z, alpha=tau)
            omega_A.addmm_(q_e_t, x, beta=keep, alpha=share)
            beside_C.zero_()  # C meets h alone
            h.lerp_(s, tau)
            A.add_(omega_A, alpha=rate)

    def _sequential(self, us: Iterable[Tensor], vs: Iterable[Tensor], ys: Iterable[Tensor]) -> None:
        mm, mul, addcmul, sub = torch.mm, torch.mul, torch.addcmul, torch.sub
        A, omega_A, omega_P, omega_C, n = self.A, self.omega_A, self.omega_P, self.omega_C, self.n
        x, x_old, z, s, r, a_y, q_e = self.x, self.x_old, self.z, self.s, self.r, self.a_y, self.q_e
        h, x_u, s_next, y_new, q, e = x[:, :n], x[:, n : n + self.m], a_y[:, :n], a_y[:, n:], q_e[:, :n], q_e[:, n:]
        P_t, A_t, W_C, q_t, e_t = self.P.t(), A.t(), A[:, :n], q.t(), e.t()
        tau, keep, rate = self.tau, self.keep, self.rate
        keep_z, share = keep - tau, tau / len(x)
        for u, v, y in zip(us, vs, ys, strict=False):
            x_u.copy_(u)
            mm(x, P_t, out=s).tanh_()  # s = tanh(W h + U u + b)
            x_old.copy_(x)
            h.lerp_(s, tau)  # h⁺
            mm(x, A_t, out=a_y)  # [a | y] at h⁺
            y.copy_(y_new)
            sub(y_new, v, out=e)  # e = C h⁺ − v
            s_next.tanh_()
            mul(s_next, s_next, out=r)
            addcmul(z, z, r, value=-1, out=q)
            z.addmm_(q_e, W_C, beta=keep_z, alpha=tau)  # z⁺
            mul(s, s, out=r)
            addcmul(z, z, r, value=-1, out=q)  # q = (1 − s²) ⊙ z⁺, s at h
            omega_P.addmm_(q_t, x_old, beta=keep, alpha=share)
            omega_C.addmm_(e_t, h, beta=keep, alpha=share)
            A.add_(omega_A, alpha=rate)


class RnnSeparate(Hand):
    """The same with each parameter a tensor of its own, as ordinary Parameters are."""

    def build(self, parameters: dict[str, Tensor]) -> None:
        n, batch = self.workload.sizes["n"], self.workload.batch
        self.theta = parameters
        self.omega = {name: torch.zeros_like(value) for name, value in parameters.items()}
        self.h, self.h_old, self.z, self.c, self.s, self.r, self.q = (self.zeros(batch, n) for _ in range(7))
        self.e = torch.zeros_like(self.y)

    def parameters(self) -> dict[str, Tensor]:
        return self.theta

    def costates(self) -> dict[str, Tensor]:
        return {"h": self.z, **self.omega}

    def states(self) -> dict[str, Tensor]:
        return {"h": self.h}

    def loop(self, us: Iterable[Tensor], targets: Iterable[Tensor], ys: Iterable[Tensor]) -> None:
        (self._sequential if self.order == "sequential" else self._semi_implicit)(us, targets, ys)

    def _semi_implicit(self, us: Iterable[Tensor], vs: Iterable[Tensor], ys: Iterable[Tensor]) -> None:
        mm, mul, addmm, addcmul = torch.mm, torch.mul, torch.addmm, torch.addcmul
        sub, add_each = torch.sub, torch._foreach_add_
        W, U, b, C = parameters = list(self.theta.values())
        omega_W, omega_U, omega_b, omega_C = costates = list(self.omega.values())
        h, z, s, r, q, e, mean = self.h, self.z, self.s, self.r, self.q, self.e, self.mean
        W_t, U_t, C_t, q_t, e_t = W.t(), U.t(), C.t(), q.t(), e.t()
        tau, keep, rate, output_scale = self.tau, self.keep, self.rate, self.output_scale
        keep_z, share, output_share = keep - tau, tau / len(h), output_scale / len(h)
        for u, v, y in zip(us, vs, ys, strict=False):
            addmm(b, h, W_t, out=s).addmm_(u, U_t).tanh_()  # s = tanh(W h + U u + b)
            mul(s, s, out=r)
            addcmul(z, z, r, value=-1, out=q)  # q = (1 − s²) ⊙ z
            mm(h, C_t, out=y)
            sub(y, v, out=e)  # e = C h − v
            z.addmm_(q, W, beta=keep_z, alpha=tau).addmm_(e, C, alpha=output_scale)
            omega_W.addmm_(q_t, h, beta=keep, alpha=share)
            omega_U.addmm_(q_t, u, beta=keep, alpha=share)
            omega_b.addmv_(q_t, mean, beta=keep, alpha=tau)
            omega_C.addmm_(e_t, h, beta=keep, alpha=output_share)
            h.lerp_(s, tau)
            add_each(parameters, costates, alpha=rate)

    def _sequential(self, us: Iterable[Tensor], vs: Iterable[Tensor], ys: Iterable[Tensor]) -> None:
        mm, mul, addmm, addcmul = torch.mm, torch.mul, torch.addmm, torch.addcmul
        sub, add_each = torch.sub, torch._foreach_add_
        W, U, b, C = parameters = list(self.theta.values())
        omega_W, omega_U, omega_b, omega_C = costates = list(self.omega.values())
        h, h_old, z, c, s, r, q, e = self.h, self.h_old, self.z, self.c, self.s, self.r, self.q, self.e
        W_t, U_t, C_t, q_t, e_t, mean = W.t(), U.t(), C.t(), q.t(), e.t(), self.mean
        tau, keep, rate, output_scale = self.tau, self.keep, self.rate, self.output_scale
        keep_z, share, output_share = keep - tau, tau / len(h), output_scale / len(h)
        for u, v, y in zip(us, vs, ys, strict=False):
            addmm(b, u, U_t, out=c)  # c = U u + b, the same at both points
            addmm(c, h, W_t, out=s).tanh_()  # s = tanh(W h + c)
            h_old.copy_(h)
            h.lerp_(s, tau)  # h⁺
            mm(h, C_t, out=y)
            sub(y, v, out=e)  # e = C h⁺ − v
            c.addmm_(h, W_t).tanh_()  # s at h⁺, in the place of c
            mul(c, c, out=r)
            addcmul(z, z, r, value=-1, out=q)
            z.addmm_(q, W, beta=keep_z, alpha=tau).addmm_(e, C, alpha=output_scale)  # z⁺
            mul(s, s, out=r)
            addcmul(z, z, r, value=-1, out=q)  # q = (1 − s²) ⊙ z⁺, s at h
            omega_W.addmm_(q_t, h_old, beta=keep, alpha=share)
            omega_U.addmm_(q_t, u, beta=keep, alpha=share)
            omega_b.addmv_(q_t, mean, beta=keep, alpha=tau)
            omega_C.addmm_(e_t, h, beta=keep, alpha=output_share)
            add_each(parameters, costates, alpha=rate)
