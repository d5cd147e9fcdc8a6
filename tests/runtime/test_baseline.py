"""The baselines against definitions that share no code with them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from hdsl.runtime.baseline import RIDGE, TOGETHER, Autoregression, Frequencies, LastValue, Pairs, learned, one_by_one
from hdsl.runtime.state import put_back, taken


def series(rows: int, width: int, seed: int = 0) -> np.ndarray:
    """A noisy oscillation, (rows, width), far from zero mean."""
    draw = np.random.default_rng(seed)
    phase = np.arange(rows)[:, None] / 7 + np.arange(width)
    return 3 + np.sin(phase) + 0.3 * draw.normal(size=(rows, width))


def last_value(targets: np.ndarray) -> np.ndarray:
    return LastValue(targets.shape[1]).predict(targets)


def regression(targets: np.ndarray, order: int) -> np.ndarray:
    return Autoregression(targets.shape[1], order).predict(targets)


def test_last_value_is_the_row_before() -> None:
    targets = series(20, 2)
    predicted = last_value(targets)
    assert np.isnan(predicted[0]).all()
    np.testing.assert_array_equal(predicted[1:], targets[:-1])


def test_last_value_holds_over_what_is_missing_by_component() -> None:
    nan = np.nan
    targets = np.array([[nan, 1.0], [2.0, nan], [nan, nan], [3.0, 4.0], [nan, nan]])
    np.testing.assert_array_equal(last_value(targets), [[nan, nan], [nan, 1.0], [2.0, 1.0], [2.0, 1.0], [3.0, 4.0]])


@pytest.mark.parametrize("width", [1, 3])
@pytest.mark.parametrize("order", [1, 4])
def test_each_row_is_the_least_squares_fit_of_the_rows_before(width: int, order: int) -> None:
    rows = 2 * TOGETHER + 20
    targets = series(rows, width)
    predicted = regression(targets, order)
    scale = np.sqrt(np.mean(targets[:order] ** 2))
    features = np.array([np.append(targets[k - order : k] / scale, 1) for k in range(order, rows)])
    changes = (targets[order:] - targets[order - 1 : -1]) / scale
    ridge = np.sqrt(RIDGE) * np.eye(features.shape[1])
    for k in range(rows - order):
        right = np.concatenate([changes[:k], np.zeros((features.shape[1], width))])
        coefficients = np.linalg.lstsq(np.concatenate([features[:k], ridge]), right, rcond=None)[0]
        expected = targets[order + k - 1] + scale * features[k] @ coefficients
        np.testing.assert_allclose(predicted[order + k], expected, rtol=1e-9)


def test_the_first_rows_are_the_last_value() -> None:
    targets = series(30, 2)
    np.testing.assert_array_equal(regression(targets, 5)[:6], last_value(targets)[:6])


def test_a_prediction_reads_nothing_that_comes_later() -> None:
    targets = series(40, 2)
    changed = targets.copy()
    changed[25:] += 100
    np.testing.assert_array_equal(regression(targets, 3)[:26], regression(changed, 3)[:26])


def test_units_do_not_matter() -> None:
    targets = series(80, 1)
    small = regression(targets * 1e-6, 4)
    np.testing.assert_allclose(small * 1e6, regression(targets, 4), rtol=1e-9)


def test_a_linear_recurrence_is_found() -> None:
    targets = np.cos(0.3 * np.arange(200))[:, None]  # x[k+1] = 2 cos(0.3) x[k] - x[k-1]
    predicted = regression(targets, 2)
    np.testing.assert_allclose(predicted[100:], targets[100:], atol=1e-3)  # the ridge keeps it from the last digits


def test_missing_rows_teach_nothing_and_are_bridged_by_predictions() -> None:
    targets = series(60, 1)
    holes = targets.copy()
    holes[30:32] = np.nan
    predicted = regression(holes, 2)
    np.testing.assert_array_equal(predicted[:30], regression(targets, 2)[:30])
    np.testing.assert_allclose(predicted[30], regression(targets, 2)[30], rtol=1e-11)
    assert np.isfinite(predicted[1:]).all()
    # A row that comes out exactly as predicted moves no coefficient, so seeing it is the same as bridging it.
    filled = holes.copy()
    filled[30:32] = predicted[30:32]
    np.testing.assert_allclose(regression(filled, 2)[31:33], predicted[31:33], rtol=1e-9)


@pytest.mark.parametrize("targets", [np.full((5, 1), np.nan), np.zeros((0, 2)), np.ones((2, 1))])
def test_a_series_too_short_to_learn_from_gives_the_last_value(targets: np.ndarray) -> None:
    np.testing.assert_array_equal(regression(targets, 9), last_value(targets))


def test_an_order_without_meaning_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1; found 0"):
        Autoregression(1, 0)


def test_on_sunspots_it_lies_between_hindsight_and_the_last_value(checkout: Path) -> None:
    numbers = np.loadtxt(checkout / "models" / "data" / "sunspots.csv", delimiter=",", skiprows=1)[:, 1:2]
    second = slice(len(numbers) // 2, None)
    order = 9

    def error(predicted: np.ndarray) -> float:
        return float(np.mean((predicted - numbers)[second] ** 2) / numbers[second].var())

    lags = np.array([np.append(numbers[k - order : k], 1) for k in range(order, len(numbers))])
    late = lags[len(numbers) // 2 - order :]
    hindsight = np.concatenate([np.zeros((len(numbers) // 2, 1)), late @ np.linalg.lstsq(late, numbers[second])[0]])
    online = error(regression(numbers, order))
    assert error(last_value(numbers)) == pytest.approx(0.138, abs=5e-4)  # the figure of the data's README
    assert error(hindsight) < online < 0.9 * error(last_value(numbers))


def test_class_frequencies_know_the_past_only() -> None:
    log = Frequencies(3).predict(np.array([2, 2, -1, 0]))
    np.testing.assert_allclose(np.exp(log), [[1 / 3] * 3, [1 / 4, 1 / 4, 2 / 4], [1 / 5, 1 / 5, 3 / 5], [1 / 5, 1 / 5, 3 / 5]])


def test_pairs_know_what_came_behind_the_class_before() -> None:
    log = Pairs(2).predict(np.array([0, 1, 0, 1, -1, 1, 0]))
    firsts = [1 / 2, 1 / 2, 1 / 2, 1 / 3, 2 / 3, 1 / 2, 2 / 3]  # the probability of class 0, before each row
    np.testing.assert_allclose(np.exp(log[:, 0]), firsts)
    np.testing.assert_allclose(np.exp(log).sum(1), 1)


def test_pairs_in_parts_are_those_of_the_whole() -> None:
    targets = np.random.default_rng(0).integers(-1, 4, 60)
    before, after = Pairs(4), Pairs(4)
    first = before.predict(targets[:23])
    put_back(after, "x", taken(before, "x"))
    np.testing.assert_array_equal(np.concatenate([first, after.predict(targets[23:])]), Pairs(4).predict(targets))


@pytest.mark.parametrize("made", [lambda: LastValue(2), lambda: Autoregression(2, 3)], ids=["last", "regression"])
def test_parts_are_the_whole_to_the_bit(made: Callable[[], LastValue | Autoregression]) -> None:
    targets = series(4 * TOGETHER, 2)
    targets[[0, 7, 20], [0, 1, 0]] = np.nan
    whole = made().predict(targets)

    def parts(*ends: int) -> np.ndarray:
        found, before = [], made()
        for part in np.split(targets, ends):
            after = made()
            put_back(after, "x", taken(before, "x"))
            found.append(after.predict(part))
            before = after
        return np.concatenate(found)

    np.testing.assert_array_equal(parts(9, 10, 33, 101), whole)
    np.testing.assert_array_equal(parts(*range(1, len(targets))), whole)


@pytest.mark.parametrize("leap", [1e3, 1e9, 1e12])
def test_a_series_that_leaves_its_scale_behind_is_predicted_from_what_can_be_learned(leap: float) -> None:
    targets = np.random.default_rng(0).normal(size=(600, 1))
    targets[300:] *= leap
    predicted = regression(targets, 4)
    assert np.isfinite(predicted[1:]).all()
    np.testing.assert_allclose(predicted[:301], regression(targets[:301], 4), rtol=1e-11)


def test_rows_taken_in_one_by_one_are_those_taken_in_together() -> None:
    draw = np.random.default_rng(0)
    given = draw.normal(size=(20, 4)), draw.normal(size=(20, 2)), draw.normal(size=(4, 2)), 10 * np.eye(4)
    together, apart = learned(*given), one_by_one(*given)
    for name in ("said", "coefficients", "inverse"):
        np.testing.assert_allclose(getattr(together, name), getattr(apart, name), rtol=1e-9, atol=1e-12)


def test_a_row_that_rounding_has_spoilt_is_not_learned_from() -> None:
    spoilt = learned(np.ones((1, 1)), np.ones((1, 1)), np.zeros((1, 1)), -np.eye(1) * 2)
    assert (spoilt.said, spoilt.coefficients, spoilt.inverse) == (0, 0, -2)
