"""``python -m benchmarks.models``: every model that ships beside its trivial baseline, in one table.

Each learns its own stream, test-then-train, from several seeds, by ``hdsl run MODEL --seeds N``. The command fails where
the worst seed is not below the baseline by the margin that is asked. A model that ships has a row in `BARS`.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from math import isnan, nan
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.measure import machine


@dataclass(frozen=True)
class Bar:
    """A model, what it learns from, and how far it has to be below which baseline.

    ``kind`` and ``part`` say which figure counts, ``margin`` by what share of the baseline's the model's must be smaller.
    ``beside`` are others whose figures are shown and ask for nothing, by name, each with a word for readers.
    """

    model: str
    learns: str
    kind: str
    part: str
    baseline: str
    margin: float
    beside: tuple[tuple[str, str], ...] = ()


LAST, FREQUENCIES, PAIRS = "last value", "class frequencies so far", "pair frequencies so far"
REGRESSION = ("autoregression of order 18", "recursive least squares of order 18")
FLOWERS, DIGITS, SUNSPOTS = "150 iris, 40 passes", "1797 digits, once each", "3177 months of sunspots"
SINE, ENGLISH = "a sine, 50 periods of 60", "19 632 characters of English"
LAST_PASS, LATER = "pass 40", "second half"
ERROR, LOSS = "error/var", "log loss"

BARS = (
    Bar("sunspots", SUNSPOTS, ERROR, LATER, LAST, 0.10, (REGRESSION,)),
    Bar("gru", SUNSPOTS, ERROR, LATER, LAST, 0.10, (REGRESSION,)),
    Bar("lstm_online", SUNSPOTS, ERROR, LATER, LAST, 0.10, (REGRESSION,)),
    Bar("rnn", SUNSPOTS, ERROR, LATER, LAST, 0.08, (REGRESSION,)),
    Bar("leaky_layers", SUNSPOTS, ERROR, LATER, LAST, 0.08, (REGRESSION,)),
    Bar("state_space", SUNSPOTS, ERROR, LATER, LAST, 0.03, (REGRESSION,)),
    Bar("diagonal", SUNSPOTS, ERROR, LATER, LAST, 0.08, (REGRESSION,)),
    Bar("complex_diagonal", SINE, ERROR, LATER, LAST, 0.95, (REGRESSION,)),
    Bar("skew", SINE, ERROR, LATER, LAST, 0.95, (REGRESSION,)),
    Bar("oscillators", SINE, ERROR, LATER, LAST, 0.95, (REGRESSION,)),
    Bar("rotations", SINE, ERROR, LATER, LAST, 0.95, (REGRESSION,)),
    Bar("iris_linear", FLOWERS, LOSS, LAST_PASS, FREQUENCIES, 0.75),
    Bar("iris_mlp", FLOWERS, LOSS, LAST_PASS, FREQUENCIES, 0.75),
    Bar("iris_mlp_state", FLOWERS, LOSS, LAST_PASS, FREQUENCIES, 0.75),
    Bar("digits_mlp", DIGITS, LOSS, LATER, FREQUENCIES, 0.80),
    Bar("slow_copy", DIGITS, LOSS, LATER, FREQUENCIES, 0.85, (("output fast", "the parameters that it follows"),)),
    Bar("digits_conv", DIGITS, LOSS, LATER, FREQUENCIES, 0.75),
    Bar("resnet", DIGITS, LOSS, LATER, FREQUENCIES, 0.75),
    Bar("skew_tanh", DIGITS, LOSS, LATER, FREQUENCIES, 0.75),
    Bar("autonomous", DIGITS, LOSS, LATER, FREQUENCIES, 0.75),
    Bar("attention", DIGITS, LOSS, LATER, FREQUENCIES, 0.75),
    Bar("vit", DIGITS, LOSS, LATER, FREQUENCIES, 0.75),
    Bar("deep_delayed", f"{DIGITS}, each held 11 ticks", LOSS, LATER, FREQUENCIES, 0.50),
    Bar("characters", ENGLISH, LOSS, LATER, FREQUENCIES, 0.15, ((PAIRS, PAIRS),)),
)


UNTAUGHT = ("chain", "henon_heiles", "kepler", "pendulum")
"""Systems that move by an energy and learn nothing: ``python -m benchmarks.mechanics`` tells how well they hold it."""


@dataclass(frozen=True)
class Found:
    """A bar and what a run gave: the figures of the model, one a seed, the baseline's, and those beside."""

    bar: Bar
    ours: tuple[float, ...]
    theirs: float
    beside: tuple[tuple[float, ...], ...] = ()

    @property
    def margin(self) -> float:
        """By what share of the baseline's figure that of the worst seed is smaller; nan where one of them is."""
        return nan if any(map(isnan, self.ours)) else 1 - max(self.ours) / self.theirs

    @property
    def holds(self) -> bool:
        return self.margin >= self.bar.margin


