"""Subscripts as definitions, against numpy on numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hdsl.terms.term import Elementwise, Structured, size
from tests.model.conftest import Checked, Numbers

HEAD = "dim n = 5, m = 3\ninput x[n]\ninput W[n, m]\ninput q[2*m]\ninput k : index(n)\ninput c : index(m)\n"
X, W, Q = np.arange(5.0), np.arange(15.0).reshape(5, 3), np.arange(6.0)
CASES: dict[str, Any] = {
    "x[0]": X[0],
    "x[-1]": X[-1],
    "x[n - 2]": X[3],
    "x[-m]": X[-3],
    "x[1:n]": X[1:],
    "x[:-1]": X[:-1],
    "x[-2:]": X[-2:],
    "x[::-1]": X[::-1],
    "x[3:0:-1]": X[3:0:-1],
    "x[-2::-1]": X[-2::-1],
    "q[::2]": Q[::2],
    "q[1::2]": Q[1::2],
    "q[::-2]": Q[::-2],
    "q[1:2*m - 1:2]": Q[1:5:2],
    "x[0:4][::2]": X[:4:2],
    "W[0]": W[0],
    "W[:, 0]": W[:, 0],
    "W[1:, -1]": W[1:, -1],
    "W[2, 1]": W[2, 1],
    "W[1:3, ::-1]": W[1:3, ::-1],
    "x[:, None]": X[:, None],
    "x[None]": X[None],
    "W[:, None, 1:]": W[:, None, 1:],
    "W[0, None]": W[0, None],
    "(x[:, None] + W[:, 0][None, :])": X[:, None] + W[:, 0][None],
    "x[:, None]*W": X[:, None] * W,
    "(2*x + 1)[1:n]": (2 * X + 1)[1:],
    "x[k]": X[2],
    "W[k]": W[2],
    "W[k, 1:]": W[2, 1:],
    "W.T[c]": W.T[1],
}


@pytest.mark.parametrize("written", CASES)
def test_subscripts_mean_what_they_mean_in_numpy(checked: Checked, numbers: Numbers, written: str) -> None:
    model = checked(f"{HEAD}output y = {written}\n", settings={})
    given = {"x": X, "W": W, "q": Q, "k": np.array(2), "c": np.array(1), "t": 0.0, "tau": 1.0}
    made = numbers(model, given)["y"]
    expected = np.asarray(CASES[written])
    assert made.shape == expected.shape
    assert np.array_equal(made, expected)


def test_what_takes_all_is_the_quantity_itself(checked: Checked) -> None:
    (definition,) = checked(f"{HEAD}output y = x[:]\n").definitions
    assert isinstance(definition.body, Elementwise)


def test_a_new_axis_that_meets_another_leaves_no_definition(checked: Checked) -> None:
    model = checked(f"{HEAD}output y = x[:, None]*W\n")
    assert [d.name for d in model.definitions] == ["y"]


def test_lengths_are_polynomials(checked: Checked) -> None:
    n, m = size("n"), size("m")
    wanted = {"x[1:n]": (n - 1,), "q[m:]": (m,), "q[::2]": (m,), "q[1:2*m:2]": (m,), "x[0:4:3]": (2,)}
    wanted |= {"W[m - 2:n, 1:]": (n - m + 2, m - 1)}
    for written, sizes in wanted.items():
        assert checked(f"{HEAD}output y = {written}\n").definitions[-1].sizes == sizes


def test_positions_without_numbers_are_judged_by_their_polynomials(checked: Checked, said: Any) -> None:
    head = "dim n, m\ninput x[n]\ninput z[n + m]\n"
    assert checked(f"{head}output y = z[n:] + z[:m] + z[n - 1]\n")
    assert [code for code, _, _ in said(f"{head}output y = x[n]\n")] == ["position"]
    assert [code for code, _, _ in said(f"{head}output y = x[0:n + 1]\n")] == ["position"]
    assert [code for code, _, _ in said(f"{head}output y = x[n:n]\n")] == ["position"]


def test_numbers_given_from_outside_are_held_against_ranges(checked: Checked, found: Any) -> None:
    text = "dim n = 5\ninput x[n]\noutput y = x[0:4]\n"
    assert checked(text, dims={"n": 4})
    assert [one.code for one in found(text, dims={"n": 3})] == ["position"]


def test_a_slice_is_one_definition_for_all_its_subscripts(checked: Checked) -> None:
    model = checked(f"{HEAD}output y = W[1:3, 0]\n")
    (definition,) = model.definitions
    assert isinstance(definition.body, Structured) and definition.body.row == "slice"
