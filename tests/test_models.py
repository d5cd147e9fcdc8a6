"""Every model that ships learns its own stream, from whatever seed: it predicts better than a trivial predictor."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

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
    ("digits_conv", "log loss", "second half", "class frequencies so far", 0.75),
    ("deep_delayed", "log loss", "second half", "class frequencies so far", 0.50),
]


def test_every_model_has_a_bar() -> None:
    assert sorted(bar[0] for bar in BARS) == sorted(path.stem for path in Path(folder("models")).glob("*.ham"))


def test_the_readme_tells_each_model_beside_its_trivial_predictor() -> None:
    readme = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
    rows = {line.split("`")[1]: line for line in readme.splitlines() if line.startswith("| `") and line.count("|") == 6}
    assert sorted(rows) == sorted(bar[0] for bar in BARS)
    for model, _, _, baseline, _ in BARS:
        assert f"| {baseline} " in rows[model]


@cache
def five_seeds(model: str) -> dict[str, Any]:
    """The summary of `hdsl run` from five seeds."""
    done = CliRunner().invoke(verbs, ["run", model, "--seeds", "5", "--format", "json"])
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize("bar", BARS, ids=lambda bar: bar[0])
def test_the_model_learns(bar: tuple[str, str, str, str, float]) -> None:
    model, kind, part, baseline, share = bar
    found = five_seeds(model)
    metrics = found["metrics"]
    ours = [m["value"] for run in found["seeds"] for m in run["metrics"] if (m["kind"], m["part"]) == (kind, part)]
    theirs = [m["value"] for m in metrics if (m["kind"], m["predictor"]) == (kind, baseline)]
    assert len(ours) == 5
    assert theirs
    assert max(ours) <= (1 - share) * min(theirs)


def test_five_delayed_layers_tell_digits_apart_by_pulses() -> None:
    """Ten classes, so chance is 0.1; each digit seen once."""
    found = five_seeds("deep_delayed")
    assert found["hold"] == {"ticks": 11, "target_at": 6}
    figures = {
        part: [m["value"] for r in found["seeds"] for m in r["metrics"] if (m["kind"], m["part"]) == ("accuracy", part)]
        for part in ("all", "second half")
    }
    assert min(figures["all"]) > 0.55
    assert min(figures["second half"]) > 0.70
