"""One step of the generated module against judges: the walk of the text, the numpy reference, and its streams one by one.

Every case starts from random cells, all non-zero, so that no error of one step hides in another and none grows. Float64.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from hdsl.model.model import Model
from hdsl.runtime.load import class_of
from hdsl.runtime.loop import loop, results_of
from hdsl.runtime.reference import given, put_back
from hdsl.runtime.text import load_text
from hdsl.verify.derivatives import Sample
from hdsl.verify.interpret import Array
from hdsl.verify.judgement import FLOOR, Errors, Judge, difference
from hdsl.verify.points import Point, Sized, smooth_point
from hdsl.verify.stages import SCHEMES
from hdsl.verify.step import Cells, Report, returned, returned_controls

TRIES = 20
MOST_TICKS = 2**53
MOST_LAYERS = 32

Numbers = Mapping[str, Array]


@dataclass(frozen=True)
class Case:
    """What is special of a step: how many steps were made before it, which streams lack their targets (None: the target is
    not even passed), which begin a new sequence, how long it is in units of the model's τ, whether the module learns, and which
    streams' sequences end with it (None: that is not passed)."""

    clock: int = 0
    missing: tuple[bool, ...] | None = (False, False, False)
    ended: tuple[bool, ...] = (False, False, False)
    stretch: float = 1.0
    learns: bool = True
    last: tuple[bool, ...] | None = None


CASES = (
    Case(),
    Case(clock=7),
    Case(clock=7, missing=(True, False, True), stretch=0.7, last=(True, False, True)),
    Case(clock=5, missing=(False, True, False), ended=(True, False, True)),
    Case(clock=5, ended=(True, True, False), last=(False, False, False)),
    Case(clock=3, missing=None),
    Case(clock=4, learns=False),
)


@dataclass(frozen=True)
class Made:
    """One step of a module: the new cells by hdsl's names, outputs (batch, …), mean costs; what the reference says, the
    cells after the module was reset, and how far the sample is from the same in a stream of two."""

    cells: dict[str, Array]
    outputs: dict[str, Array]
    costs: dict[str, Array]
    reference: dict[str, Array] = field(default_factory=dict)
    reset: dict[str, Array] = field(default_factory=dict)
    stream: float = 0.0


def judge_step(found: Sized, torch_text: str, numpy_text: str, errors: Errors, seed: int) -> None:
    """Add the errors of every cell, output and cost over all cases, for batches of 1 and of 3."""
    generator = torch.Generator().manual_seed(seed)
    for batch in (1, 3):
        for case in (*CASES, *_when_due(found.model), *_at_layers(found.model)):
            point, cells, judged = _case(found, case, batch, generator)
            try:
                made = step_of(found, torch_text, point, case, numpy_text)
                ran = run_of(found, torch_text, point, case, made)
            except Exception as fault:  # whatever stops the generated text is a finding, not a crash
                errors.stop("the generated step", "walk", fault)
                return
            for way in (made, ran):
                _against_walk(found, case, cells, judged, way, errors)
            _against_reference(found, point, cells, made, errors)
            # A shared state returns when the sequences of all streams have ended, so it cannot be told stream by stream.
            begins = any(case.ended) and any(d in found.walk.written.states for d in _shared(found))
            if batch > 1 and not _meet(found) and not begins:
                _against_streams(found, torch_text, point, case, cells, made, errors)


def _when_due(model: Model) -> tuple[Case, ...]:
    """A step after which each projection is due, and one after which all of them are."""
    each = {projection.every for projection in model.projections}
    return tuple(Case(clock=ticks - 1) for ticks in sorted({*each, math.lcm(*each)} if each else ()) if ticks < MOST_TICKS)


def _at_layers(model: Model) -> tuple[Case, ...]:
    """A step at the tick of each layer, where ticks move them one after another."""
    return tuple(Case(clock=tick) for tick in range(min(model.cycle, MOST_LAYERS)) if model.cycle > 1)


