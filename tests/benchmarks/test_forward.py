"""What narrows the gap: the steps by hand are those of hdsl, and looking ahead to the end is the optimum."""

from __future__ import annotations

import pytest

from benchmarks.control.forward import bounded, every, forward, forward_in_time, problem, receding, stepped, table
from hdsl.runtime.boundary.solve import solve_boundary


@pytest.mark.parametrize(("eta", "beta"), [(0.1, 1.0), (0.5, 0.3)])
def test_steps_by_hand_are_those_of_a_module(eta: float, beta: float) -> None:
    by_hand = stepped(eta, beta, forward_in_time)
    assert by_hand == pytest.approx(forward({"order": "simultaneous"}, eta=eta, beta=beta), rel=1e-9)


def test_a_sign_that_never_changes_is_that_of_a_forward_run() -> None:
    plain = stepped(0.5, 0.3, forward_in_time)
    assert stepped(0.5, 0.3, every(2.0, 1.0)) == plain
    assert stepped(0.5, 0.3, bounded(1e6)) == plain
    assert stepped(0.5, 0.3, every(2.0, 0.5)) != pytest.approx(plain, rel=1e-2)


def test_who_sees_to_the_end_finds_the_optimum() -> None:
    """Steps of Heun's method and trapezoids of 0.005, from solutions to 1e-5."""
    best = solve_boundary(problem()).J
    assert receding(12.0, again=3.0) == pytest.approx(best, rel=1e-4)
    assert receding(2.0, again=1.0) > best * 1.1


def test_a_table_is_one() -> None:
    assert list(table(["a", "b"], [["1", "2"]])) == ["| a | b |", "|---|---|", "| 1 | 2 |"]
