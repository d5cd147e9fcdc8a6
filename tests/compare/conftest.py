"""Differences between texts."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import hdsl
from hdsl.compare.differences import Differences
from hdsl.show.differences import Comparison

TEXT = """dim n = 3, m = 2
input u[m]
target v[n]
state h[n] = 0
param W[n, n] = normal(0, 0.5)
param U[n, m] = normal(0, 0.5)
param C[n, n] = glorot
h' = -h + tanh(W @ h + U @ u)
output y = C @ h
cost fit = 1/2*squared(y - v)
learn
    order = sequential
    tau = 0.5
    eta = 1
    beta = 0.05
"""


@pytest.fixture
def base() -> str:
    return TEXT


@pytest.fixture
def differences() -> Callable[[str, str], Differences]:
    def make(old: str, new: str) -> Differences:
        return Comparison(hdsl.loads(old).equations, hdsl.loads(new).equations, ("a.ham", "b.ham")).found

    return make
