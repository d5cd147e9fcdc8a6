"""Steps of a mechanical system as lines: the parts of a splitting, the times at which they stand, and sweeps that settle."""

from __future__ import annotations

import math

import pytest
import sympy
import torch

import hdsl
from hdsl.derive.mechanical_step import SPLITTINGS, SWEEPS
from hdsl.terms.notation import Notation

TEXT = """
state q = 1
costate p of q = 0
hamiltonian H = p^2/2 + q^4/4
learn
    step = leapfrog
    tau = 0.1
"""
TIMED = TEXT.replace("q^4/4", "q*cos(t)")


def lines(text: str, step: str) -> list[str]:
    model = hdsl.loads(text.replace("leapfrog", step))
    made = model.product("step").lines
    notation = Notation("text", made, states=("q", "p"))
    return [notation.equation(line) for line in made]


@pytest.mark.parametrize("word", SPLITTINGS)
def test_the_parts_of_a_splitting_are_a_whole_step_and_the_same_backwards(word: str) -> None:
    rule = SPLITTINGS[word]
    assert sympy.simplify(sum(rule.kicks) - 1) == 0 and sympy.simplify(sum(rule.drifts) - 1) == 0
    assert rule.kicks == rule.kicks[::-1] and rule.drifts == rule.drifts[::-1]
    assert len(rule.kicks) == len(rule.drifts) + 1


def test_yoshidas_parts_cancel_the_error_of_third_order() -> None:
    assert sympy.simplify(sum(part**3 for part in SPLITTINGS["yoshida4"].drifts)) == 0


def test_leapfrog_kicks_drifts_and_kicks() -> None:
    moved = [line for line in lines(TEXT, "leapfrog") if line[0] in "qp"]
    assert [line.split(" = ")[0] for line in moved] == ["p⁽²⁾", "q⁺", "p⁺"]


def one(text: str, step: str, tau: float = 0.1) -> tuple[float, float, float]:
    """q, p and H after a step."""
    net = hdsl.loads(text.replace("leapfrog", step)).compile(dtype=torch.float64)(tau=tau)
    energy, _ = net.step()
    return float(net.state.q), float(net.state.p), float(energy)


def test_leapfrog_by_hand() -> None:
    half = 0 - 0.05 * 1**3
    q = 1 + 0.1 * half
    p = half - 0.05 * q**3
    assert one(TEXT, "leapfrog") == pytest.approx((q, p, p**2 / 2 + q**4 / 4), rel=1e-15)


def test_the_implicit_midpoint_rule_holds_where_it_ends() -> None:
    q, p, energy = one(TEXT, "implicit-midpoint")
    assert q == pytest.approx(1 + 0.1 * (0 + p) / 2, rel=1e-15)
    assert p == pytest.approx(-0.1 * ((1 + q) / 2) ** 3, rel=1e-14)
    assert energy == pytest.approx(p**2 / 2 + q**4 / 4, rel=1e-14)


@pytest.mark.parametrize("step", ["leapfrog", "implicit-midpoint", "midpoint"])
def test_time_is_that_of_each_part(step: str) -> None:
    """ṗ = −cos t with q at hand: kicks at t and t + τ, or one at t + τ/2; the energy at the end is that of t + τ."""
    slope = -(math.cos(0) + math.cos(0.1)) / 2 if step == "leapfrog" else -math.cos(0.05)
    q, p, energy = one(TIMED, step)
    assert p == pytest.approx(0.1 * slope, rel=1e-14)
    assert energy == pytest.approx(p**2 / 2 + q * math.cos(0.1), rel=1e-14)


def test_sweeps_that_do_not_settle_give_no_number() -> None:
    """Of an oscillator a sweep leaves (τω/2)² of what the one before it moved."""
    text = TEXT.replace("q^4/4", "q^2/2")
    limit = 2 * (32 * 2.0**-53) ** (1 / (2 * SWEEPS - 2))
    assert all(math.isfinite(value) for value in one(text, "implicit-midpoint", 0.9 * limit))
    assert all(math.isnan(value) for value in one(text, "implicit-midpoint", 1.5 * limit))
    assert all(math.isnan(value) for value in one(text, "implicit-midpoint", 3.0))


def test_a_system_at_rest_stays_there() -> None:
    text = TEXT.replace("q = 1", "q = 0")
    assert one(text, "implicit-midpoint") == (0, 0, 0)


@pytest.mark.parametrize("step", [*SPLITTINGS, "implicit-midpoint", "euler", "midpoint", "rk4"])
def test_a_step_of_no_length_ends_where_it_begins(step: str) -> None:
    assert one(TEXT, step, 0.0) == (1, 0, 0.25)
