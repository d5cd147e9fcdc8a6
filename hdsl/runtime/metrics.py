"""Metrics: how well a stream was predicted before each sample was learned from, beside the baselines.

Every figure of one target is over the same samples: those that have the target and a prediction by every predictor.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hdsl.runtime.baseline import Autoregression, Frequencies, LastValue, Pairs
from hdsl.runtime.cells import Cells, Sums

Numbers = NDArray[np.float64]
Steps = NDArray[np.int64]

ORDER = 18
"""Past rows that the autoregression reads: the best of 6, 12, 18, … on the first half of the sunspots."""

MOST_CLASSES = 1000  # of which pairs are counted: there are as many counts as its square
WIDEST = 200  # numbers of the past that the autoregression may read: its cost grows with their square


@dataclass(frozen=True)
class Metric:
    """A figure of one target by one predictor.

    ``kind`` is error/var (the sum of squared errors over the sum of squares about the target's mean, of the same samples),
    accuracy, or log loss (natural logarithm); ``part`` says which samples: all, or the second half, which began at the step
    ``start``.
    """

    target: str
    kind: str
    part: str
    predictor: str
    value: float
    samples: int
    start: int = 0


def other_output(name: str) -> str:
    """Who predicts, where it is another output of the model than the one that counts."""
    return f"output {name}"


def is_other_output(predictor: str) -> bool:
    """True for what `other_output` gave; a model and a baseline have other names."""
    return predictor.startswith("output ")


class RealFigures:
    """error/var of a real target by several predictors, over all samples and over the second half of them.

    Args:
        numbers: of the target.
        predictors: their names; the model's is the first.
        half: the step at which the second half begins, where that is known.
    """

    kinds = ("error/var",)

    def __init__(self, target: str, numbers: int, predictors: Sequence[str], half: int | None = None) -> None:
        self.target, self.predictors = target, tuple(predictors)
        self.cells = Cells(numbers, len(self.predictors), half)

    def add(self, steps: Steps, truth: Numbers, predictions: Mapping[str, Numbers]) -> None:
        """Take in samples: ``truth`` (n, numbers), NaN where missing; predictions by predictor in the same units."""
        usable = np.isfinite(truth).all(1) & np.all([np.isfinite(p).all(1) for p in predictions.values()], axis=0)
        truth = truth[usable]
        sums = [((predictions[p][usable] - truth) ** 2).sum(1) for p in self.predictors]
        self.cells.add(steps[usable], truth, np.stack(sums, axis=1))

    def values(self, sums: Sums) -> Numbers:
        """(kinds, predictors)."""
        found = sums.sums / sums.squares if sums.squares > 0 else np.full(len(self.predictors), np.nan)
        return np.atleast_2d(found)


class IndexFigures:
    """Accuracy and log loss of an index target by several predictors."""

    kinds = ("accuracy", "log loss")

    def __init__(self, target: str, predictors: Sequence[str], half: int | None = None) -> None:
        self.target, self.predictors = target, tuple(predictors)
        self.cells = Cells(0, 2 * len(self.predictors), half)

    def add(self, steps: Steps, truth: NDArray[np.int64], predictions: Mapping[str, Numbers]) -> None:
        """Take in samples: ``truth`` (n,), −1 where missing; predictions by predictor: log probabilities (n, classes)."""
        usable = (truth >= 0) & np.all([~np.isnan(p).any(1) for p in predictions.values()], axis=0)
        truth, every = truth[usable], np.arange(int(usable.sum()))
        given = [predictions[p][usable] for p in self.predictors]
        sums = [p.argmax(1) == truth for p in given] + [-p[every, truth] for p in given]
        self.cells.add(steps[usable], np.zeros((len(truth), 0)), np.stack(sums, axis=1).astype(np.float64))

    def values(self, sums: Sums) -> Numbers:
        """(kinds, predictors)."""
        found = sums.sums / sums.count if sums.count else np.full(2 * len(self.predictors), np.nan)
        return found.reshape(2, -1)


def figures(of: RealFigures | IndexFigures, steps: int) -> tuple[Metric, ...]:
    """The figures of a target after some steps of its stream."""
    found = []
    for part, first in (("all", 0), ("second half", steps // 2)):
        sums = of.cells.part(first)
        values = of.values(sums)
        for column, predictor in enumerate(of.predictors):
            for kind, value in zip(of.kinds, values[:, column].tolist(), strict=True):
                found.append(Metric(of.target, kind, part, predictor, value, sums.count, sums.start))
    return tuple(found)


def real_baselines(numbers: int) -> dict[str, LastValue | Autoregression]:
    """Predictors of a target from its own past rows, by name; no autoregression of what is wide."""
    found: dict[str, LastValue | Autoregression] = {"last value": LastValue(numbers)}
    order = min(ORDER, WIDEST // numbers)
    if order >= 1:
        found[f"autoregression of order {order}"] = Autoregression(numbers, order)
    return found


def index_baselines(classes: int, tokens: bool) -> dict[str, Frequencies | Pairs]:
    """Predictors of an index target from its own past, by name; of ``tokens`` by pairs too, if there are not too many."""
    found: dict[str, Frequencies | Pairs] = {"class frequencies so far": Frequencies(classes)}
    if tokens and classes <= MOST_CLASSES:
        found["pair frequencies so far"] = Pairs(classes)
    return found


def log_probabilities(output: Numbers, probabilities: bool) -> Numbers:
    """Log probabilities (T, classes) of an output that gives probabilities or what stands before a softmax."""
    if probabilities:
        with np.errstate(divide="ignore"):
            return np.log(output)
    away = output - output.max(1, keepdims=True)
    return away - np.log(np.exp(away).sum(1, keepdims=True))
