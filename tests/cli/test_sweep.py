"""Sweeps: every combination once, the table in both formats, what went wrong in its row."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click
import pytest
import torch

from hdsl.cli.main import status
from hdsl.cli.sweep import combinations
from hdsl.runtime import session

MODEL = """ham 1
input u
target v
param w = 0
output y = w * u
cost fit = 1/2 * squared(y - v)
learn
    eta = 1
    beta = 0.1
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "line.ham").write_text(MODEL)
    rows = [f"{1 + k % 3},{2 + 2 * (k % 3) + (k % 2) / 10}" for k in range(60)]
    (tmp_path / "line.csv").write_text("\n".join(["u,v", *rows]) + "\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_combinations() -> None:
    assert combinations(["beta=0.1,0.2", "eta.h = 1 , 2"]) == [
        (("beta", "0.1"), ("eta.h", "1")), (("beta", "0.1"), ("eta.h", "2")),
        (("beta", "0.2"), ("eta.h", "1")), (("beta", "0.2"), ("eta.h", "2")),
    ]  # fmt: skip
    for wrong in (["beta"], ["beta="], ["beta=1,,2"], ["=1"], ["beta=1", "beta=2"], ["beta=1,1"]):
        with pytest.raises(click.UsageError, match="--sweep"):
            combinations(wrong)


def test_every_combination_is_the_run_with_these_settings(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    given = ["run", "line.ham", "--format", "json"]
    assert status([*given, "--sweep", "beta=0.01,0.1", "eta=1,0.5"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [row["set"] for row in found["sweep"]] == [
        {"beta": "0.01", "eta": "1"}, {"beta": "0.01", "eta": "0.5"},
        {"beta": "0.1", "eta": "1"}, {"beta": "0.1", "eta": "0.5"},
    ]  # fmt: skip
    assert status([*given, "--set", "beta=0.01", "eta=0.5"]) == 0
    alone = json.loads(capsys.readouterr().out)
    assert alone["metrics"] == found["sweep"][1]["metrics"] and alone["costs"] == found["sweep"][1]["costs"]
    late = {
        tuple(row["set"].values()): metric["value"]
        for row in found["sweep"]
        for metric in row["metrics"]
        if (metric["predictor"], metric["part"]) == ("line", "second half")
    }
    assert found["best"] == dict(zip(("beta", "eta"), min(late, key=lambda key: late[key]), strict=True))


def test_every_combination_takes_the_threads_that_are_asked_for(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before, seen = torch.get_num_threads(), []

    def watched(*given: Any) -> Any:
        seen.append(torch.get_num_threads())
        return run_session(*given)

    run_session = session.run_session
    monkeypatch.setattr(session, "run_session", watched)
    assert status(["run", "line.ham", "--sweep", "beta=0.1,0.2", "--threads", str(before + 1)]) == 0
    assert seen == [before + 1, before + 1] and torch.get_num_threads() == before


def test_the_table_with_what_went_wrong_in_its_row(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert status(["run", "line.ham", "--sweep", "beta=0.1,1e9", "--seeds", "2"]) == 0
    header, good, bad, empty, best = capsys.readouterr().out.splitlines()
    assert header.split() == ["beta", "fit", "v", "error/var,", "all", "v", "error/var,", "second", "half"]
    assert good.split()[0] == "0.1" and len(good.split()) == 4
    assert bad.split()[:4] == ["1e9", "–", "–", "–"] and "became infinite at step" in bad
    assert empty == "" and best == "best by v error/var, second half: beta=0.1"


@pytest.mark.parametrize("option", ["--checkpoint", "--report", "--predict", "--save-parameters"])
def test_what_is_of_one_run_is_refused(folder: Path, capsys: pytest.CaptureFixture[str], option: str) -> None:
    assert status(["run", "line.ham", "--sweep", "beta=1,2", option, "x"]) == 2
    assert f"--sweep makes many runs, and {option} is of one" in capsys.readouterr().err
    assert not Path("x").exists()


def test_a_setting_that_is_not_there_is_the_models_mistake(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert status(["run", "line.ham", "--sweep", "betta=1,2"]) == 1
    assert "betta" in capsys.readouterr().err


def test_a_log_of_seeds_that_tell_nothing_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert status(["run", "line.ham", "--sweep", "beta=1,2", "--seeds", "2", "--log", "told"]) == 2
    assert "further seeds tell nothing: leave out --seeds or --log" in capsys.readouterr().err
    assert not Path("told").exists()
