"""Comparisons and conditionals as they are read: which row, of which arguments, at which sizes."""

from __future__ import annotations

import numpy as np
import pytest

from hdsl.terms.elementwise import RowFunction

HEAD = "dim n = 3, m = 2\ninput u[n]\nparam W[m, n] = 0\nparam r[m, 1] = 0\nstate s = 0\nconst a = 0.5\n"
VALUES = {"u": [-1.0, 0.0, 2.0], "W": [[0.5, 0.0, 3.0], [-2.0, 1.0, 0.0]], "r": [[-1.0], [1.0]], "s": 0.0, "a": 0.5}
CASES = {
    "u < 0": lambda u, W, r, s, a: u < 0,
    "u <= 0": lambda u, W, r, s, a: u <= 0,
    "u > 0": lambda u, W, r, s, a: u > 0,
    "u >= 0": lambda u, W, r, s, a: u >= 0,
    "u == 0": lambda u, W, r, s, a: u == 0,
    "u != 0": lambda u, W, r, s, a: u != 0,
    "W < u": lambda u, W, r, s, a: u > W,
    "(u > W)*(r > 0)": lambda u, W, r, s, a: (u > W) & (r > 0),
    "1 - (u > a)": lambda u, W, r, s, a: ~(u > a),
    "u if u > 0 else 0": lambda u, W, r, s, a: np.where(u > 0, u, 0),
    "u if u else 5": lambda u, W, r, s, a: np.where(u, u, 5),
    "W if r < 0 else u": lambda u, W, r, s, a: np.where(r < 0, W, u),
    "1 if s else W @ u": lambda u, W, r, s, a: np.where(s, 1, W @ u),
    "sum(u) if 1 > 0 else s": lambda u, W, r, s, a: u.sum(),
    "-u if u != 0 else (2 if W >= 1 else u - W)": lambda u, W, r, s, a: np.where(u != 0, -u, np.where(W >= 1, 2, u - W)),
    "tanh(u if a < 1 else W)": lambda u, W, r, s, a: np.tanh(np.broadcast_to(u, (2, 3))),
    "(u if u < 0 else 1).T @ u": lambda u, W, r, s, a: np.where(u < 0, u, 1) @ u,
    "log(u) if u > 0 else -1": lambda u, W, r, s, a: np.array([-1, -1, np.log(2.0)]),
}


@pytest.mark.parametrize("formula", CASES)
def test_each_is_what_numpy_makes_of_it(checked, numbers, formula):
    model = checked(HEAD + f"let y = {formula}\n")
    given = {name: np.array(value) for name, value in VALUES.items()}
    assert np.array_equal(numbers(model, VALUES)["y"], np.asarray(CASES[formula](**given), float))


def test_a_condition_of_constants_is_settled_at_once(checked):
    model = checked("const a = 2 if 1 < 3 else 7\nconst b = (a > 1) + 0.5\nconst c = 1/a if a else 0\nstate h = a\n")
    initial = {q.name: q.initial.arguments[0] for q in model.quantities.values()}
    assert initial["a"] == 2 and not isinstance(initial["a"], RowFunction)
    assert str(initial["b"]) == "where_less(1, a, 1, 0) + 1/2"


def test_every_mistake_in_a_conditional_is_told_and_only_that(said):
    text = HEAD + "let y = uu if ww > 0 else vv\nlet z = 1 if y > 0 else 2\noutput o = z\n"
    assert [code for code, _, _ in said(text)] == ["unknown-name"] * 3
