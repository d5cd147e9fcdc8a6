"""A session: a model learns a stream from its first sample to its last, and what was seen is handed back as a record."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from hdsl.compiler import VERSION
from hdsl.model.model import Model
from hdsl.runtime.checkpoint import (
    Checkpoint,
    CheckpointError,
    check_same,
    prepare_folder,
    read_checkpoint,
    steps_in,
    write_checkpoint,
)
from hdsl.runtime.hold import ONE_TICK, Hold
from hdsl.runtime.lock import FolderLock
from hdsl.runtime.metrics import Metric
from hdsl.runtime.nonfinite import NonFinite
from hdsl.runtime.predictions import PredictionFile
from hdsl.runtime.run import CHUNK
from hdsl.runtime.running import Score
from hdsl.runtime.scale import Scaling
from hdsl.runtime.score import Judge
from hdsl.runtime.stream import Stream

PIECE = 256
"""Steps between two looks at a run. Pieces lie on a fixed grid, so that a resumed run takes the same ones.

A step of a session is a sample; where samples are held, the module takes several ticks for each.
"""


@dataclass(frozen=True)
class Plan:
    """What to run.

    ``net_class`` is a compiled model and ``model`` the checked model it was made from. ``steps`` ends the run early;
    ``epochs`` repeats the stream. ``checkpoint`` is a folder, written every ``every`` steps and at the end; ``resume`` goes
    on from there. ``predict`` is a CSV file to write. ``hold`` says for how many ticks of the module each sample stays.
    """

    model: Model
    net_class: Any
    stream: Stream
    scaling: Scaling
    epochs: int = 1
    steps: int | None = None
    seed: int = 0
    dtype: str = "float32"
    device: str = "cpu"
    checkpoint: Path | None = None
    every: int | None = None
    resume: bool = False
    predict: Path | None = None
    hold: Hold = ONE_TICK

    @property
    def total(self) -> int:
        """The number of steps to do."""
        whole = self.epochs * len(self.stream)
        return whole if self.steps is None else min(self.steps, whole)


@dataclass(frozen=True)
class Progress:
    """How far a run has come: ``costs`` are means over the last piece, ``scores`` by target over all samples so far."""

    step: int
    total: int
    rate: float
    costs: Mapping[str, float]
    scores: Mapping[str, Score]


@dataclass(frozen=True)
class Session:
    """What a run has done.

    ``outputs`` (steps, …) are as the module gave them and ``costs`` (steps,) NaN where the target was missing;
    ``predictions`` and ``truth`` (steps, numbers) by target are in the units of the stream, and so are the ``baselines``
    by target and name, over its rows. ``passed_over`` says of each checkpoint that was damaged what is wrong with it. ``first`` is the step at which this process began, ``seconds`` and ``rate`` are its
    own. ``net`` is the module as the run left it.
    """

    plan: Plan
    first: int
    steps: int
    seconds: float
    interrupted: bool
    outputs: Mapping[str, NDArray[Any]]
    costs: Mapping[str, NDArray[Any]]
    predictions: Mapping[str, NDArray[Any]]
    truth: Mapping[str, NDArray[Any]]
    baselines: Mapping[str, Mapping[str, NDArray[Any]]]
    metrics: tuple[Metric, ...]
    passed_over: tuple[str, ...]
    net: Any = field(repr=False)

    @property
    def rate(self) -> float:
        """Steps a second."""
        return (self.steps - self.first) / self.seconds if self.seconds > 0 else float("nan")


def run_session(
    plan: Plan, told: Callable[[Progress], None] | None = None, stop: Callable[[], bool] = lambda: False
) -> Session:
    """Run a plan.

    Args:
        told: called after each piece.
        stop: asked after each piece; when true the run ends there, with its checkpoint written.

    Raises:
        NonFinite: a value became nan or infinite; the checkpoint written last stays.
        CheckpointError: a checkpoint cannot be written, read, or gone on with.
        OSError: the file of predictions cannot be written.
    """
    judge = Judge(plan.model, plan.stream, plan.scaling)
    return _Run(plan, judge).run(told or (lambda progress: None), stop)


def run_seeds(plan: Plan, seeds: int) -> list[Session]:
    """The same run from several draws of the initial values: the plan's seed and the ones after it."""
    judge = Judge(plan.model, plan.stream, plan.scaling)  # the baselines know no seed: worked out once
    alone = replace(plan, checkpoint=None, every=None, resume=False, predict=None)
    runs = (_Run(replace(alone, seed=plan.seed + k), judge.afresh()) for k in range(seeds))
    return [run.run(lambda progress: None, lambda: False) for run in runs]


