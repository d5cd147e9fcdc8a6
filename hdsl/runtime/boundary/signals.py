"""What arrives along the path of a boundary problem: the samples of a stream as functions of time.

Real inputs and targets are linear from sample to sample, index ones hold until the next. Samples stand at 0, tau, 2 tau, …,
or by the time stamps of the stream, counted from its first.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from hdsl.model.model import Model
from hdsl.runtime.samples import Samples
from hdsl.runtime.source.block import StreamError

Array = np.ndarray


@dataclass(frozen=True)
class Signals:
    """``knots`` (n,) are the times of the samples, ``values`` (n, …) the inputs and targets by name."""

    knots: Array
    values: Mapping[str, Array]

    @property
    def last(self) -> float:
        return float(self.knots[-1])

    def __call__(self, t: Array) -> dict[str, Array]:
        """Everything at times (m,), points first; before the first sample and after the last as these have it."""
        t = np.clip(t, self.knots[0], self.knots[-1])
        place = np.clip(np.searchsorted(self.knots, t, side="right") - 1, 0, max(len(self.knots) - 2, 0))
        after = np.minimum(place + 1, len(self.knots) - 1)
        gap = np.where(after > place, self.knots[after] - self.knots[place], 1.0)
        part = np.where(after > place, (t - self.knots[place]) / gap, 0.0)
        found = {}
        for name, value in self.values.items():
            if value.dtype.kind in "iu":
                found[name] = value[np.where(part >= 1, after, place)]
            else:
                own = part.reshape(-1, *(1 for _ in value.shape[1:]))
                found[name] = (1 - own) * value[place] + own * value[after]
        return found


def read_signals(samples: Samples, model: Model, tau: float, until: float, name: str) -> Signals:
    """The samples of one stream up to a time. Raises StreamError where they end before it or one of them is missing."""
    count = len(samples)
    gaps = np.full(count, tau)
    if samples.tau is not None:
        told = samples.tau.numpy()
        gaps = np.where(np.isnan(told), tau, told)
    knots = np.concatenate([[0.0], np.cumsum(gaps[1:])])
    if knots[-1] < until * (1 - 1e-9) - 1e-12:
        raise StreamError(f"{name} ends at t = {knots[-1]:g}, and the horizon is {until:g}: {count} samples are too few")
    values = {}
    for own, value in samples.scaled().items():
        values[own] = value.numpy()[:, 0]
        missing = values[own] < 0 if model.quantities[own].below is not None else np.isnan(values[own])
        missing = missing.reshape(count, -1).any(1) & (knots <= until + tau)
        if missing.any():
            place = samples.places[int(np.argmax(missing)), 0]
            raise StreamError(f"{name}:{place}: `{own}` is missing, and a boundary problem wants it all along")
    return Signals(knots, values)


