"""Each credit against a step written by hand: which derivative is there, and which is cut."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import hdsl
from benchmarks.paper.credit import CREDITS, learn, learner, upstream


def by_hand(net: object, u: np.ndarray, v: np.ndarray, credit: str) -> np.ndarray:
    """What `resonator.ham` says, from Hamilton's equations of a′ = −αa + ωb, b′ = −ωa − αb + gu, L = ½(a − v)², sequential."""
    tau, eta, beta = 0.05, 1.0, 0.1
    start = {name: value.detach().numpy().copy() for name, value in net.named_parameters()}  # type: ignore[attr-defined]
    omega, alpha, g = start["omega"], start["alpha"], start["g"]
    a = b = za = zb = w_omega = w_alpha = w_g = np.zeros(u.shape[1])
    said = []
    for uk, vk in zip(u, v, strict=True):
        if credit == "one step":
            za = zb = np.zeros_like(za)
        a1, b1 = a + tau * (-alpha * a + omega * b), b + tau * (-omega * a - alpha * b + g * uk)
        said.append(a1)
        kept = 1 - tau * eta
        za1 = kept * za + tau * ((a1 - vk) - alpha * za - omega * zb)
        zb1 = kept * zb + tau * (omega * za - alpha * zb)
        seen_a, seen_b = (np.zeros_like(za), np.zeros_like(zb)) if credit == "zero" else (za1, zb1)
        w_omega = kept * w_omega + tau * (seen_a * b - seen_b * a)
        w_alpha = kept * w_alpha + tau * (-seen_a * a - seen_b * b)
        w_g = kept * w_g + tau * seen_b * uk
        omega, alpha, g = omega - tau * beta * w_omega, alpha - tau * beta * w_alpha, g - tau * beta * w_g
        a, b, za, zb = a1, b1, za1, zb1
    return np.array(said)


@pytest.mark.parametrize("credit", CREDITS)
def test_a_credit_is_the_step_that_it_says(credit: str) -> None:
    drawn = np.random.default_rng(5)
    u, v = drawn.normal(size=(60, 3)), drawn.normal(size=(60, 3))
    net = learner("resonator", credit, s=3)(batch=1, seed=0)
    wanted = by_hand(net, u, v, credit)
    stream = {"u": torch.from_numpy(u)[:, None], "v": torch.from_numpy(v)[:, None]}
    assert np.abs(learn(net, stream, credit).numpy() - wanted).max() < 1e-12


def test_the_credits_differ() -> None:
    drawn = np.random.default_rng(6)
    u, v = drawn.normal(size=(60, 1)), drawn.normal(size=(60, 1))
    net = learner("resonator", "costate", s=1)(batch=1, seed=0)
    said = [by_hand(net, u, v, credit)[-1, 0] for credit in CREDITS]
    assert len({round(float(each), 9) for each in said}) == 3


def test_a_parameter_that_both_read_is_refused() -> None:
    text = "ham 1\nstate x = 1\nparam w = 1\nx' = -w*x\ncost size = 1/2 * w * x^2\nlearn\n    eta = 1\n"
    with pytest.raises(ValueError, match="both read w"):
        upstream(hdsl.loads(text).product("model"))
