"""`hdsl fmt`."""

from __future__ import annotations

import io
from pathlib import Path
from types import SimpleNamespace

import pytest

from hdsl.cli.main import status

LOOSE, LAID = "let a=1 # one\n", "ham 1\nlet a = 1                                     # one\n"


def test_files_are_laid_out_and_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    loose, laid = tmp_path / "loose.ham", tmp_path / "laid.ham"
    loose.write_text(LOOSE)
    laid.write_text(LAID)
    assert status(["fmt", str(loose), str(laid)]) == 0
    assert capsys.readouterr().out == f"{loose} laid out\n"
    assert loose.read_text() == laid.read_text() == LAID
    assert sorted(path.name for path in tmp_path.iterdir()) == ["laid.ham", "loose.ham"]


def test_check_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    loose = tmp_path / "loose.ham"
    loose.write_text(LOOSE)
    assert status(["fmt", "--check", str(loose)]) == 1
    assert capsys.readouterr().out == f"{loose} would change\n"
    assert loose.read_text() == LOOSE
    loose.write_text(LAID)
    assert status(["fmt", "--check", str(loose)]) == 0
    assert capsys.readouterr().out == ""


def test_a_file_with_mistakes_stays_and_the_others_do_not_wait(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    wrong, loose = tmp_path / "wrong.ham", tmp_path / "loose.ham"
    wrong.write_text("let a==1\n")
    loose.write_text(LOOSE)
    assert status(["fmt", str(wrong), str(loose)]) == 1
    assert f"--> {wrong}:1:6" in capsys.readouterr().err
    assert wrong.read_text() == "let a==1\n"
    assert loose.read_text() == LAID


def test_not_utf8_stays(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.ham"
    path.write_bytes(b"# \xff\n")
    assert status(["fmt", str(path)]) == 1
    assert "error[not-utf8]" in capsys.readouterr().err
    assert path.read_bytes() == b"# \xff\n"


@pytest.mark.parametrize(
    ("arguments", "text", "code", "out"),
    [(["-"], LOOSE, 0, LAID), (["-", "--check"], LOOSE, 1, ""), (["-", "--check"], LAID, 0, ""), (["-"], "x", 1, "")],
)
def test_standard_input(
    arguments: list[str],
    text: str,
    code: int,
    out: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(text.encode())))
    assert status(["fmt", *arguments]) == code
    shown = capsys.readouterr()
    assert shown.out == out
    assert ("<standard input>:1:1" in shown.err) == (text == "x")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [(["-", "a.ham"], "`-` stands alone"), (["sunspots"], "a model that ships"), (["nowhere.ham"], "there is no file")],
)
def test_usage(arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert status(["fmt", *arguments]) == 2
    assert message in capsys.readouterr().err
