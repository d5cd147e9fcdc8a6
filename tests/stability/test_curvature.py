"""Curvatures against the second derivatives that sympy takes of the model written out."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sympy

import hdsl
from hdsl.stability.curvature import Curvature, curvatures
from hdsl.stability.numbers import Numbers

HEAD = """dim n = 2, m = 3
input u[n]
target v[n]
const l = 0.5
const S[n] = [3, 1]
const X[m, n] = [[1, 2], [3, 4], [-1, 0.5]]
const B[n, m] = ones
param W[n, m] = normal(0, 1)
param w[n] = 1
param b[n] = 2
param r = 3
param z[n] = normal(0, 1)
"""


def found(text: str) -> dict[str, Curvature]:
    numbers = Numbers(hdsl.loads(text).product("model"))
    return curvatures(numbers)


COSTS = [
    "0.5*sum(S*w^2)",
    "squared(X @ w - B.T @ S)/2 + l*squared(w)",
    "mean((w - S)^2)",
    "w[0]*w[1]",
    "l*squared(W) + mean(W)",
    "squared(W @ B.T - w)",
    "sum(W)^2 - 2*squared(W)",
    "squared(sum(w)*S - b)",
    "sum(w*b)*3",
    "squared(r*S - w)",
    "squared(concat(w, b)[1:3])",
    "squared(W - W[0])",
    "squared(outer(w, S) @ S + l*w)",
    "squared(z)*l - r^2",
]


@pytest.mark.parametrize("cost", COSTS)
def test_the_curvature_is_the_largest_eigenvalue_of_what_sympy_derives(cost: str, written_out: Any) -> None:
    text = f"{HEAD}cost size = {cost}\n"
    _, values, given = written_out(text)
    total = sympy.flatten(values["size"])[0]
    told = found(text)
    for param in ("W", "w", "b", "r", "z"):
        entries = sympy.flatten(values[param])
        if total.free_symbols.isdisjoint(entries):
            assert param not in told
            continue
        rows = sympy.hessian(total, entries).subs(given)
        wanted = max(np.linalg.eigvalsh(np.array(rows, dtype=float)))
        assert told[param].value == pytest.approx(wanted), param
        assert told[param].whole


ALIKE = ["squared(W)", "mean(W^2)", "squared(3*W - outer(u, B[0]))", "sum(l*W^2) + sum(W)"]


@pytest.mark.parametrize("cost", ALIKE)
def test_many_entries_curve_as_few_do(cost: str) -> None:
    few = found(f"{HEAD}cost size = {cost}\n")["W"].value
    many = f"{HEAD}cost size = {cost}\n".replace("n = 2, m = 3", "n = 2000, m = 300").replace("[3, 1]", "ones")
    many = many.replace("[[1, 2], [3, 4], [-1, 0.5]]", "ones")
    assert found(many)["W"].value == pytest.approx(few / (100_000 if "mean" in cost else 1))


def test_what_arrives_does_not_change_what_it_only_shifts() -> None:
    assert found(f"{HEAD}cost size = squared(w - u - v)\n") == {"w": Curvature(2.0, "size", True)}


MOVING = [
    "squared(w*u)", "squared(tanh(w))", "sum(w^4)", "squared(w*b)", "sum(w^2)^2", "squared(X @ (u*w))", "r*squared(w)",
]  # fmt: skip


@pytest.mark.parametrize("cost", MOVING)
def test_a_curvature_that_moves_is_not_told(cost: str) -> None:
    assert "w" not in found(f"{HEAD}cost size = {cost}\n")


def test_of_some_costs_alone_it_is_not_the_whole() -> None:
    costs = "output y = tanh(w*u)\ncost fit = squared(y - v)\ncost decay = 3*squared(w)\n"
    assert found(f"{HEAD}{costs}") == {"w": Curvature(6.0, "decay", False)}
    one = "output y = tanh(w*u)\ncost both = squared(y - v) + 3*squared(w)\n"
    assert found(f"{HEAD}{one}") == {"w": Curvature(6.0, "both", False)}
    dynamics = "state h[n] = 0\nh' = w - h\noutput y = h\ncost decay = 3*squared(w)\n"
    assert found(f"{HEAD}{dynamics}") == {"w": Curvature(6.0, "decay", False)}


def test_curvatures_add_up_over_costs_and_through_definitions() -> None:
    text = "const l = 0.5\nparam W[2] = ones\nparam b[2] = ones\nlet d = 3*W - b\n"
    costs = "cost one = l*squared(d) + squared(W)/2\ncost two = 2*squared(b)\n"
    # ½ ‖3W − b‖² curves by 9 and 1, ½ ‖W‖² by 1, 2 ‖b‖² by 4.
    assert found(text + costs) == {"W": Curvature(10.0, "one", True), "b": Curvature(5.0, "two", True)}
