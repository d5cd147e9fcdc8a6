"""Running scores are those of all samples so far."""

from __future__ import annotations

import numpy as np
import pytest

from hdsl.runtime.baseline import Frequencies
from hdsl.runtime.metrics import RealFigures, figures
from hdsl.runtime.running import IndexScore, Means, RealScore


@pytest.mark.parametrize("offset", [0.0, 1e8])
def test_the_running_error_is_that_of_all_samples_so_far(offset: float) -> None:
    draw = np.random.default_rng(1)
    truth = draw.normal(size=(50, 2)) + offset
    truth[[3, 17], 0] = np.nan
    last = truth + draw.normal(size=truth.shape)
    last[0] = np.nan
    mine = np.nan_to_num(truth, nan=offset) + draw.normal(size=truth.shape)
    running = RealScore(2)
    assert running.score is None
    for start, end in ((0, 10), (10, 11), (11, 40)):
        running.add(truth[start:end], mine[start:end], last[start:end])
        found = RealFigures("v", 2, ["mine", "last"])
        found.add(np.arange(end), truth[:end], {"mine": mine[:end], "last": last[:end]})
        wanted = {m.predictor: m.value for m in figures(found, end)[:2]}
        score = running.score
        assert score is not None and score.kind == "error/var"
        assert score.value == pytest.approx(wanted["mine"], rel=1e-6)
        assert score.baseline == pytest.approx(wanted["last"], rel=1e-6)


def test_no_score_of_a_target_that_is_not_there() -> None:
    running = RealScore(1)
    running.add(np.full((4, 1), np.nan), np.zeros((4, 1)), np.zeros((4, 1)))
    assert running.score is None
    index = IndexScore()
    index.add(np.full(4, -1), np.zeros((4, 2)), np.zeros((4, 2)))
    assert index.score is None


def test_the_running_accuracy() -> None:
    truth = np.array([1, -1, 1, 0])
    baseline = Frequencies(2).predict(truth)  # its answers: 0, 1, 1, 1
    running = IndexScore()
    running.add(truth[:2], np.array([[0.0, 1.0], [0.0, 1.0]]), baseline[:2])
    running.add(truth[2:], np.array([[1.0, 0.0], [1.0, 0.0]]), baseline[2:])
    score = running.score
    assert score is not None
    assert (score.value, score.baseline) == (pytest.approx(2 / 3), pytest.approx(1 / 3))


def test_means_are_over_what_is_there() -> None:
    means = Means(2)
    assert np.isnan(means.now).all()
    assert means.add([np.array([1.0, np.nan]), np.array([np.nan, np.nan])]).tolist()[0] == 1.0
    means.add([np.array([4.0, 4.0]), np.array([2.0, np.nan])])
    assert means.now.tolist() == [3.0, 2.0]
