"""Whether a matrix of consts is positive definite, by its pivots; test_stationarity.py judges that it is the right one."""

from __future__ import annotations

import pytest

from hdsl.compiler import Compiler
from hdsl.derive.stationarity import derive_stationarity
from hdsl.syntax.source import Source

TEXT = """ham 1
dim n = 2
const s = 2
const R[n, n] = {matrix}
state x[n] = 0
control a[n]{bounds}
x' = -x + a
cost c = {cost}
"""


def kind(matrix: str) -> str:
    source = Source(TEXT.format(matrix=matrix, cost="dot(a, R @ a)", bounds=""), "m.ham")
    return derive_stationarity(Compiler(source).model).forms["a"].kind


@pytest.mark.parametrize(
    ("matrix", "found"),
    [
        ("[[2, 1], [1, 2]]", "closed"),
        ("[[2, 3], [1, 2.1]]", "closed"),  # only the symmetric part counts: 2 2.1 > 2²
        ("[[2, 3], [1, 2]]", "coupled"),
        ("[[1, 2], [2, 1]]", "coupled"),
        ("[[1, 1], [1, s/2]]", "coupled"),
        ("eye", "closed"),
        ("1", "coupled"),
        ("normal(0, 1)", "coupled"),
    ],
)
def test_positive_definite(matrix: str, found: str) -> None:
    if found == "closed":
        assert kind(matrix) == found
        return
    source = Source(TEXT.format(matrix=matrix, cost="dot(a, R @ a)", bounds=""), "m.ham")
    assert [one.code for one in Compiler(source).diagnostics] == ["coupled-control"]
