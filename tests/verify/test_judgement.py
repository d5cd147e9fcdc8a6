"""How far two results are from one another, and what is made of it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hdsl.verify.judgement import FLOOR, REASONS, TOLERANCES, Errors, Row, difference


@pytest.mark.parametrize(
    ("found", "judged", "expected"),
    [
        ([1.0, 2.0], [1.0, 4.0], 0.5),
        ([0.0], [0.0], 0.0),
        ([1e-9], [0.0], 1e-9 / FLOOR),
        ([1.0], [[1.0]], math.inf),
        ([math.nan], [1.0], math.inf),
        ([1.0], [math.nan], math.inf),
        ([math.nan, 3.0], [math.nan, 3.0], 0.0),
        ([math.nan], [math.nan], 0.0),
        ([math.inf], [-math.inf], math.inf),
        ([math.inf], [math.inf], 0.0),
        ([], [], 0.0),
    ],
)
def test_difference(found, judged, expected):
    assert difference(np.array(found), np.array(judged)) == pytest.approx(expected)


def test_difference_relative_to_something_larger():
    assert difference(1.5, 1.0, scale=10.0) == 0.05
    assert difference(1.5, 1.0, scale=0.1) == 0.5


def test_errors_keep_the_largest_and_rows_follow_the_equations():
    errors = Errors()
    for name, error in (("b", 1e-12), ("a", 1e-15), ("b", 1e-3), ("b", 1e-11)):
        errors.add(name, "autograd", error)
    errors.add("a", "walk", math.nan)
    errors.stop("c", "walk", ValueError("first line\nsecond"))
    rows = errors.rows("equations", {"a": "a = 1", "b": "b = 2"})
    assert [(r.name, r.equation, r.judge, r.error) for r in rows] == [
        ("c", "c", "walk", math.inf),
        ("a", "a = 1", "autograd", 1e-15),
        ("a", "a = 1", "walk", math.inf),
        ("b", "b = 2", "autograd", 1e-3),
    ]
    assert rows[0].remark == "ValueError: first line"
    assert [r.ok for r in rows] == [False, True, False, False]


def test_an_exponent_may_be_larger_unless_it_must_not():
    errors = Errors()
    errors.add_exponent("a", "remainder", None, 2)
    assert errors.rows("equations", {})[0].shown == "exact"
    errors.add_exponent("a", "remainder", 3.0, 2)
    assert (errors.rows("equations", {})[0].shown, errors.largest["a", "remainder"]) == ("3.00", 0.0)
    errors.add_exponent("a", "remainder", 1.0, 2)
    errors.add_exponent("a", "remainder", 1.99, 2)
    (row,) = errors.rows("equations", {})
    assert (row.shown, row.error, row.ok) == ("1.00", 1.0, False)
    errors.add_exponent("b", "change", 2.0, 1, most=True)
    assert errors.largest["b", "change"] == 1.0


def test_an_error_is_shown_as_one_figure():
    shown = [Row("step", "h+", "", "walk", error).shown for error in (0.0, 2.34e-16, math.inf)]
    assert shown == ["0", "2e-16", "no value"]


def test_every_judge_has_a_tolerance_and_a_reason():
    assert TOLERANCES.keys() == REASONS.keys()
    assert Row("step", "h+", "", "walk", TOLERANCES["walk"]).ok
    assert not Row("step", "h+", "", "walk", 2 * TOLERANCES["walk"]).ok
