"""Baselines that a model is shown beside: online predictors of a target from its own past, test-then-train.

Row k of a prediction is made from the targets 0 … k−1 only, then target k is learned from: what a model has that reads
`x[k]` as its input and `x[k+1]` as its target. Targets are in their own units: a scaling that moves with the stream
would hand the predictor values that no longer fit one another.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray

Numbers = NDArray[np.float64]

RIDGE = 1e-3  # how firmly least squares starts at the last value: this part of one row's squares
WINDUP = 1e8  # by what factor the inverse covariance may grow before forgetting pauses


def last_value(targets: ArrayLike) -> Numbers:
    """Predicts that nothing changes: row k is the last target seen before k, by component.

    ``targets`` is (T, d) or (T,), NaN where missing; the result has the same shape, and NaN until something was seen.
    """
    series = np.asarray(targets, dtype=np.float64)
    flat = series.reshape(len(series), math.prod(series.shape[1:]))
    return LastValue(flat.shape[1]).predict(flat).reshape(series.shape)


def recursive_least_squares(targets: ArrayLike, order: int, forgetting: float = 1.0) -> Numbers:
    """`Autoregression` over a whole series, (T, d) or (T,); the result has the same shape."""
    series = np.asarray(targets, dtype=np.float64)
    flat = series.reshape(len(series), math.prod(series.shape[1:]))
    return Autoregression(flat.shape[1], order, forgetting).predict(flat).reshape(series.shape)


class LastValue:
    """Predicts that nothing changes: the last target seen, by component; NaN until something was seen."""

    STATE = ("held",)

    def __init__(self, numbers: int) -> None:
        self.held = np.full(numbers, np.nan)

    def predict(self, targets: Numbers) -> Numbers:
        """What stood there before each of the next rows (n, numbers), NaN where missing."""
        series = np.concatenate([self.held[None], targets])
        rows = np.arange(len(series))[:, None]
        seen = np.maximum.accumulate(np.where(np.isnan(series), 0, rows), axis=0)
        held = np.take_along_axis(series, seen, axis=0)
        self.held = held[-1]
        return held[:-1]


class Autoregression:
    """Online autoregression: the last value, and a linear correction by the last ``order`` targets and a constant.

    The correction minimises the sum of squared errors of all rows so far, a row's part shrinking by ``forgetting`` with
    each newer one, plus a small ridge that starts it at zero. The first ``order`` rows have too little past: they are
    the last value, and set the scale of the ridge.

    A row with a missing component is not learned from, and its prediction stands for what is missing in the past of later
    rows. Predictions are NaN until something was seen.
    Raises ValueError for an order below 1 or a forgetting outside (0, 1].

    Source: S. Haykin, *Adaptive Filter Theory*, chapter on the recursive least-squares algorithm.
    """

    STATE = ("past", "rows", "scale", "coefficients", "inverse")

    def __init__(self, numbers: int, order: int, forgetting: float = 1.0) -> None:
        if order < 1:
            raise ValueError(f"order is a number of past rows, at least 1; found {order}")
        if not 0 < forgetting <= 1:
            raise ValueError(f"forgetting lies in (0, 1]; found {forgetting}")
        size = order * numbers + 1
        self.order, self.forgetting = order, forgetting
        self.past = np.full((order, numbers), np.nan)  # what is missing is filled by predictions
        self.rows = 0  # since every component was seen, as far as `order`
        self.scale = 0.0
        self.coefficients = np.zeros((size, numbers))
        self.inverse = np.eye(size) / RIDGE

    def predict(self, targets: Numbers) -> Numbers:
        """Predictions of the next rows (n, numbers), NaN where missing; each is made before its row is learned from."""
        found = np.empty(targets.shape)
        missing = np.isnan(targets)
        lacks = missing.any(axis=1).tolist()
        for k, target in enumerate(targets):
            found[k] = predicted = self._row(target, lacks[k])
            if lacks[k]:
                target = np.where(missing[k], predicted, target)
            self.past[:-1] = self.past[1:]
            self.past[-1] = target
            if self.rows < self.order:
                self.rows += not np.isnan(target).any()
        return found

    def _row(self, target: Numbers, lacks: bool) -> Numbers:
        """The prediction of one row, which is then learned from unless something of it lacks."""
        last = self.past[-1]
        if self.rows < self.order:
            return last
        if not self.scale:
            self.scale = float(np.sqrt(np.mean(self.past**2))) or 1.0
        features = np.ones(len(self.inverse))
        np.divide(self.past.reshape(-1), self.scale, out=features[:-1])
        correction = features @ self.coefficients
        if not lacks:
            self._learn(features, (target - last) / self.scale, correction)
        return last + self.scale * correction

    def _learn(self, features: Numbers, target: Numbers, correction: Numbers) -> None:
        """Takes one row in: features (size,), target and what was said of it (numbers,)."""
        along = self.inverse @ features
        forgetting = self.forgetting
        # Directions that the rows do not excite would grow without bound where forgetting goes on.
        if forgetting < 1 and np.trace(self.inverse) >= len(features) * WINDUP / RIDGE:
            forgetting = 1.0
        gain = along / (forgetting + features @ along)
        self.coefficients += gain[:, None] * (target - correction)
        self.inverse -= gain[:, None] * along
        if forgetting < 1:
            self.inverse /= forgetting


class Frequencies:
    """Log probabilities of classes by how often each was seen so far, one more than seen each."""

    STATE = ("counts",)

    def __init__(self, classes: int) -> None:
        self.counts = np.ones(classes)

    def predict(self, targets: NDArray[np.int64]) -> Numbers:
        """Of the next rows (n, classes), each before its class is counted; ``targets`` (n,) are −1 where missing."""
        seen = np.zeros((len(targets) + 1, len(self.counts)))
        given = np.flatnonzero(targets >= 0)
        seen[given + 1, targets[given]] = 1
        counts = seen.cumsum(0) + self.counts
        self.counts = counts[-1]
        return np.log(counts[:-1] / counts[:-1].sum(1, keepdims=True))
