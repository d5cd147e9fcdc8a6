"""The flows of the measurement are what their matrices say, and errors are small where the input stands still alone."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.exact_steps import PAIR, Flow, drift, error, flows


@pytest.mark.parametrize("flow", flows(), ids=lambda flow: flow.name)
def test_an_input_that_stands_still_is_followed_and_one_that_moves_is_held(flow: Flow) -> None:
    assert error(flow, 3, moves=False) < 1e-13
    held = [error(flow, steps, moves=True) for steps in (64, 128)]
    assert held[0] / held[1] == pytest.approx(2, abs=0.15)


def test_euler_is_another_step() -> None:
    flow = flows()[0]
    assert error(flow, 64, moves=False, text=flow.text.replace("    step.h = exact\n", "")) > 0.01


def test_lengths_are_kept() -> None:
    turns = np.array([0.9, 0.2])
    still = Flow("still", PAIR, {"a": np.zeros(2), "b": turns}, np.zeros((4, 4)), np.zeros((4, 2)))
    assert 0 < drift(still, 200) < 2e-13
    fading = Flow("fading", PAIR, {"a": np.array([-0.1, -0.1]), "b": turns}, np.zeros((4, 4)), np.zeros((4, 2)))
    assert drift(fading, 200) > 0.9
