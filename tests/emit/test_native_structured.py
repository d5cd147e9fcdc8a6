"""Every structured operation is a row of the table of loops, or is left to torch by name."""

from __future__ import annotations

import pytest
import torch

import hdsl
from hdsl.emit.native_structured import LEFT_OUT, LOOPS
from hdsl.runtime.native_build import find_compiler
from hdsl.terms.structured import STRUCTURED
from tests.proofs.native_runs import CLOSE, differences, plain_builds


def test_every_row_is_in_one_of_the_two_tables() -> None:
    assert LOOPS.keys() | LEFT_OUT == STRUCTURED.keys()
    assert not LOOPS.keys() & LEFT_OUT


TEXT = """ham 1
input u[4]
input k : index(5)
target v[4]
target c : index(4)
state h[4] = 0.1
param W[4, 4] = normal(0, 1)
param E[5, 4] = normal(0, 1)
let p = concat(h[1:4], u[0:1])
let q = stack(h, p)
let r = reshape(q, 4, 2)
let m = W + diag(h) + 3 * eye(4)
next h = tanh(solve(m, u) + inv(m) @ p + embed(E, k) + r[:, 1] + softmax(q[0]) + q[1, 0:4:1])
output y = W @ h
output o = one_hot(k)
cost fit = 1/2 * squared(y - v) + cross_entropy(y, c) + logsumexp(h) + sum(o)
learn
    eta = 0.5
    beta = 0.01
"""


@pytest.mark.skipif(find_compiler() is None, reason="no C compiler is at hand")
@pytest.mark.parametrize("batch", [pytest.param(1, marks=pytest.mark.slow), 3])
def test_a_model_of_many_of_them_is_equal_to_torch(batch: int) -> None:
    with plain_builds():
        assert max(differences(hdsl.loads(TEXT), torch.float64, batch, 3, steps=5).values()) < CLOSE[torch.float64]
