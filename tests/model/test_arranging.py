"""Calls that put entries in other places, against numpy on numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hdsl.model import scope
from hdsl.model.arranging import ARRANGING, TAKES
from hdsl.terms.term import Contraction, Elementwise
from tests.model.conftest import Checked, Numbers

HEAD = "dim n = 4, m = 3\ninput x[n]\ninput w[m]\ninput s\ninput A[n, m]\ninput B[n, n]\ninput k : index(n)\n"
GIVEN = {
    "x": np.arange(4.0) + 1,
    "w": np.arange(3.0) - 1,
    "s": np.array(2.0),
    "A": np.arange(12.0).reshape(4, 3),
    "B": np.arange(16.0).reshape(4, 4),
    "k": np.array(2),
    "t": 0.0,
    "tau": 1.0,
}
x, w, s, A, B = (GIVEN[name] for name in "xwsAB")
CASES: dict[str, Any] = {
    "concat(x, w, x)": np.concatenate([x, w, x]),
    "concat(A, B, axis=1)": np.concatenate([A, B], 1),
    "concat(A, A)": np.concatenate([A, A]),
    "concat(x)": x,
    "concat(x + 1, [5, 6])": np.concatenate([x + 1, [5, 6]]),
    "stack(x, 2*x)": np.stack([x, 2 * x]),
    "stack(x, 2*x, axis=-1)": np.stack([x, 2 * x], -1),
    "stack(s, 1, s)": np.stack([s, 1, s]),
    "reshape(A, m, n)": A.reshape(3, 4),
    "reshape(A, n*m)": A.reshape(12),
    "reshape(A, [n*m])": A.reshape(12),
    "reshape(x, 1, n, 1)": x.reshape(1, 4, 1),
    "reshape(A, n, m)": A,
    "permute(A, 1, 0)": A.T,
    "permute(A, [1, 0])": A.T,
    "permute(reshape(A, n, m, 1), 2, 0, 1)": A.reshape(4, 3, 1).transpose(2, 0, 1),
    "permute(A @ A.T, 1, 0)": (A @ A.T).T,
    "permute(A, -1, 0)": A.T,
    "outer(x, w)": np.outer(x, w),
    "outer(2*x, w)*s": np.outer(2 * x, w) * s,
    "inv(B + 20*eye(n))": np.linalg.inv(B + 20 * np.eye(4)),
    "solve(B + 20*eye(n), x)": np.linalg.solve(B + 20 * np.eye(4), x),
    "solve(B + 20*eye(n), A)": np.linalg.solve(B + 20 * np.eye(4), A),
    "solve(B + 20*eye(n), [1, 2, 3, 4])": np.linalg.solve(B + 20 * np.eye(4), x),
    "expm(diag(x))": np.diag(np.exp(x)),
    "diag(x)": np.diag(x),
    "diag(B)": np.diag(B),
    "eye(n)": np.eye(4),
    "eye(n, m)": np.eye(4, 3),
    "A @ eye(m)": A,
    "embed(A, k)": A[2],
    "embed(tanh(A), k)": np.tanh(A)[2],
    "one_hot(k)": np.eye(4)[2],
    "one_hot(k) @ A": A[2],
}


@pytest.mark.parametrize("written", CASES)
def test_calls_mean_what_they_mean_in_numpy(checked: Checked, numbers: Numbers, written: str) -> None:
    made = numbers(checked(f"{HEAD}output y = {written}\n"), GIVEN)["y"]
    assert made.shape == np.shape(CASES[written])
    assert np.allclose(made, CASES[written], atol=1e-14)


def test_every_function_is_told_what_it_takes() -> None:
    assert ARRANGING.keys() == TAKES.keys() == set(scope.ARRANGING)
    shown = {written.partition("(")[0] for written in CASES}
    assert ARRANGING.keys() <= shown | {"A"}


def test_an_outer_product_is_a_contraction_and_a_permutation_moves_indices_alone(checked: Checked) -> None:
    (outer,) = checked(f"{HEAD}output y = outer(x, w)\n").definitions
    assert isinstance(outer.body, Contraction) and outer.body.bound == ()
    (moved,) = checked(f"{HEAD}output y = permute(A, 1, 0)\n").definitions
    assert isinstance(moved.body, Elementwise)


def test_sizes_and_pieces_are_polynomials(checked: Checked) -> None:
    sizes = checked(f"{HEAD}output y = concat(x, w, x)\n").definitions[-1].sizes
    assert str(sizes) == "(m + 2*n,)"


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("concat()", "arity"),
        ("eye(n, n, n)", "arity"),
        ("diag(x, 1)", "arity"),
        ("embed(A, missing)", "unknown-name"),
        ("one_hot(x)", "arrangement"),
        ("eye(s)", "size-expression"),
        ("reshape(x, -1)", "size-value"),
        ("permute(x, 0.5)", "arrangement"),
        ("stack(x, w)", "shape"),
    ],
)
def test_a_wrong_call_is_one_finding(said: Any, written: str, code: str) -> None:
    assert [one for one, _, _ in said(f"{HEAD}output y = {written}\n")] == [code]
