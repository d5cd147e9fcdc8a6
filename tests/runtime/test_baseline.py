"""The baselines against definitions that share no code with them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from hdsl.runtime.baseline import RIDGE, Autoregression, Frequencies, LastValue, last_value, recursive_least_squares
from hdsl.runtime.state import put_back, taken


def series(rows: int, width: int, seed: int = 0) -> np.ndarray:
    """A noisy oscillation, (rows, width), far from zero mean."""
    draw = np.random.default_rng(seed)
    phase = np.arange(rows)[:, None] / 7 + np.arange(width)
    return 3 + np.sin(phase) + 0.3 * draw.normal(size=(rows, width))


def test_last_value_is_the_row_before() -> None:
    targets = series(20, 2)
    predicted = last_value(targets)
    assert np.isnan(predicted[0]).all()
    np.testing.assert_array_equal(predicted[1:], targets[:-1])


def test_last_value_holds_over_what_is_missing_by_component() -> None:
    nan = np.nan
    targets = [[nan, 1.0], [2.0, nan], [nan, nan], [3.0, 4.0], [nan, nan]]
    np.testing.assert_array_equal(last_value(targets), [[nan, nan], [nan, 1.0], [2.0, 1.0], [2.0, 1.0], [3.0, 4.0]])


@pytest.mark.parametrize("width", [1, 3])
@pytest.mark.parametrize("forgetting", [1.0, 0.97])
@pytest.mark.parametrize("order", [1, 4])
def test_each_row_is_the_least_squares_fit_of_the_rows_before(width: int, forgetting: float, order: int) -> None:
    targets = series(60, width)
    predicted = recursive_least_squares(targets, order, forgetting)
    scale = np.sqrt(np.mean(targets[:order] ** 2))
    features = np.array([np.append(targets[k - order : k] / scale, 1) for k in range(order, 60)])
    changes = (targets[order:] - targets[order - 1 : -1]) / scale
    for k in range(60 - order):
        weights = np.sqrt(forgetting ** np.arange(k - 1, -1, -1.0))[:, None]
        ridge = np.sqrt(RIDGE * forgetting**k) * np.eye(features.shape[1])
        rows = np.concatenate([weights * features[:k], ridge])
        right = np.concatenate([weights * changes[:k], np.zeros((features.shape[1], width))])
        coefficients = np.linalg.lstsq(rows, right, rcond=None)[0]
        expected = targets[order + k - 1] + scale * features[k] @ coefficients
        np.testing.assert_allclose(predicted[order + k], expected, rtol=1e-9)


def test_the_first_rows_are_the_last_value() -> None:
    targets = series(30, 2)
    np.testing.assert_array_equal(recursive_least_squares(targets, 5)[:6], last_value(targets)[:6])


def test_a_prediction_reads_nothing_that_comes_later() -> None:
    targets = series(40, 2)
    changed = targets.copy()
    changed[25:] += 100
    np.testing.assert_array_equal(recursive_least_squares(targets, 3)[:26], recursive_least_squares(changed, 3)[:26])


def test_units_do_not_matter() -> None:
    targets = series(80, 1)
    small = recursive_least_squares(targets * 1e-6, 4, 0.99)
    np.testing.assert_allclose(small * 1e6, recursive_least_squares(targets, 4, 0.99), rtol=1e-9)


def test_a_linear_recurrence_is_found() -> None:
    targets = np.cos(0.3 * np.arange(200))  # x[k+1] = 2 cos(0.3) x[k] - x[k-1]
    predicted = recursive_least_squares(targets, 2)
    np.testing.assert_allclose(predicted[100:], targets[100:], atol=1e-3)  # the ridge keeps it from the last digits


def test_a_flat_list_and_a_column_are_the_same_series() -> None:
    targets = series(30, 1)
    predicted = recursive_least_squares(targets[:, 0], 3)
    assert predicted.shape == (30,)
    np.testing.assert_array_equal(predicted, recursive_least_squares(targets, 3)[:, 0])


def test_missing_rows_teach_nothing_and_are_bridged_by_predictions() -> None:
    targets = series(60, 1)
    holes = targets.copy()
    holes[30:32] = np.nan
    predicted = recursive_least_squares(holes, 2)
    np.testing.assert_array_equal(predicted[:31], recursive_least_squares(targets, 2)[:31])
    assert np.isfinite(predicted[1:]).all()
    # A row that comes out exactly as predicted moves no coefficient, so seeing it is the same as bridging it.
    filled = holes.copy()
    filled[30:32] = predicted[30:32]
    np.testing.assert_allclose(recursive_least_squares(filled, 2)[31:33], predicted[31:33], rtol=1e-9)


@pytest.mark.parametrize("targets", [np.full((5, 1), np.nan), np.zeros((0, 2)), np.ones((2, 1))])
def test_a_series_too_short_to_learn_from_gives_the_last_value(targets: np.ndarray) -> None:
    np.testing.assert_array_equal(recursive_least_squares(targets, 9), last_value(targets))


def test_forgetting_without_news_stays_finite() -> None:
    predicted = recursive_least_squares(np.ones((20_000, 1)), 2, 0.9)  # 0.9**-20000 would overflow
    np.testing.assert_allclose(predicted[1:], 1.0)


@pytest.mark.parametrize(("order", "forgetting"), [(0, 1.0), (3, 0.0), (3, 1.1)])
def test_settings_without_meaning_are_refused(order: int, forgetting: float) -> None:
    with pytest.raises(ValueError, match="found"):
        recursive_least_squares(np.ones((5, 1)), order, forgetting)


def test_on_sunspots_it_lies_between_hindsight_and_the_last_value(checkout: Path) -> None:
    numbers = np.loadtxt(checkout / "models" / "data" / "sunspots.csv", delimiter=",", skiprows=1)[:, 1]
    second = slice(len(numbers) // 2, None)
    order = 9

    def error(predicted: np.ndarray) -> float:
        return float(np.mean((predicted - numbers)[second] ** 2) / numbers[second].var())

    lags = np.array([np.append(numbers[k - order : k], 1) for k in range(order, len(numbers))])
    late = lags[len(numbers) // 2 - order :]
    hindsight = np.concatenate([np.zeros(len(numbers) // 2), late @ np.linalg.lstsq(late, numbers[second])[0]])
    online = error(recursive_least_squares(numbers, order))
    assert error(last_value(numbers)) == pytest.approx(0.138, abs=5e-4)  # the figure of the data's README
    assert error(hindsight) < online < 0.9 * error(last_value(numbers))


def test_class_frequencies_know_the_past_only() -> None:
    log = Frequencies(3).predict(np.array([2, 2, -1, 0]))
    np.testing.assert_allclose(np.exp(log), [[1 / 3] * 3, [1 / 4, 1 / 4, 2 / 4], [1 / 5, 1 / 5, 3 / 5], [1 / 5, 1 / 5, 3 / 5]])


@pytest.mark.parametrize("made", [lambda: LastValue(2), lambda: Autoregression(2, 3, 0.99)], ids=["last", "regression"])
def test_parts_are_the_whole_to_the_bit(made: Callable[[], LastValue | Autoregression]) -> None:
    targets = series(50, 2)
    targets[[0, 7, 20], [0, 1, 0]] = np.nan
    whole, first, second = made().predict(targets), made(), made()
    parts = [first.predict(targets[:9]), first.predict(targets[9:10])]
    put_back(second, "x", taken(first, "x"))
    parts.append(second.predict(targets[10:]))
    np.testing.assert_array_equal(np.concatenate(parts), whole)
