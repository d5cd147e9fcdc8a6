"""Expressions with named indices, against einsum on numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hdsl.terms.term import Contraction
from tests.model.conftest import Checked, Numbers

HEAD = "dim n = 4, m = 3\ninput x[n]\ninput w[m]\nparam A[n, m] = 0\nparam B[n, n] = 0\nparam c[n, m, n] = 0\nconst alpha = 2\n"
SOURCE = np.random.default_rng(3)
GIVEN: dict[str, Any] = {
    name: SOURCE.normal(size=shape) for name, shape in {"x": 4, "w": 3, "A": (4, 3), "B": (4, 4), "c": (4, 3, 4)}.items()
} | {"t": 0.5, "tau": 1.0, "alpha": 2.0}
x, w, A, B, c = (GIVEN[name] for name in "xwABc")
DEFINED: dict[str, Any] = {
    "y[i, k] = sum[j](A[i, j]*A[k, j])": A @ A.T,
    "y[k, i] = A[i, k]": A.T,
    "y[i] = A[i, 0] + x[i]": A[:, 0] + x,
    "y[j, i] = x[i]*w[j] + alpha*A[i, j]": np.outer(w, x) + 2 * A.T,
    "y[i] = sum[j, k](c[i, j, k]*w[j]*x[k])": np.einsum("ijk,j,k->i", c, w, x),
    "y[i] = tanh(sum[j](A[i, j]*w[j]) + 1)": np.tanh(A @ w + 1),
    "y[i] = sum[j](max(A[i, j], w[j]))": np.maximum(A, w).sum(1),
    "y[i] = sum[j](A[i, j] + x[i])": (A + x[:, None]).sum(1),
    "y[i, j] = (x[i]^2 + 1)^w[j]": (x[:, None] ** 2 + 1) ** w,
    "y[i] = -x[i]/(1 + x[i]^2) * t": -x / (1 + x**2) * 0.5,
    "y[i] = (A @ w)[i]*sum(x)": A @ w * x.sum(),
    "y[i] = c[0, 1, i] + B[-1, i]": c[0, 1] + B[-1],
    "y[i] = B.T[0, i]": B[:, 0],
    "y[i, j] = B[i, j] - B[j, i]": B - B.T,
    "y = sum[i, j](B[i, j]*B[j, i])": np.trace(B @ B),
    "y = sum[i](x[i])^2 + sum[j](w[j])": x.sum() ** 2 + w.sum(),
    "y[i] = sum[j](A[i, j]*sum[l](A[l, j]*x[l]))": A @ (A.T @ x),
    "y[i] = clip(x[i], -alpha/4, 0.5)": np.clip(x, -0.5, 0.5),
    "y[i, j] = A[i, j] if x[i] > w[j] else x[i]": np.where(x[:, None] > w, A, x[:, None]),
    "y[i] = sum[j]((A[i, j] <= 0.1)*w[j])": (A <= 0.1) @ w,
    "y[i] = x[i] if max(x[i], 0) else alpha": np.where(x > 0, x, 2),
}


@pytest.mark.parametrize("written", DEFINED)
def test_entries_are_those_of_einsum(checked: Checked, numbers: Numbers, written: str) -> None:
    made = numbers(checked(f"{HEAD}let {written}\noutput o = y\n"), GIVEN)["y"]
    assert made.shape == np.shape(DEFINED[written])
    assert np.allclose(made, DEFINED[written], atol=1e-13)


def test_a_sum_of_products_is_one_contraction(checked: Checked) -> None:
    (definition,) = checked(f"{HEAD}output y = sum[i, j, k](c[i, j, k]*x[i]*w[j]*x[k])\n").definitions
    assert isinstance(definition.body, Contraction) and len(definition.body.factors) == 4


def test_a_part_is_made_at_its_own_indices_only(checked: Checked) -> None:
    model = checked(f"{HEAD}let y[i, j] = tanh(x[i] + 1)*w[j]\noutput o = y\n")
    sizes = {d.name: str(d.sizes) for d in model.definitions}
    assert sizes["y"] == "(n, m)"
    assert {one for name, one in sizes.items() if name not in ("y", "o")} == {"(n,)"}


def test_indices_are_not_names_that_are_read(said: Any) -> None:
    assert said(f"{HEAD}let y[i] = x[i]\noutput o = y + w[0] + sum(A) + sum(B) + sum(c) + alpha\ncost d = sum(o)\n") == []


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("y[x] = x[x]", "index-name"),
        ("y[i] = x[j]", "unknown-name"),
        ("y[i] = A[i, i]", "index-use"),
        ("y[i] = B[i, i]", "index-use"),
        ("y[i] = x[i+1]", "index-use"),
        ("y[i] = x[i] + w[i]", "index-sizes"),
        ("y[i] = x[i] + x", "index-use"),
        ("y[i] = mean(x[i])", "index-use"),
        ("y[i] = x[i]*i", "index-use"),
        ("y[i] = x[i, 0]", "index-use"),
        ("y[i] = x.T[i]*tanh(x[i], 1)", "arity"),
        ("y[i] = sum[i](x[i])", "index-name"),
        ("y[i] = [x[i], 1]", "index-use"),
        ("y[i] = B[i, 9]", "position"),
        ("y[i] = (x[i])[0]", "index-use"),
    ],
)
def test_a_misuse_is_one_finding(said: Any, written: str, code: str) -> None:
    assert [one for one, _, _ in said(f"{HEAD}let {written}\noutput o = x\n")] == [code]
