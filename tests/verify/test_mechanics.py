"""The judge's own steps of a mechanical system, on paper."""

from __future__ import annotations

import math

import pytest
import torch

from hdsl.model.mechanics import pair_up
from hdsl.model.scope import build_scope
from hdsl.syntax.parse import parse
from hdsl.syntax.source import Source
from hdsl.verify.mechanics import energy_at, mechanical_step, slopes_at
from hdsl.verify.written import Written

TEXT = """
state q[2] = 1
costate p of q = 0
const k = 4
let V = k*squared(q)/2
hamiltonian H = squared(p)/2 + V*(1 + t)
learn
    step = {}
"""


def written(step: str) -> Written:
    text, _ = parse(Source(TEXT.format(step)))
    return Written(pair_up(text, build_scope(text))[0])


def at(q: float, p: float) -> dict[str, torch.Tensor]:
    return {"q": torch.tensor([q, 0.0], dtype=torch.float64), "p": torch.tensor([p, 0.0], dtype=torch.float64)}


def test_slopes_are_those_of_the_energy_at_the_time() -> None:
    model = written("euler")
    assert float(energy_at(model, at(0.5, 3.0), 1.0, 0.1)) == pytest.approx(9 / 2 + 4 * 0.25 / 2 * 2)
    made = slopes_at(model, at(0.5, 3.0), 1.0, 0.1)
    assert made["q"].tolist() == [3.0, 0.0] and made["p"].tolist() == pytest.approx([-4.0, 0.0])


@pytest.mark.parametrize("step", ["leapfrog", "implicit-midpoint", "euler", "midpoint", "rk4", "yoshida4"])
def test_a_step_is_of_the_order_that_it_is_said_to_be(step: str) -> None:
    """Against a hundred steps of rk4."""
    order = {"euler": 1, "rk4": 4, "yoshida4": 4}.get(step, 2)

    def error(tau: float) -> float:
        fine, right = at(0.5, 1.0), written("rk4")
        for k in range(100):
            fine = mechanical_step(right, fine, 0.2 + k * tau / 100, tau / 100)
        return float((mechanical_step(written(step), at(0.5, 1.0), 0.2, tau)["q"] - fine["q"]).abs().max())

    assert math.log2(error(0.1) / error(0.05)) == pytest.approx(order + 1, abs=0.35)


def test_an_unknown_step_is_refused() -> None:
    model = written("euler")
    model.settings["step"] = "magic"
    with pytest.raises(ValueError, match="magic"):
        mechanical_step(model, at(1, 1), 0.0, 0.1)
