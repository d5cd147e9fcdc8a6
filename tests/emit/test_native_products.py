"""Products of a matrix and vectors, against numpy, at sizes of every width of vector and with a rest behind them."""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any

import numpy as np
import pytest

from hdsl.emit.native_functions import preamble
from hdsl.runtime.native_build import build, find_compiler
from tests.proofs.native_runs import plain_builds

pytestmark = pytest.mark.skipif(find_compiler() is None, reason="no C compiler is at hand")

KINDS = {"float": np.float32, "double": np.float64}
CALLS = """
SEEN void dots(int64_t b, int64_t rows, int64_t n, const T *W, const T *x, T *y) { row_dots(b, rows, n, W, x, n, y, rows, 2); }
SEEN void sums(int64_t b, int64_t rows, int64_t n, const T *W, const T *q, T *c) { row_sums(b, rows, n, W, q, rows, c, n, 2); }
SEEN void outers(int64_t b, int64_t rows, int64_t n, const T *q, const T *x, T *g) {
    row_outers(b, rows, n, q, rows, x, n, g, 2);
}
"""


@cache
def library(kind: str) -> Any:
    with plain_builds():
        return build(preamble(kind) + CALLS)


def call(kind: str, name: str, numbers: tuple[int, ...], *arrays: Any) -> None:
    pointers = [array.ctypes.data_as(ctypes.c_void_p) for array in arrays]
    getattr(library(kind), name)(*map(ctypes.c_int64, numbers), *pointers)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("batch", [1, 3, 4, 9, 34])
@pytest.mark.parametrize(("rows", "n"), [(1, 1), (3, 5), (9, 8), (4, 16), (7, 33), (18, 40), (34, 3)])
def test_products_by_rows(kind: str, batch: int, rows: int, n: int) -> None:
    compare(kind, batch, rows, n)


def compare(kind: str, batch: int, rows: int, n: int) -> None:
    draw, dtype = np.random.default_rng(rows * n), KINDS[kind]
    w, x, q, c = (draw.normal(size=shape).astype(dtype) for shape in ((rows, n), (batch, n), (batch, rows), (batch, n)))
    y, wanted = np.empty((batch, rows), dtype), c + 2 * q @ w
    call(kind, "dots", (batch, rows, n), w, x, y)
    call(kind, "sums", (batch, rows, n), w, q, c)
    g = np.empty((rows, n), dtype)
    call(kind, "outers", (batch, rows, n), q, x, g)
    eps = max(50, 2 * n) * np.finfo(dtype).eps
    np.testing.assert_allclose(y, 2 * x @ w.T, atol=eps, rtol=eps)
    np.testing.assert_allclose(c, wanted, atol=eps, rtol=eps)
    np.testing.assert_allclose(g, 2 * q.T @ x, atol=eps, rtol=eps)
