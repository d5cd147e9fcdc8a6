"""Streams are what the tasks say, a run that ends early counts as infinite, and what decides is told by the worst seed."""

from __future__ import annotations

import numpy as np
import torch

from benchmarks.paper import costate
from benchmarks.paper.credit import CREDITS, learner


def test_streams() -> None:
    recalled = costate.signs(3)(50, 4)
    assert np.array_equal(recalled["v"][3:], recalled["u"][:-3])
    following = costate.sine(60)(120, 1)
    assert np.array_equal(following["u"][1:], following["v"][:-1])
    assert np.abs(following["u"][60:] - following["u"][:60]).max() < 1e-12
    assert np.abs(costate.smooth(500, (2,), 0.1, 0).var(0) - 1).max() < 1e-9


def test_what_is_to_be_found_can_be_found() -> None:
    """The target of the resonance is what the model itself says with the right parameters and nothing learned."""
    drawn = costate.resonance(80, 3)
    net = learner("resonator", "costate", s=3)(batch=1, seed=0).eval()
    with torch.no_grad():
        net.omega.copy_(torch.from_numpy(np.random.default_rng(3).uniform(1, 2, 3)))
        net.alpha.fill_(0.5)
        net.g.fill_(1.5)
    said = net.run({name: torch.from_numpy(value)[:, None] for name, value in drawn.items()})["out"]
    assert np.abs(said.reshape(80, 3).numpy() - drawn["v"]).max() < 1e-12


def test_a_run_that_diverges_is_infinite_from_there() -> None:
    net = learner("cascade", "costate", {"beta": 0}, s=2)(batch=1, seed=0)
    u = torch.zeros(600, 1, 2, 2, dtype=torch.float64)
    u[300] = torch.nan
    said = costate.reached(net, {"u": u, "v": torch.zeros(600, 1, 2, dtype=torch.float64)}, "costate", 600)
    assert said.shape == (600, 2)
    assert np.isfinite(said[:250]).all() and np.isinf(said[250:]).all()


def test_what_decides() -> None:
    def found(costate_: float, one: float, none: float) -> dict[str, costate.Found]:
        errors = (np.full((costate.BLOCKS, 3), value) for value in (costate_, one, none))
        return {c: costate.Found(costate.TASKS[0], c, each) for c, each in zip(CREDITS, errors, strict=True)}

    assert costate.decided(found(0.1, 0.3, np.inf)) == 3
    assert costate.decided(found(0.2, 0.3, np.inf)) == 0
    assert costate.decided(found(0.2, np.inf, 0.3)) == 0
    with_a_bad_seed = found(0.1, 0.3, 0.3)
    with_a_bad_seed["costate"].errors[-1, 0] = np.inf
    (row,) = costate.rows([with_a_bad_seed])
    assert row[3:] == ["0.1 (0.1 … ∞)", "0.3 (0.3 … 0.3)", "0.3 (0.3 … 0.3)", "2 of 3"]


def test_a_plant_without_credit_is_not_pushed() -> None:
    task = costate.TASKS[0]
    found = {credit: costate.run(task, credit, 2, 200) for credit in CREDITS}
    # C begins at 0, so that the force stays 0 and the cart where it is: what is missed is the course.
    course = costate.course(200, 2)["r"]
    missed = (course**2).reshape(costate.BLOCKS, -1, 2).mean(1) / course.var(0)
    assert np.abs(found["zero"].errors - missed).max() < 1e-12
    assert np.array_equal(found["zero"].errors, found["one step"].errors)
    assert not np.array_equal(found["zero"].errors, found["costate"].errors)
