"""The sizes of two-point problems: both solvers come to the same, and a row is told for each."""

from __future__ import annotations

import numpy as np

from benchmarks.boundary import main, measured


def test_both_solvers_come_to_the_same_cost() -> None:
    one, other = measured(3, 10**9)[0], measured(3, 0)[0]
    assert one is not None and other is not None
    np.testing.assert_allclose(one.path.y[:, -1], other.path.y[:, -1], atol=1e-5)


def test_a_row_is_told_for_each() -> None:
    lines = main([2])
    assert len(lines) == 3 and [line.split()[:2] for line in lines[1:]] == [["5", "scipy"], ["5", "blocks"]]
