"""Cells against sums over all samples."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hdsl.runtime.cells import MOST, Cells
from hdsl.runtime.state import put_back, taken

CUTS = st.lists(st.integers(1, 900), min_size=1, max_size=12)


def filled(sizes: list[int], half: int | None = None, offset: float = 0.0) -> tuple[Cells, np.ndarray, np.ndarray]:
    draw = np.random.default_rng(sum(sizes))
    truth = draw.normal(size=(sum(sizes), 2)) + offset
    sums = draw.uniform(size=(sum(sizes), 3))
    cells, start = Cells(2, 3, half), 0
    for size in sizes:
        part = slice(start, start + size)
        cells.add(np.arange(start, start + size), truth[part], sums[part])
        start += size
    return cells, truth, sums


def check(cells: Cells, truth: np.ndarray, sums: np.ndarray, first: int) -> None:
    found = cells.part(first)
    assert found.count == len(truth) - found.start
    part = truth[found.start :]
    assert found.squares == pytest.approx(((part - part.mean(0)) ** 2).sum(), rel=1e-9)
    np.testing.assert_allclose(found.sums, sums[found.start :].sum(0), rtol=1e-12)


@given(CUTS, st.sampled_from([0.0, 1e5]))
def test_the_whole_is_exact_and_the_half_is_near(sizes: list[int], offset: float) -> None:
    cells, truth, sums = filled(sizes, offset=offset)
    assert len(cells.at) <= MOST
    for first in (0, len(truth) // 2, len(truth) // 3):
        check(cells, truth, sums, first)
        start = cells.part(first).start
        assert abs(start - first) <= cells.width / 2
        if len(truth) <= MOST:
            assert start == first


@given(CUTS)
def test_a_half_that_is_known_beforehand_is_exact(sizes: list[int]) -> None:
    half = sum(sizes) // 2
    cells, truth, sums = filled(sizes, half)
    assert cells.part(half).start == half
    check(cells, truth, sums, half)


def test_nothing_has_no_squares() -> None:
    found = Cells(1, 1).part(3)
    assert (found.count, found.squares, found.sums.tolist()) == (0, 0.0, [0.0])


def test_samples_of_one_step_and_steps_without_samples() -> None:
    cells = Cells(1, 1)
    cells.add(np.array([0, 0, 4]), np.array([[1.0], [3.0], [5.0]]), np.ones((3, 1)))
    cells.add(np.array([4, 9]), np.array([[7.0], [9.0]]), np.ones((2, 1)))
    assert cells.at.tolist() == [0, 4, 9]
    assert (cells.part(4).count, cells.part(4).squares) == (3, pytest.approx(8.0))
    assert cells.part(5).count == 1


def test_what_was_gathered_is_put_back() -> None:
    cells, _, _ = filled([500, 900, 300], 850)
    again = Cells(2, 3, 850)
    put_back(again, "x", taken(cells, "x"))
    assert str(again.part(850)) == str(cells.part(850))
    assert again.width == cells.width