def _meet(found: Sized) -> bool:
    """Whether streams meet within a step: parameters move in it by what a stage before had from all streams."""
    step = found.walk.written.word("step")
    return step in SCHEMES and len(SCHEMES[step].rows) > 2


def _shared(found: Sized) -> list[str]:
    return [q.name for q in found.model.quantities.values() if q.shared]


def _case(found: Sized, case: Case, batch: int, generator: torch.Generator) -> tuple[Point, Cells, tuple[Any, ...]]:
    """A random point for a case, the walk's cells there, and what the walk's step makes of them, all of it finite."""
    for _ in range(TRIES):
        point = smooth_point(found, batch, generator)
        targets = found.walk.written.targets
        gone = (True,) * batch if case.missing is None else case.missing[:batch]
        samples = lacking(point.samples, targets, gone)
        point = Point(point.values, point.costates, samples, point.t, point.tau * case.stretch)
        cells = cells_of(found, point, case)
        last = False if case.last is None else case.last[:batch]
        judged = found.walk.step(cells, samples, point.tau, last, case.learns)
        if all(bool(v.isfinite().all()) for group in GROUPS for v in judged[0][group].values()):
            break
    return point, cells, judged


def lacking(samples: Sequence[Sample], targets: Sequence[str], gone: Sequence[bool]) -> tuple[dict[str, Any], ...]:
    """Samples without the targets that are gone: of each further target in another stream, so that they can be told apart."""
    place = {name: number for number, name in enumerate(targets)}
    return tuple(
        {n: None if n in place and gone[(b + place[n]) % len(samples)] else v for n, v in sample.items()}
        for b, sample in enumerate(samples)
    )


GROUPS = ("state", "costate", "parameter", "parameter costate")


def cells_of(found: Sized, point: Point, case: Case) -> Cells:
    """The walk's cells at a point."""
    written, batch = found.walk.written, len(point.samples)
    return {
        "state": {name: point.values[name] for name in written.states},
        "costate": {name: point.costates[name] for name in written.states},
        "parameter": {name: point.values[name] for name in written.parameters},
        "parameter costate": {name: point.costates[name] for name in written.parameters},
        "control": {name: point.values[name] for name in written.followed},
        "clock": case.clock,
        "time": torch.full((batch,), case.clock * written.setting("tau"), dtype=torch.float64),
        "ended": torch.tensor(case.ended[:batch]),
    }


# The module -----------------------------------------------------------------------------------------------------------


def module_of(found: Sized, torch_text: str, point: Point, case: Case) -> Any:
    """An instance of the generated class at a point. Shapes that do not fit raise."""
    module = load_text(torch_text, found.model.name)
    made = class_of(module)
    assert issubclass(made, nn.Module)
    tables: Any = made
    sizes = {tables.numbers[f"size:{name}"]: found.sizes[name] for name in found.model.free_sizes}
    net: Any = tables(len(point.samples), seed=0, dtype=torch.float64, **sizes)
    cells = dict(zip(net.cells, net._cells(), strict=True))
    with torch.no_grad():
        for name in found.model.dynamics:
            cells[name].copy_(point.values[name])
        for name in found.model.taught:
            cells[f"z:{name}"].copy_(point.costates[name])
        for name in found.walk.written.parameters:
            cells[name].copy_(point.values[name])
            cells[f"w:{name}"].copy_(point.costates[name])
        for name in found.walk.written.followed:
            cells[name].copy_(point.values[name])
        net.clock.fill_(case.clock)
        net.ticks = case.clock
        net.ended.copy_(torch.tensor(case.ended[: net.batch]))
    net.sequences = bool(net.ended.any())
    return net.train(case.learns)


