"""Baselines that a model is shown beside: online predictors of a target from its own past, test-then-train.

Row k of a prediction is made from the targets 0 … k−1 only, then target k is learned from: what a model has that reads
`x[k]` as its input and `x[k+1]` as its target. Targets are in their own units: a scaling that moves with the stream
would hand the predictor values that no longer fit one another.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

RIDGE = 1e-3  # how firmly least squares starts at the last value: this part of one row's squares
WINDUP = 1e8  # by what factor the inverse covariance may grow before forgetting pauses


def last_value(targets: ArrayLike) -> NDArray[np.float64]:
    """Predicts that nothing changes: row k is the last target seen before k, by component.

    ``targets`` is (T, d) or (T,), NaN where missing; the result has the same shape, and NaN until something was seen.
    """
    series = np.asarray(targets, dtype=np.float64)
    rows = np.arange(len(series)).reshape(-1, *[1] * (series.ndim - 1))
    seen = np.maximum.accumulate(np.where(np.isnan(series), -1, rows), axis=0)
    held = np.where(seen < 0, np.nan, np.take_along_axis(series, np.maximum(seen, 0), axis=0))
    return np.concatenate([np.full_like(series[:1], np.nan), held[:-1]])


def recursive_least_squares(targets: ArrayLike, order: int, forgetting: float = 1.0) -> NDArray[np.float64]:
    """Online autoregression: the last value, and a linear correction by the last ``order`` targets and a constant.

    The correction minimises the sum of squared errors of all rows so far, a row's part shrinking by ``forgetting`` with
    each newer one, plus a small ridge that starts it at zero. The first ``order`` rows have too little past: they are
    the last value, and set the scale of the ridge.

    ``targets`` is (T, d) or (T,), NaN where missing: a row with a missing component is not learned from, and its
    prediction stands for what is missing in the past of later rows. The result has the same shape; NaN until something
    was seen.
    Raises ValueError for an order below 1 or a forgetting outside (0, 1].

    Source: S. Haykin, *Adaptive Filter Theory*, chapter on the recursive least-squares algorithm.
    """
    if order < 1:
        raise ValueError(f"order is a number of past rows, at least 1; found {order}")
    if not 0 < forgetting <= 1:
        raise ValueError(f"forgetting lies in (0, 1]; found {forgetting}")
    series = np.asarray(targets, dtype=np.float64)
    past = series.reshape(len(series), *series.shape[1:] or (1,)).copy()  # what is missing is filled by predictions
    predicted = last_value(past)
    start = min(_row_after(past, order), len(past))
    past[:start] = np.where(np.isnan(past[:start]), predicted[:start], past[:start])
    fit = _Fit(size=order * past.shape[1] + 1, outputs=past.shape[1], forgetting=forgetting)
    scale = float(np.sqrt(np.mean(past[start - order : start] ** 2))) or 1.0 if start < len(past) else 1.0
    for k in range(start, len(past)):
        features = np.append(past[k - order : k] / scale, 1.0)
        correction = features @ fit.coefficients
        predicted[k] = past[k - 1] + scale * correction
        if not np.isnan(past[k]).any():
            fit.learn(features, (past[k] - past[k - 1]) / scale)
        past[k] = np.where(np.isnan(past[k]), predicted[k], past[k])
    return predicted.reshape(series.shape)


def _row_after(past: NDArray[np.float64], order: int) -> int:
    """The first row before which ``order`` rows stand since every component was seen."""
    first = [np.flatnonzero(~np.isnan(column))[:1] for column in past.T]
    return len(past) if any(len(k) == 0 for k in first) else int(max(k[0] for k in first)) + order


class _Fit:
    """Least squares kept up row by row: ``coefficients`` (size, outputs), ``inverse`` of the rows' weighted squares."""

    def __init__(self, size: int, outputs: int, forgetting: float) -> None:
        self.coefficients = np.zeros((size, outputs))
        self.inverse = np.eye(size) / RIDGE
        self.forgetting = forgetting

    def learn(self, features: NDArray[np.float64], target: NDArray[np.float64]) -> None:
        """Takes one row in: features (size,), target (outputs,)."""
        # Directions that the rows do not excite would grow without bound where forgetting goes on.
        forgetting = self.forgetting if np.trace(self.inverse) < len(features) * WINDUP / RIDGE else 1.0
        along = self.inverse @ features
        gain = along / (forgetting + features @ along)
        self.coefficients += np.outer(gain, target - features @ self.coefficients)
        self.inverse = (self.inverse - np.outer(gain, along)) / forgetting
