"""Sums taken apart: numbers, scalars, tensors and bound indices, with what is inlined multiplied out."""

from __future__ import annotations

import sympy

from hdsl.terms.product import Product, Unfolding, averaged, indices_in, take_common
from hdsl.terms.term import Contraction, Definition, Elementwise, indices, size, slot

ROW, COLUMN = indices(2)
N = size("n")
X, Y = slot("x", (ROW,)), slot("y", (ROW,))
C = Definition("c", Contraction((slot("W", (ROW, COLUMN)), slot("h", (COLUMN,))), ((COLUMN, N),), slot("alpha")), (N,))
F = Definition("f", Elementwise(X - 2 * Y), (N,))
SCALED = Definition("g", Elementwise(3 * X), (N,))


def unfolding(*inlined, closed=()):
    by_name = {d.name: d for d in (C, F, SCALED)}
    return Unfolding(by_name, inlined, lambda definition: definition.name in closed)


def names(product):
    return sorted(str(t) for t in product.tensors)


def test_a_sum_is_its_summands():
    found = unfolding().sum(3 * slot("phi") * X - Y)
    assert {(p.number, tuple(map(str, p.scalars)), tuple(names(p))) for p in found} == {
        (3, ("phi",), ("x[i]",)),
        (-1, (), ("y[i]",)),
    }


def test_an_inlined_contraction_is_multiplied_in_at_the_readers_indices():
    (found,) = unfolding("c").sum(2 * slot("c", (COLUMN,)) * slot("y", (COLUMN,)))
    ((summed, over),) = found.bound
    assert over == N and found.number == 2 and found.scalars == [slot("alpha")]
    assert set(found.tensors) == {slot("W", (COLUMN, summed)), slot("h", (summed,)), slot("y", (COLUMN,))}
    assert found.origin == ("c", "y")


def test_two_contractions_do_not_share_a_bound_index():
    (found,) = unfolding("c").sum(slot("c", (ROW,)) ** 1 * slot("c", (COLUMN,)))
    assert len({i for i, _ in found.bound}) == 2


def test_an_inlined_sum_alone_joins_the_sum_with_its_sign():
    found = unfolding("f").sum(-slot("f", (ROW,)))
    assert {(p.number, *names(p)) for p in found} == {(-1, "x[i]"), (2, "y[i]")}


def test_an_inlined_sum_in_a_product_stays_one_factor():
    (found,) = unfolding("f").sum(slot("tau") * slot("f", (ROW,)))
    assert names(found) == ["f[i]"] and found.scalars == [slot("tau")]


def test_an_inlined_product_is_multiplied_in():
    (found,) = unfolding("g").sum(slot("g", (ROW,)) * Y)
    assert found.number == 3 and names(found) == ["x[i]", "y[i]"]


def test_what_is_closed_stays_a_factor():
    (found,) = unfolding("c", closed=("c",)).sum(2 * slot("c", (ROW,)))
    assert names(found) == ["c[i]"] and not found.bound


def test_indices_in_order_of_occurrence():
    assert indices_in(slot("A", (COLUMN, ROW))) == (COLUMN, ROW)
    assert indices_in(slot("alpha") + 1) == ()


def test_an_average_is_a_plain_sum_divided_by_its_count():
    def over(number, scalars, size_of, tensors=(X,)):
        return averaged(Product(number, list(scalars), list(tensors), [(ROW, size_of)]), ())

    assert over(sympy.Integer(3), [1 / N], N) == (3, ())
    assert over(sympy.Integer(1), [slot("phi"), 1 / N], N) == (1, (slot("phi"),))
    assert over(sympy.Rational(1, 4), [], sympy.Integer(4)) == (1, ())
    assert over(sympy.Integer(1), [], N) is None
    assert over(sympy.Rational(1, 2), [], sympy.Integer(4)) is None
    assert over(sympy.Integer(1), [], sympy.Integer(1)) is None
    assert over(sympy.Integer(1), [1 / N], N, tensors=(X, Y)) is None


def test_common_scalars_are_taken_out_as_often_as_all_have_them():
    phi, tau = slot("phi"), slot("tau")
    products = [Product(scalars=[phi, phi, tau]), Product(scalars=[phi, phi, phi])]
    assert take_common(products) == [phi, phi]
    assert [p.scalars for p in products] == [[tau], [phi]]
    alone = [Product(scalars=[phi])]
    assert take_common(alone) == [] and alone[0].scalars == [phi]
