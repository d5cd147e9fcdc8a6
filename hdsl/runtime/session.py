"""A session: a model learns a stream from its first sample to its last, and what was seen is handed back as a record."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from hdsl.runtime.checkpoint import CheckpointError, check_same
from hdsl.runtime.energy import Energy
from hdsl.runtime.feed import Feed, Piece, Reading
from hdsl.runtime.hold import ONE_TICK, Hold
from hdsl.runtime.keeping import Keeping
from hdsl.runtime.metrics import Metric
from hdsl.runtime.nonfinite import NonFinite
from hdsl.runtime.parameters import digest_of
from hdsl.runtime.predictions import PredictionFile
from hdsl.runtime.recorder import PREFIX, Recorder
from hdsl.runtime.running import Means, Score
from hdsl.runtime.score import Judge, Judged
from hdsl.runtime.source.block import StreamError
from hdsl.runtime.state import put_back, taken
from hdsl.runtime.stepping import Stepper
from hdsl.runtime.trace import Trace

if TYPE_CHECKING:
    from hdsl.model.model import Model

Arrays = Mapping[str, NDArray[Any]]


@dataclass(frozen=True)
class Plan:
    """What to run.

    ``net_class`` is a compiled model and ``model`` the checked model it was made from. ``steps`` ends the run early;
    ``epochs`` repeats the stream. ``checkpoint`` is a folder, written every ``every`` steps and at the end; ``resume`` goes
    on from there. ``predict`` is a CSV file to write. ``hold`` says for how many ticks of the module each sample stays,
    ``threads`` how many the arithmetic takes, which whoever calls sees to. ``parameters`` is a safetensors file to begin with.
    ``everything`` keeps the results of every step, however many there are. ``on_nonfinite`` is as `Stepper` has it. ``record``
    names what is recorded at each step, and ``record_to`` is a CSV file for it.
    """

    model: Model
    net_class: Any
    stream: Reading
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
    threads: int = 1
    parameters: Path | None = None
    everything: bool = False
    on_nonfinite: str = "stop"
    record: tuple[str, ...] = ()
    record_to: Path | None = None


@dataclass(frozen=True)
class Progress:
    """How far a run has come: ``costs`` are means over the last piece, ``scores`` by target over all samples so far.

    ``total`` is the number of steps to do; None where nobody knows, and about right where ``exact`` is false.
    """

    step: int
    total: int | None
    rate: float
    costs: Mapping[str, float]
    scores: Mapping[str, Score]
    exact: bool = True


@dataclass(frozen=True)
class Session:
    """What a run has done.

    ``total`` is the number of steps that were to be done, None where the stream was left before its end was seen, and
    ``length`` the number of those of one pass. ``at`` (kept,) are the steps whose results are kept: all of a short run,
    every second, fourth, … (``kept_every``) of a longer one and its last ones. At these ``outputs`` (kept, …) are as the
    module gave them and ``costs`` (kept,) NaN where the target was missing; ``predictions`` and ``truth`` (kept, numbers) by
    target are in the units of the stream. ``baselines`` by target and name are kept likewise, at ``baselines_at``, over the
    first pass. Where several streams ran beside one another, each has an axis for them after the first. ``cost_means`` and
    ``metrics`` are of all steps. ``first`` is the step at which this process began, ``seconds`` and ``rate`` are its own.
    ``passed_over`` says of each checkpoint that was damaged what is wrong with it, ``skipped`` are the steps whose sample was
    left out, and ``nonfinite`` the first reason for it in this process. ``digest`` is of all samples that were read.
    ``recorded`` are kept as the results are, at ``recorded_at``. ``net`` is the module as the run left it.
    """

    plan: Plan
    first: int
    steps: int
    total: int | None
    length: int | None
    seconds: float
    interrupted: bool
    kept_every: int
    at: NDArray[np.int64]
    outputs: Arrays
    costs: Arrays
    predictions: Arrays
    truth: Arrays
    baselines_at: NDArray[np.int64]
    baselines: Mapping[str, Arrays]
    cost_means: Mapping[str, float]
    metrics: tuple[Metric, ...]
    passed_over: tuple[str, ...]
    skipped: tuple[int, ...]
    nonfinite: NonFinite | None
    digest: str
    recorded_at: NDArray[np.int64]
    recorded: Arrays
    energy: Energy | None
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
        stop: asked after each piece, and now and then while a live stream gives nothing; when true the run ends there, with
            its checkpoint written.

    Raises:
        NonFinite: a value became nan or infinite; the checkpoint written last stays.
        StreamError: a row is bad, and bad rows end the run; a checkpoint of the steps before it is written.
        CheckpointError: a checkpoint cannot be written, read, or gone on with.
        OSError: the file of predictions cannot be written, or the stream read.
    """
    return _Run(plan).run(told or (lambda progress: None), stop)


