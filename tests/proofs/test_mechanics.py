"""Mechanical systems that ship, against closed forms and invariants: what a step keeps, and how fast it errs.

Nothing here is derived: Kepler's equation, normal modes, energy and angular momentum, the way back, and the symplectic form by
differences of the step itself. All by the numpy reference.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

import hdsl
from benchmarks.mechanics import SYSTEMS, Moving, followed
from hdsl.derive.methods import METHODS

Numbers = NDArray[np.float64]

SYMPLECTIC = [word for word, method in METHODS.items() if method.symplectic]
OTHERS = [word for word in METHODS if word not in SYMPLECTIC]
FREQUENCY = {"pendulum": 3.2, "kepler": 6.0, "henon_heiles": 1.5, "chain": 2.0}
"""The largest of each system, about: of Kepler's at the nearest point."""


def moving(system: str, step: str, **settings: float) -> Moving:
    return Moving(hdsl.load(system, settings={"step": step, **settings}))


def flat(one: Moving) -> Numbers:
    """States and momenta as one vector, states first."""
    return np.concatenate([np.ravel(one.cells[name]) for name in in_order(one)])


def in_order(one: Moving) -> tuple[str, ...]:
    return (*one.pairs, *one.pairs.values())


def put(one: Moving, values: Numbers) -> None:
    """The vector back into states and momenta."""
    start = 0
    for name in in_order(one):
        shape = np.shape(one.cells[name])
        size = math.prod(shape)
        one.cells[name] = values[start : start + size].reshape(shape)[()]
        start += size


def turn(one: Moving) -> None:
    """The momenta the other way round."""
    for momentum in one.pairs.values():
        one.cells[momentum] = -one.cells[momentum]


# Closed forms ---------------------------------------------------------------------------------------------------------


def ellipse(t: float, e: float = 0.6) -> Numbers:
    """Where a planet is by Kepler's equation, E − e sin E = t, and how fast it moves."""
    anomaly = t
    for _ in range(60):
        anomaly -= (anomaly - e * math.sin(anomaly) - t) / (1 - e * math.cos(anomaly))
    root, distance = math.sqrt(1 - e * e), 1 - e * math.cos(anomaly)
    place = [math.cos(anomaly) - e, root * math.sin(anomaly)]
    return np.array([*place, -math.sin(anomaly) / distance, root * math.cos(anomaly) / distance])


def modes(t: float, n: int = 32) -> Numbers:
    """A chain between two walls that is struck all at once, by its normal modes."""
    k = np.arange(1, n + 1)
    shapes = math.sqrt(2 / (n + 1)) * np.sin(np.pi * np.outer(k, k) / (n + 1))
    omega = 2 * np.sin(np.pi * k / (2 * (n + 1)))
    struck = shapes @ np.full(n, 0.1)
    return np.concatenate([shapes @ (struck * np.sin(omega * t) / omega), shapes @ (struck * np.cos(omega * t))])


def finely(system: str, t: float) -> Numbers:
    """A system after a time by many short steps of rk4."""
    steps = 4000
    fine = moving(system, "rk4", tau=t / steps)
    for _ in range(steps):
        fine.step()
    return flat(fine)


EXACT: dict[str, Callable[[float], Numbers]] = {
    "kepler": ellipse,
    "chain": modes,
    "pendulum": lambda t: finely("pendulum", t),
    "henon_heiles": lambda t: finely("henon_heiles", t),
}
SPAN = {"kepler": 1.0, "chain": 8.0, "pendulum": 2.0, "henon_heiles": 8.0}


@pytest.mark.parametrize("step", METHODS)
@pytest.mark.parametrize("system", SYSTEMS)
def test_the_error_of_a_run_falls_by_the_order_of_the_step(system: str, step: str) -> None:
    """Over a time T the error is O(τ^p): halving τ divides it by 2^p."""
    order, exact = METHODS[step].order, EXACT[system](SPAN[system])
    coarse = {1: 400, 2: 100, 4: 60}[order]
    sizes = []
    for steps in (coarse, 2 * coarse, 4 * coarse):
        one = moving(system, step, tau=SPAN[system] / steps)
        for _ in range(steps):
            one.step()
        sizes.append(float(np.abs(flat(one) - exact).max()))
    measured = math.log2(sizes[1] / sizes[2])
    assert measured == pytest.approx(order, abs=0.25), sizes


def test_the_planet_comes_round_after_a_year() -> None:
    one = moving("kepler", "yoshida4", tau=2 * math.pi / 4000)
    for _ in range(4000):
        one.step()
    assert flat(one) == pytest.approx(ellipse(2 * math.pi), abs=2e-6)
    assert ellipse(2 * math.pi) == pytest.approx(np.array([0.4, 0, 0, 2]), abs=1e-12)


