"""The judge finds what is wrong with a path, each wrong thing by itself."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import hdsl
from hdsl.runtime.boundary.guesses import Task, ways
from hdsl.runtime.boundary.judge import autonomous, judge
from hdsl.runtime.boundary.numbers import Numbered, numbered
from hdsl.runtime.boundary.two_point import Attempt

TEXT = """ham 1
state x = 1
control a in [-{0}, {0}]{1}
x' = a
cost run = x^2/2 + a^2/2
horizon 2
learn
    schedule = boundary
"""


def solved(text: str) -> tuple[Numbered, Attempt]:
    problem = numbered(hdsl.loads(text).compiler)
    return problem, next(ways(Task(problem.functions, 2.0, False, 1e-6, 2000), None))[1]


def judged(problem: Numbered, attempt: Attempt, **changed: Any) -> Any:
    return judge(replace(problem.functions, **changed), attempt, False, problem.bounds)


@pytest.mark.parametrize("bound", ["inf", "0.3"])
def test_a_solution_passes(bound: str) -> None:
    problem, attempt = solved(TEXT.format(bound, ""))
    found = judged(problem, attempt)
    assert found.largest <= 1e-6 and found.minimum < 1e-9 and found.stationarity < 1e-9 and found.hamiltonian < 1e-6


def test_conditions_that_do_not_hold_are_found() -> None:
    problem, attempt = solved(TEXT.format("inf", ""))
    y = attempt.path.y.copy()
    y[problem.functions.places["x"], 0] += 0.25
    assert judged(problem, replace(attempt, path=replace(attempt.path, y=y))).begin == pytest.approx(0.25)
    y = attempt.path.y.copy()
    y[problem.functions.places["z:x"], -1] += 0.5
    assert judged(problem, replace(attempt, path=replace(attempt.path, y=y))).end == pytest.approx(0.5)


def test_a_control_that_does_not_minimise_is_found() -> None:
    problem, attempt = solved(TEXT.format("inf", ""))
    choose = problem.functions.choose
    found = judged(problem, attempt, choose=lambda given: {"a": choose(given)["a"] + 0.5})
    assert found.stationarity > 0.1 and found.minimum > 0.05


def test_a_maximum_is_stationary_and_no_minimum() -> None:
    # H′ = x²/2 + a⁴/4 − a²/2 + z a has a stationary hump near a = 0 between two valleys.
    text = TEXT.format("2", " gradient").replace("a^2/2", "(a^4/4 - a^2/2)")
    problem, attempt = solved(text)
    zeros = lambda given: {"a": np.zeros(given[":batch"])}  # noqa: E731
    flat = replace(attempt, path=replace(attempt.path, y=0 * attempt.path.y, f=0 * attempt.path.y))
    found = judged(problem, flat, choose=zeros)
    assert found.stationarity < 1e-12 and found.minimum > 0.1


def test_a_declared_rule_is_not_held_to_a_minimum() -> None:
    problem, attempt = solved(TEXT.format("inf", " given -x"))
    found = judged(problem, attempt)
    assert found.minimum is None and found.stationarity is None and found.hamiltonian is None


def test_h_may_move_where_something_reads_the_time() -> None:
    assert autonomous(numbered(hdsl.loads(TEXT.format("inf", "")).compiler).functions)
    moving = TEXT.format("inf", "").replace("x' = a", "x' = a + sin(t)")
    assert not autonomous(numbered(hdsl.loads(moving).compiler).functions)
    arriving = TEXT.format("inf", "").replace("x' = a", "input u\nx' = a + u")
    signals = lambda t: {"u": 0 * t}  # noqa: E731
    assert not autonomous(numbered(hdsl.loads(arriving).compiler, signals=signals).functions)
    growing = TEXT.format("inf", "") + "    eta = 1\n"
    assert not autonomous(numbered(hdsl.loads(growing).compiler).functions)
