"""Metrics against direct computation."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hdsl.runtime.metrics import (
    IndexFigures,
    Metric,
    RealFigures,
    figures,
    index_baselines,
    log_probabilities,
    real_baselines,
)


def real_metrics(target: str, truth: np.ndarray, predictions: dict[str, np.ndarray]) -> tuple[Metric, ...]:
    """The figures of samples that come at once."""
    found = RealFigures(target, truth.shape[1], list(predictions))
    found.add(np.arange(len(truth)), truth, predictions)
    return figures(found, len(truth))


def index_metrics(target: str, truth: np.ndarray, predictions: dict[str, np.ndarray]) -> tuple[Metric, ...]:
    found = IndexFigures(target, list(predictions))
    found.add(np.arange(len(truth)), truth, predictions)
    return figures(found, len(truth))


def test_error_over_variance_by_hand() -> None:
    truth = np.array([[1.0], [2.0], [4.0], [np.nan], [5.0], [6.0]])
    mine = np.array([[0.0], [2.0], [3.0], [9.0], [5.0], [8.0]])
    last = np.array([[np.nan], [1.0], [2.0], [4.0], [4.0], [5.0]])
    found = {(m.part, m.predictor): m for m in real_metrics("v", truth, {"mine": mine, "last": last})}
    # Samples 1, 2, 4, 5 have the target and both predictions: 2, 4, 5, 6 about their mean 4.25.
    spread = 2.25**2 + 0.25**2 + 0.75**2 + 1.75**2
    assert found["all", "mine"].value == pytest.approx((0 + 1 + 0 + 4) / spread)
    assert found["all", "last"].value == pytest.approx((1 + 4 + 1 + 1) / spread)
    assert found["all", "mine"].samples == 4
    # The second half of six samples are those from 3 on: 5 and 6 about 5.5.
    assert found["second half", "mine"].value == pytest.approx((0 + 4) / 0.5)
    assert found["second half", "last"].value == pytest.approx((1 + 1) / 0.5)


def test_components_are_added_before_dividing() -> None:
    truth = np.array([[0.0, 0.0], [2.0, 20.0]])
    mine = truth + np.array([[1.0, 0.0], [0.0, 2.0]])
    (metric, _) = real_metrics("v", truth, {"mine": mine})
    assert metric.value == pytest.approx((1 + 4) / (2 * 1 + 2 * 100))


def test_a_target_that_never_changes_has_no_figure() -> None:
    assert all(math.isnan(m.value) for m in real_metrics("v", np.ones((4, 1)), {"mine": np.zeros((4, 1))}))


def test_accuracy_and_log_loss_by_hand() -> None:
    truth = np.array([0, -1, 1, 1])
    probabilities = np.array([[0.5, 0.5], [0.1, 0.9], [0.2, 0.8], [0.75, 0.25]])
    found = {(m.kind, m.part): m.value for m in index_metrics("c", truth, {"mine": np.log(probabilities)})}
    assert found["accuracy", "all"] == pytest.approx(2 / 3)  # of two equal ones the first is the answer
    assert found["log loss", "all"] == pytest.approx(-(math.log(0.5) + math.log(0.8) + math.log(0.25)) / 3)
    assert found["accuracy", "second half"] == pytest.approx(1 / 2)
    assert found["log loss", "second half"] == pytest.approx(-(math.log(0.8) + math.log(0.25)) / 2)


def test_log_probabilities_of_large_numbers() -> None:
    found = log_probabilities(np.array([[1000.0, 0.0]]), probabilities=False)
    np.testing.assert_allclose(found, [[0.0, -1000.0]])
    np.testing.assert_allclose(log_probabilities(np.array([[0.0, 1.0]]), probabilities=True), [[-np.inf, 0.0]])


def test_no_autoregression_of_what_is_wide() -> None:
    assert list(real_baselines(1)) == ["last value", "autoregression of order 18"]
    assert list(real_baselines(100)) == ["last value", "autoregression of order 2"]
    assert list(real_baselines(201)) == ["last value"]


def test_pairs_are_counted_of_tokens_where_they_are_few() -> None:
    assert list(index_baselines(1000, tokens=True)) == ["class frequencies so far", "pair frequencies so far"]
    assert list(index_baselines(1001, tokens=True)) == list(index_baselines(3, tokens=False)) == ["class frequencies so far"]
