from __future__ import annotations

from typing import Any

import pytest
import sympy

from hdsl.terms.term import slot

TEXT = """dim n = 4
const alpha = 0.5
const A[2] = [1, 2]
state h = 0
h' = -alpha*h*A[0]
learn
    eta = 1
""".replace("*A[0]", "*sum(A)")


def test_settings_from_outside_take_the_place_of_the_file_s(checked: Any) -> None:
    found = checked(TEXT, settings={"eta": 0.1, "tau": "1/n", "order": "semi-implicit", "eta.h": "alpha"}).learning
    assert found.values["tau"] == 1 / sympy.Symbol("n", integer=True, positive=True)
    assert found.values["eta.h"] == slot("alpha")
    assert found.order == "semi-implicit"
    assert found.eta == {"h": "eta.h"}


def test_numbers_are_read_as_they_are_written(checked: Any) -> None:
    model = checked(TEXT, settings={"alpha": 0.1, "eta": 1e-7, "tau": 2})
    assert model.quantities["alpha"].initial.arguments == (sympy.Rational(1, 10),)
    assert model.learning.values == {"tau": 2, "eta": sympy.Rational(1, 10**7)}


def test_consts_with_sizes_can_be_set(checked: Any) -> None:
    assert checked(TEXT, settings={"A": "[3, 4]"}).quantities["A"].initial.values == (3, 4)


def test_a_value_from_outside_is_checked_like_one_of_the_file(said: Any) -> None:
    assert said(TEXT, settings={"eta": -1.0}) == [("setting-value", 6, "it is -1")]
    assert said(TEXT, settings={"order": "sorted"}) == [
        ("setting-value", 6, "`sequential`, `simultaneous` or `semi-implicit` is expected")
    ]
    assert said(TEXT, settings={"A": "[3]"}) == [("list-shape", 6, "1 entry, 2 wanted")]
    assert said(TEXT, settings={"alpha": "alpha"})[0][0] == "cycle"


def test_the_file_s_own_value_of_what_is_replaced_does_not_count(checked: Any) -> None:
    assert checked(TEXT.replace("eta = 1", "eta = -1"), settings={"eta": 2}).learning.values["eta"] == 2


@pytest.mark.parametrize(
    ("path", "value", "code", "label"),
    [
        ("alhpa", 1.0, "unknown-setting", "did you mean `alpha`?"),
        ("h", 1.0, "unknown-setting", "`h` is a state (line 4), not a const or a setting"),
        ("eta.q", 1.0, "unknown-setting", "did you mean `eta.h`?"),
        ("eta", "1\n    tau = 2", "setting-value", "a number or one expression is expected"),
        ("eta", "1\nstate q = 0", "setting-value", "a number or one expression is expected"),
        ("eta", "", "setting-value", "a number or one expression is expected"),
        ("eta", "(1", "setting-value", "a number or one expression is expected"),
        ("eta", float("nan"), "setting-value", "a number or one expression is expected"),
        ("eta", float("inf"), "setting-value", "a number or one expression is expected"),
        ("eta", True, "setting-value", "a number or one expression is expected"),
        ("eta", "__import__('os')", "setting-value", "a number or one expression is expected"),
        ("eta", "exit(1)", "unknown-function", ""),
    ],
)
def test_what_cannot_be_set_points_to_learn(path: str, value: Any, code: str, label: str, said: Any) -> None:
    assert said(TEXT, settings={path: value}) == [(code, 6, label)]


def test_without_learn_the_start_of_the_file_is_the_place(said: Any) -> None:
    assert said("state h = 0\nh' = -h\n", settings={"tau": 0}) == [("setting-value", 1, "it is 0")]
