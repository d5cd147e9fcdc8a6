"""Metrics: how well a stream was predicted before each sample was learned from, beside the baselines.

Every figure of one target is over the same samples: those that have the target and a prediction by every predictor.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hdsl.model.model import Model
from hdsl.runtime.baseline import last_value, recursive_least_squares
from hdsl.terms.term import Structured

Numbers = NDArray[np.float64]

ORDER = 18
"""Past rows that the autoregression reads: the best of 6, 12, 18, … on the first half of the sunspots."""

WIDEST = 200  # numbers of the past that the autoregression may read: its cost grows with their square
LONGEST = 200_000  # samples beyond which the autoregression would take longer than the run


@dataclass(frozen=True)
class Metric:
    """A figure of one target by one predictor.

    ``kind`` is error/var (the sum of squared errors over the sum of squares about the target's mean, of the same samples),
    accuracy, or log loss (natural logarithm); ``part`` says which samples: all, or the second half.
    """

    target: str
    kind: str
    part: str
    predictor: str
    value: float
    samples: int


def paired_outputs(model: Model, target: str) -> tuple[str, ...]:
    """The outputs that predict a target: those of the right shape that a cost of the target reads; the first counts."""
    by_name = {d.name: d for d in model.definitions}
    quantity = model.quantities[target]
    sizes = quantity.sizes if quantity.below is None else (quantity.below,)
    found: dict[str, None] = {}
    for cost in model.costs:
        if target not in model.targets_of[cost]:
            continue
        seen: set[str] = set()
        todo = [cost]
        while todo:
            name = todo.pop()
            if name in by_name and name not in seen:
                seen.add(name)
                # What stands behind an output is part of its making, not of the cost.
                todo += [] if name in model.outputs else by_name[name].reads()
        found |= {name: None for name in model.outputs if name in seen and by_name[name].sizes == sizes}
    return tuple(found)


def other_output(name: str) -> str:
    """Who predicts, where it is another output of the model than the one that counts."""
    return f"output {name}"


def gives_probabilities(model: Model, output: str) -> bool:
    """True where an output is a softmax, false where it is what stands before one."""
    body = next(d.body for d in model.definitions if d.name == output)
    return isinstance(body, Structured) and body.row == "softmax"


def real_metrics(target: str, truth: Numbers, predictions: Mapping[str, Numbers]) -> tuple[Metric, ...]:
    """error/var of each predictor, over all samples and over the second half of them.

    ``truth`` (T, d), NaN where missing; ``predictions`` by predictor (T, d) in the same units.
    """
    usable = np.isfinite(truth).all(1) & np.all([np.isfinite(p).all(1) for p in predictions.values()], axis=0)
    rows = np.flatnonzero(usable)
    found = []
    for part, chosen in (("all", rows), ("second half", rows[rows >= len(truth) // 2])):
        spread = float(((truth[chosen] - truth[chosen].mean(0)) ** 2).sum()) if len(chosen) else 0.0
        for predictor, prediction in predictions.items():
            error = float(((prediction[chosen] - truth[chosen]) ** 2).sum())
            value = error / spread if spread > 0 else float("nan")
            found.append(Metric(target, "error/var", part, predictor, value, len(chosen)))
    return tuple(found)


def index_metrics(target: str, truth: NDArray[np.int64], predictions: Mapping[str, Numbers]) -> tuple[Metric, ...]:
    """Accuracy and log loss of each predictor, over all samples and over the second half of them.

    ``truth`` (T,), −1 where missing; ``predictions`` by predictor: log probabilities (T, classes).
    """
    usable = (truth >= 0) & np.all([~np.isnan(p).any(1) for p in predictions.values()], axis=0)
    rows = np.flatnonzero(usable)
    found = []
    for part, chosen in (("all", rows), ("second half", rows[rows >= len(truth) // 2])):
        for predictor, prediction in predictions.items():
            right = prediction[chosen].argmax(1) == truth[chosen]
            loss = -prediction[chosen, truth[chosen]]
            for kind, each in (("accuracy", right), ("log loss", loss)):
                value = float(each.mean()) if len(chosen) else float("nan")
                found.append(Metric(target, kind, part, predictor, value, len(chosen)))
    return tuple(found)


def real_baselines(truth: Numbers) -> dict[str, Numbers]:
    """Predictions (T, d) of a target from its own past rows, by name; no autoregression of what is wide or long."""
    found = {"last value": last_value(truth)}
    order = min(ORDER, WIDEST // truth.shape[1])
    if order >= 1 and len(truth) <= LONGEST:
        found[f"autoregression of order {order}"] = recursive_least_squares(truth, order)
    return found


def index_baselines(truth: NDArray[np.int64], classes: int) -> dict[str, Numbers]:
    """Log probabilities (T, classes) of the classes by how often each was seen so far, one more than seen each."""
    seen = np.zeros((len(truth) + 1, classes))
    given = np.flatnonzero(truth >= 0)
    seen[given + 1, truth[given]] = 1
    counts = seen.cumsum(0)[:-1] + 1
    return {"class frequencies so far": np.log(counts / counts.sum(1, keepdims=True))}


def log_probabilities(output: Numbers, probabilities: bool) -> Numbers:
    """Log probabilities (T, classes) of an output that gives probabilities or what stands before a softmax."""
    if probabilities:
        with np.errstate(divide="ignore"):
            return np.log(output)
    away = output - output.max(1, keepdims=True)
    return away - np.log(np.exp(away).sum(1, keepdims=True))
