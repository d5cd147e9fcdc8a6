from __future__ import annotations

from typing import Any

import pytest

from hdsl.lint.scales import far_apart, max_or_none

HEAD = "dim n = 1000\ninput u[n]\ntarget v[n]\nconst l = {l}\nparam W[n] = ones\nlet e = W*u - v\n"


@pytest.mark.parametrize(
    ("l", "costs", "wanted"),
    [
        ("1e-6", ("squared(e)", "l*squared(e + u)"), [8]),
        ("1e-6", ("l/4*squared(e)", "squared(e + u)"), [7]),
        ("1e-6", ("1e3*squared(e)", "1e-3*squared(e + u)", "squared(e - u)"), [8]),
        ("1e-6", ("squared(e)", "l*squared(W)"), []),  # weight decay
        ("1e-5", ("squared(e)", "l*squared(2*e)"), []),
        ("1e-6", ("l*squared(e)", "l*squared(2*e)"), []),
        ("1e-6", ("sum(e*e)", "mean(e^4)/1e3"), []),  # a mean is not small for being one
        ("1e-6", ("l*squared(e)",), []),
        ("1e-6", ("l*squared(e) + squared(2*e)", "squared(3*e)"), []),
        ("normal(0, 1)", ("l*squared(e)", "1e7*squared(3*e)"), []),
    ],
)
def test_costs_of_a_target_whose_factors_lie_far_apart(l: str, costs: tuple[str, ...], wanted: list[int], told: Any) -> None:  # noqa: E741
    text = HEAD.format(l=l) + "".join(f"cost c{k} = {cost}\n" for k, cost in enumerate(costs))
    assert [line for _, line, _ in told(far_apart, text)] == wanted


def test_the_largest_of_known_numbers() -> None:
    assert max_or_none([1.0, 3.0]) == 3.0
    assert max_or_none([1.0, None]) is None and max_or_none([]) is None