def step_of(found: Sized, torch_text: str, point: Point, case: Case, numpy_text: str = "") -> Made:
    """One step of the generated module at a point, and of the reference from the same cells if its text is given."""
    net = module_of(found, torch_text, point, case)
    passed = _passed(found, net, point, case)
    with torch.no_grad():
        row = net._sample(**passed)
        begun = net._begun(net._cells()) if net.sequences else net._cells()
        outputs = dict(zip(net.outputs, net._predict(begun, row, point.tau), strict=True))
        outputs = {name: value.clone() for name, value in outputs.items()}
        reference = _reference(net, numpy_text, begun, row, point.tau) if numpy_text else {}
    told = net.predict(**{net.arguments[name]: passed[net.arguments[name]] for name in net.inputs})
    boundary = None if case.last is None else torch.tensor(case.last[: net.batch])
    y, costs = net.step(**passed, tau=None if case.stretch == 1 else point.tau, boundary=boundary)
    if outputs:
        outputs[f"{net.outputs[0]} returned"] = y
        if case.stretch == 1:  # what is predicted is of the model's own τ
            outputs[f"{net.outputs[0]} predicted"] = told
    cells = _cells(net)
    twice = {name: None if value is None else torch.stack([value, value]) for name, value in passed.items()}
    pairs = zip(net.sample, row, net._sample(**twice, lead=(2,)), strict=True)
    seen = {*net.inputs, *net.targets, *(f"present:{name}" for name in net.targets)}
    apart = [difference(b, torch.stack([a, a])) for name, a, b in pairs if name.removeprefix("column:") in seen]
    return Made(cells, _arrays(outputs), _arrays(costs), reference, _cells(net.reset()), max(apart, default=0.0))


def run_of(found: Sized, torch_text: str, point: Point, case: Case, made: Made) -> Made:
    """The same step as a run makes it, from cells that are laid out for it; ``made`` itself where no run does that."""
    net = module_of(found, torch_text, point, case)
    if not case.learns or not hasattr(net, "_lay_out"):
        return made
    chunk: dict[str, Any] = {"steps": 1}
    if case.stretch != 1:
        chunk["tau"] = torch.tensor([float(point.tau)], dtype=torch.float64)
    if case.last is not None:
        chunk["boundary"] = torch.tensor([case.last[: net.batch]])
    one = {name: None if value is None else value.unsqueeze(0) for name, value in _passed(found, net, point, case).items()}
    with torch.no_grad():
        sample = net._sample(**one, lead=(1,))
        columns = loop(net, chunk, sample)
        results = results_of(net, columns, 1, sample)
    told = dict(zip((f"{name} returned" for name in net.outputs), (column[0] for column in columns), strict=False))
    costs = _arrays({name: results[name][0].nanmean() for name in net.costs})  # as a step tells them
    return replace(made, cells=_cells(net), outputs={**made.outputs, **_arrays(told)}, costs=costs, reset=_cells(net.reset()))


def _passed(found: Sized, net: Any, point: Point, case: Case) -> dict[str, Tensor | None]:
    """What a step is given, by the module's own names."""
    passed: dict[str, Tensor | None] = {net.arguments[n]: column_of(found, point, n) for n in (*net.inputs, *net.targets)}
    return passed | ({net.arguments[name]: None for name in net.targets} if case.missing is None else {})


def _cells(net: Any) -> dict[str, Array]:
    cells = {name: cell.detach().numpy().copy() for name, cell in zip(net.cells, net._cells(), strict=True)}
    cells |= {"clock": net.clock.numpy().copy(), "ended": net.ended.numpy().copy()}
    cells["begins"] = net.ended.numpy() & bool(net.sequences)  # a module looks at its marks only where it knows that one is set
    if hasattr(net, "offset"):  # where t is read: steps times τ, and how far steps of another τ have led away from that
        cells["time"] = (net.clock.double() * net.tau + net.offset).numpy().copy()
    return cells


def _arrays(values: Mapping[str, Tensor]) -> dict[str, Array]:
    return {name: value.detach().numpy().copy() for name, value in values.items()}


