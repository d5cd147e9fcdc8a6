"""Every model that ships learns its own stream, from whatever seed: it is below a trivial baseline by the margin it owes.

Here a seed of each, or a few; `python -m benchmarks.models` runs ten, and `docs/models.md` is what it wrote.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from benchmarks.models import BARS, UNTAUGHT, Bar, Found, found_in
from hdsl.cli.main import verbs
from hdsl.resources import folder

ROOT = Path(__file__).parent.parent
SEEDS = {"sunspots": 3}  # of others one: a second or two each
FEW = 1


def rows_of(name: str) -> list[list[str]]:
    """The cells of the rows of a page that begin with the name of a model."""
    text = (ROOT / name).read_text(encoding="utf-8")
    return [[cell.strip() for cell in line[1:-1].split("|")] for line in text.splitlines() if line.startswith("| `")]


def test_every_model_that_learns_a_stream_has_a_bar() -> None:
    """Others have answers: `tests/proofs/test_optimal_control.py`; or learn nothing."""
    texts = {path.stem: path.read_text(encoding="utf-8") for path in Path(folder("models")).glob("*.ham")}
    assert sorted(bar.model for bar in BARS) == sorted(name for name, text in texts.items() if "\ninput " in text)
    assert sorted(UNTAUGHT) == sorted(name for name, text in texts.items() if "\nhamiltonian " in text)


def test_the_readme_names_each_system_that_learns_nothing() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in UNTAUGHT if f"`{name}`" not in text] == []


def test_the_readme_tells_each_model_beside_its_trivial_baseline() -> None:
    rows = {row[0].strip("`"): row for row in rows_of("README.md") if len(row) == 5}
    assert sorted(rows) == sorted(bar.model for bar in BARS)
    for bar in BARS:
        assert rows[bar.model][4].startswith(f"{bar.baseline} ")


def test_the_page_of_models_has_a_row_for_each_and_every_margin_is_held() -> None:
    rows = rows_of("docs/models.md")
    assert [row[0] for row in rows] == [f"`{bar.model}`" for bar in BARS]
    for bar, row in zip(BARS, rows, strict=True):
        found, asked = (float(part.strip("%)")) / 100 for part in row[5].split(" ("))
        assert row[4].startswith(f"{bar.baseline} ")
        assert found >= asked == bar.margin


@cache
def told(model: str) -> dict[str, Any]:
    """The summary of `hdsl run` from a few seeds."""
    seeds = str(SEEDS.get(model, FEW))
    done = CliRunner().invoke(verbs, ["run", model, "--seeds", seeds, "--format", "json"])
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def learned(model: str) -> Found:
    (bar,) = (bar for bar in BARS if bar.model == model)
    return found_in(bar, told(model))


@pytest.mark.parametrize("bar", BARS, ids=lambda bar: bar.model)
def test_the_model_learns(bar: Bar) -> None:
    found = learned(bar.model)
    assert len(found.ours) == SEEDS.get(bar.model, FEW)
    assert found.holds, found


def test_a_slow_copy_predicts_better_than_the_parameters_that_it_follows() -> None:
    found = learned("slow_copy")
    assert max(found.ours) < 0.85 * min(found.beside[0])


def test_five_delayed_layers_tell_digits_apart_by_pulses() -> None:
    """Ten classes, so chance is 0.1; each digit seen once."""
    found = told("deep_delayed")
    assert found["hold"] == {"ticks": 11, "target_at": 6}
    figures = {
        part: [m["value"] for r in found["seeds"] for m in r["metrics"] if (m["kind"], m["part"]) == ("accuracy", part)]
        for part in ("all", "second half")
    }
    assert min(figures["all"]) > 0.55
    assert min(figures["second half"]) > 0.70
