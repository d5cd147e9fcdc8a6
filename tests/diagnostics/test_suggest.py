"""Which name is the nearest."""

from __future__ import annotations

import pytest

from hdsl.diagnostics.suggest import LONGEST_NAME, nearest


@pytest.mark.parametrize(
    ("name", "candidates", "answer"),
    [
        ("wieght", ["weight", "height", "state"], "weight"),
        ("parm", ["param", "state", "input"], "param"),
        ("Output", ["output", "input"], "output"),
        ("W_out", ["w_out", "W_in"], "w_out"),
        ("sigmod", ["sign", "sigmoid", "softmax"], "sigmoid"),
        ("x", ["y", "z"], None),
        ("velocity", ["position", "mass"], None),
        ("h", ["h"], None),  # the name itself is no answer
        ("ab1", ["ab3", "ab2"], "ab2"),  # equally near: the first by alphabet
        ("", ["a"], None),
        ("a", [], None),
    ],
)
def test_nearest(name: str, candidates: list[str], answer: str | None) -> None:
    assert nearest(name, candidates) == answer
    assert nearest(name, reversed(candidates)) == answer


def test_exact_case_goes_before_another_case() -> None:
    assert nearest("Wx", ["wxy", "Wxy"]) == "Wxy"


def test_very_long_names_are_not_compared() -> None:
    long = "a" * LONGEST_NAME
    assert nearest(long[:-1], [long]) == long
    assert nearest(long, [long + "a"]) is None
    assert nearest(long + "a", [long]) is None
