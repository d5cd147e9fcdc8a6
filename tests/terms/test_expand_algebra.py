"""That every operation is written out with the right entries is judged in `tests/terms/test_row.py`."""

from __future__ import annotations

import sympy

from hdsl.terms.algebra import ALGEBRA
from hdsl.terms.expand_algebra import EXPANDED


def test_every_row_of_matrices_is_written_out() -> None:
    assert EXPANDED.keys() == {row.name for row in ALGEBRA}


def test_the_exponential_of_a_rotation_is_written_with_its_angle() -> None:
    angle = sympy.Symbol("a", positive=True)
    entries = {(0, 0): 0, (0, 1): -angle, (1, 0): angle, (1, 1): 0}
    made = EXPANDED["expm"]([((2, 2), entries)], (2, 2), {})
    assert sympy.simplify(made[(0, 0)] - sympy.cos(angle)) == 0
    assert sympy.simplify(made[(1, 0)] - sympy.sin(angle)) == 0