def column_of(found: Sized, point: Point, name: str) -> Tensor:
    """One input or target of all streams, (batch, …): a missing real is nan, in its last number alone or, in every other
    stream, in all; a missing index is −1."""
    if found.model.quantities[name].below is not None:
        return torch.tensor([-1 if sample[name] is None else sample[name] for sample in point.samples])
    whole = torch.full(found.walk.written.shape(name), torch.nan, dtype=torch.float64)
    last = torch.where(torch.arange(whole.numel()).reshape(whole.shape) == whole.numel() - 1, torch.nan, 0.5).to(whole.dtype)
    gaps = [last if b % 2 == 0 else whole for b in range(len(point.samples))]
    return torch.stack([gap if sample[name] is None else sample[name] for gap, sample in zip(gaps, point.samples, strict=True)])


def _reference(net: Any, text: str, begun: Any, row: tuple[Tensor, ...], tau: float) -> dict[str, Array]:
    """The new cells, the outputs (``output y``, ``predicted y``), the costs of each stream (``cost fit``), by the reference."""
    reference: Any = load_text(text, "reference")
    known = given(net, row, tau)
    known |= {name: cell.detach().numpy().copy() for name, cell in zip(net.cells, begun, strict=True)}
    with np.errstate(all="ignore"):
        made = (reference.learn if net.training else reference.observe)(known)
        costs = reference.costs({**known, **made})[":results"]
        seen = reference.predict(known)[":results"]
    told = {f"output {name}": value for name, value in zip(net.outputs, made[":results"], strict=False)}
    told |= {f"predicted {name}": value for name, value in zip(net.outputs, seen, strict=True)}
    told |= {f"cost {name}": value for name, value in zip(net.costs, costs, strict=True)}
    cells = {name: made[f"{name}+"] for name in net.cells if f"{name}+" in made}
    if net.training:
        cells |= put_back(reference, {**known, **cells}, int(net.clock) + 1)
    return {name: np.array(value, float) for name, value in {**told, **cells}.items()}


# The judges -----------------------------------------------------------------------------------------------------------


def old_cells(cells: Cells) -> dict[str, Array]:
    """The cells before the step by hdsl's names."""
    told = {"state": "", "costate": "z:", "parameter": "", "parameter costate": "w:", "control": ""}
    return {f"{mark}{name}": value.numpy() for group, mark in told.items() for name, value in cells.get(group, {}).items()}


def _add_cell(errors: Errors, name: str, judge: Judge, found: Any, judged: Any, old: Array) -> None:
    """A new value is judged relative to how much it moved (but to no less than 1e-4 of itself, where digits end)."""
    moved = np.asarray(judged, float) - old if np.shape(judged) == np.shape(old) else np.zeros(1)
    size = max(float(np.abs(moved).max()), 1e-4 * float(np.abs(old).max()), 1e-9)
    largest = max(float(np.abs(np.asarray(judged)).max()), 1e-6)
    errors.add(f"{name}+", judge, difference(found, judged) * largest / size)


def _against_walk(
    found: Sized, case: Case, cells: Cells, judged: tuple[Cells, Report, Report], made: Made, errors: Errors
) -> None:
    new, outputs, costs = judged
    # A cost may be the small difference of what an output is made of.
    large = FLOOR * max((float(v.abs().max()) for output in outputs for v in output.values() if v.numel()), default=0.0)
    old, after = old_cells(cells), old_cells(new)
    states = set(found.model.dynamics)
    before = begun_by_walk(found, cells)
    untold = {f"z:{name}" for name in found.model.without_costate}
    for name in after.keys() - untold:
        if name not in made.cells:
            errors.add(f"{name}+", "walk", float("inf"))
        elif case.learns or name in states:
            _add_cell(errors, name, "walk", made.cells[name], after[name], old[name])
        else:
            errors.add(f"{name}+", "walk", difference(made.cells[name], before[name]))
    for name in found.model.outputs:
        told = np.stack([output[name].numpy() for output in outputs])
        for where in (name, f"{name} returned", f"{name} predicted"):
            if where in made.outputs:
                # A shared output may come without an axis for the streams.
                shape = made.outputs[where].shape
                alone = shape == told.shape[1:] and found.walk.written.is_shared(name)
                errors.add(f"output {name}", "walk", difference(made.outputs[where], told[0] if alone else told))
    for name in found.model.costs:
        each = np.array([float(cost[name]) for cost in costs])
        there = each[~np.isnan(each)]
        errors.add(f"cost {name}", "walk", difference(made.costs[name], there.mean() if there.size else np.nan, large))
    errors.add("clock+", "walk", difference(made.cells["clock"], cells["clock"] + 1))
    for name in ("ended", "begins"):
        errors.add("ended+", "walk", difference(made.cells[name], new["ended"].numpy()))
    errors.add("sample", "streams", made.stream)
    if "time" in made.cells:
        errors.add("time+", "walk", difference(made.cells["time"], new["time"][0].numpy()))
    begun = found.walk.begin(new["parameter"], len(new["ended"]))
    parameters = {name: made.cells[name] for name in new["parameter"]}
    for name, value in ({**old_cells(begun), **parameters, "clock": 0, "time": 0, "ended": begun["ended"].numpy()}).items():
        if name in made.reset:
            errors.add("reset", "walk", difference(made.reset[name], value))


