"""The account: the points that are told, the parts of the cost, and the line that is not finite."""

from __future__ import annotations

import numpy as np
import pytest

import hdsl
from hdsl.runtime.boundary.account import times
from hdsl.runtime.source.block import StreamError

MODEL = """ham 1
state x = 1
param k = 1
x' = -k*x
output y = 2*x
cost c = 3*x^2
cost d = 1/2
terminal goal = x
horizon 1
learn
    schedule = boundary
    phi = 1 + t
    beta = 0
    tau = 0.3
"""


def test_points_are_a_step_apart_and_the_end_is_one() -> None:
    np.testing.assert_allclose(times(1.0, 0.3), [0, 0.3, 0.6, 0.9, 1.0])
    np.testing.assert_allclose(times(1.0, 0.1), np.linspace(0, 1, 11))
    assert times(1.0, 2.0).tolist() == [0.0, 1.0]
    with pytest.raises(StreamError, match="set tau"):
        times(1e9, 0.01)


def test_each_part_of_the_cost_is_its_integral() -> None:
    solution = hdsl.loads(MODEL).solve()
    # ∫ (1 + t) 3 e^{−2t} dt and ∫ (1 + t)/2 dt from 0 to 1.
    t = np.linspace(0, 1, 200_001)
    integrand = (1 + t) * 3 * np.exp(-2 * t)
    wanted = float(((integrand[1:] + integrand[:-1]) / 2 * np.diff(t)).sum())
    assert solution.costs["c"] == pytest.approx(wanted, abs=1e-6)
    assert solution.costs["d"] == pytest.approx(0.75, abs=1e-9)
    assert solution.costs["goal"] == pytest.approx(np.exp(-1), abs=1e-6)
    assert pytest.approx(wanted + 0.75 + np.exp(-1), abs=1e-6) == solution.J
    assert "motion" not in solution.costs


def test_arrays_are_told_by_name_with_their_roles() -> None:
    solution = hdsl.loads(MODEL).solve()
    np.testing.assert_allclose(solution["x"], np.exp(-solution["t"]), atol=1e-6)
    np.testing.assert_allclose(solution["y"], 2 * solution["x"])
    assert solution.roles == {
        "t": "time", "x": "state", "z.x": "costate", "y": "output", "c": "cost", "d": "cost", "k": "param",
        "costate.k": "param costate", "H": "H",
    }  # fmt: skip
    assert all(len(value) == 5 for value in solution.arrays.values())
