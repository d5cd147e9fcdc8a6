"""`hdsl compile`."""

from __future__ import annotations

from pathlib import Path

import pytest

import hdsl
from hdsl.cli.main import status


@pytest.mark.parametrize("backend", ["torch", "numpy"])
def test_the_module_on_standard_output_and_in_a_file(
    tmp_path: Path, backend: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status(["compile", "iris_linear", "--backend", backend]) == 0
    shown = capsys.readouterr().out
    assert shown == hdsl.load("iris_linear").product(backend)
    assert status(["compile", "iris_linear", "--backend", backend, "-o", str(tmp_path / "net.py")]) == 0
    assert (tmp_path / "net.py").read_text(encoding="utf-8") == shown
    assert capsys.readouterr().out == ""


def test_settings_are_compiled_in(capsys: pytest.CaptureFixture[str]) -> None:
    assert status(["compile", "iris_linear", "--set", "beta=0.125", "--dim", "d=7"]) == 0
    shown = capsys.readouterr().out
    assert "beta=0.125" in shown and "d=7" in shown


def test_a_wrong_model_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "a.ham").write_text("ham 1\noutput y = x\n")
    assert status(["compile", str(tmp_path / "a.ham"), "-o", str(tmp_path / "net.py")]) == 1
    assert "`x` is not declared" in capsys.readouterr().err
    assert not (tmp_path / "net.py").exists()


def test_a_folder_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert status(["compile", "iris_linear", "-o", str(tmp_path / "none" / "net.py")]) == 2
    assert "cannot be written: no such file" in capsys.readouterr().err


def test_a_model_is_not_overwritten_by_its_module(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "m.ham"
    path.write_text("input u\noutput y = u\n")
    assert status(["compile", str(path), "-o", str(path)]) == 2
    assert "would overwrite a file that is read" in capsys.readouterr().err
    assert path.read_text() == "input u\noutput y = u\n"


def test_a_module_that_stands_inside_a_larger_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert status(["compile", "iris_mlp", "--pullback"]) == 0
    assert capsys.readouterr().out == hdsl.load("iris_mlp").compiler.torch_with_pullback


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["iris_mlp", "--pullback", "--backend", "numpy"], "--pullback is of the torch module only; leave out --backend"),
        (
            ["deep_delayed", "--pullback"],
            "--pullback: the output `y` of deep_delayed depends on no real input, so nothing is pulled back",
        ),
    ],
)
def test_a_pullback_that_cannot_be(arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert status(["compile", *arguments]) == 2
    assert f"Error: {told}\n" in capsys.readouterr().err
