"""Running scores: a target's error so far beside its simplest baseline's, kept up as a run goes on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

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
    """error/var of a real target of ``numbers`` numbers over all samples so far, beside the last value's."""

    STATE = ("origin", "sums", "errors", "samples")

    def __init__(self, numbers: int) -> None:
        self.origin = np.zeros(numbers)
        self.sums = np.zeros((2, numbers))
        self.errors = np.zeros(2)
        self.samples = 0

    def add(self, truth: Numbers, prediction: Numbers, last: Numbers) -> None:
        """Take in samples (n, numbers): the target, NaN where missing, what was predicted, and the baseline's prediction."""
        usable = np.isfinite(truth).all(1) & np.isfinite(last).all(1)
        if not usable.any():
            return
        truth, last, prediction = truth[usable], last[usable], prediction[usable]
        if not self.samples:
            self.origin = truth[0]  # sums about a value nearby lose less to cancellation
        away = truth - self.origin
        self.sums = self.sums + np.stack([away.sum(0), (away**2).sum(0)])
        self.errors = self.errors + np.stack([((guess - truth) ** 2).sum() for guess in (prediction, last)])
        self.samples += len(truth)

    @property
    def score(self) -> Score | None:
        """None until the samples differ from one another."""
        spread = float((self.sums[1] - self.sums[0] ** 2 / max(1, self.samples)).sum())
        if spread <= 0:
            return None
        value, baseline = (self.errors / spread).tolist()
        return Score("error/var", value, baseline, "last value")


class IndexScore:
    """Accuracy over all samples so far, beside that of the class seen most often."""

    STATE = ("right", "samples")

    def __init__(self) -> None:
        self.right, self.samples = np.zeros(2), 0

    def add(self, truth: NDArray[np.int64], prediction: Numbers, baseline: Numbers) -> None:
        """Take in samples: ``truth`` (n,), −1 where missing; predictions (n, classes), the greatest being the answer."""
        given = truth >= 0
        right = [(guess.argmax(1) == truth)[given].sum() for guess in (prediction, baseline)]
        self.right = self.right + np.stack(right)
        self.samples += int(given.sum())

    @property
    def score(self) -> Score | None:
        if not self.samples:
            return None
        value, baseline = (self.right / self.samples).tolist()
        return Score("accuracy", value, baseline, "most frequent class")


class Means:
    """Means of costs over the steps that have them."""

    STATE = ("sums", "counts")

    def __init__(self, costs: int) -> None:
        self.sums, self.counts = np.zeros(costs), np.zeros(costs)

    def add(self, costs: list[NDArray[Any]]) -> NDArray[np.float64]:
        """Take in the values of some steps; their means alone."""
        sums = np.array([np.nansum(value) for value in costs])
        counts = np.array([np.isfinite(value).sum() for value in costs])
        self.sums, self.counts = self.sums + sums, self.counts + counts
        return _divided(sums, counts)

    @property
    def now(self) -> NDArray[np.float64]:
        return _divided(self.sums, self.counts)


def _divided(sums: NDArray[Any], counts: NDArray[Any]) -> NDArray[np.float64]:
    return np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
