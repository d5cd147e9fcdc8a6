"""A generated module that replays against judges: autograd through the unrolled sequence, and the numpy reference.

Every case starts from random cells, all non-zero. What is judged is what stands after the replay of a few tokens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from hdsl.runtime.reference import put_back
from hdsl.runtime.reference_replay import token_back
from hdsl.runtime.text import load_text
from hdsl.verify.generated import Case, cells_of, column_of, lacking, module_of, old_cells
from hdsl.verify.interpret import Array
from hdsl.verify.judgement import Errors, Judge, difference
from hdsl.verify.points import Point, Sized, smooth_point
from hdsl.verify.replay import Token, replayed
from hdsl.verify.step import Cells

TRIES = 20


@dataclass(frozen=True)
class Window:
    """Some tokens and their replay: how many, how long each is in units of the model's τ, which lack targets, how many tokens
    each of three streams has, how many replays and steps were before, and whether a sequence begins with them."""

    tokens: int = 3
    stretch: tuple[float, ...] = (1.0, 1.0, 1.0, 1.0)
    missing: tuple[int, ...] = ()
    lengths: tuple[int, ...] = (9, 9, 9)
    replays: int = 0
    clock: int = 0
    begins: bool = True


WINDOWS = (
    Window(1),
    Window(3),
    Window(4, (0.7, 1.4, 0.5, 1.1), clock=5, replays=2),
    Window(3, missing=(1,), clock=6, replays=1, begins=False),
    Window(4, lengths=(2, 4, 1), clock=3, replays=3),
)


def judge_replay(found: Sized, torch_text: str, numpy_text: str, errors: Errors, seed: int) -> None:
    """Add the errors of every cell, output and cost over all windows, for batches of 1 and of 3."""
    generator = torch.Generator().manual_seed(seed)
    every = {projection.every for projection in found.model.projections}
    due = tuple(Window(2, replays=ticks - 1, clock=9) for ticks in sorted(every) if ticks < 1000)
    for batch in (1, 3):
        for each in (*WINDOWS, *due):
            most = found.model.learning.tokens or each.tokens  # `replay(r)` fires after r
            window = replace(each, tokens=min(each.tokens, most))
            points, cells, tokens, judged = _case(found, window, batch, generator)
            try:
                made, reference, told = _made(found, torch_text, numpy_text, window, points, tokens)
            except Exception as fault:  # whatever stops the generated text is a finding, not a crash
                errors.stop("the generated replay", "walk", fault)
                return
            _against_walk(found, cells, judged, made, told, errors)
            old = old_cells(cells)
            for name, value in reference.items():
                _add(errors, name, "numpy", made[name], value, old[name])


def _case(
    found: Sized, window: Window, batch: int, generator: torch.Generator
) -> tuple[list[Point], Cells, list[Token], tuple[Cells, Any]]:
    """Random points of a window's tokens, the walk's cells there, and what the walk makes of them, all of it finite."""
    for _ in range(TRIES):
        points = [smooth_point(found, batch, generator) for _ in range(window.tokens)]
        tokens = []
        for k, point in enumerate(points):
            there = tuple(k < length for length in window.lengths[:batch]) if batch > 1 else (True,)
            gone = tuple(k in window.missing or not here for here in there)
            samples = lacking(point.samples, found.walk.written.targets, gone) if all(there) else _without(found, point, there)
            points[k] = replace(point, samples=samples, tau=point.tau * window.stretch[k])
            tokens.append(Token(samples, points[k].tau, there))
        cells = cells_of(found, points[0], _as_case(window, batch)) | {"replays": window.replays}
        judged = replayed(found.walk.written, cells, tokens)
        groups = ("state", "costate", "parameter", "parameter costate")
        if all(bool(value.isfinite().all()) for group in groups for value in judged[0][group].values()):
            break
    return points, cells, tokens, judged


def _as_case(window: Window, batch: int) -> Case:
    return Case(window.clock, ended=(window.begins and window.clock > 0,) * batch)


def _without(found: Sized, point: Point, there: Sequence[bool]) -> tuple[dict[str, Any], ...]:
    """Samples of which some streams have none: they wait, and lack every target."""
    targets = found.walk.written.targets
    pairs = zip(point.samples, there, strict=True)
    return tuple(sample if here else {n: None if n in targets else v for n, v in sample.items()} for sample, here in pairs)


def _made(
    found: Sized, torch_text: str, numpy_text: str, window: Window, points: list[Point], tokens: list[Token]
) -> tuple[dict[str, Array], dict[str, Array], list[tuple[dict[str, Any], dict[str, Any]]]]:
    """The module's cells after the window, those of the reference, and each token's outputs and costs."""
    batch = len(tokens[0].there)
    net = module_of(found, torch_text, points[0], _as_case(window, batch))
    net.replays.fill_(window.replays)
    net.ticks = window.replays
    reference: Any = load_text(numpy_text, "reference")
    known, kept, told = {}, [], []
    for k, (point, token) in enumerate(zip(points, tokens, strict=True)):
        passed = {net.arguments[name]: column_of(found, point, name) for name in (*net.inputs, *net.targets)}
        # The window ends as the last stream's sequence does: those that have ended before wait.
        last = k + 1 == len(tokens)
        ends = torch.tensor([last or k + 1 == length for length in (window.lengths[:batch] if batch > 1 else (0,))])
        with torch.no_grad():
            kept.append((net._sample(**passed), token.tau))
        y, costs = net.step(**passed, tau=token.tau, boundary=ends if bool(ends.any()) else None)
        told.append(({net.outputs[0]: y} if net.outputs else {}, costs))
        if k == 0 and not last:
            known = {"kept": len(net._kept)}
    assert not net._kept and int(net.replays) == window.replays + 1, known
    made = {name: cell.detach().numpy().copy() for name, cell in zip(net.cells, net._cells(), strict=True)}
    counters = {"clock": net.clock.numpy().copy(), "ended": net.ended.numpy().copy()}
    fresh = module_of(found, torch_text, points[0], _as_case(window, batch))
    fresh.replays.fill_(window.replays)
    told_back = token_back(fresh, reference, kept)
    told_back |= put_back(reference, told_back[":known"] | told_back, window.replays + 1)
    told_back.pop(":known")
    return made | {f":{name}": value for name, value in counters.items()}, told_back, told


def _against_walk(
    found: Sized, cells: Cells, judged: tuple[Cells, Any], made: dict[str, Array], told: Sequence[Any], errors: Errors
) -> None:
    after, reports = judged
    old, new = old_cells(cells), old_cells(after)
    for name in new.keys() - {f"z:{h}" for h in found.model.without_costate}:
        _add(errors, name, "walk", made[name], new[name], old[name])
    for (outputs, costs), (outputs_of_walk, costs_of_walk) in zip(told, reports, strict=True):
        for name, value in outputs.items():
            judge = np.stack([output[name].numpy() for output in outputs_of_walk])
            alone = value.shape == judge.shape[1:] and found.walk.written.is_shared(name)
            errors.add(f"output {name}", "walk", difference(value.numpy(), judge[0] if alone else judge))
        for name, value in costs.items():
            each = np.array([float(cost[name]) for cost in costs_of_walk])
            there = each[~np.isnan(each)]
            if found.model.targets_of[name]:  # of others the walk does not tell that streams that wait have none
                errors.add(f"cost {name}", "walk", difference(value.numpy(), there.mean() if there.size else np.nan))
    errors.add("clock+", "walk", difference(made[":clock"], after["clock"]))
    errors.add("ended+", "walk", difference(made[":ended"], after["ended"].numpy()))


def _add(errors: Errors, name: str, judge: Judge, found: Any, judged: Any, old: Array) -> None:
    """Relative to how much a value moved, but to no less than 1e-4 of itself, where digits end."""
    moved = np.asarray(judged, float) - old if np.shape(judged) == np.shape(old) else np.zeros(1)
    size = max(float(np.abs(moved).max(initial=0.0)), 1e-4 * float(np.abs(old).max(initial=0.0)), 1e-9)
    largest = max(float(np.abs(np.asarray(judged)).max(initial=0.0)), 1e-6)
    errors.add(f"{name}+", judge, difference(found, judged) * largest / size)
