"""`hdsl diff`."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from hdsl.cli.main import status
from hdsl.resources import folder

TEXT = "ham 1\ninput u\ntarget v\nparam w = 1\nlet a = w*u\noutput y = a\ncost fit = (y - v)^2\nlearn\n    eta = 1\n"


@pytest.fixture
def files(tmp_path: Path) -> tuple[str, str, str]:
    texts = {"a": TEXT, "b": TEXT.replace("let a", "let b").replace("y = a", "y = b"), "c": TEXT.replace("w*u", "2*w*u")}
    for name, text in texts.items():
        (tmp_path / f"{name}.ham").write_text(text)
    first, second, third = (str(tmp_path / f"{name}.ham") for name in texts)
    return first, second, third


def test_the_same_is_0_and_another_1(files: tuple[str, str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert status(["diff", files[0], files[1]]) == 0
    assert "nothing changed but names" in capsys.readouterr().out
    assert status(["diff", files[0], files[2]]) == 1
    shown = capsys.readouterr().out
    assert shown.startswith("a.ham → c.ham\n") and "line 5 of c.ham" in shown


@pytest.mark.parametrize("layout", ["text", "markdown", "html", "json"])
def test_every_format_prints(layout: str, files: tuple[str, str, str], capsys: pytest.CaptureFixture[str]) -> None:
    assert status(["diff", files[0], files[2], "--format", layout]) == 1
    shown = capsys.readouterr().out
    assert "c.ham" in shown and "unchanged" not in shown.splitlines()[0]
    if layout == "json":
        assert json.loads(shown)["same"] is False


def test_a_model_that_ships_against_itself_with_a_setting(capsys: pytest.CaptureFixture[str]) -> None:
    assert status(["diff", "iris_linear", "iris_linear"]) == 0
    capsys.readouterr()
    assert status(["diff", "iris_linear", "iris_linear", "--set", "eta=0.5"]) == 1
    shown = capsys.readouterr().out
    assert shown.startswith("iris_linear → iris_linear with eta=0.5\n") and "1 → 0.5" in shown.replace("1/2", "0.5")


def test_a_missing_file_is_usage_and_a_wrong_one_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert status(["diff", "sunspots", "nowhere.ham"]) == 2
    assert status(["diff", "sunspots"]) == 2
    (tmp_path / "bad.ham").write_text("output y = x\n")
    assert status(["diff", "sunspots", str(tmp_path / "bad.ham")]) == 1
    assert "error[unknown-name]" in capsys.readouterr().err


def test_the_page_shows_what_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = (folder("models").parent / "docs" / "diff.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```console\n(.*?)^```", page, flags=re.MULTILINE | re.DOTALL)
    _, command, shown = block.split("\n", 2)
    text = (folder("models") / "sunspots.ham").read_text(encoding="utf-8")
    (tmp_path / "sunspots.ham").write_text(text)
    edited = text.replace("cost fit", "cost decay = 1e-3*squared(W)\ncost fit").replace("eta   = 2", "eta   = 1")
    (tmp_path / "decay.ham").write_text(edited)
    assert command == "$ hdsl diff sunspots.ham decay.ham"
    assert status(["diff", str(tmp_path / "sunspots.ham"), str(tmp_path / "decay.ham")]) == 1
    assert capsys.readouterr().out == shown
