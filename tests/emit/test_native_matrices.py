"""A square of vectors turned over: what is laid beside one another of many streams, and back."""

from __future__ import annotations

import ctypes

import numpy as np
import pytest

from hdsl.emit.native_functions import preamble
from hdsl.runtime.native_build import build, find_compiler
from tests.emit.test_native_products import KINDS, compare
from tests.proofs.native_runs import plain_builds

pytestmark = pytest.mark.skipif(find_compiler() is None, reason="no C compiler is at hand")

CALL = """
SEEN int turned(T *p) {
    V v[LANES];
    for (int k = 0; k < LANES; k++) v[k] = load(p + k * LANES);
    TURN(v);
    for (int k = 0; k < LANES; k++) store(p + k * LANES, v[k]);
    return LANES;
}
"""


@pytest.mark.parametrize("kind", KINDS)
def test_an_entry_goes_to_the_other_side(kind: str) -> None:
    item = np.dtype(KINDS[kind]).itemsize
    names = "".join(f"#if VECTOR == {width}\n#define TURN turn_{width // item}\n#endif\n" for width in (16, 32, 64))
    with plain_builds():
        library = build(preamble(kind) + names + CALL)
    numbers = np.arange(256, dtype=KINDS[kind])
    before = numbers.copy()
    lanes = library.turned(numbers.ctypes.data_as(ctypes.c_void_p))
    square = slice(0, lanes * lanes)
    np.testing.assert_array_equal(numbers[square].reshape(lanes, lanes), before[square].reshape(lanes, lanes).T)


@pytest.mark.parametrize("kind", KINDS)
def test_columns_beyond_what_is_laid_down_at_a_time(kind: str) -> None:
    """258 columns are two such parts, the second of two."""
    compare(kind, 33, 3, 258)
