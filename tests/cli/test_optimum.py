"""`hdsl optimum`: a forward run beside the optimum, told and drawn."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any

import pytest

from hdsl.cli.main import status

TEXT = """ham 1
{stream}
state h = 0
param w = 0
param b = 0.1
h' = -h + tanh(w*{u} + b)
output y = h
cost track = 1/2*(h - {v})^2
{horizon}
learn
    schedule = {schedule}
    tau  = 0.1
    eta  = 0.2
    beta = 0.5
"""
OWN = {"stream": "", "u": "sin(t)", "v": "0.5*sin(t - 0.3)", "horizon": "horizon 3", "schedule": "boundary"}


@pytest.fixture
def model(tmp_path: Path) -> Path:
    path = tmp_path / "follow.ham"
    path.write_text(TEXT.format(**OWN))
    return path


def told(capsys: pytest.CaptureFixture[str], *arguments: Any, code: int = 0) -> dict[str, Any]:
    assert status(["optimum", *map(str, arguments), "--format", "json"]) == code
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def costs(found: dict[str, Any]) -> dict[str, float]:
    return {way["name"]: way["J"] for way in found["ways"]}


def test_three_ways_are_told_with_what_they_cost(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert status(["optimum", str(model)]) == 0
    shown = capsys.readouterr().out
    assert shown.startswith("follow: horizon 3, forward sequential by steps of 0.1\n")
    rows = re.findall(r"^(no learning|forward|optimum) +([\d.]+) +([\d.]+) +([\d.]+)$", shown, re.MULTILINE)
    assert [row[0] for row in rows] == ["no learning", "forward", "optimum"]
    for _, J, track, motion in rows:
        assert float(J) == pytest.approx(float(track) + float(motion), rel=2e-3)
    assert re.search(r"^  w at t = [\d.]+, and by [\d.]+ at most$", shown, re.MULTILINE)


def test_json_has_the_same(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = told(capsys, model)
    assert found["horizon"] == 3 and found["optimum"]["status"] == "solved"
    assert costs(found)["optimum"] < min(costs(found)["no learning"], costs(found)["forward"])
    assert set(found["partings"]) == {"h", "w", "b"}
    assert found["forward"] == {"order": "sequential", "tau": 0.1}


def test_settings_of_the_forward_run_leave_the_others_alone(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plain = costs(told(capsys, model))
    other = costs(told(capsys, model, "--forward", "eta=2", "beta=0.1", "order=simultaneous"))
    assert plain["forward"] != pytest.approx(other["forward"], rel=1e-2)
    assert [plain[name] for name in ("no learning", "optimum")] == pytest.approx([other["no learning"], other["optimum"]])


def test_settings_of_the_model_are_those_of_all(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plain, other = (costs(told(capsys, model, *more)) for more in ((), ("--set", "eta=0")))
    assert all(plain[name] > other[name] * 1.05 for name in plain)  # without e^{0.2 t} each costs less


def test_a_horizon_is_given_to_a_model_without_one(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    own = costs(told(capsys, model))
    model.write_text(TEXT.format(**{**OWN, "horizon": "", "schedule": "online"}))
    assert costs(told(capsys, model, "--horizon", 3)) == pytest.approx(own, rel=1e-9)
    assert status(["optimum", str(model)]) == 1
    assert "horizon" in capsys.readouterr().err


def test_another_horizon_than_the_models_own(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert told(capsys, model, "--horizon", 1.25)["horizon"] == 1.25


def test_the_same_by_a_stream(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Samples of the signals at each tau: linear in between for the optimum, so that J is the same to O(tau²)."""
    own = costs(told(capsys, model))
    streamed = {**OWN, "stream": "input u\ntarget v", "u": "u", "v": "v"}
    model.write_text(TEXT.format(**streamed))
    rows = [f"{math.sin(0.1 * k)},{0.5 * math.sin(0.1 * k - 0.3)}" for k in range(40)]
    model.with_suffix(".csv").write_text("\n".join(["u,v", *rows]) + "\n")
    assert costs(told(capsys, model)) == pytest.approx(own, rel=5e-3)
    model.with_suffix(".csv").write_text("\n".join(["u,v", *rows[:20]]) + "\n")
    assert status(["optimum", str(model)]) == 1
    assert "ends at t = 1.9, and the horizon is 3" in capsys.readouterr().err


def test_the_report_lays_curves_over_one_another(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = model.with_suffix(".html")
    assert status(["optimum", str(model), "--report", str(page)]) == 0
    text = page.read_text()
    assert text.count("<figure>") == 4  # y, h, w, b
    assert "J of the optimum" in text and "forward and optimum part at t" in text
    assert "hdsl optimum" not in text or "made by" in text
    assert f"{page} lays the trajectories over one another" in capsys.readouterr().out


def test_a_run_that_diverges_is_told(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model.write_text(model.read_text().replace("tanh(w*sin(t) + b)", "w*sin(t) + b"))
    found = told(capsys, model, "--forward", "beta=1e300")
    (forward,) = (way for way in found["ways"] if way["name"] == "forward")
    assert forward["J"] is None and 0 < forward["diverged"] < 3


@pytest.mark.parametrize("setting", ["schedule=replay", "horizon=3"])
def test_the_forward_run_has_no_other_schedule(setting: str, model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert status(["optimum", str(model), "--forward", setting]) == 2
    assert "--forward" in capsys.readouterr().err
