"""Where Newton's method begins: paths that fulfil what they are to, and each way leading to the solution by itself."""

from __future__ import annotations

import numpy as np
import pytest

import hdsl
from hdsl.runtime.boundary.functions import Functions
from hdsl.runtime.boundary.guesses import WAYS, Task, from_near, line, rolled, still, wanted_end, ways
from hdsl.runtime.boundary.numbers import numbered
from hdsl.runtime.boundary.two_point import Attempt

ENERGY = """ham 1
state x = 0
state v = 0
control a
x' = v
v' = a
cost effort = a^2/2
final x == 1
final v == 0
horizon {}
learn
    schedule = boundary
"""


def functions(text: str) -> Functions:
    return numbered(hdsl.loads(text).compiler).functions


def task(text: str, end: float = 2.0, free: bool = False) -> Task:
    return Task(functions(text), end, free, 1e-6, 2000)


def test_the_beginning_is_that_of_the_file() -> None:
    own = functions("ham 1\nstate x = 2*k\nparam k = 3\nx' = -k*x\ncost c = x^2\nhorizon 1\nlearn\n    schedule = boundary\n")
    y = still(own)
    assert y[own.places["k"]] == 3 and y[own.places["x"]] == 6 and not y[own.places["z:x"]].any()


def test_a_line_leads_to_what_the_conditions_want() -> None:
    made = line(task(ENERGY.format(2)))
    own = functions(ENERGY.format(2))
    assert made.y[own.places["x"]][0].tolist() == pytest.approx(np.linspace(0, 1, 51).tolist())
    assert not made.y[own.places["v"]].any()
    curved = functions(ENERGY.replace("final v == 0", "final v^2 + x^2 == 2").format(2))
    end = wanted_end(curved, still(curved) + 0.1, 2.0)
    x, v = end[curved.places["x"]][0], end[curved.places["v"]][0]
    assert x == pytest.approx(1) and v**2 + x**2 == pytest.approx(2)


def test_a_path_that_is_rolled_fulfils_its_own_equations() -> None:
    # ẋ = −x from 1, and back ż = −2x + z from z(1) = 0: x = e^{−t}, z = e^{−t} − e^{t−2}.
    text = "ham 1\nstate x = 1\nparam k = 1\nx' = -x\ncost c = x^2\ncost d = k^2\nhorizon 1\nlearn\n    schedule = boundary\n"
    own = task(text, 1.0)
    made = rolled(own)
    assert made is not None
    places = own.functions.places
    np.testing.assert_allclose(made.y[places["x"]][0], np.exp(-made.s), atol=1e-5)
    np.testing.assert_allclose(made.y[places["z:x"]][0], np.exp(-made.s) - np.exp(made.s - 2), atol=5e-3)


def test_what_blows_up_is_no_guess() -> None:
    text = "ham 1\nstate x = 3\nparam k = 1\nx' = x^2\ncost c = x^2 + k\nhorizon 1\nlearn\n    schedule = boundary\n"
    assert rolled(task(text, 1.0)) is None


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("free", [False, True])
def test_each_way_leads_to_the_solution(way: str, free: bool) -> None:
    text = ENERGY.format("free = 2" if free else 2).replace("cost", "cost time = 1\ncost" if free else "cost", 1)
    attempt = WAYS[way](task(text, 2.0, free))
    assert isinstance(attempt, Attempt) and attempt.why == "" and attempt.largest <= 1e-6
    assert attempt.path.end == pytest.approx(18**0.25 if free else 2, abs=1e-6)


def test_a_former_solution_comes_first_and_fits_another_length() -> None:
    short = next(ways(task(ENERGY.format(2)), None))[1].path
    long = task(ENERGY.format(3), 3.0)
    way, attempt = next(ways(long, short))
    assert way == "a former solution" and attempt.why == "" and attempt.path.end == 3
    assert from_near(long, short).largest <= 1e-6
