"""`hdsl run` of a boundary problem: what it tells, what it writes, its exit codes, and the options that it refuses."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from hdsl.cli.main import status
from hdsl.cli.solve import SOLVING, STEPPING, continued
from hdsl.runtime.boundary.result import STATUSES, Residuals

TRACK = """ham 1
input u
target v
state h = 0
param w = 0.5
h' = -h + tanh(w*u)
output y = 2*h
cost fit = (y - v)^2/2
horizon 1
learn
    schedule = boundary
    tau = 0.1
    beta = 1
"""
SCHEMA: dict[str, Any] = {
    "model": str, "schedule": str, "status": str, "solved": bool, "message": str, "J": float, "costs": dict, "T": float,
    "residuals": dict, "tolerance": float, "iterations": int, "nodes": int, "equations": int, "seconds": float, "way": str,
    "tried": list, "mu": dict, "violations": dict, "weights": dict, "settings": dict, "end": dict, "begin": dict, "notes": list,
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("track.ham").write_text(TRACK)
    t = np.arange(12) / 10
    rows = "".join(f"{a},{b}\n" for a, b in zip(np.sin(3 * t), np.cos(t), strict=True))
    Path("track.csv").write_text("u,v\n" + rows)
    return tmp_path


def test_the_summary_says_what_was_found_and_how_well(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert status(["run", "lqr"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == f"lqr: solved: {STATUSES['solved']}"
    assert lines[1].startswith("J = 0.62523040") and "track 0.570464" in lines[1] and "goal" in lines[1]
    assert lines[2] == "T = 5"
    for word in ("residual", "transversality", "tolerance 1e-06", "nodes", "iterations", " s; begun from", "H stays the same"):
        assert word in "\n".join(lines), word


def test_one_object_is_told_as_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert status(["run", "lqr", "--format", "json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert {name: type(value) for name, value in told.items()} == SCHEMA
    assert set(told["residuals"]) == set(vars(Residuals(0, 0, 0)))
    assert told["solved"] and told["status"] in STATUSES and told["end"]["x"] == pytest.approx(told["end"]["z.x"], abs=1e-6)


def test_files_hold_the_path_the_page_and_what_to_begin_from(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["run", "lqr", "--set", "tau=0.5", "--predict", "p.csv", "--report", "r.html", "--save-solution", "s.npz"]
    assert status(given) == 0
    with open("p.csv", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["t", "x[0]", "x[1]", "z.x[0]", "z.x[1]", "a", "track", "effort", "H"]
    assert [float(row[0]) for row in rows[1:]] == [k / 2 for k in range(11)]
    assert [float(v) for v in rows[1][1:3]] == [1, 0]
    page = Path("r.html").read_text()
    for word in ("solved", "States along the path", "Costates", "Controls", "The Hamiltonian", "0.6252304", "transversality"):
        assert word in page, word
    capsys.readouterr()
    assert status(["run", "lqr", "--warm", "s.npz", "--continue", "r=0.1,0.2,0.4"]) == 0
    shown = capsys.readouterr().out
    assert "begun from a former solution" in shown
    assert status(["run", "lqr", "--set", "r=0.4", "--format", "json"]) == 0
    straight = json.loads(capsys.readouterr().out)
    assert float(shown.splitlines()[1].split()[2]) == pytest.approx(straight["J"], abs=1e-7)


def test_a_stream_is_what_arrives(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert status(["run", "track.ham", "--predict", "p.csv"]) == 0
    with open("p.csv", newline="") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["t", "h", "z.h", "y", "fit", "H"] and len(rows) == 12
    values = np.array(rows[1:], float)
    np.testing.assert_allclose(values[:, 4], (values[:, 3] - np.cos(values[:, 0])) ** 2 / 2, atol=1e-9)
    capsys.readouterr()
    assert status(["run", "track.ham", "--set", "tau=0.05"]) == 1
    assert "track.csv ends at t = 0.55, and the horizon is 1" in capsys.readouterr().err
    Path("track.csv").unlink()
    assert status(["run", "track.ham"]) == 2
    assert "no stream is named" in capsys.readouterr().err


def test_what_is_not_solved_ends_with_1(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("never.ham").write_text(
        "state x = 1\nparam k = 1\nx' = -x\ncost c = k^2\nfinal x == 5\nhorizon 1\nlearn\n    schedule = boundary\n"
    )
    assert status(["run", "never.ham", "--save-solution", "s.npz"]) == 1
    assert capsys.readouterr().out.startswith("never: NOT SOLVED (")
    assert not Path("s.npz").exists()
    assert status(["run", "never.ham", "--format", "json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert not told["solved"] and told["J"] is None and len(told["tried"]) > 1


WRONG = [
    (["run", "lqr", *option], f"{option[0]} is for a run from sample to sample")
    for option in (
        ["--steps", "5"], ["--epochs", "2"], ["--batch", "2"], ["--follow"], ["--hold", "2"],
        ["--target-at", "1", "--hold", "2"],
        ["--seeds", "2"], ["--dtype", "float32"], ["--device", "cpu"], ["--threads", "1"], ["--backend", "native"],
        ["--held-back", "8", "--backend", "native"],
        ["--checkpoint", "d"],
        ["--every", "1", "--checkpoint", "d"], ["--resume", "--checkpoint", "d"], ["--on-nonfinite", "stop"],
        ["--record", "x", "--record-to", "r.csv"], ["--record-to", "r.csv", "--record", "x"], ["--log", "d"],
        ["--sweep", "r=1,2"], ["--load-parameters", "p"], ["--save-parameters", "p"],
    )
]  # fmt: skip


@pytest.mark.parametrize(("arguments", "message"), WRONG, ids=lambda v: v if isinstance(v, str) else " ".join(v[2:]))
def test_options_of_a_run_by_steps_are_refused(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], message: str
) -> None:
    assert status(arguments) == 2
    assert "is for a run from sample to sample, and a boundary problem is solved as a whole" in capsys.readouterr().err


def test_every_option_of_a_run_by_steps_is_tried() -> None:
    assert {option for arguments, _ in WRONG for option in arguments if option.startswith("--")} == set(STEPPING.values())


@pytest.mark.parametrize("option", [["--warm", "s.npz"], ["--save-solution", "s.npz"], ["--continue", "beta=1,2"]])
def test_options_of_a_boundary_problem_are_refused_elsewhere(
    folder: Path, capsys: pytest.CaptureFixture[str], option: list[str]
) -> None:
    assert option[0] in SOLVING.values()
    assert status(["run", "sunspots", *option]) == 2
    assert f"{option[0]} is for a boundary problem" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["lqr", "--stream", "track.csv"], 2, "lqr has neither input nor target, so it reads no stream"),
        (["lqr", "--warm", "none.npz"], 2, "none.npz: no such file"),
        (["lqr", "--warm", "track.csv"], 1, "track.csv holds no solution of a boundary problem"),
        (["lqr", "--continue", "r"], 2, "--continue r: expected NAME=VALUE,VALUE"),
        (["lqr", "--continue", "r=1,2", "eta=0"], 2, "as many values are wanted for each name"),
        (["lqr", "--continue", "r=1,2", "r=3,4"], 2, "--continue gives `r` twice"),
        (["lqr", "--continue", "nothing=1"], 1, "`nothing`"),
        (["lqr", "--predict", "a.csv", "--report", "a.csv"], 2, "would overwrite a file that --predict writes"),
        (["lqr", "--predict", "no/a.csv"], 2, "there is no folder no"),
    ],
)
def test_mistakes_are_told_in_a_line(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, message: str
) -> None:
    assert status(["run", *arguments]) == code
    assert message in capsys.readouterr().err


def test_continuation_takes_names_together() -> None:
    assert continued([]) == [{}]
    assert continued(["a=1,2", "b=3,4"]) == [{"a": "1", "b": "3"}, {"a": "2", "b": "4"}]
