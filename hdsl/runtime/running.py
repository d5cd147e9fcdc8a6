"""Running scores: a target's error so far beside its simplest baseline's, kept up as a run goes on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class Score:
    """``kind`` is error/var or accuracy; ``value`` is the model's, ``baseline`` that of the predictor named beside it."""

    kind: str
    value: float
    baseline: float
    baseline_name: str


class RealScore:
    """error/var of a real target over all samples so far, beside the last value's.

    ``truth`` and ``last`` are (T, d): the target, NaN where missing, and the baseline's prediction of it.
    """

    def __init__(self, truth: Numbers, last: Numbers) -> None:
        self._truth, self._last = truth, last
        self._origin = np.zeros(truth.shape[1])
        self._sums = np.zeros((2, truth.shape[1]))
        self._errors = np.zeros(2)
        self._samples = 0

    def add(self, start: int, prediction: Numbers) -> None:
        """Take in the samples from ``start`` on: ``prediction`` (steps, d)."""
        rows = slice(start, start + len(prediction))
        truth, last = self._truth[rows], self._last[rows]
        usable = np.isfinite(truth).all(1) & np.isfinite(last).all(1)
        if not usable.any():
            return
        truth, last, prediction = truth[usable], last[usable], prediction[usable]
        if not self._samples:
            self._origin = truth[0]  # sums about a value nearby lose less to cancellation
        away = truth - self._origin
        self._sums += np.stack([away.sum(0), (away**2).sum(0)])
        self._errors += [((prediction - truth) ** 2).sum(), ((last - truth) ** 2).sum()]
        self._samples += len(truth)

    @property
    def score(self) -> Score | None:
        """None until the samples differ from one another."""
        spread = float((self._sums[1] - self._sums[0] ** 2 / max(1, self._samples)).sum())
        if spread <= 0:
            return None
        value, baseline = (self._errors / spread).tolist()
        return Score("error/var", value, baseline, "last value")


class IndexScore:
    """Accuracy over all samples so far, beside that of the class seen most often; ``truth`` (T,), −1 where missing."""

    def __init__(self, truth: NDArray[np.int64], baseline: Numbers) -> None:
        self._truth, self._guess = truth, baseline.argmax(1)
        self._right, self._samples = np.zeros(2), 0

    def add(self, start: int, prediction: Numbers) -> None:
        """Take in the samples from ``start`` on: ``prediction`` (steps, classes), the greatest being the answer."""
        rows = slice(start, start + len(prediction))
        truth = self._truth[rows]
        given = truth >= 0
        self._right += [(prediction.argmax(1) == truth)[given].sum(), (self._guess[rows] == truth)[given].sum()]
        self._samples += int(given.sum())

    @property
    def score(self) -> Score | None:
        if not self._samples:
            return None
        value, baseline = (self._right / self._samples).tolist()
        return Score("accuracy", value, baseline, "most frequent class")
