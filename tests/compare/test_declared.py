from __future__ import annotations

from typing import Any

import pytest

from hdsl.compare.declared import declared, settings
from hdsl.compiler import Compiler
from hdsl.syntax.source import Source


def told(function: Any, old: str, new: str, renamed: dict[str, str] | None = None) -> list[tuple[str, str, str]]:
    models = (Compiler(Source(text)).model for text in (old, new))
    return [(one.what, one.old, one.new) for one in function(*models, renamed or {})]


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        ("n = 3", "n = 4", ("dim n", "3", "4")),
        ("dim n = 3", "dim n", ("dim n", "3", "no number")),
        ("h[n] = 0", "h[n] = 1", ("h", "state h[n] = 0", "state h[n] = 1")),
        ("W[n, n]   = normal(0, 1)", "W[n, n] = glorot", ("W", "param W[n, n] = normal(0, 1)", "param W[n, n] = glorot")),
        ("W[n, n]   = normal(0, 1)", "W[n, n] = normal(0,1)", None),
        ("input u[n]", "input u[n]\nconst k = 2", ("k", "", "const k = 2")),
    ],
)
def test_what_is_declared_otherwise(old: str, new: str, wanted: tuple[str, str, str] | None, base: str) -> None:
    text = "dim n = 3\ninput u[n]\nstate h[n] = 0\nparam W[n, n]   = normal(0, 1)\nh' = W @ h + u\ncost c = squared(h)\n"
    assert old in text
    assert told(declared, text, text.replace(old, new)) == ([wanted] if wanted else [])


@pytest.mark.parametrize(
    ("old", "new", "wanted"),
    [
        ("order = sequential", "order = simultaneous", ("order", "sequential", "simultaneous")),
        ("tau = 0.5", "tau = 0.25", ("tau", "0.5", "0.25")),
        ("tau = 0.5", "tau = 1/3", ("tau", "0.5", "1/3")),
        ("eta = 1", "eta = 2", ("eta", "1", "2")),
        ("eta = 1", "eta = 1\n    eta.W = 2", ("eta of W", "1", "2")),
        ("eta = 1", "eta = 1\n    eta.param = 3", ("eta of W, U, C", "1", "3")),
        ("beta = 0.05", "beta = 0.05\n    beta.C = 0", ("beta of C", "0.05", "0")),
        ("eta = 1", "eta = 1\n    phi = 2", ("phi", "1", "2")),
        ("eta = 1", "eta = 1\n    first = undamped", ("first", "damped", "undamped")),
        ("learn\n", "reset h never\nlearn\n", ("reset h", "each sequence", "never")),
    ],
)
def test_what_is_set_otherwise(old: str, new: str, wanted: tuple[str, str, str], base: str) -> None:
    assert told(settings, base, base.replace(old, new)) == [wanted]
    assert told(settings, base, base) == []


def test_a_setting_from_outside_has_no_line(base: str) -> None:
    old, new = Compiler(Source(base)).model, Compiler(Source(base), settings={"tau": 0.1, "eta": 3, "beta.C": 0}).model
    found = {one.what: one for one in settings(old, new, {})}
    assert [(one.what, one.old, one.new) for one in found.values()] == [
        ("tau", "0.5", "0.1"), ("eta", "1", "3"), ("beta of C", "0.05", "0")]
    assert all(one.old_span is not None and one.new_span is None for one in found.values())


def test_the_state_of_a_delay_is_told_as_one() -> None:
    text = "input u\nparam w = 1\nlet a = {}\ncost c = squared(a)\n"
    found = told(declared, text.format("w*u"), text.format("delay(w*u)"))
    assert found == [("a.delay", "", "state a.delay, which a delay keeps")]


def test_settings_follow_a_renamed_quantity(base: str) -> None:
    other = base.replace("W", "V")
    assert told(settings, base, other.replace("eta = 1", "eta = 1\n    eta.V = 2"), {"W": "V"}) == [("eta of V", "1", "2")]
    assert told(declared, base, other, {"W": "V"}) == []


def test_a_step_of_its_own_is_told_with_its_line() -> None:
    text = "input u\nstate h = 0\nh' = u - h\ncost c = squared(h)\nlearn\n    eta = 1\n"
    old, new = Compiler(Source(text)).model, Compiler(Source(text + "    step.h = exact\n")).model
    (found,) = settings(old, new, {})
    assert (found.what, found.old, found.new, found.old_span) == ("step.h", "euler", "exact", None)
    assert found.new_span == new.learning.spans["step.h"]
    (back,) = settings(new, old, {})
    assert (back.old, back.new, back.old_span) == ("exact", "euler", found.new_span)
