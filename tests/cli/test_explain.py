"""`hdsl explain`."""

from __future__ import annotations

import pytest

from hdsl.cli.main import status
from hdsl.diagnostics.explanations import explanations


def test_without_a_code_all_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert status(["explain"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == sorted(explanations())
    assert len({line.index(line.split(maxsplit=1)[1]) for line in lines}) == 1


@pytest.mark.parametrize("code", sorted(set(explanations()) - {"too-many-statements", "file-too-large"}))
def test_each_code_has_a_page(code: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert status(["explain", code]) == 0
    shown = capsys.readouterr().out
    assert shown.splitlines()[0].startswith((f"error[{code}]: ", f"warning[{code}]: "))
    assert shown.count(f"[{code}]: ") == 2  # what it means, and what hdsl says to the example
    assert "\nFor example" in shown and "\nInstead:\n" in shown
    assert "  --> example.ham:" in shown


def test_a_code_as_it_stands_in_a_message(capsys: pytest.CaptureFixture[str]) -> None:
    assert status(["explain", "[shape]"]) == 0
    assert capsys.readouterr().out.startswith("error[shape]: ")


def test_what_a_file_cannot_show_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert status(["explain", "too-many-mistakes"]) == 0
    assert "For example, 501 times over:\n" in capsys.readouterr().out
    assert status(["explain", "not-utf8"]) == 0
    assert "For example, saved as latin-1:\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("code", "message"),
    [("shap", "there is no code `shap`; did you mean `shape`?"), ("zzzzzz", "`hdsl explain` lists them")],
)
def test_unknown_codes(code: str, message: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert status(["explain", code]) == 2
    assert message in capsys.readouterr().err
