"""One model written twice, in .ham and in plain torch with autograd, which here shares not even the walk with it.

It has what meets in few models at once: a shared state beside one of each stream, parameters that both read, a decay that is
not divided by the batch, targets missing one by one, φ of t, uneven gaps, sequences that end a stream at a time, rates by
group and by name, and a parameter that is frozen.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
import torch
from torch import Tensor

import hdsl

F64 = torch.float64
BATCH, STEPS = 2, 9

TEXT = """
dim n = 2
input u[n]
target v[n]
target c : index(n)
state h[n] = 0.3
state r = 0.7
param W[n, n] = normal(0, 1)
param b[n] = 0.2
h' = -h + tanh(W @ h + b*u)*r
r' = -r + mean(b) + t/4
output y = W.T @ h * r
cost fit = 1/2*squared(y - v)
cost class = cross_entropy(y, c)
cost decay = 0.1*squared(W)*r
reset r never
learn
    tau = 0.5
    eta = 0.3
    eta.param = 0.6
    eta.r = 0.1
    beta = 0.4
    beta.b = 0
    phi = 1 + t^2
    first = undamped
"""


@dataclass
class Sample:
    u: Tensor
    v: Tensor
    c: Tensor
    tau: float | None
    ended: Tensor


def samples() -> list[Sample]:
    """Either target, both, or none of a stream missing; both streams begin anew once, one of them once more."""
    source = torch.Generator().manual_seed(1)
    drawn = []
    for k in range(STEPS):
        u, v = torch.randn(2, BATCH, 2, generator=source, dtype=F64)
        if k % 4 == 1:
            v[0, 1] = torch.nan
        c = torch.tensor(((1, -1), (-1, -1), (0, 1))[k % 3])
        drawn.append(Sample(u, v, c, None if k % 3 else 0.2, torch.tensor([k == 3, k in (3, 5)])))
    return drawn


@dataclass
class Plain:
    """The cells of the model, and H′ of each stream and of what is shared."""

    W: Tensor
    b: Tensor
    h: Tensor = field(default_factory=lambda: torch.full((BATCH, 2), 0.3, dtype=F64))
    r: Tensor = field(default_factory=lambda: torch.tensor(0.7, dtype=F64))
    t: float = 0.0
    ended: Tensor = field(default_factory=lambda: torch.zeros(BATCH, dtype=torch.bool))

    def __post_init__(self) -> None:
        self.z, self.z_r, self.w_W, self.w_b = (torch.zeros_like(x) for x in (self.h, self.r, self.W, self.b))

    def pulls(self, at: tuple[Tensor, Tensor], z: tuple[Tensor, Tensor], sample: Sample, phi: float) -> list[Tensor]:
        """∂H′ by h, r, W and b at a state; φ = 0 leaves the cost out, and z = 0 the dynamics."""
        h, r, W, b = leaves = [x.detach().clone().requires_grad_() for x in (*at, self.W, self.b)]
        shared = phi * 0.1 * (W**2).sum() * r + z[1] * (-r + b.mean() + self.t / 4)
        own = []
        for s in range(BATCH):
            y = W.T @ h[s] * r
            own.append((z[0][s] * (-h[s] + torch.tanh(W @ h[s] + b * sample.u[s]) * r)).sum())
            if not sample.v[s].isnan().any():
                own[s] = own[s] + phi * 0.5 * ((y - sample.v[s]) ** 2).sum()
            if sample.c[s] >= 0:
                own[s] = own[s] - phi * torch.log_softmax(y, 0)[sample.c[s]]
        (by_h,) = torch.autograd.grad(sum(own), leaves[:1], retain_graph=True)
        return [by_h, *torch.autograd.grad(sum(own) / BATCH + shared, leaves[1:])]

    def step(self, sample: Sample, order: str) -> Tensor:
        """What section 3 of the mathematics says, line by line. Returns y."""
        tau = sample.tau or 0.5
        phi = 1 / tau if self.t == 0 else 1 + self.t**2
        self.h[self.ended], self.z[self.ended] = 0.3, 0.0
        f = -self.h + torch.tanh(self.h @ self.W.T + self.b * sample.u) * self.r
        old = self.h, self.r
        new = self.h + tau * f, self.r + tau * (-self.r + self.b.mean() + self.t / 4)
        at = new if order == "sequential" else old
        y, z = at[0] @ self.W * at[1], (self.z, self.z_r)
        by_h, by_r, by_W, by_b = self.pulls(at, z, sample, phi)
        z = (1 - 0.3 * tau) * self.z + tau * by_h, (1 - 0.1 * tau) * self.z_r + tau * by_r
        if order == "sequential":
            still = torch.zeros_like(self.h), torch.zeros_like(self.r)
            by_cost, by_dynamics = self.pulls(new, still, sample, phi), self.pulls(old, z, sample, 0.0)
            by_W, by_b = (one + other for one, other in zip(by_cost[2:], by_dynamics[2:], strict=True))
        w_W, w_b = ((1 - 0.6 * tau) * w + tau * by for w, by in ((self.w_W, by_W), (self.w_b, by_b)))
        self.W = self.W - tau * 0.4 * (self.w_W if order == "simultaneous" else w_W)
        (self.h, self.r), (self.z, self.z_r), self.w_W, self.w_b = new, z, w_W, w_b
        self.t, self.ended = self.t + tau, sample.ended
        return y


@pytest.mark.parametrize("order", ["simultaneous", "sequential", "semi-implicit"])
def test_the_module_learns_as_plain_torch(order: str) -> None:
    net = hdsl.loads(TEXT, settings={"order": order}).compile(dtype=F64)(batch=BATCH, seed=3)
    plain = Plain(net.W.detach().clone(), net.b.detach().clone())
    begun = plain.W
    for sample in samples():
        y, _ = net.step(u=sample.u, v=sample.v, c=sample.c, tau=sample.tau, boundary=sample.ended)
        wanted = {"y": plain.step(sample, order), **vars(plain)}
        found = {"y": y, "W": net.W, "b": net.b, "h": net.state.h, "r": net.state.r, "z": net.costate.h}
        found |= {"z_r": net.costate.r, "w_W": net.costate.W, "w_b": net.costate.b}
        for name, value in found.items():
            torch.testing.assert_close(value.detach(), wanted[name], rtol=1e-13, atol=1e-13, msg=f"{name}: {value}")
    assert float((plain.W - begun).abs().max()) > 0.1 and float(plain.w_b.abs().max()) > 0.1
