"""Blocks: texts as numbers, and what a message shows of a cell."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from hdsl.runtime.source.block import (
    MISSING,
    NUMBER,
    SIZE,
    TYPE,
    WANTED_FINITE,
    WANTED_NUMBER,
    numbers_of,
    sentence,
    shown,
    truths_of,
)

CELLS = st.one_of(
    st.text(st.sampled_from("0123456789.eE+- nan"), max_size=6), st.floats().map(repr), st.sampled_from(["1_0", "inf", "٣"])
)


@given(st.lists(CELLS, max_size=12))
def test_all_at_once_is_one_by_one(cells: list[str]) -> None:
    """The quick way over a column reads what the rule of a single cell says, and nothing else that Python would read."""
    values, wrong = numbers_of(cells)
    for k, cell in enumerate(cells):
        text = cell.strip()
        if NUMBER.fullmatch(text):
            assert values[k] == float(text)
            assert (k in wrong) == math.isinf(float(text))
        else:
            assert math.isnan(values[k])
            assert (k in wrong) == (text.lower() not in MISSING)


def test_what_is_wrong_with_a_number() -> None:
    values, wrong = numbers_of(["1", "x", "", "1e400"])
    assert wrong == {1: (TYPE, WANTED_NUMBER), 3: (SIZE, WANTED_FINITE)}
    assert values[0] == 1 and np.isnan(values[[1, 2]]).all()


def test_truths() -> None:
    values, wrong = truths_of(["1", "False", "", "2"])
    assert values.tolist() == [1, 0, 0, 0]
    assert list(wrong) == [3]


def test_a_message_shows_what_it_found() -> None:
    assert shown("  ") == "nothing"
    assert shown("x" * 50) == f"`{'x' * 40}…`"
    assert sentence("s.csv:2:1", "x", "a", "a number") == "s.csv:2:1: found `x` in the column `a`, expected a number"
