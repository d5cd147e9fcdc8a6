"""`hdsl new`: what it writes is right, laid out, and learns."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hdsl.cli.main import status
from hdsl.cli.new import ROWS, STREAMS, TEMPLATES
from hdsl.compiler import Compiler
from hdsl.format.layout import formatted
from hdsl.syntax.source import Source

# For each template a metric of the second half, and the trivial predictor that it leaves behind by a factor of four.
BASELINES = {
    "regression": ("error/var", "last value"),
    "recurrent": ("error/var", "last value"),
    "classifier": ("log loss", "class frequencies so far"),
}


def test_every_template_has_its_stream() -> None:
    assert {path.stem for path in TEMPLATES.glob("*.ham")} == set(STREAMS) == set(BASELINES)


@pytest.mark.parametrize("template", sorted(STREAMS))
def test_a_template_checks_and_learns_at_once(
    template: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert status(["new", "tracker", "--template", template]) == 0
    assert capsys.readouterr().out == "tracker.ham and tracker.csv written; next: hdsl run tracker.ham\n"
    text = Path("tracker.ham").read_text(encoding="utf-8")
    assert formatted(Source(text)) == text
    compiler = Compiler(Source(text))
    assert compiler.diagnostics == ()
    assert compiler.model.name == "tracker"
    assert len(Path("tracker.csv").read_text(encoding="utf-8").splitlines()) == ROWS + 1
    assert status(["run", "tracker.ham", "--format", "json"]) == 0
    metrics = json.loads(capsys.readouterr().out)["metrics"]
    kind, baseline = BASELINES[template]
    value = {m["predictor"]: m["value"] for m in metrics if (m["kind"], m["part"]) == (kind, "second half")}
    assert value["tracker"] < value[baseline] / 4


def test_the_same_at_every_time(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        assert status(["new", str(tmp_path / folder / "a.ham")]) == 0
    for name in ("a.ham", "a.csv"):
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "two" / name).read_bytes()


@pytest.mark.parametrize("there", ["a.ham", "a.csv"])
def test_what_is_there_stays(there: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / there).write_text("mine")
    assert status(["new", str(tmp_path / "a")]) == 2
    assert f"{there} is there already" in capsys.readouterr().err
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [(there, "mine")]


@pytest.mark.parametrize("name", ["2x", "a b", "a-b", "", "a.b"])
def test_names_that_no_model_can_have(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert status(["new", name]) == 2
    assert "cannot name a model" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert status(["new", str(tmp_path / "none" / "a")]) == 2
    assert "cannot be written: no such file or directory" in capsys.readouterr().err
