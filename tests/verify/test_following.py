"""The judge's exact step against closed forms, and that it holds all but the state."""

from __future__ import annotations

import math

import pytest
import torch

from hdsl.syntax.parse import parse
from hdsl.syntax.source import Source
from hdsl.verify.derivatives import point_at
from hdsl.verify.following import flows_at, followed, together
from hdsl.verify.written import Written

TEXT = """input u[2]
param w = 2
state h[2] = 0
state k = 1
let turned = [w*h[1], -w*h[0]]
h' = turned + k*u
k' = -w*k
learn
    step.h = exact
    step.k = exact
"""


@pytest.mark.parametrize("w", [2.0, 0.0, 1e-7])
@pytest.mark.parametrize("tau", [0.7, 1e-6])
def test_a_turning_state_with_what_pushes_it(w: float, tau: float) -> None:
    written = Written(parse(Source(TEXT))[0])
    assert written.exact == {"h", "k"}
    numbers = {"w": w, "k": 1.5, "h": [0.3, -0.4], "u": [1.0, 2.0]}
    values = {name: torch.tensor(value, dtype=torch.float64) for name, value in numbers.items()}
    point = point_at(written, values, {"u": values["u"]}, 0.0, tau)
    s = math.sin(w * tau) / w if w else tau
    c = 2 * math.sin(w * tau / 2) ** 2 / w if w else 0.0
    x, y, (a, b) = 0.3, -0.4, (1.5, 3.0)
    expected = [
        x * math.cos(w * tau) + y * math.sin(w * tau) + s * a + c * b,
        -x * math.sin(w * tau) + y * math.cos(w * tau) - c * a + s * b,
    ]
    assert followed(written, "h", point).tolist() == pytest.approx(expected, rel=1e-14)
    assert float(followed(written, "k", point)) == pytest.approx(1.5 * math.exp(-w * tau), rel=1e-15)
    assert flows_at(written, ["h"], point, torch.zeros(2, dtype=torch.float64)).tolist() == [1.5, 3.0]


def test_states_that_read_one_another_are_one() -> None:
    lines = ["state a = 0", "state b = 0", "state c = 0", "let q = b", "a' = q", "b' = c - b", "c' = c + a"]
    lines += ["learn", *(f" step.{name} = exact" for name in "abc")]
    written = Written(parse(Source("\n".join(lines)))[0])
    assert [together(written, name) for name in "abc"] == [["a", "b", "c"]] * 3
    one_way = Written(parse(Source("\n".join(lines).replace("c + a", "c")))[0])
    assert [together(one_way, name) for name in "abc"] == [["a"], ["b"], ["c"]]


def test_of_a_boundary_problem_nothing_is_followed() -> None:
    text = parse(Source(TEXT + "    schedule = boundary\nhorizon 1\n"))[0]
    assert Written(text).exact == frozenset()
