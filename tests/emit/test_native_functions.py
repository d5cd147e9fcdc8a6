"""The fixed part of native text: the solver, against numpy."""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any

import numpy as np
import pytest

from hdsl.emit.native_functions import preamble
from hdsl.runtime.native_build import build, find_compiler

pytestmark = pytest.mark.skipif(find_compiler() is None, reason="no C compiler is at hand")

CALLS = """
SEEN void solved(int64_t n, int64_t columns, T *a, T *x) { solve(n, columns, a, x); }
"""


@cache
def library() -> Any:
    return build(preamble("double") + CALLS)


def call(name: str, numbers: tuple[int, ...], *arrays: Any) -> None:
    pointers = [array.ctypes.data_as(ctypes.c_void_p) for array in arrays]
    getattr(library(), name)(*map(ctypes.c_int64, numbers), *pointers)


@pytest.mark.parametrize(("n", "columns"), [(1, 1), (4, 2), (9, 3)])
def test_linear_equations_are_solved_with_pivots(n: int, columns: int) -> None:
    draw = np.random.default_rng(n)
    a, x = draw.normal(size=(n, n)), draw.normal(size=(n, columns))
    a[0, 0] = 0 if n > 1 else 2
    wanted = np.linalg.solve(a, x)
    call("solved", (n, columns), a.copy(), x)
    np.testing.assert_allclose(x, wanted, rtol=1e-10)


def test_a_singular_matrix_gives_what_is_not_finite() -> None:
    x = np.ones((2, 1))
    call("solved", (2, 1), np.ones((2, 2)), x)
    assert not np.isfinite(x).all()
