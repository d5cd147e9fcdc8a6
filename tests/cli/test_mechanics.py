"""`hdsl run` of a mechanical system."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hdsl.cli.main import verbs


def run(*arguments: str) -> Result:
    return CliRunner().invoke(verbs, ["run", *arguments])


def test_it_runs_without_a_stream_and_tells_its_energy() -> None:
    done = run("pendulum", "--steps", "200")
    assert done.exit_code == 0
    assert "200 steps of leapfrog" in done.stdout and "float64" in done.stdout and "tau 0.01, to t = 2" in done.stdout
    assert "energy H" in done.stdout and "relative" in done.stdout
    assert "stream" not in done.stdout and "error" not in done.stdout


def test_the_same_as_json() -> None:
    told = json.loads(run("kepler", "--steps", "100", "--format", "json").stdout)
    assert told["energy"]["name"] == "H" and told["energy"]["begun"] == pytest.approx(-0.5, rel=1e-14)
    assert 0 < told["energy"]["drift"] < 0.01 and told["metrics"] == [] and told["steps"] == 100


def test_states_and_momenta_are_written(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    assert run("kepler", "--steps", "3", "--predict", str(path)).exit_code == 0
    head, *rows = path.read_text(encoding="utf-8").splitlines()
    assert head == "step,t,q[0],q[1],p[0],p[1],H" and len(rows) == 3
    recorded = tmp_path / "r.csv"
    assert run("kepler", "--steps", "3", "--record", "H,p", "--record-to", str(recorded)).exit_code == 0
    assert "H" in recorded.read_text(encoding="utf-8").splitlines()[0].split(",")


@pytest.mark.parametrize("asked", ["--stream x.csv", "--epochs 2", "--map u=a", "--hold 2", "--seeds 3"])
def test_what_is_for_streams_is_refused(asked: str) -> None:
    done = run("pendulum", *asked.split())
    assert done.exit_code == 2 and f"{asked.split()[0]} is for models that learn from a stream" in done.stderr


def test_what_cannot_be_recorded_is_told() -> None:
    done = run("pendulum", "--record", "z.q", "--record-to", "x.csv")
    assert done.exit_code == 2 and "what can: q, p, H" in done.stderr


def test_a_step_that_does_not_settle_ends_the_run_with_its_reason() -> None:
    done = run("pendulum", "--set", "step=implicit-midpoint", "tau=0.5")
    assert done.exit_code == 1
    assert "implicit-midpoint did not settle at step 0" in done.stderr and "tau = 0.5 is too large" in done.stderr


def test_the_report_draws_energy_phase_and_trajectories(tmp_path: Path) -> None:
    path = tmp_path / "r.html"
    assert run("pendulum", "--steps", "500", "--report", str(path)).exit_code == 0
    page = path.read_text(encoding="utf-8")
    assert page.count("<figure>") == 4 and "phase portrait" in page and "largest |H − H(0)|" in page
