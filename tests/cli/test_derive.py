"""`hdsl derive`."""

from __future__ import annotations

import json

import pytest

from hdsl.cli.derive import FORMATS
from hdsl.cli.main import status


@pytest.mark.parametrize(
    ("layout", "holds"),
    [
        ("text", "ż = φ Cᵀe + Wᵀā − z − η z"),
        ("latex", r"\dot{z} &= \varphi C^{\top} e"),
        ("markdown", "```math"),
        ("html", "<math"),
        ("json", '"costate.h"'),
        ("mathml", "<math"),
    ],
)
def test_every_format(layout: str, holds: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert status(["derive", "sunspots", "--format", layout]) == 0
    assert holds in capsys.readouterr().out


def test_no_format_is_untested() -> None:
    (mark,) = test_every_format.pytestmark  # type: ignore[attr-defined]
    assert {layout for layout, _ in mark.args[1]} == set(FORMATS)


def test_only_one_equation_in_index_form(capsys: pytest.CaptureFixture[str]) -> None:
    assert status(["derive", "sunspots", "--only", "costate.h", "--form", "index", "--format", "json"]) == 0
    page = json.loads(capsys.readouterr().out)
    (row,) = page["sections"][-1]["rows"]
    assert row["equations"][0]["name"] == "dot:z:h"
    assert "Σ" in row["equations"][0]["text"]


def test_an_unknown_equation_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert status(["derive", "sunspots", "--only", "costat.h"]) == 2
    assert "did you mean `costate.h`?" in capsys.readouterr().err


def test_why_an_equation_is_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert status(["derive", "sunspots", "--why", "costate.h"]) == 0
    told = capsys.readouterr().out
    assert "φ Cᵀe    cost fit, line 20         cost fit = 1/2 * squared(y - v)\n" in told
    assert "fit (20) → e (20) → y (18) → C h (18) → h\n" in told
    assert status(["derive", "sunspots", "--why", "costate.h", "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["path"] == "costate.h"


def test_why_wants_an_equation_and_a_format_that_it_has(capsys: pytest.CaptureFixture[str]) -> None:
    assert status(["derive", "sunspots", "--why", "costat.h"]) == 2
    assert "did you mean `costate.h`?" in capsys.readouterr().err
    assert status(["derive", "sunspots", "--why", "costate.h", "--format", "latex"]) == 2
    assert "--why is shown as text, json, markdown, html; found --format latex" in capsys.readouterr().err
