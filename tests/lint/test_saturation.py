from __future__ import annotations

from math import sqrt
from typing import Any

import numpy as np
import pytest

from hdsl.compiler import Compiler
from hdsl.lint.saturation import FAR, _Reading, saturated
from hdsl.syntax.source import Source

NET = """dim n = {n}
input u[n]
param W[n, n] = {start}
output y = {formula}
cost c = squared(y)
"""


@pytest.mark.parametrize(
    ("n", "start", "formula", "wanted"),
    [
        (1000, "normal(0, 1)", "tanh(W @ u)", "32"),
        (400, "uniform(-1, 1)", "sigmoid(W @ u)", "12"),
        (400, "normal(0, 1)", "softmax(W @ u)", "20"),
        (400, "normal(0, 1)", "tanh(0.8*(W @ u))", "16"),
        (400, "normal(0, 1)", "tanh(W @ tanh(W @ (5*u)))", "1e+02"),
        (99, "normal(0, 1)", "tanh(W @ u)", None),
        (1000, "normal(0, 1/sqrt(n))", "tanh(W @ u)", None),
        (1000, "glorot", "tanh(W @ u)", None),
        (1000, "he", "tanh(W @ u)", None),
        (1000, "orthogonal(2)", "tanh(W @ u)", None),
        (1000, "normal(0, 1)", "relu(W @ u)", None),
        (1000, "normal(0, 1)", "tanh(W @ u / sqrt(n))", None),
        (1000, "normal(1, 1)", "tanh(W @ u)", None),  # what does not begin about 0 is not followed
        (1000, "0", "tanh(W @ u)", None),
    ],
)
def test_sums_that_begin_far_out_are_told(n: int, start: str, formula: str, wanted: str | None) -> None:
    source = Source(NET.format(n=n, start=start, formula=formula))
    found = list(saturated(Compiler(source).model))
    assert [source.line_of(one.span) for one in found] == ([3] if wanted else [])
    assert all(f"a deviation of about {wanted};" in one.label for one in found)


def test_a_param_that_is_summed_up_with_nothing(told: Any) -> None:
    text = "param a = uniform(-1, 1)\noutput y = sigmoid(a * 1e6)\ntarget v\ncost c = (y - v)^2\n"
    assert told(saturated, text) == [("saturated", 1, "`a` begins so large that `sigmoid` has no slope")]


def test_kernels_count_their_field() -> None:
    # std of torch.nn.init: sqrt(2 / fan in) of he, sqrt(2 / (fan in + fan out)) of glorot, fan = channels * field
    for start, deviation in (("he", sqrt(2 / (3 * 25))), ("glorot", sqrt(2 / ((3 + 8) * 25)))):
        model = Compiler(Source(f"param K[8, 3, 5, 5] = {start}\noutput y = sum(K)\ncost c = y^2")).model
        assert _Reading(model).size["K"] == pytest.approx(deviation)


def test_one_param_is_told_of_once(told: Any) -> None:
    text = NET.format(n=400, start="normal(0, 1)", formula="tanh(W @ u) + sigmoid(W @ u)")
    assert len(told(saturated, text)) == 1


@pytest.mark.parametrize(("n", "deviation"), [(400, 1.0), (1000, 0.5), (64, 1.25)])
def test_the_bound_is_where_nine_of_ten_have_no_slope(n: int, deviation: float) -> None:
    """Drawn anew: the deviation of W u is as said, and at the bound few units of tanh have a slope above 0.01."""
    rng = np.random.default_rng(0)
    sums = np.array([rng.normal(0, deviation, n) @ rng.normal(0, 1, n) for _ in range(4000)])
    assert sums.std() == pytest.approx(deviation * sqrt(n), rel=0.05)
    slopes = 1 - np.tanh(sums * FAR / sums.std()) ** 2
    assert (slopes > 0.01).mean() < 0.25
