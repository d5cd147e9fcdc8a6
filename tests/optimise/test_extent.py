"""How many products the largest line of a program takes."""

from __future__ import annotations

import pytest

import hdsl
from hdsl.optimise.extent import largest

NET = "dim n = 8, q = 2*n\ninput u[n]\ntarget v[n]\nparam W[q, n] = 0.1\noutput y = W.T @ (W @ u)\ncost c = squared(y - v)\n"
TURN = "dim n = 30\nstate h[n] = 0\nparam A[n, n] = eye\nnext h = inv(A) @ h\noutput y = h\n"


@pytest.mark.parametrize(
    ("text", "dims", "wanted"),
    [(NET, {}, 16 * 8), (NET, {"n": 100}, 200 * 100), (TURN, {}, 30**3), ("param w = 1\ncost c = w^2\n", {}, 1)],
)
def test_the_largest_line_counts(text: str, dims: dict[str, int], wanted: int) -> None:
    model = hdsl.loads(text, **dims)
    assert largest(model.product("program").learn, model.product("model").dims) == wanted == model.compiler.largest


def test_a_size_without_a_number_counts_as_nothing() -> None:
    model = hdsl.loads(NET.replace("n = 8", "n"))
    assert largest(model.product("program").learn, model.product("model").dims) <= 1