def run_seeds(
    plan: Plan, seeds: int, stop: Callable[[], bool] = lambda: False, first: Session | None = None
) -> list[Session]:
    """The same run from several draws of the initial values: the plan's seed and the ones after it.

    Where ``stop`` ends one of them, those before it are handed back. ``first`` is the run of the plan's own seed, where it was
    run already.
    """
    alone = replace(plan, checkpoint=None, every=None, resume=False, predict=None, record=(), record_to=None)
    done = [first][:seeds] if first is not None else []
    for k in range(len(done), seeds):
        session = _Run(replace(alone, seed=plan.seed + k), again=True).run(lambda progress: None, stop)
        if session.interrupted:
            break
        done.append(session)
    return done


class _Run:
    """One run on its way."""

    def __init__(self, plan: Plan, again: bool = False) -> None:
        self.plan, model, stream = plan, plan.model, plan.stream
        ends = model.learning.replays or (bool(model.dynamics) and "sequence" in model.resets.values())
        self.feed = Feed(stream, plan.epochs, plan.steps, plan.epochs > 1 and ends, again)
        length = self.feed.known
        half = None if length is None else min(length, length if plan.steps is None else plan.steps) // 2
        self.judge = Judge(model, stream.columns, stream.batch, half)
        self.net = plan.net_class(batch=stream.batch, seed=plan.seed, dtype=getattr(torch, plan.dtype), device=plan.device)
        if plan.parameters is not None:
            self.net.load_parameters(plan.parameters)
        self.begun_with = digest_of(self.net) if plan.parameters is not None else None
        self.trace, self.baselines, self.records = Trace(plan.everything), Trace(plan.everything), Trace()
        self.means = Means(len(self.net.costs))
        self.recorder = Recorder(self.net, plan.record, model) if plan.record else None
        self.record_file: PredictionFile | None = None
        self.net.choice = self.net.choice.expecting(None if self.feed.total is None else self.feed.total * plan.hold.ticks)
        self.stepper = Stepper(self.net, plan.hold, self.net.share.dtype, stream.name, plan.on_nonfinite, self.recorder)
        self.energy = None if model.hamiltonian is None else Energy(model.hamiltonian, self.net)
        self.step = 0
        self.file: PredictionFile | None = None
        self.keeping: Keeping | None = None
        self.skipped: list[int] = []
        self.passed_over: tuple[str, ...] = ()

    def run(self, told: Callable[[Progress], None], stop: Callable[[], bool]) -> Session:
        """The whole run, its folder of checkpoints being its own until it ends."""
        if self.plan.checkpoint is None:
            return self._run(told, stop)
        self.keeping = Keeping(self.plan.checkpoint)
        try:
            return self._run(told, stop)
        finally:
            self.keeping.release()

    def _run(self, told: Callable[[Progress], None], stop: Callable[[], bool]) -> Session:
        plan = self.plan
        pieces = self._resume(stop)
        first, started, interrupted = self.step, time.perf_counter(), False
        try:
            self._open_files()
            for piece in pieces:
                if piece is not None:
                    costs = self._piece(piece)
                    rate = (self.step - first) / max(1e-9, time.perf_counter() - started)
                    told(self._progress(rate, costs))
                    if plan.every and self.step % plan.every == 0:
                        self._save()
                if interrupted := stop():
                    break
            if not interrupted and self.feed.length is not None and self.step == plan.epochs * self.feed.length:
                self.stepper.finish()
            self._save()
        except StreamError:
            self._save()
            raise
        finally:
            for file in (self.file, self.record_file):
                if file is not None:
                    file.close()
        return self._session(first, time.perf_counter() - started, interrupted)

    def _progress(self, rate: float, costs: Mapping[str, float]) -> Progress:
        total = self.feed.total
        expected = self.feed.expected() if total is None else total
        return Progress(self.step, expected, rate, costs, self.judge.scores, total is not None)

    def _open_files(self) -> None:
        plan = self.plan
        try:
            if plan.predict is not None:
                own = self.judge.shapes(self.net)
                shapes = own if self.energy is None else self.energy.shapes(self.recorder, own)
                self.file = PredictionFile(plan.predict, shapes, self.step, plan.stream.batch)
            if plan.record_to is not None and self.recorder is not None:
                self.record_file = PredictionFile(plan.record_to, self.recorder.shapes, self.step, plan.stream.batch)
        except ValueError as wrong:  # it is not the file that belongs to the checkpoint
            raise CheckpointError(str(wrong)) from None

    def _piece(self, piece: Piece) -> dict[str, float]:
        """Some steps; their results are kept, scored and written. Returns the means of the costs."""
        results, skipped = self.stepper.run(piece.samples)
        if skipped:
            piece = replace(piece, samples=piece.samples.untold(skipped))
            self.skipped += [self.step + k for k in skipped]
        samples = piece.samples
        every = {name: value.double().cpu().numpy() for name, value in results.items()}
        arrays = {name: value for name, value in every.items() if not name.startswith(PREFIX)}
        idle = samples.rows < 0
        for name in self.net.costs:
            if arrays[name].ndim > 1 and idle.any():
                arrays[name] = np.where(idle, np.nan, arrays[name])
        means = self.means.add([arrays[name] for name in self.net.costs])
        judged = self.judge.take(piece, arrays)
        self._keep(arrays, judged)
        recorded = _under(PREFIX, every)
        if self.file is not None:
            beside = {} if self.energy is None else self.energy.beside(recorded, self.step, len(samples))
            self.file.write(self.judge.told(judged, arrays) | beside, self.step, samples.rows >= 0)
        if recorded:
            self.records.add(self.step, recorded)
            if self.record_file is not None:
                self.record_file.write(recorded, self.step, samples.rows >= 0)
        if self.energy is not None:
            self.energy.add(arrays[self.energy.name])
        self.step += len(samples)
        return dict(zip(self.net.costs, means.tolist(), strict=True))

    def _keep(self, arrays: Arrays, judged: Judged) -> None:
        told = {f"result/{name}": value for name, value in arrays.items()}
        told |= {f"prediction/{name}": value for name, value in judged.predictions.items()}
        self.trace.add(self.step, told | {f"truth/{name}": value for name, value in judged.truth.items()})
        beside = {f"{t}/{name}": value for t, of in judged.baselines.items() for name, value in of.items()}
        if beside:
            self.baselines.add(self.step, beside)

    def _made_with(self, step: int) -> dict[str, Any]:
        """What another run must share with this one to go on from a step of it."""
        plan, origin, length = self.plan, self.net.origin, self.feed.length
        columns = plan.stream.columns.of.items()
        return {
            "model": plan.model.name,
            "content": self.net.content,
            "sizes": dict(origin.dims),
            "settings": {name: value for name, value in sorted(origin.settings)},
            "columns": {name: ",".join(map(str, read)) for name, read in columns},
            "scale": plan.stream.scale,
            **{"seed": plan.seed, "dtype": plan.dtype},
            "threads": plan.threads,
            "rows": length if length is not None and step > length else None,
            "samples so far": self.feed.digest,
            **({"batch": plan.stream.batch} if plan.stream.batch > 1 else {}),
            **({"record": ",".join(self.recorder.shapes)} if self.recorder is not None else {}),
            **({"hold": str(plan.hold)} if plan.hold.ticks > 1 else {}),
            **type(self.net).choice.asked,
            **({"parameters": self.begun_with} if self.begun_with else {}),
        }

    def _resume(self, stop: Callable[[], bool]) -> Iterator[Piece | None]:
        """The pieces that are still to be done, the run's state being that of the checkpoint."""
        plan = self.plan
        found = None if self.keeping is None else self.keeping.found(plan.resume)
        if found is None or self.keeping is None:
            return self.feed.pieces(0, plan.every)
        pieces, name = self.feed.pieces(found.step, plan.every, stop), plan.stream.name
        if stop():
            raise CheckpointError(f"told to end while {name} was read up to step {found.step}; the checkpoint is as it was")
        try:
            check_same(self.keeping.folder, found, self._made_with(found.step))
        except CheckpointError as other:
            told = f"\n{name} has to begin again with the samples before step {found.step}" if plan.stream.live else ""
            raise CheckpointError(f"{other}{told}") from None
        self.net.load_state_dict(_under("net/", found.tensors))
        arrays = {name: value.numpy() for name, value in found.tensors.items()}
        self.judge.put_back(_under("judge/", arrays))
        self.trace.put_back(_under("trace/", arrays))
        self.baselines.put_back(_under("baselines/", arrays))
        if self.recorder is not None:
            self.records.put_back(_under("records/", arrays))
        put_back(self.means, "means", arrays)
        put_back(self.stepper, "stepper", arrays)
        if self.energy is not None:
            put_back(self.energy, "energy", arrays)
        self.step, self.passed_over = found.step, found.passed_over
        self.skipped = arrays["skipped"].tolist()
        return pieces

    def _save(self) -> None:
        """Write a checkpoint of this step, unless it stands there already."""
        if self.keeping is None or self.keeping.written == self.step:
            return
        for file in (self.file, self.record_file):
            if file is not None:
                file.flush()
        gathered = {f"judge/{name}": value for name, value in self.judge.state().items()}
        gathered |= {f"trace/{name}": value for name, value in self.trace.state().items()}
        gathered |= {f"baselines/{name}": value for name, value in self.baselines.state().items()}
        gathered |= {f"records/{name}": value for name, value in self.records.state().items()} if self.recorder else {}
        gathered |= taken(self.means, "means") | taken(self.stepper, "stepper")
        gathered |= {} if self.energy is None else taken(self.energy, "energy")
        gathered["skipped"] = np.array(self.skipped, dtype=np.int64)
        tensors = {f"net/{name}": value for name, value in self.net.state_dict().items()}
        tensors |= {name: torch.from_numpy(np.array(value)) for name, value in gathered.items()}
        self.keeping.write(self.step, tensors, self._made_with(self.step))

    def _session(self, first: int, seconds: float, interrupted: bool) -> Session:
        plan, length = self.plan, self.feed.length
        at, kept = self._kept(self.trace)
        baselines_at, beside = self._kept(self.baselines)
        recorded_at, recorded = self._kept(self.records)
        results = _under("result/", kept)
        return Session(
            plan=plan,
            first=first,
            steps=self.step,
            total=self.feed.total,
            length=length,
            seconds=seconds,
            interrupted=interrupted,
            kept_every=self.trace.every,
            at=at,
            outputs={name: results[name] for name in self.net.outputs if name in results},
            costs={name: results[name] for name in self.net.costs if name in results},
            predictions=_under("prediction/", kept),
            truth=_under("truth/", kept),
            baselines_at=baselines_at,
            baselines={target: _under(f"{target}/", beside) for target in self.judge.pairs},
            cost_means=dict(zip(self.net.costs, self.means.now.tolist(), strict=True)),
            metrics=self.judge.metrics(self.step if length is None else min(self.step, length)),
            passed_over=self.passed_over,
            skipped=tuple(self.skipped),
            digest=self.feed.digest,
            recorded_at=recorded_at,
            recorded=recorded,
            nonfinite=self.stepper.first,
            energy=self.energy,
            net=self.net,
        )

    def _kept(self, trace: Trace) -> tuple[NDArray[np.int64], dict[str, NDArray[Any]]]:
        """What a trace kept; without the axis of the streams where there is one alone."""
        (at, arrays), alone = trace.kept(), self.plan.stream.batch == 1
        return at, {name: value[:, 0] if alone and value.ndim > 1 else value for name, value in arrays.items()}


def _under(prefix: str, named: Mapping[str, Any]) -> dict[str, Any]:
    return {name.removeprefix(prefix): value for name, value in named.items() if name.startswith(prefix)}