def found_in(bar: Bar, told: dict[str, Any]) -> Found:
    """What ``hdsl run --seeds N --format json`` tells of a bar.

    A baseline sees the stream once: a later pass of the model's is held against the least of its figures.
    """

    def of(predictor: str) -> tuple[float, ...]:
        """Its figures, one a seed where it learns from a seed."""
        runs = told["seeds"] if any(m["predictor"] == predictor for m in told["seeds"][0]["metrics"]) else [told]
        found = [
            {m["part"]: nan if m["value"] is None else m["value"] for m in run["metrics"] if _is(m, bar.kind, predictor)}
            for run in runs
        ]
        return tuple(figures[bar.part] if bar.part in figures else min(figures.values()) for figures in found)

    (theirs,) = of(bar.baseline)
    return Found(bar, of(bar.model), theirs, tuple(of(predictor) for predictor, _ in bar.beside))


def _is(metric: dict[str, Any], kind: str, predictor: str) -> bool:
    return bool(metric["kind"] == kind and metric["predictor"] == predictor)


def figure(value: float) -> str:
    """Three decimals, or as a power of ten where these would say nothing."""
    return f"{value:.3f}" if value >= 0.001 or isnan(value) else f"{value:.0e}"


def figures(values: Sequence[float]) -> str:
    """The median, with the least and the most where there are several."""
    spread = f" ({figure(min(values))} … {figure(max(values))})" if len(values) > 1 else ""
    return f"{figure(median(values))}{spread}"


HEAD = """# The models that ship, each beside a trivial baseline

`{command}` made this page, on {kind}.

Every figure is test-then-train, and the smaller the better: each sample is predicted before it is learned from, and those of
the second half of the stream count. *error/var* is the squared error over the variance of the target, *log loss* is in nats.
The model's is the median of {seeds} seeds, with the least and the most. The margin is by what share of the baseline's
figure the *worst* seed is below it; in brackets the margin that the model has to hold, or the command fails.

- **last value**: what came last comes again.
- **class frequencies so far**: how often each class was seen before, one more than seen each; learned online as the models are.
- **pair frequencies so far**: the same of what came behind the character before.

The iris are seen 40 times, and the last pass counts: it shows that a model learns, not how it would do on other flowers.
Nine seeds in ten of `characters` are below the pair frequencies as well; one is not.

| model | learns | figure | model | trivial baseline | margin (asked) | stronger, or for comparison |
|---|---|---|---|---|---|---|
"""


def page(found: Sequence[Found], seeds: int, command: str, kind: str) -> str:
    """The table as Markdown, with its command and its machine."""
    lines = []
    for each in found:
        bar = each.bar
        beside = [f"{word} {figures(values)}" for (_, word), values in zip(bar.beside, each.beside, strict=True)]
        margin = f"{each.margin:.0%} ({bar.margin:.0%}{'' if each.holds else ', NOT HELD'})"
        cells = [f"`{bar.model}`", bar.learns, f"{bar.kind}, {bar.part}", figures(each.ours)]
        cells += [f"{bar.baseline} {figure(each.theirs)}", margin, "; ".join(beside)]
        lines.append(f"| {' | '.join(cells)} |\n")
    return HEAD.format(command=command, kind=kind, seeds=seeds) + "".join(lines)


def run(bar: Bar, seeds: int) -> Found:
    """Learns a model's own stream from several seeds, in a process of its own."""
    command = [sys.executable, "-m", "hdsl", "run", bar.model, "--seeds", str(seeds), "--format", "json"]
    alone = {**os.environ, "OMP_NUM_THREADS": "1"}  # small matrices: threads would only wait for one another
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=alone)
    if done.returncode:
        raise SystemExit(f"{done.stderr}hdsl run {bar.model} ended with {done.returncode}")
    return found_in(bar, json.loads(done.stdout))


def main() -> int:
    reader = argparse.ArgumentParser(prog="python -m benchmarks.models", description=__doc__.split("\n\n")[0])
    reader.add_argument("--seeds", type=int, default=10)
    reader.add_argument("--models", default="", help="names with commas between; all if not given")
    reader.add_argument("-o", "--output", type=Path, help="write the page to a file")
    given = reader.parse_args()
    asked = given.models.split(",") if given.models else [bar.model for bar in BARS]
    if unknown := set(asked) - {bar.model for bar in BARS}:
        reader.error(f"no model {', '.join(sorted(unknown))} in the table; there are {', '.join(bar.model for bar in BARS)}")
    chosen = [bar for bar in BARS if bar.model in asked]
    found = []
    for bar in chosen:
        found.append(run(bar, given.seeds))
        print(f"{bar.model}: {figures(found[-1].ours)}, margin {found[-1].margin:.0%}", file=sys.stderr)
    command = " ".join(["python -m benchmarks.models", *sys.argv[1:]])
    text = page(found, given.seeds, command, f"{machine(1)}, torch {version('torch')}")
    if given.output:
        given.output.write_text(text, encoding="utf-8")
    else:
        print(text, end="")
    return 0 if all(each.holds for each in found) else 1


if __name__ == "__main__":
    raise SystemExit(main())
