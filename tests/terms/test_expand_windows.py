"""Numbers at every fitting shape are judged in `tests/terms/test_row.py`; here what the entries are."""

from __future__ import annotations

import sympy

from hdsl.terms.expand_windows import EXPANDED
from hdsl.terms.windows import WINDOWS

X = {(0, 0, k): sympy.Symbol(f"x{k}") for k in range(3)}
Y = {(0, 0, k): sympy.Symbol(f"y{k}") for k in range(2)}
K = {(0, 0, 0, k): sympy.Symbol(f"k{k}") for k in range(2)}
x0, x1, x2, y0, y1, k0, k1 = (*X.values(), *Y.values(), *K.values())
ONE_APART = {"stride": 1, "pad": 0}


def test_every_row_with_windows_is_written_out() -> None:
    assert EXPANDED.keys() == {row.name for row in WINDOWS}


def test_the_kernel_is_not_turned() -> None:
    made = EXPANDED["conv2d"]([((1, 1, 3), X), ((1, 1, 1, 2), K)], (1, 1, 2), ONE_APART)
    assert made == {(0, 0, 0): k0 * x0 + k1 * x1, (0, 0, 1): k0 * x1 + k1 * x2}


def test_what_is_padded_adds_nothing() -> None:
    made = EXPANDED["conv2d"]([((1, 1, 3), X), ((1, 1, 1, 2), K)], (1, 3, 4), {"stride": 1, "pad": 1})
    assert made[(0, 0, 0)] == made[(0, 2, 3)] == 0
    assert made[(0, 1, 0)] == k1 * x0 and made[(0, 1, 3)] == k0 * x2


def test_both_derivatives_are_those_of_the_product_with_y() -> None:
    made = EXPANDED["conv2d"]([((1, 1, 3), X), ((1, 1, 1, 2), K)], (1, 1, 2), ONE_APART)
    total = sum(Y[at] * made[at] for at in Y)
    given = {**ONE_APART, "rest": (0, 0)}
    of_x = EXPANDED["conv2d_image"]([((1, 1, 2), Y), ((1, 1, 1, 2), K)], (1, 1, 3), given)
    of_k = EXPANDED["conv2d_kernel"]([((1, 1, 3), X), ((1, 1, 2), Y)], (1, 1, 1, 2), given)
    assert all(sympy.expand(of_x[at] - sympy.diff(total, X[at])) == 0 for at in X)
    assert all(sympy.expand(of_k[at] - sympy.diff(total, K[at])) == 0 for at in K)


def test_of_equal_entries_the_first_is_the_largest() -> None:
    given = {"size": 1, "stride": 1, "pad": 0}
    assert EXPANDED["maxpool2d"]([((1, 1, 3), X)], (1, 1, 3), given) == X
    square = {(0, i, j): sympy.Symbol(f"s{i}{j}") for i in range(2) for j in range(2)}
    back = {"size": 2, "stride": 2, "pad": 0, "rest": (0, 0)}
    made = EXPANDED["maxpool2d_image"]([((1, 1, 1), {(0, 0, 0): y0}), ((1, 2, 2), square)], (1, 2, 2), back)
    level = dict.fromkeys(square.values(), sympy.Integer(2))
    assert [made[at].subs(level) for at in square] == [y0, 0, 0, 0]
