"""Several rows to a vector: products by rows of a half, a quarter and an eighth of a vector, at rows that leave a rest."""

from __future__ import annotations

import pytest

from hdsl.emit.native_few import every_other, parts_of
from hdsl.runtime.native_build import find_compiler
from tests.emit.test_native_products import KINDS, compare

pytestmark = pytest.mark.skipif(find_compiler() is None, reason="no C compiler is at hand")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("n", [2, 4, 8])
def test_products_of_short_rows(kind: str, n: int) -> None:
    compare(kind, 1, 35, n)


def test_rows_of_which_a_vector_takes_several() -> None:
    assert list(parts_of(16)) == [8, 4, 2]
    assert list(parts_of(2)) == []


def test_every_other_place_of_two_vectors() -> None:
    assert every_other(4, 1, 4, 0) == [0, 2, 4, 6]
    assert every_other(8, 4, 2, 1) == [4, 5, 6, 7, 12, 13, 14, 15]