# What is kept ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("step", SYMPLECTIC)
def test_angular_momentum_is_kept_to_round_off(step: str) -> None:
    """A quadratic invariant, which leapfrog and the implicit midpoint rule keep exactly."""
    one = moving("kepler", step)
    for _ in range(2000):
        one.step()
    q, p = one.cells["q"], one.cells["p"]
    assert q[0] * p[1] - q[1] * p[0] == pytest.approx(0.8, abs=2e-13)


def test_angular_momentum_is_lost_by_euler() -> None:
    one = moving("kepler", "euler")
    for _ in range(2000):
        one.step()
    q, p = one.cells["q"], one.cells["p"]
    assert abs(q[0] * p[1] - q[1] * p[0] - 0.8) > 1e-2


def test_the_implicit_midpoint_rule_keeps_the_energy_of_a_linear_chain_to_round_off() -> None:
    assert followed("chain", "implicit-midpoint", 2000).largest < 1e-13


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("step", SYMPLECTIC)
def test_energy_has_no_trend_by_a_symplectic_step(system: str, step: str) -> None:
    """The last tenth of a run is as far off as the first; of the chain what is off is round-off."""
    drift = followed(system, step, 2000 if step == "implicit-midpoint" else 6000)
    assert drift.largest < 4e-3
    assert drift.growth < 1.5 or drift.largest < 1e-12


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("step", ["euler", "rk4"])
def test_energy_drifts_by_another(system: str, step: str) -> None:
    drift = followed(system, step, 6000)
    assert drift.growth > 2.5


@pytest.mark.slow
@pytest.mark.parametrize("step", ["leapfrog", "implicit-midpoint"])
def test_energy_has_no_trend_over_a_million_steps(step: str) -> None:
    drift = followed("pendulum", step, 1_000_000)
    assert drift.largest < 3e-4 and drift.growth < 1.01


@pytest.mark.slow
@pytest.mark.parametrize("step", ["euler", "rk4"])
def test_energy_drifts_over_a_million_steps(step: str) -> None:
    assert followed("pendulum", step, 1_000_000).growth > 5


# The way back ---------------------------------------------------------------------------------------------------------


def there_and_back(system: str, step: str, steps: int) -> float:
    """How far from where it began a system is after so many steps, as many with its momenta turned, and turned again."""
    one = moving(system, step)
    began = flat(one)
    for _ in range(2):
        for _ in range(steps):
            one.step()
        turn(one)
    return float(np.abs(flat(one) - began).max() / np.abs(began).max())


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("step", SYMPLECTIC)
def test_a_run_comes_back_when_momenta_are_turned(system: str, step: str) -> None:
    """All four energies are even in the momenta. Errors of round-off grow along the orbit, at most as it parts from others."""
    assert there_and_back(system, step, 300) < 1e-11


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("step", OTHERS)
def test_another_step_does_not_come_back(system: str, step: str) -> None:
    assert not there_and_back(system, step, 300) < 1e-9


# The symplectic form --------------------------------------------------------------------------------------------------


def jacobian(system: str, step: str) -> Numbers:
    """∂X⁺/∂X by differences of the step, at a point some steps on its way; exact to 1e-10 or so by Richardson's rule."""
    one = moving(system, step)
    for _ in range(7):
        one.step()
    here = flat(one)

    def after(values: Numbers) -> Numbers:
        put(one, values)
        one.step()
        return flat(one)

    def slope(axis: Numbers, h: float) -> Numbers:
        return (after(here + h * axis) - after(here - h * axis)) / (2 * h)

    h = 1e-3
    columns = [(4 * slope(axis, h / 2) - slope(axis, h)) / 3 for axis in np.eye(len(here))]
    return np.stack(columns, 1)


def defect(system: str, step: str) -> float:
    """How far JᵀΩJ is from Ω."""
    made = jacobian(system, step)
    half = len(made) // 2
    omega = np.block([[np.zeros((half, half)), np.eye(half)], [-np.eye(half), np.zeros((half, half))]])
    return float(np.abs(made.T @ omega @ made - omega).max())


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("step", SYMPLECTIC)
def test_a_symplectic_step_keeps_the_form(system: str, step: str) -> None:
    assert defect(system, step) < 1e-9


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("step", ["euler", "midpoint"])
def test_another_step_does_not(system: str, step: str) -> None:
    assert defect(system, step) > 1e-8


# The bound of the sweeps ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("system", SYSTEMS)
def test_sweeps_settle_below_the_bound_and_end_the_run_beyond(system: str) -> None:
    """Twenty steps of the fastest period are enough for the implicit midpoint rule; five are not."""
    assert math.isfinite(moving(system, "implicit-midpoint", tau=0.8 * 0.31 / FREQUENCY[system]).step())
    assert math.isnan(moving(system, "implicit-midpoint", tau=4 * 0.31 / FREQUENCY[system]).step())