def begun_by_walk(found: Sized, cells: Cells) -> dict[str, Array]:
    """The cells as a step finds them, after those streams whose sequence has ended have returned."""
    told = old_cells(cells)
    h, z = returned(found.walk.written, cells)
    when = found.model.resets
    # What returns before each sample returns within the step, and is put back by the next.
    kept = [name for name in found.model.dynamics if when[name] != "sample"]
    controls = {name: value.numpy() for name, value in returned_controls(found.walk.written, cells).items()}
    return {**told, **{n: h[n].numpy() for n in kept}, **{f"z:{n}": z[n].numpy() for n in kept}, **controls}


def _against_reference(found: Sized, point: Point, cells: Cells, made: Made, errors: Errors) -> None:
    old = old_cells(cells)
    for name, value in made.reference.items():
        kind, _, plain = name.partition(" ")
        if kind in ("output", "predicted") and plain:
            errors.add(f"output {plain}", "numpy", difference(made.outputs[plain], value))
        elif kind == "cost" and plain:
            # The reference tells each stream's, the module the mean over the streams that have the target.
            gone = [any(sample[target] is None for target in found.model.targets_of[plain]) for sample in point.samples]
            there = value[~np.array(gone)] if value.ndim else value
            errors.add(name, "numpy", difference(made.costs[plain], there.mean() if there.size else np.nan))
        else:
            _add_cell(errors, name, "numpy", made.cells[name], value, old[name])


def _against_streams(
    found: Sized, text: str, point: Point, case: Case, cells: Cells, made: Made, errors: Errors
) -> None:
    """Each stream learned by itself: its own h and z are those of the batch; what is shared is the mean of theirs."""
    model, old = found.model, old_cells(cells)
    alone = [step_of(found, text, *_single(found, point, case, b)) for b in range(len(point.samples))]
    # What is put back need not be linear, so that of the mean is not the mean of theirs.
    put = {p.param for p in model.projections if case.learns and (case.clock + 1) % p.every == 0}
    for name in old:
        if name not in made.cells or name in put:
            continue
        parts = [one.cells[name] for one in alone]
        shared = model.quantities[name.rpartition(":")[2]].shared
        judged = np.mean(parts, axis=0) if shared else np.concatenate(parts)
        _add_cell(errors, name, "streams", made.cells[name], judged, old[name])


def _single(found: Sized, point: Point, case: Case, stream: int) -> tuple[Point, Case]:
    """One stream of a batch as a batch of one."""

    def own(values: dict[str, Tensor]) -> dict[str, Tensor]:
        return {n: v if found.model.quantities[n].shared else v[stream : stream + 1] for n, v in values.items()}

    gone = None if case.missing is None else (case.missing[stream],)
    single = Point(own(point.values), own(point.costates), (point.samples[stream],), point.t, point.tau)
    return single, Case(case.clock, gone, (case.ended[stream],), case.stretch, case.learns)
