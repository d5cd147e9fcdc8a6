"""Cells in one vector, slopes and conditions by name."""

from __future__ import annotations

import numpy as np

import hdsl
from hdsl.runtime.boundary.functions import Functions
from hdsl.runtime.boundary.numbers import numbered

TEXT = """ham 1
state x[2] = [1, 2]
state y = free
param W[2, 2] = [[1, 0], [0, 3]]
param k = free
x' = W @ x + k
y' = -y
cost run = squared(x) + y^2
terminal goal = x[0]^2
final x[1] == 5*y
horizon free = 2
learn
    schedule = boundary
    beta.W = 0.5
    beta.k = 0
"""


def functions() -> Functions:
    return numbered(hdsl.loads(TEXT).compiler).functions


def test_cells_lie_one_behind_another() -> None:
    own = functions()
    assert list(own.places) == ["x", "y", "W", "k", "z:x", "z:y", "w:W", "w:k", "J"] and own.size == 17
    y = np.arange(34.0).reshape(17, 2)
    cells = own.cells(y)
    assert cells["x"].tolist() == [[0, 2], [1, 3]] and cells["W"].shape == (2, 2, 2)
    assert cells["W"][1].tolist() == [[7, 9], [11, 13]] and cells["k"].tolist() == [14, 15]


def test_slopes_stand_where_their_cells_do() -> None:
    own, rng = functions(), np.random.default_rng(0)
    y = rng.normal(size=(17, 3))
    made = own.slope(np.array([0.0, 1.0, 2.0]), y)
    for point in range(3):
        c = y[:, point]
        x, v, W, k, zx, zy, wW = c[:2], c[2], c[3:7].reshape(2, 2), c[7], c[8:10], c[10], c[11:15].reshape(2, 2)
        np.testing.assert_allclose(made[:2, point], W @ x + k)
        np.testing.assert_allclose(made[2, point], -v)
        np.testing.assert_allclose(made[3:7, point].reshape(2, 2), -0.5 * wW)
        assert made[7, point] == 0
        np.testing.assert_allclose(made[8:10, point], -(2 * x + W.T @ zx))
        np.testing.assert_allclose(made[10, point], -(2 * v - zy))
        np.testing.assert_allclose(made[11:15, point].reshape(2, 2), -np.outer(zx, x))
        np.testing.assert_allclose(made[15, point], -zx.sum())
        np.testing.assert_allclose(made[16, point], x @ x + v**2 + 0.25 * (wW**2).sum())


def test_conditions_are_those_of_the_ends() -> None:
    own, rng = functions(), np.random.default_rng(1)
    y, p, end = rng.normal(size=(17, 2)), rng.normal(size=(1, 2)), np.array([1.0, 3.0])
    begin = own.beginnings(y)
    assert list(begin) == ["x", "z:y", "W", "w:k", "J"]
    np.testing.assert_allclose(begin["x"], y[:2] - [[1], [2]])
    np.testing.assert_allclose(begin["W"], y[3:7] - [[1], [0], [0], [3]])
    np.testing.assert_allclose(begin["z:y"], y[10:11])
    made = own.endings(y, p, end, free=True)
    assert list(made) == ["z:x", "z:y", "w:W", "w:k", "mu:0", "T"]
    np.testing.assert_allclose(made["z:x"], y[8:10] - np.stack([2 * y[0], p[0]]))
    np.testing.assert_allclose(made["z:y"], y[10:11] + 5 * p)
    np.testing.assert_allclose(made["mu:0"], y[1:2] - 5 * y[2:3])
    x, v, zx, zy = y[:2], y[2], y[8:10], y[10]
    f = np.einsum("ijm,jm->im", y[3:7].reshape(2, 2, 2), x) + y[7]
    hamiltonian = (x**2).sum(0) + v**2 + (zx * f).sum(0) - zy * v - 0.25 * (y[11:15] ** 2).sum(0)
    np.testing.assert_allclose(made["T"][0], hamiltonian)


def test_there_are_as_many_conditions_as_equations_and_unknowns() -> None:
    own = functions()
    for free in (False, True):
        problem = own.problem(free)
        made = problem.ends(np.zeros((17, 4)), np.zeros((17, 4)), np.zeros((1, 4)), np.ones(4))
        assert made.shape == (problem.conditions, 4) and problem.conditions == 18 + free


def test_conditions_at_the_end_may_stand_elsewhere_on_the_way() -> None:
    own = functions()
    given = np.zeros((17, 1)), np.ones((17, 1)), np.zeros((1, 1)), np.ones(1)
    moved = own.problem(False, np.array([2.0])).ends(*given) - own.problem(False).ends(*given)
    assert moved[-1, 0] == -2 and not moved[:-1].any()