class _Run:
    """One run on its way."""

    def __init__(self, plan: Plan, judge: Judge) -> None:
        self.plan, self.judge = plan, judge
        self.net = plan.net_class(batch=1, seed=plan.seed, dtype=getattr(torch, plan.dtype), device=plan.device)
        self.parts: dict[str, list[torch.Tensor]] = {name: [] for name in (*self.net.outputs, *self.net.costs)}
        self.step = self.written = 0
        self.file: PredictionFile | None = None
        self.lock: FolderLock | None = None
        self.passed_over: tuple[str, ...] = ()
        self.chunk = _prepared(plan, self.net)

    def run(self, told: Callable[[Progress], None], stop: Callable[[], bool]) -> Session:
        """The whole run, its folder of checkpoints being its own until it ends."""
        if self.plan.checkpoint is None:
            return self._run(told, stop)
        prepare_folder(self.plan.checkpoint)
        self.lock = FolderLock(self.plan.checkpoint)
        try:
            return self._run(told, stop)
        finally:
            self.lock.release()

    def _run(self, told: Callable[[Progress], None], stop: Callable[[], bool]) -> Session:
        plan = self.plan
        self._resume()
        first, started, interrupted = self.step, time.perf_counter(), False
        try:
            self._open_predictions()
            for size in _pieces(first, plan.total, len(plan.stream), plan.every):
                results = self._piece(size)
                rate = (self.step - first) / max(1e-9, time.perf_counter() - started)
                told(Progress(self.step, plan.total, rate, _means(self.net, results), self.judge.scores))
                if plan.every and self.step % plan.every == 0:
                    self._save()
                if interrupted := stop():
                    break
            self._save()
        finally:
            if self.file is not None:
                self.file.close()
        return self._session(first, time.perf_counter() - started, interrupted)

    def _open_predictions(self) -> None:
        if self.plan.predict is None:
            return
        try:
            self.file = PredictionFile(self.plan.predict, self.judge.columns(self.net), self.step)
        except ValueError as wrong:  # it is not the file that belongs to the checkpoint
            raise CheckpointError(str(wrong)) from None

    def _piece(self, size: int) -> dict[str, torch.Tensor]:
        """Some steps; their results are kept, scored and written."""
        plan = self.plan
        row = self.step % len(plan.stream)
        try:
            results = self._ran(row, size)
        except NonFinite as wrong:
            line = plan.stream.lines[wrong.step // plan.hold.ticks % len(plan.stream)]
            message = f"{wrong} ({plan.stream.name}:{line})"
            raise NonFinite(message, wrong.step, wrong.found, wrong.line) from None
        results = {name: value[:, 0] if value.dim() > 1 else value for name, value in results.items()}
        for name, value in results.items():
            self.parts[name].append(value.cpu())
        arrays = {name: value.double().cpu().numpy() for name, value in results.items()}
        if self.step < len(plan.stream):
            self.judge.add(row, arrays)
        if self.file is not None:
            self.file.write(self.judge.told(row, arrays))
        self.step += size
        return results

    def _ran(self, row: int, size: int) -> dict[str, torch.Tensor]:
        """The module's results of some samples, held a few at a time: what is held takes its ticks' memory."""
        hold, few = self.plan.hold, max(1, CHUNK // self.plan.hold.ticks)
        if hold.ticks == 1:
            return dict(self.net.run({name: value[row : row + size] for name, value in self.chunk.items()}))
        parts = []
        for start in range(row, row + size, few):
            rows = slice(start, min(start + few, row + size))
            samples = {name: value[rows] for name, value in self.chunk.items()}
            parts.append(hold.told(self.net.run(hold.held(samples, self.net.targets))))
        return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}

    def _made_with(self, step: int) -> dict[str, Any]:
        """What another run must share with this one to go on from a step of it."""
        plan, origin = self.plan, self.net.origin
        return {
            "model": plan.model.name,
            "content": self.net.content,
            "sizes": dict(origin.dims),
            "settings": {name: value for name, value in sorted(origin.settings)},
            "columns": {name: ",".join(map(str, columns)) for name, columns in plan.stream.columns.of.items()},
            "scale": plan.scaling.kind,
            "seed": plan.seed,
            "dtype": plan.dtype,
            "rows": len(plan.stream) if step > len(plan.stream) else None,
            "samples so far": plan.stream.digest(step),
            **({"hold": str(plan.hold)} if plan.hold.ticks > 1 else {}),
        }

    def _resume(self) -> None:
        plan = self.plan
        if plan.checkpoint is None:
            return
        if not plan.resume:
            if there := steps_in(plan.checkpoint):
                raise CheckpointError(f"{plan.checkpoint} holds a checkpoint of step {there[-1]}; go on from it with --resume")
            return
        found = read_checkpoint(plan.checkpoint)
        if found is None:
            return
        check_same(plan.checkpoint, found, self._made_with(found.step))
        self.net.load_state_dict({n[4:]: v for n, v in found.tensors.items() if n.startswith("net/")})
        for name in self.parts:
            self.parts[name].append(found.tensors[f"results/{name}"])
        self.step = self.written = found.step
        self.passed_over = found.passed_over
        known = {name: parts[0][: len(plan.stream)].double().numpy() for name, parts in self.parts.items()}
        self.judge.add(0, known)

    def _save(self) -> None:
        """Write a checkpoint of this step, unless it stands there already."""
        plan = self.plan
        if plan.checkpoint is None or self.lock is None or self.written == self.step:
            return
        self.lock.ensure()
        if self.file is not None:
            self.file.flush()
        tensors = {f"net/{name}": value for name, value in self.net.state_dict().items()}
        tensors |= {f"results/{name}": torch.cat(parts) for name, parts in self.parts.items()}
        versions = {"hdsl": VERSION, "torch": str(torch.__version__)}
        write_checkpoint(plan.checkpoint, Checkpoint(self.step, tensors, self._made_with(self.step), versions))
        self.written = self.step

    def _session(self, first: int, seconds: float, interrupted: bool) -> Session:
        empty = torch.zeros(0)
        made = {name: torch.cat(parts) if parts else empty for name, parts in self.parts.items()}
        arrays = {name: value.double().numpy() for name, value in made.items()}
        outputs = {name: arrays[name] for name in self.net.outputs}
        costs = {name: arrays[name] for name in self.net.costs}
        predictions, truth = self.judge.predictions(outputs), self.judge.truth_of(self.step)
        metrics = self.judge.metrics(outputs, self.step)
        return Session(
            plan=self.plan,
            first=first,
            steps=self.step,
            seconds=seconds,
            interrupted=interrupted,
            outputs=outputs,
            costs=costs,
            predictions=predictions,
            truth=truth,
            baselines=self.judge.baselines,
            metrics=metrics,
            passed_over=self.passed_over,
            net=self.net,
        )


def _prepared(plan: Plan, net: Any) -> dict[str, torch.Tensor]:
    """The stream as the module takes it: scaled, on its device, with the model's own tau where the file tells of none."""
    stream = plan.stream
    chunk = plan.scaling.scaled(stream.values)
    for name, value in chunk.items():
        chunk[name] = value.to(plan.device, getattr(torch, plan.dtype) if value.is_floating_point() else value.dtype)
    boundary = stream.boundary
    again = any(when == "sequence" for when in plan.model.resets.values()) and bool(plan.model.dynamics)
    if plan.epochs > 1 and again:  # where a stream starts again, a sequence has ended
        boundary = torch.zeros(len(stream), dtype=torch.bool) if boundary is None else boundary.clone()
        boundary[-1] = True
    if boundary is not None:
        chunk["boundary"] = boundary
    if stream.tau is not None:
        chunk["tau"] = torch.where(torch.isnan(stream.tau), float(net.tau), stream.tau)
    return chunk


def _pieces(step: int, total: int, length: int, every: int | None) -> Iterator[int]:
    """The sizes of pieces from a step to the end: cut at a fixed grid, at the stream's end, and where checkpoints fall."""
    while step < total:
        row = step % length
        ends = [PIECE - row % PIECE, length - row, total - step]
        ends += [every - step % every] if every else []
        yield min(ends)
        step += min(ends)


def _means(net: Any, results: Mapping[str, torch.Tensor]) -> dict[str, float]:
    return {name: float(np.asarray(results[name].double().nanmean().cpu())) for name in net.costs}
