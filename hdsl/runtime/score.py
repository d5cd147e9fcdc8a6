"""The judge of a run: pairs outputs with targets, brings predictions back to the stream's units, and scores them."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hdsl.model.model import Model
from hdsl.runtime.columns import number, shape
from hdsl.runtime.metrics import (
    Metric,
    gives_probabilities,
    index_baselines,
    index_metrics,
    log_probabilities,
    other_output,
    paired_outputs,
    real_baselines,
    real_metrics,
)
from hdsl.runtime.running import IndexScore, RealScore, Score
from hdsl.runtime.scale import Scaling
from hdsl.runtime.stream import Stream

Arrays = Mapping[str, NDArray[Any]]


class Judge:
    """``pairs`` gives for each target of the stream that an output predicts the name of that output.

    ``others`` are further outputs that predict it: their figures stand beside its own at the end.
    """

    def __init__(self, model: Model, stream: Stream, scaling: Scaling) -> None:
        self.model, self.stream, self.scaling = model, stream, scaling
        given = [q.name for q in model.of_role("target") if q.name in stream.values]
        paired = {target: paired_outputs(model, target) for target in given}
        self.pairs: dict[str, str] = {target: outputs[0] for target, outputs in paired.items() if outputs}
        self.others: dict[str, tuple[str, ...]] = {target: outputs[1:] for target, outputs in paired.items() if outputs}
        self.truth: dict[str, NDArray[Any]] = {}
        self.baselines: dict[str, dict[str, NDArray[Any]]] = {}
        self._running: dict[str, RealScore | IndexScore] = {}
        for target in given:
            value = stream.values[target].numpy()
            self.truth[target] = value[:, 0] if self._is_index(target) else value.reshape(len(value), -1)
        for target in self.pairs:
            truth = self.truth[target]
            if self._is_index(target):
                self.baselines[target] = index_baselines(truth, self._classes(target))
            else:
                self.baselines[target] = real_baselines(truth)
        self._begin()

    def _begin(self) -> None:
        for target, truth in ((target, self.truth[target]) for target in self.pairs):
            simplest = next(iter(self.baselines[target].values()))
            self._running[target] = (IndexScore if self._is_index(target) else RealScore)(truth, simplest)

    def afresh(self) -> Judge:
        """The same judge, which has seen nothing yet; baselines are not worked out again."""
        other = copy(self)
        other._running = {}
        other._begin()
        return other

    def _classes(self, target: str) -> int:
        return number(self.model.quantities[target].below, self.model, self.stream.columns.sizes) or 1

    def _is_index(self, target: str) -> bool:
        return self.model.quantities[target].below is not None

    def predictions(self, outputs: Arrays, start: int = 0) -> dict[str, NDArray[Any]]:
        """What was predicted of each target (steps, numbers), from row ``start`` of the stream on and around it.

        In the units of the stream; of an index target the output as it is.
        """
        return {target: self._restored(target, outputs[output], start) for target, output in self.pairs.items()}

    def _restored(self, target: str, output: NDArray[Any], start: int) -> NDArray[Any]:
        value = np.array(output, dtype=np.float64).reshape(len(output), -1)
        length = len(self.stream)
        for begin in range(0, len(value), length):
            part = value[begin : begin + length]
            value[begin : begin + length] = self.scaling.unscaled(target, part, start)
        return value

    def truth_of(self, steps: int) -> dict[str, NDArray[Any]]:
        """Each target of the stream at each of the steps done."""
        rows = np.arange(steps) % len(self.stream)
        return {target: value[rows] for target, value in self.truth.items()}

    # --- while it runs ---------------------------------------------------------------------------------------------------

    def add(self, row: int, results: Arrays) -> None:
        """Score the samples of the first epoch from a row on."""
        for target, prediction in self.predictions(results, row).items():
            self._running[target].add(row, prediction)

    @property
    def scores(self) -> dict[str, Score]:
        """The scores so far by target."""
        found = {target: running.score for target, running in self._running.items()}
        return {target: score for target, score in found.items() if score is not None}

    def columns(self, net: Any) -> dict[str, tuple[int, ...]]:
        """The quantities that a file of predictions holds, with their sizes."""
        by_name = {d.name: d for d in self.model.definitions}
        sizes = self.stream.columns.sizes
        outputs = {name: tuple(number(n, self.model, sizes) or 0 for n in by_name[name].sizes) for name in net.outputs}
        targets = {t: () if self._is_index(t) else shape(self.model.quantities[t], self.model, sizes) for t in self.truth}
        return {**outputs, **targets, **{cost: () for cost in net.costs}}

    def told(self, row: int, results: Arrays) -> dict[str, NDArray[Any]]:
        """What a file of predictions holds of the steps from a row on."""
        steps = len(next(iter(results.values())))
        restored = {
            output: self._restored(target, results[output], row)
            for target, first in self.pairs.items()
            for output in (first, *self.others[target])
            if not self._is_index(target)
        }
        targets = {target: value[row : row + steps] for target, value in self.truth.items()}
        return {**results, **restored, **targets}

    # --- at the end ------------------------------------------------------------------------------------------------------

    def metrics(self, outputs: Arrays, steps: int) -> tuple[Metric, ...]:
        """Test-then-train figures of the first pass over the stream, and of the last complete one if there were more."""
        length, found = len(self.stream), []
        name = self.model.name
        for target, output in self.pairs.items():
            first, passes = min(steps, length), steps // length
            own = {name: self._told(target, output, outputs)}
            own |= {other_output(other): self._told(target, other, outputs) for other in self.others[target]}
            predicted = {predictor: value[:first] for predictor, value in own.items()}
            predicted |= {baseline: value[:first] for baseline, value in self.baselines[target].items()}
            found += self._figures(target, self.truth[target][:first], predicted)
            if passes > 1:
                again = {predictor: value[(passes - 1) * length : passes * length] for predictor, value in own.items()}
                later = self._figures(target, self.truth[target], again)
                found += [replace(m, part=f"pass {passes}") for m in later if m.part == "all"]
        return tuple(found)

    def _told(self, target: str, output: str, outputs: Arrays) -> NDArray[Any]:
        """What an output told of a target at each step: values in the units of the stream, or log probabilities."""
        value = self._restored(target, outputs[output], 0)
        if not self._is_index(target):
            return value
        return log_probabilities(value, gives_probabilities(self.model, output))

    def _figures(self, target: str, truth: Any, predicted: Arrays) -> tuple[Metric, ...]:
        return (index_metrics if self._is_index(target) else real_metrics)(target, truth, predicted)
