"""`hdsl audit`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hdsl.cli.main import status


@pytest.mark.parametrize(
    ("layout", "begins"),
    [("text", "iris_linear  "), ("markdown", "# iris\\_linear: audit"), ("html", "<!DOCTYPE html>"), ("json", '{\n  "schema"')],
)
def test_every_format(layout: str, begins: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert status(["audit", "iris_linear", "--format", layout]) == 0
    assert capsys.readouterr().out.startswith(begins)


def test_delays_and_settings_from_outside(capsys: pytest.CaptureFixture[str]) -> None:
    outside = ["--delay", "all", "--set", "order=simultaneous", "--dim", "n=8"]
    assert status(["audit", "iris_mlp", "--format", "json", *outside]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["scheme"], told["in_time"]) == ("local", True)
    assert told["delays"][0]["bytes"]["float64"]["back"] == 64


def test_a_file_is_written_and_no_model_is_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = tmp_path / "m.ham"
    model.write_text("input u\ntarget v\nparam w = 1\noutput y = w*u\ncost fit = squared(y - v)\n", encoding="utf-8")
    assert status(["audit", str(model), "-o", str(tmp_path / "m.txt")]) == 0
    assert capsys.readouterr().out == ""
    assert (tmp_path / "m.txt").read_text(encoding="utf-8").startswith("m  ")
    assert status(["audit", str(model), "-o", str(model)]) == 2
    assert model.read_text(encoding="utf-8").startswith("input u")


def test_a_wrong_model_is_told_as_check_tells_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = tmp_path / "m.ham"
    model.write_text("input u\noutput y = w*u\n", encoding="utf-8")
    assert status(["audit", str(model)]) == 1
    assert "unknown-name" in capsys.readouterr().err
