"""The judge of a run: pairs outputs with targets, brings predictions back to the stream's units, and scores them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from hdsl.model.outline import gives_probabilities, paired_outputs
from hdsl.runtime.baseline import Autoregression, Frequencies, LastValue, Pairs
from hdsl.runtime.columns import Columns, count, number, shape
from hdsl.runtime.feed import Piece
from hdsl.runtime.metrics import (
    IndexFigures,
    Metric,
    RealFigures,
    figures,
    index_baselines,
    log_probabilities,
    other_output,
    real_baselines,
)
from hdsl.runtime.running import IndexScore, RealScore, Score
from hdsl.runtime.state import put_back, taken

if TYPE_CHECKING:
    from hdsl.model.model import Model

Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Judged:
    """What was made of some steps: each target, its prediction in the units of the stream, and the baselines' by name.

    ``restored`` are the outputs that predict a real target, in the units of the stream, by their own names.

    All (steps, streams, numbers), but for a target that is an index: (steps, streams).
    """

    truth: Arrays
    predictions: Arrays
    baselines: Mapping[str, Arrays]
    restored: Arrays


class _Scorer:
    """All that is kept of one target, over any number of streams beside one another."""

    def __init__(self, judge: Judge, target: str) -> None:
        self.target, self.name = target, judge.model.name
        self.index = judge.is_index(target)
        self.streams = judge.streams
        numbers = judge.classes(target) if self.index else judge.numbers(target)
        self.outputs = {self.name: judge.pairs[target], **{other_output(name): name for name in judge.others[target]}}
        outputs = self.outputs.values()
        self.probabilities = {output: self.index and gives_probabilities(judge.model, output) for output in outputs}
        self.baselines: dict[str, list[LastValue | Autoregression | Frequencies | Pairs]] = {}
        for _ in range(self.streams):
            made = index_baselines(numbers, judge.is_token(target)) if self.index else real_baselines(numbers)
            for name, baseline in made.items():
                self.baselines.setdefault(name, []).append(baseline)
        self._new = (lambda half, *names: IndexFigures(target, names, half)) if self.index else (
            lambda half, *names: RealFigures(target, numbers, names, half)
        )  # fmt: skip
        self.first = self._new(judge.half, *self.outputs, *self.baselines)
        self.later, self.epoch = self._new(None, *self.outputs), 0
        self.complete: tuple[Metric, ...] = ()
        self.running: RealScore | IndexScore = IndexScore() if self.index else RealScore(numbers)

    def take(self, piece: Piece, truth: NDArray[Any], predictions: Arrays) -> dict[str, NDArray[Any]]:
        """Score some steps, ``predictions`` by output; the baselines of the first pass."""
        steps = np.repeat(np.arange(piece.row, piece.row + len(truth)), self.streams)
        flat = truth.reshape(len(steps), *truth.shape[2:])
        made = {name: predictions[output].reshape(len(steps), -1) for name, output in self.outputs.items()}
        if self.index:
            made = {name: log_probabilities(value, self.probabilities[self.outputs[name]]) for name, value in made.items()}
        if piece.epoch:
            self._again(piece, steps, flat, made)
            return {}
        baselines = {
            name: np.stack([each.predict(truth[:, k]) for k, each in enumerate(streams)], axis=1)
            for name, streams in self.baselines.items()
        }
        beside = {name: value.reshape(len(steps), -1) for name, value in baselines.items()}
        self.first.add(steps, flat, {**made, **beside})
        self.running.add(flat, made[self.name], next(iter(beside.values())))
        return baselines

    def _again(self, piece: Piece, steps: NDArray[np.int64], truth: NDArray[Any], predictions: Arrays) -> None:
        if piece.epoch != self.epoch:
            self.later, self.epoch = self._new(None, *self.outputs), piece.epoch
        self.later.add(steps, truth, predictions)
        if piece.last:
            found = figures(self.later, int(steps[-1]) + 1)
            self.complete = tuple(replace(m, part=f"pass {piece.epoch + 1}") for m in found if m.part == "all")

    def metrics(self, steps: int) -> tuple[Metric, ...]:
        return (*figures(self.first, steps), *self.complete)

    def parts(self) -> dict[str, Any]:
        """What is gathered, by name."""
        told = {"first": self.first.cells, "later": self.later.cells, "running": self.running}
        for number_, streams in enumerate(self.baselines.values()):
            told.update({f"baseline/{number_}/{k}": each for k, each in enumerate(streams)})
        return told


class Judge:
    """``pairs`` gives for each target of the stream that an output predicts the name of that output.

    ``others`` are further outputs that predict it: their figures stand beside its own at the end.

    Args:
        streams: how many run beside one another.
        half: the step at which the second half begins, where that is known.
    """

    def __init__(self, model: Model, columns: Columns, streams: int = 1, half: int | None = None) -> None:
        self.model, self.columns, self.streams = model, columns, streams
        self.half = half
        self.given = [q.name for q in model.of_role("target") if q.name in columns.of]
        paired = {target: paired_outputs(model, target) for target in self.given}
        self.pairs: dict[str, str] = {target: outputs[0] for target, outputs in paired.items() if outputs}
        self.others: dict[str, tuple[str, ...]] = {target: outputs[1:] for target, outputs in paired.items() if outputs}
        self._scorers = {target: _Scorer(self, target) for target in self.pairs}

    def classes(self, target: str) -> int:
        """How many classes an index target has."""
        return number(self.model.quantities[target].below, self.model, self.columns.sizes) or 1

    def numbers(self, target: str) -> int:
        """How many numbers a real target has."""
        return count(self.model.quantities[target], self.model, self.columns.sizes)

    def is_index(self, target: str) -> bool:
        """True where a target is a class or a token."""
        return self.model.quantities[target].below is not None

    def is_token(self, target: str) -> bool:
        """True where an input is an index below the same number: then the target is the next token, or may be."""
        below = self.model.quantities[target].below
        return below is not None and any(q.below == below for q in self.model.of_role("input"))

    # --- while it runs ---------------------------------------------------------------------------------------------------

    def take(self, piece: Piece, results: Arrays) -> Judged:
        """Score a piece: ``results`` are outputs (steps, streams, …) by name."""
        steps, truth, predictions, baselines, restored = len(piece.samples), {}, {}, {}, {}
        for target in self.given:
            value = piece.samples.values[target].numpy()
            truth[target] = value if self.is_index(target) else value.reshape(steps, self.streams, -1)
        for target, output in self.pairs.items():
            own = {}
            for name in (output, *self.others[target]):
                made = np.asarray(results[name], dtype=np.float64).reshape(steps, self.streams, -1)
                own[name] = piece.samples.unscaled(target, made)
            predictions[target] = own[output]
            baselines[target] = self._scorers[target].take(piece, truth[target], own)
            restored |= {} if self.is_index(target) else own
        return Judged(truth, predictions, baselines, restored)

    @property
    def scores(self) -> dict[str, Score]:
        """The scores so far by target."""
        found = {target: scorer.running.score for target, scorer in self._scorers.items()}
        return {target: score for target, score in found.items() if score is not None}

    def shapes(self, net: Any) -> dict[str, tuple[int, ...]]:
        """The quantities that a file of predictions holds, with their sizes."""
        by_name = {d.name: d for d in self.model.definitions}
        sizes = self.columns.sizes
        outputs = {name: tuple(number(n, self.model, sizes) or 0 for n in by_name[name].sizes) for name in net.outputs}
        targets = {t: () if self.is_index(t) else shape(self.model.quantities[t], self.model, sizes) for t in self.given}
        return {**outputs, **targets, **{cost: () for cost in net.costs}}

    def told(self, judged: Judged, results: Arrays) -> dict[str, NDArray[Any]]:
        """What a file of predictions holds of some steps, (steps, streams, …) each."""
        return {**results, **judged.restored, **judged.truth}

    # --- at the end, and on the way ------------------------------------------------------------------------------------

    def metrics(self, steps: int) -> tuple[Metric, ...]:
        """Test-then-train figures of the first pass, of which ``steps`` were done, and of the last complete one after it."""
        return tuple(metric for scorer in self._scorers.values() for metric in scorer.metrics(steps))

    def state(self) -> dict[str, NDArray[Any]]:
        """All that was gathered, as arrays by name; its size does not depend on the number of steps."""
        found: dict[str, NDArray[Any]] = {}
        for target, scorer in self._scorers.items():
            for name, part in scorer.parts().items():
                found |= taken(part, f"{target}/{name}")
            found[f"{target}/epoch"] = np.array(scorer.epoch)
            values = [[m.value, m.samples] for m in scorer.complete]
            found[f"{target}/complete"] = np.array(values, dtype=np.float64).reshape(-1, 2)
            found[f"{target}/complete epoch"] = np.array(int(scorer.complete[0].part[5:]) if scorer.complete else 0)
        return found

    def put_back(self, arrays: Arrays) -> None:
        """Go on from what `state` gave."""
        for target, scorer in self._scorers.items():
            for name, part in scorer.parts().items():
                put_back(part, f"{target}/{name}", arrays)
            scorer.epoch = int(arrays[f"{target}/epoch"])
            part = f"pass {int(arrays[f'{target}/complete epoch'])}"
            named = product(scorer.outputs, scorer.first.kinds)
            pairs = zip(named, arrays[f"{target}/complete"].tolist(), strict=False)
            scorer.complete = tuple(
                Metric(target, kind, part, predictor, value, int(samples)) for (predictor, kind), (value, samples) in pairs
            )
