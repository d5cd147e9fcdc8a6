"""What a schedule needs of a model."""

from __future__ import annotations

from typing import Any

import pytest

TEXT = "ham 1\nconst e = 0.5\nstate x = e\nparam w = 1\nx' = -w*x\ncost c = x^2\nlearn\n    schedule = boundary\n"


def test_a_boundary_problem_has_an_end(found: Any) -> None:
    assert [one.code for one in found(TEXT)] == ["ends"]
    assert found(TEXT.replace("learn\n", "horizon 2\nlearn\n")) == []


@pytest.mark.parametrize(
    ("lines", "codes"),
    [
        ("    eta = 0.1\n", []),
        ("    eta.state = 0.5\n    eta.param = e\n", []),  # the same number
        ("    eta.state = 0.5\n", ["ends"]),
        ("    eta.x = 0.5\n    eta.w = 0.25\n", ["ends"]),
    ],
)
def test_one_dissipation(found: Any, lines: str, codes: list[str]) -> None:
    text = TEXT.replace("learn\n", "horizon 2\nlearn\n") + lines
    assert [one.code for one in found(text)] == codes


def test_tol_is_known_to_a_boundary_problem_alone(checked: Any) -> None:
    text = TEXT.replace("learn\n", "horizon 2\nlearn\n")
    assert checked(text).learning.values["tol"] == pytest.approx(1e-6)
    assert checked(text + "    tol = 1e-3\n").learning.values["tol"] == pytest.approx(1e-3)
    assert "tol" not in checked(text.replace("boundary", "online") + "    tol = 1e-3\n").learning.values
