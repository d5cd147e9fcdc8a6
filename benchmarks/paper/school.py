"""``python -m benchmarks.paper.school``: a school of eight signals, of which seven are taught and one is held out.

Sums of three sines and square waves, of two frequencies and two amplitudes each, 1000 samples at τ = 0.1. A net sees a signal
as it comes and is to say what it will be half a unit of time later. It is taught seven of them, one after the other, in three
rounds; then comes the one held out. Each of the eight is held out in turn, for ten seeds: 80 nets, side by side in one model.
Every prediction is made before the net learns from its sample. Errors are divided by the variance of the signal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import torch

from benchmarks.measure import table
from benchmarks.paper import pages
from benchmarks.paper.credit import learn, learner
from hdsl.runtime.nonfinite import NonFinite

TAU, SAMPLES, AHEAD, ROUNDS, SEEDS = 0.1, 1000, 5, 3, 10
PERIODS, AMPLITUDES = (10.0, 4.0), (0.5, 1.0)
NETS = ("school_oscillators", "school_leaky")
CREDITS = ("costate", "zero")
FIGURES = ("taught", "frozen", "learning", "untaught")
RATES = (0.07, 0.3, 0.6, 1.2)
HEAD_OF_RATES = ["β", "costate, median", "costate, worst", "z = 0, median", "z = 0, worst"]
HEAD = ["signal", "last value", *(f"{figure}{note}" for figure in FIGURES for note in ("", ", z = 0"))]


@cache
def signals(samples: int = SAMPLES + AHEAD) -> dict[str, np.ndarray]:
    """The eight signals by name, (samples,) each. Phases and weights were drawn once, by the seed here."""
    drawn, t = np.random.default_rng(0), TAU * np.arange(samples)
    made = {}
    for shape in ("smooth", "square"):
        for period in PERIODS:
            for amplitude in AMPLITUDES:
                phases, weights = drawn.uniform(0, 2 * np.pi, 3), drawn.uniform(0.5, 1, 3)
                turns = 2 * np.pi / period * t
                if shape == "smooth":
                    sines = [w * np.sin(k * turns + p) for w, k, p in zip(weights, (1, 1.7, 2.3), phases, strict=True)]
                    value = 1.5 * sum(sines) / weights.sum()
                else:
                    value = np.sign(np.sin(turns + phases[0]))
                made[f"{shape}, period {period:g}, {amplitude:g}"] = amplitude * value
    return made


@dataclass(frozen=True)
class Lessons:
    """What the nets see, one a column: ``u`` and ``v`` (T, nets), the signals of ``samples`` each in the order of ``shown``
    (places, nets)."""

    u: np.ndarray
    v: np.ndarray
    shown: np.ndarray
    samples: int

    def stream(self) -> dict[str, torch.Tensor]:
        """For `learn`: each signal is a sequence, before which states begin anew."""
        ends = torch.zeros(len(self.u), dtype=torch.bool)
        ends[self.samples - 1 :: self.samples] = True
        return {"u": torch.from_numpy(self.u)[:, None], "v": torch.from_numpy(self.v)[:, None], "boundary": ends}

    def errors(self, said: torch.Tensor) -> np.ndarray:
        """(places, nets): the mean squared error over a signal, divided by the variance of the signal."""
        shape = (len(self.shown), self.samples, -1)
        missed, target = (np.reshape(each, shape) for each in ((said.numpy() - self.v) ** 2, self.v))
        errors: np.ndarray = missed.mean(1) / target.var(1)
        return errors


def lessons(shown: np.ndarray, samples: int) -> Lessons:
    kept = list(signals().values())
    u, v = (
        np.stack([np.concatenate([kept[k][late : late + samples] for k in column]) for column in shown.T], 1)
        for late in (0, AHEAD)
    )
    return Lessons(u, v, shown, samples)


@dataclass(frozen=True)
class School:
    """How a kind of net did with one credit: by figure, (8 signals, seeds or more) errors over variance."""

    net: str
    credit: str
    errors: Mapping[str, np.ndarray]

    def medians(self, figure: str) -> np.ndarray:
        """Of each signal."""
        return np.nanmedian(self.errors[figure], 1)


def school(
    net: str,
    credit: str,
    seeds: int = SEEDS,
    samples: int = SAMPLES,
    rounds: int = ROUNDS,
    settings: Mapping[str, float | str] | None = None,
) -> School:
    """Teach and test ``8 * seeds`` nets; the net of column 8 * seed + k has signal k held out."""
    count = len(signals())
    held = np.tile(np.arange(count), seeds)
    others = np.stack([np.delete(np.arange(count), k) for k in held], 1)
    taught = lessons(np.tile(others, (rounds, 1)), samples)
    test = lessons(held[None], samples)
    made = learner(net, credit, settings, s=len(held))
    pupil, stream = made(batch=1, seed=0), test.stream()
    untaught = test.errors(learn(made(batch=1, seed=0), stream, credit))[0]
    last_round = taught.errors(learn(pupil, taught.stream(), credit))[-(count - 1) :]
    kept = {name: value.clone() for name, value in pupil.state_dict().items()}
    frozen = test.errors(learn(pupil.eval(), stream, credit))[0]
    pupil.load_state_dict(kept)
    learning = test.errors(learn(pupil.train(), stream, credit))[0]
    by_signal = np.full((count, len(held)), np.nan)
    np.put_along_axis(by_signal, others, last_round, 0)
    of_held = {"frozen": frozen, "learning": learning, "untaught": untaught}
    errors = {name: value.reshape(seeds, count).T for name, value in of_held.items()}
    return School(net, credit, {"taught": by_signal, **errors})


def last_values(samples: int = SAMPLES) -> np.ndarray:
    """The error over variance of saying that a signal stays as it is."""
    shown = lessons(np.arange(len(signals()))[None], samples)
    return shown.errors(torch.from_numpy(shown.u))[0]


def rows(found: Sequence[School], samples: int = SAMPLES) -> list[list[str]]:
    """Of one kind of net: a signal a row, then the medians of all."""
    by_credit = {each.credit: each for each in found}
    columns = [last_values(samples)]
    columns += [by_credit[credit].medians(figure) for figure in FIGURES for credit in CREDITS]
    made = [[name, *(f"{column[k]:.3f}" for column in columns)] for k, name in enumerate(signals())]
    return [*made, ["median of the eight", *(f"{np.median(column):.3f}" for column in columns)]]


def by_rate(rates: Sequence[float], seeds: int, samples: int = SAMPLES) -> list[list[str]]:
    """Of rotations, a row a β: the median and the worst error on what is held out, learning, after one round."""
    made = []
    for rate in rates:
        cells = []
        for credit in CREDITS:
            try:
                found = school(NETS[0], credit, seeds, samples, 1, {"beta": rate, "eta.state": 0.0, "eta.param": 5.0})
                errors = found.errors["learning"]
                cells += [f"{np.median(errors):.3g}", f"{errors.max():.3g}"]
            except NonFinite:
                cells += ["–", "not finite"]
        made.append([f"{rate:g}", *cells])
    return made


def draw(axes: Any, found: Sequence[School]) -> None:
    """Held-out signals: a mark a seed, with and without the costate."""
    for axis, figure in zip(axes, FIGURES[1:], strict=True):
        for each, colour, shift in zip(found, ("C0", "C1"), (-0.15, 0.15), strict=True):
            errors = each.errors[figure]
            places = np.repeat(np.arange(len(errors)), errors.shape[1]) + shift
            axis.semilogy(
                places, errors.ravel(), ".", color=colour, label=each.credit if each.credit == "costate" else "z = 0"
            )
        axis.semilogy(range(len(signals())), last_values(), "_", color="black", markersize=14, label="last value")
        axis.set(title=f"held out, {figure}", xlabel="signal, in the order of the table")
    axes[0].set_ylabel("error over variance")
    axes[0].legend()


def main() -> int:
    reader = pages.arguments("school", __doc__)
    reader.add_argument("--rates", action="store_true", help="only the table of larger β")
    given = pages.read(reader)
    torch.set_num_threads(1)
    seeds, samples = (1, 100) if given.quick else (SEEDS, SAMPLES)
    if given.rates:
        made = by_rate(RATES[-1:] if given.quick else RATES, 1 if given.quick else 3, samples)
        print(table(HEAD_OF_RATES, made))
        if given.docs:
            pages.write("school", {"rates": pages.markdown(HEAD_OF_RATES, made), "rates made": pages.made_by("school")})
        return 0
    written = {}
    for net in NETS:
        found = [school(net, credit, seeds, samples) for credit in CREDITS]
        print(f"{net}\n{table(HEAD, rows(found, samples))}\n", flush=True)
        written[net] = pages.markdown(HEAD, rows(found, samples))
        if given.docs and net == NETS[0]:
            with pages.drawing("school", columns=3, size=(9.0, 3.2), sharey=True) as axes:
                draw(axes, found)
    if given.docs:
        pages.write("school", {**written, "made": pages.made_by("school")})
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
