from __future__ import annotations

from pathlib import Path

import pytest

from hdsl.cli import new
from hdsl.compiler import Compiler
from hdsl.lint.lints import lints
from hdsl.resources import folder
from hdsl.syntax.gather import gather
from hdsl.syntax.source import Source

TEMPLATES = Path(new.__file__).parent / "templates"
SHIPPED = (*sorted(folder("models").glob("*.ham")), *sorted(TEMPLATES.glob("*.ham")))


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_nothing_is_said_of_what_ships(path: Path) -> None:
    source = gather(Source(path.read_text(encoding="utf-8").replace("NAME", "name"), path.name), path.parent)
    assert Compiler(source).diagnostics == ()


def test_lints_of_all_kinds_stand_in_the_order_of_the_text() -> None:
    text = (
        "dim n = 400\ninput u[n]\ntarget v[n]\nstate h[n] = 0\nstate g = 0\nparam W[n, n] = normal(0, 1)\n"
        "h' = -3*h + tanh(W @ u)\ng' = -g\ncost one = squared(W @ h - v)\ncost two = 1e-7*squared(W @ u - v)\n"
    )
    found = lints(Compiler(Source(text)).model)
    assert [one.code for one in found] == ["zero-costate", "saturated", "unstable-step", "small-cost"]


def test_a_place_that_instances_share_is_told_of_once() -> None:
    text = (
        "component leak(x) {\n    state s = 0\n    s' = x - 3*s\n    return s\n}\n"
        "input u\noutput a = leak(u)\noutput b = leak(2*u)\n"
    )
    found = lints(Compiler(Source(text)).model)
    assert [(one.code, one.message) for one in found] == [("unstable-step", "the step of `a.s` is unstable")]
