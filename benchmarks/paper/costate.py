"""``python -m benchmarks.paper.costate``: tasks on which the costate of the states decides, and some on which it does not.

Each task is a model of benchmarks/paper/ham, or one that ships, and a stream drawn from seeds. It is run three times from
the same beginnings (`benchmarks.paper.credit`): with the costate, with one step of it, and with none. Every output is made
before the net learns from its sample; errors are divided by the variance of the target, so that 1 is what its mean scores.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from benchmarks.measure import table
from benchmarks.paper import pages
from benchmarks.paper.credit import CREDITS, learn, learner
from hdsl.runtime.nonfinite import NonFinite

SEEDS, BLOCKS = 10, 40
Stream = dict[str, np.ndarray]
HEAD = ["task", "model", "steps", *CREDITS, "decides in"]


@dataclass(frozen=True)
class Task:
    """A stream: ``draw(steps, copies)`` gives arrays (steps, copies, …), ``follows`` says which the output has to be.

    A model ``side_by_side`` has all seeds in one run; of others every seed is a run of its own, with the one stream for all.
    """

    name: str
    model: str
    draw: Callable[[int, int], Stream]
    steps: int
    follows: str = "v"
    settings: Mapping[str, float | str] = field(default_factory=dict)
    side_by_side: bool = True


def smooth(steps: int, shape: tuple[int, ...], per_step: float, seed: int) -> np.ndarray:
    """Noise through two leaky stages that forget ``per_step`` of themselves a step, of variance 1: (steps, *shape)."""
    drawn = np.random.default_rng(seed).normal(size=(steps + 100, *shape))
    once, twice, made = np.zeros(shape), np.zeros(shape), []
    for each in drawn:
        once = once + per_step * (each - once)
        twice = twice + per_step * (once - twice)
        made.append(twice)
    found = np.array(made[100:])
    return found / found.std(0)


def course(steps: int, copies: int) -> Stream:
    """Sums of two sines, of periods from 30 to 60 units of time that differ between copies."""
    drawn, t = np.random.default_rng(2), 0.1 * np.arange(steps)[:, None]
    periods, phases = drawn.uniform(30, 60, (2, copies)), drawn.uniform(0, 2 * np.pi, (2, copies))
    return {"r": 0.6 * np.sin(2 * np.pi * t[..., None, :] / periods + phases).sum(1).reshape(steps, copies)}


def two_stages(steps: int, copies: int) -> Stream:
    """What two leaky stages of drawn weights make of smooth noise."""
    drawn, u = np.random.default_rng(1), smooth(steps, (copies, 2), 0.1, 1)
    first, second = 1.5 * drawn.normal(size=(copies, 2, 2)), 1.5 * drawn.normal(size=(copies, 2))
    x, y, made = np.zeros((copies, 2)), np.zeros(copies), []
    for each in u:
        driven = np.tanh((second * x).sum(1))
        x = x + 0.1 * (np.tanh(np.einsum("kij,kj->ki", first, each)) - x)
        y = y + 0.1 * (driven - y)
        made.append(y)
    return {"u": u, "v": np.array(made)}


def resonance(steps: int, copies: int) -> Stream:
    """What damped rotations, of frequencies from 1 to 2 that differ between copies, make of smooth noise."""
    u, omega = smooth(steps, (copies,), 0.1, 3), np.random.default_rng(3).uniform(1, 2, copies)
    a, b, made = np.zeros(copies), np.zeros(copies), []
    for each in u:
        a, b = a + 0.05 * (omega * b - 0.5 * a), b + 0.05 * (1.5 * each - omega * a - 0.5 * b)
        made.append(a)
    return {"u": u, "v": np.array(made)}


def sine(period: int) -> Callable[[int, int], Stream]:
    """A sine of so many samples, and its next value."""

    def draw(steps: int, copies: int) -> Stream:
        turns = np.sin(2 * np.pi / period * np.arange(steps + 1))[:, None].repeat(copies, 1)
        return {"u": turns[:-1, :, None], "v": turns[1:, :, None]}

    return draw


def signs(ago: int) -> Callable[[int, int], Stream]:
    """Signs at random, ±½, and those of so many steps ago."""

    def draw(steps: int, copies: int) -> Stream:
        drawn = np.random.default_rng(4).choice([-0.5, 0.5], (steps + ago, copies))
        return {"u": drawn[ago:], "v": drawn[:steps]}

    return draw


UNDAMPED = {"alpha": 0.1, "beta": 0.02}
"""Half the damping of the model that ships and twice its rate: without the costate its readout is then past its limit."""
TASKS = (
    Task("push a cart along a course", "follow_cart", course, 6000, "r"),
    Task("push a pendulum along a course", "follow_pendulum", course, 6000, "r"),
    Task("two stages in a row", "cascade", two_stages, 6000),
    Task("a resonance to be found", "resonator", resonance, 6000),
    Task("a sine of period 60", "oscillators", sine(60), 1600, settings=UNDAMPED, side_by_side=False),
    Task("a sine of period 200", "oscillators", sine(200), 6000, settings=UNDAMPED, side_by_side=False),
    Task("the sign of 1 step ago", "recall", signs(1), 4000),
    Task("the sign of 3 steps ago", "recall", signs(3), 4000),
)


@dataclass(frozen=True)
class Found:
    """A task with one credit: errors over variance by block of its steps and by seed, (blocks, seeds); inf from where a run
    stopped with a value that is not finite."""

    task: Task
    credit: str
    errors: np.ndarray

    @property
    def last(self) -> np.ndarray:
        """Of each seed, over the last quarter."""
        found: np.ndarray = self.errors[-(len(self.errors) // 4) :].mean(0)
        return found


def run(task: Task, credit: str, seeds: int, steps: int) -> Found:
    stream = task.draw(steps, seeds)
    target = stream[task.follows].reshape(steps, seeds)
    said = np.full((steps, seeds), np.inf)
    if task.side_by_side:
        made = learner(task.model, credit, task.settings, s=seeds)
        given = {name: torch.from_numpy(value)[:, None] for name, value in stream.items()}
        said[:] = reached(made(batch=1, seed=0), given, credit, steps)
    else:
        made = learner(task.model, credit, task.settings)
        for seed in range(seeds):
            given = {name: torch.from_numpy(value[:, seed : seed + 1]) for name, value in stream.items()}
            said[:, seed] = reached(made(batch=1, seed=seed), given, credit, steps)[:, 0]
    missed = ((said - target) ** 2).reshape(BLOCKS, -1, seeds).mean(1)
    return Found(task, credit, missed / target.var(0))


def reached(net: Any, stream: dict[str, torch.Tensor], credit: str, steps: int) -> np.ndarray:
    """The outputs (steps, …), inf from the piece of 250 steps in which a value became infinite."""
    parts: list[np.ndarray] = []
    for start in range(0, steps, 250):
        try:
            piece = {name: value[start : start + 250] for name, value in stream.items()}
            parts.append(learn(net, piece, credit).numpy())
        except NonFinite:
            width = parts[-1].shape[1] if parts else next(iter(stream.values())).shape[-1]
            parts.append(np.full((steps - start, width), np.inf))
            break
    return np.concatenate(parts)


def decided(found: Mapping[str, Found]) -> int:
    """The number of seeds in which the error with the costate is below half of that with either control."""
    controls = np.minimum(*(found[credit].last for credit in CREDITS if credit != "costate"))
    return int((found["costate"].last < controls / 2).sum())


def figure(value: float) -> str:
    if not value < 1e6:
        return "∞"
    return f"{value:.2g}" if value < 10 else f"{value:.0f}"


def rows(found: Sequence[Mapping[str, Found]]) -> Iterator[list[str]]:
    for each in found:
        task, steps = each["costate"].task, each["costate"].task.steps
        cells = []
        for credit in CREDITS:
            last = each[credit].last
            middle = np.sort(last)[(len(last) - 1) // 2 : len(last) // 2 + 1].mean()
            cells.append(f"{figure(middle)} ({figure(last.min())} … {figure(last.max())})")
        yield [task.name, f"`{task.model}`", str(steps), *cells, f"{decided(each)} of {len(last)}"]


def draw(axes: Any, found: Sequence[Mapping[str, Found]]) -> None:
    """The median over seeds as learning goes on."""
    for axis, each in zip(axes.flat, found, strict=True):
        for credit in CREDITS:
            errors = each[credit].errors
            middle = np.sort(errors, 1)[:, (errors.shape[1] - 1) // 2]
            at = (np.arange(BLOCKS) + 0.5) / BLOCKS * each[credit].task.steps
            axis.semilogy(at, np.where(middle < 1e3, middle, np.nan), label=credit)
        axis.set(title=each["costate"].task.name)
    axes.flat[0].legend()
    for axis in axes[:, 0]:
        axis.set_ylabel("error over variance")
    for axis in axes[-1]:
        axis.set_xlabel("step")


def main() -> int:
    given = pages.read(pages.arguments("costate", __doc__))
    torch.set_num_threads(1)
    seeds = 2 if given.quick else SEEDS
    found = []
    for task in TASKS:
        steps = 400 if given.quick else task.steps
        found.append({credit: run(task, credit, seeds, steps) for credit in CREDITS})
        print(*next(rows(found[-1:])), sep=" | ", flush=True)
    print(table(HEAD, list(rows(found))))
    if given.docs:
        with pages.drawing("costate", 2, 4, size=(11.0, 5.0)) as axes:
            draw(axes, found)
        pages.write("costate", {"table": pages.markdown(HEAD, list(rows(found))), "made": pages.made_by("costate")})
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
