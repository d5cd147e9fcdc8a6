"""Baselines that a model is shown beside: online predictors of a target from its own past, test-then-train.

Row k of a prediction is made from the targets 0 … k−1 only, then target k is learned from: what a model has that reads
`x[k]` as its input and `x[k+1]` as its target. Targets are in their own units: a scaling that moves with the stream
would hand the predictor values that no longer fit one another.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Numbers = NDArray[np.float64]

RIDGE = 1e-3  # how firmly least squares starts at the last value: this part of one row's squares
TOGETHER = 32  # rows that least squares takes in at once: few are many calls, many are large triangles


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

    The correction minimises the sum of squared errors of all rows so far plus a small ridge that starts it at zero. The
    first ``order`` rows have too little past: they are the last value, and set the scale of the ridge.

    A row with a missing component is not learned from, and its prediction stands for what is missing in the past of later
    rows. Predictions are NaN until something was seen. Raises ValueError for an order below 1.

    Source: S. Haykin, *Adaptive Filter Theory*, chapter on the recursive least-squares algorithm.
    """

    STATE = ("past", "rows", "scale", "coefficients", "inverse", "features", "wanted", "held")

    def __init__(self, numbers: int, order: int) -> None:
        if order < 1:
            raise ValueError(f"order is a number of past rows, at least 1; found {order}")
        size = order * numbers + 1
        self.order = order
        self.past = np.full((order, numbers), np.nan)  # what is missing is filled by predictions
        self.rows = 0  # since every component was seen, as far as `order`
        self.scale = 0.0
        self.coefficients = np.zeros((size, numbers))
        self.inverse = np.eye(size) / RIDGE
        # Rows that are not in the coefficients yet, and 0 for those still to come.
        self.features, self.wanted, self.held = np.zeros((TOGETHER, size)), np.zeros((TOGETHER, numbers)), 0
        self._found: Learned | None = None  # of these rows, where it was worked out already

    def predict(self, targets: Numbers) -> Numbers:
        """Predictions of the next rows (n, numbers), NaN where missing; each is made before its row is learned from."""
        found, start = np.empty(targets.shape), 0
        lacks = np.isnan(targets).any(axis=1)
        while start < len(targets):
            ahead = lacks[start:]
            alone = self.rows < self.order or lacks[start]
            end = start + (1 if alone else int(ahead.argmax()) or len(ahead))
            found[start:end] = self._rows(targets[start:end], bool(lacks[start]))
            start = end
        return found

    def _rows(self, targets: Numbers, lacks: bool) -> Numbers:
        """Predictions of rows of which nothing is missing, or of a single one that ``lacks`` something."""
        series = np.concatenate([self.past, targets])
        last = series[self.order - 1 : -1]
        predicted = last
        if self.rows >= self.order:
            self.scale = self.scale or float(np.sqrt(np.mean(self.past**2))) or 1.0
            past = sliding_window_view(series[:-1], self.order, axis=0).swapaxes(1, 2).reshape(len(targets), -1)
            features = np.append(past / self.scale, np.ones((len(targets), 1)), axis=1)
            corrections = self._missing(features) if lacks else self._learned(features, (targets - last) / self.scale)
            predicted = last + self.scale * corrections
        series[self.order :] = np.where(np.isnan(targets), predicted, targets)
        self.past = series[len(targets) :]
        if self.rows < self.order:
            self.rows += not np.isnan(self.past[-1]).any()
        return predicted

    def _missing(self, features: Numbers) -> Numbers:
        """What is said of a row that is not learned from."""
        if self.held:
            self._take(self._found or learned(self.features, self.wanted, self.coefficients, self.inverse))
        return features @ self.coefficients

    def _learned(self, features: Numbers, wanted: Numbers) -> Numbers:
        """What is said of some rows, each before it is learned from.

        They are taken in `TOGETHER` at a time, however they come: so it does not depend on that, to the bit.
        """
        said, start = np.empty_like(wanted), 0
        while start < len(wanted):
            new = slice(self.held, min(TOGETHER, self.held + len(wanted) - start))
            part = slice(start, start + new.stop - new.start)
            self.features[new], self.wanted[new], self.held = features[part], wanted[part], new.stop
            found = self._found = learned(self.features, self.wanted, self.coefficients, self.inverse)
            said[part], start = found.said[new], part.stop
            if self.held == TOGETHER:
                self._take(found)
        return said

    def _take(self, found: Learned) -> None:
        self.coefficients, self.inverse, self._found = found.coefficients, found.inverse, None
        self.features, self.wanted, self.held = np.zeros_like(self.features), np.zeros_like(self.wanted), 0


@dataclass(frozen=True)
class Learned:
    """What was ``said`` of each row before it was learned from, and what least squares knows after all of them."""

    said: Numbers
    coefficients: Numbers
    inverse: Numbers


def learned(features: Numbers, wanted: Numbers, coefficients: Numbers, inverse: Numbers) -> Learned:
    """Recursive least squares over some rows at once: features X (n, size), wanted w (n, numbers).

    One after another, from coefficients c and inverse P, they would be innovations of a Kalman filter. With L Lᵀ = X P Xᵀ + 1
    and e = L⁻¹ (w − X c), row k is told (X c)_k + Σ L_kj e_j over the rows j before it, c moves by (L⁻¹ X P)ᵀ e, and P by
    −(L⁻¹ X P)ᵀ (L⁻¹ X P). A row of zeros changes nothing.
    """
    said, along = features @ coefficients, features @ inverse
    spread = along @ features.T
    spread[np.diag_indices_from(spread)] += 1
    lower, wrong = torch.linalg.cholesky_ex(torch.from_numpy(spread))
    if wrong:  # by rounding, where a series leaves its scale far behind
        return one_by_one(features, wanted, coefficients, inverse)
    both = torch.from_numpy(np.concatenate([wanted - said, along], axis=1))
    solved = torch.linalg.solve_triangular(lower, both, upper=False).numpy()
    errors, gains = np.split(solved, [wanted.shape[1]], axis=1)
    return Learned(said + lower.tril(-1).numpy() @ errors, coefficients + gains.T @ errors, inverse - gains.T @ gains)


def one_by_one(features: Numbers, wanted: Numbers, coefficients: Numbers, inverse: Numbers) -> Learned:
    """The same a row at a time; one whose spread rounding has made negative is not learned from."""
    said = np.empty_like(wanted)
    for k, row in enumerate(features):
        said[k] = row @ coefficients
        along = inverse @ row
        spread = 1 + float(row @ along)
        if spread > 0:
            coefficients = coefficients + np.outer(along, wanted[k] - said[k]) / spread
            inverse = inverse - np.outer(along, along) / spread
    return Learned(said, coefficients, inverse)


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


class Pairs:
    """Log probabilities of classes by how often each came behind the one before it, one more than seen each.

    Where the class before is missing they are all the same.
    """

    STATE = ("counts", "last")

    def __init__(self, classes: int) -> None:
        self.counts = np.ones((classes, classes))
        self.last = -1

    def predict(self, targets: NDArray[np.int64]) -> Numbers:
        """Of the next rows (n, classes), each before its class is counted; ``targets`` (n,) are −1 where missing."""
        found = np.full((len(targets), len(self.counts)), 1 / len(self.counts))
        for row, target in enumerate(targets.tolist()):
            if self.last >= 0:
                counts = self.counts[self.last]
                found[row] = counts / counts.sum()
                if target >= 0:
                    counts[target] += 1
            self.last = target
        return np.log(found)
