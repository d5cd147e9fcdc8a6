from __future__ import annotations

import pytest
import sympy

from hdsl.model.contractions import as_factors, batch_sizes, contracted_sizes, matrix_product, mean, squared, summed
from hdsl.model.definitions import Definitions
from hdsl.model.values import Value, plain
from hdsl.syntax.source import Span
from hdsl.terms.term import Contraction, Elementwise, Scalar, indices, size, slot

AT = Span(0, 1)
ONE = sympy.Integer(1)
n, m, b = size("n"), size("m"), size("b")
i, j, k = indices(3)
SHARED = {"W": True, "A": True, "alpha": True, "h": False, "s": False, "B": False}
W = plain(slot("W", (i, j)), (n, m), AT)
h = plain(slot("h", (i,)), (m,), AT)


def made() -> Definitions:
    return Definitions(SHARED, SHARED)


@pytest.mark.parametrize(
    ("expression", "most", "coefficient", "factors"),
    [
        (slot("h", (i,)), 1, 1, ["h[i]"]),
        (-slot("alpha") * slot("h", (i,)) / n, 1, -slot("alpha") / n, ["h[i]"]),
        (slot("h", (i,)) ** 2, 2, 1, ["h[i]", "h[i]"]),
        (slot("h", (i,)) ** 2, 1, 1, ["e[i]"]),
        (slot("h", (i,)) + 1, 1, 1, ["e[i]"]),
        (slot("s") * slot("h", (i,)), 2, 1, ["e[i]"]),  # a stream's own scalar is no coefficient
        (slot("alpha"), 1, 1, ["e[i]"]),  # without the index it would count once
    ],
)
def test_a_value_as_factors(expression: Scalar, most: int, coefficient: Scalar, factors: list[str]) -> None:
    found = as_factors(made(), plain(expression, (n,), AT), most)
    assert found[0] == coefficient
    assert [str(factor) for factor in found[1]] == factors


def test_a_matrix_times_a_vector() -> None:
    value = matrix_product(made(), W, h, AT)
    assert value.body == Contraction((slot("W", (i, j)), slot("h", (j,))), ((j, m),))
    assert value.sizes == (n,)


def test_a_batched_product_aligns_leading_axes_and_loses_those_of_size_1() -> None:
    definitions = made()
    stack = plain(slot("B", (i, j, k)), (ONE, n, m), AT)
    others = plain(slot("A", (i, j, k)), (b, m, n), AT)
    assert contracted_sizes(stack, others) == (m, m)
    assert batch_sizes(stack, others) == (b,)
    value = matrix_product(definitions, stack, others, AT)
    i3 = indices(4)[3]
    assert value.body == Contraction((slot("c", (j, i3)), slot("A", (i, i3, k))), ((i3, m),))
    assert value.sizes == (b, n, n)
    assert definitions.made[0].body == Contraction((slot("B", (k, i, j)),), ((k, ONE),))


def test_sums_keep_the_axes_that_they_leave() -> None:
    value = summed(made(), W, (0,), AT)
    assert value.body == Contraction((slot("W", (j, i)),), ((j, n),))
    assert value.sizes == (m,)
    assert mean(made(), W, (0, 1), AT).body == Contraction((slot("W", (i, j)),), ((i, n), (j, m)), 1 / (m * n))


def test_sums_of_constants_are_products_with_sizes() -> None:
    assert summed(made(), plain(sympy.Integer(2), (n, m), AT), (1,), AT) == plain(2 * m, (n,), AT)
    assert mean(made(), plain(sympy.Integer(2), (n, m), AT), (1,), AT) == plain(sympy.Integer(2), (n,), AT)


def test_the_square_of_a_scalar_is_no_contraction() -> None:
    assert squared(made(), plain(slot("s") - 1, (), AT), AT).body == Elementwise((slot("s") - 1) ** 2)
    vector = squared(made(), Value(Elementwise(3 * slot("h", (i,))), (m,), AT), AT)
    assert vector.body == Contraction((slot("h", (i,)), slot("h", (i,))), ((i, m),), sympy.Integer(9))
