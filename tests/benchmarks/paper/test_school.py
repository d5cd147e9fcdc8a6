"""The signals are as the page says, nets side by side share nothing, and errors are told of the signal that they belong to."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from benchmarks.paper import school
from benchmarks.paper.credit import learn, learner


def test_signals_are_eight_with_their_periods_and_amplitudes() -> None:
    made = school.signals()
    assert len(made) == 8 and all(len(value) == school.SAMPLES + school.AHEAD for value in made.values())
    for name, value in made.items():
        shape, period, amplitude = name.replace("period ", "").split(", ")
        samples = round(float(period) / school.TAU)
        if shape == "square":
            assert set(np.abs(value)) == {float(amplitude)}
            assert np.array_equal(value[: 5 * samples], value[samples : 6 * samples])
        else:
            # What is left of it by the three sines that it is a sum of is nothing.
            t = 2 * np.pi / float(period) * school.TAU * np.arange(len(value))
            waves = np.stack([wave(k * t) for k in (1, 1.7, 2.3) for wave in (np.sin, np.cos)], 1)
            weights, left, *_ = np.linalg.lstsq(waves, value, rcond=None)
            assert left[0] < 1e-20
            assert np.hypot(weights[::2], weights[1::2]).sum() == pytest.approx(1.5 * float(amplitude))


@pytest.mark.parametrize("net", school.NETS)
def test_nets_side_by_side_share_nothing(net: str) -> None:
    given = school.lessons(np.arange(6).reshape(2, 3), 30)
    together = learner(net, "costate", s=3)(batch=1, seed=0)
    alone = learner(net, "costate", s=1)(batch=1, seed=0)
    with torch.no_grad():
        for name, value in alone.named_parameters():
            value.copy_(dict(together.named_parameters())[name][1:2])
    said = learn(together, given.stream(), "costate")[:, 1:2]
    column = school.Lessons(given.u[:, 1:2], given.v[:, 1:2], given.shown[:, 1:2], 30)
    assert (learn(alone, column.stream(), "costate") - said).abs().max() < 1e-12


def test_the_last_value_scores_what_it_does() -> None:
    values = list(school.signals().values())
    found = school.last_values()
    for k, value in enumerate(values):
        missed = (value[: school.SAMPLES] - value[school.AHEAD : school.AHEAD + school.SAMPLES]) ** 2
        assert found[k] == pytest.approx(missed.mean() / value[school.AHEAD :][: school.SAMPLES].var())


def test_a_school_tells_of_every_signal() -> None:
    found = school.school("school_oscillators", "zero", seeds=1, samples=40, rounds=1)
    assert {figure: errors.shape for figure, errors in found.errors.items()} == {
        "taught": (8, 8),
        "frozen": (8, 1),
        "learning": (8, 1),
        "untaught": (8, 1),
    }
    # Each net was taught all but one: the one that it is tested by.
    assert np.array_equal(np.isnan(found.errors["taught"]), np.eye(8, dtype=bool))
    # An untaught net with D = C = 0 says 0 at first, and learns: no worse than 0, which scores the mean square.
    assert (found.errors["untaught"] < 4).all()


def test_a_rate_beyond_all_bounds_is_told_as_such() -> None:
    assert school.by_rate((1e12,), seeds=1, samples=40) == [["1e+12", "–", "not finite", "–", "not finite"]]
