"""Every model that ships learns its own stream: it predicts what it has not learned from better than a trivial predictor."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from hdsl.cli.main import verbs
from hdsl.resources import folder

# (model, kind of figure, part of the run, whose figure, by what share of it the model must be better)
BARS = [
    ("sunspots", "error/var", "second half", "last value", 0.10),
    ("oscillators", "error/var", "second half", "last value", 0.95),
    ("iris_linear", "log loss", "pass 40", "class frequencies so far", 0.75),
    ("iris_mlp", "log loss", "pass 40", "class frequencies so far", 0.75),
    ("iris_mlp_state", "log loss", "pass 40", "class frequencies so far", 0.75),
]


def test_every_model_has_a_bar() -> None:
    assert sorted(bar[0] for bar in BARS) == sorted(path.stem for path in Path(folder("models")).glob("*.ham"))


@pytest.mark.parametrize("bar", BARS, ids=lambda bar: bar[0])
def test_the_model_learns(bar: tuple[str, str, str, str, float]) -> None:
    model, kind, part, baseline, share = bar
    done = CliRunner().invoke(verbs, ["run", model, "--format", "json"])
    assert done.exit_code == 0, done.output
    metrics = json.loads(done.stdout)["metrics"]
    ours = [m["value"] for m in metrics if (m["kind"], m["part"], m["predictor"]) == (kind, part, model)]
    theirs = [m["value"] for m in metrics if (m["kind"], m["predictor"]) == (kind, baseline)]
    assert len(ours) == 1
    assert theirs
    assert ours[0] <= (1 - share) * min(theirs)
