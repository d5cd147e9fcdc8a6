"""The records of index notation: names of indices, slots, what a definition reads, and orders that never change."""

from __future__ import annotations

import sympy

from hdsl.syntax.source import Span
from hdsl.terms.elementwise import ROWS
from hdsl.terms.term import (
    Contraction,
    Definition,
    Elementwise,
    Structured,
    at_indices,
    index,
    indices,
    is_slot,
    merge_spans,
    multiplied_out,
    ordered_terms,
    size,
    slot,
    slot_indices,
    slot_name,
    slots,
)

ROW, COLUMN = indices(2)
N, M = size("n"), size("m")


def test_no_two_positions_have_one_index():
    assert len({index(k) for k in range(40)}) == 40
    assert [str(index(k)) for k in (0, 1, 8)] == ["i", "j", "i1"]


def test_an_index_and_a_size_are_no_slots_but_every_quantity_is():
    assert not is_slot(ROW) and not is_slot(N)
    assert is_slot(slot("n")) and is_slot(slot("x", (ROW,))) and is_slot(slot("z:h", (ROW,)))


def test_a_slot_gives_back_its_name_and_indices():
    for name, at in (("alpha", ()), ("z:h", (ROW,)), ("W", (COLUMN, ROW))):
        assert (slot_name(slot(name, at)), slot_indices(slot(name, at))) == (name, at)


def test_a_quantity_read_at_two_places_stands_in_two_slots():
    difference = slot("W", (ROW, COLUMN)) - slot("W", (COLUMN, ROW)) + N * slot("W", (ROW, COLUMN)) ** 2
    assert slots(difference) == (slot("W", (ROW, COLUMN)), slot("W", (COLUMN, ROW)))


def test_an_expression_is_read_at_other_indices():
    i, j, k = (index(n) for n in range(3))
    expression = sympy.sin(slot("W", (i, j))) * slot("b", (i,)) + slot("g")
    moved = at_indices(expression, (i, j), (j, k))
    assert moved == sympy.sin(slot("W", (j, k))) * slot("b", (j,)) + slot("g")
    assert at_indices(expression, (i, j), (i, j)) is expression
    assert all(found is slot(slot_name(found), slot_indices(found)) for found in slots(moved))


def test_slots_are_found_inside_functions_and_powers():
    expression = ROWS["tanh"].function(slot("a", (ROW,)) ** 2) / slot("b")
    assert set(map(slot_name, slots(expression))) == {"a", "b"}


def test_a_contraction_reads_its_factors_then_the_slots_of_its_coefficient():
    body = Contraction(
        (slot("W", (ROW, COLUMN)), slot("h", (COLUMN,)), slot("h", (COLUMN,))), ((COLUMN, N),), 2 * slot("k") / N
    )
    assert list(Definition("c", body, (N,)).reads()) == ["W", "h", "h", "k"]


def test_structured_operations_read_their_operands_in_order():
    assert list(Definition("p", Structured("pick", ("y", "c"))).reads()) == ["y", "c"]


def test_the_left_side_of_a_definition_is_at_the_canonical_indices():
    assert Definition("X", Elementwise(sympy.Integer(0)), (N, M)).slot == slot("X", (ROW, COLUMN))
    assert Definition("x", Elementwise(sympy.Integer(0))).slot == slot("x")


def test_spans_are_merged_once_each_in_the_order_of_the_text():
    first, second = Span(1, 4), Span(8, 9)
    assert merge_spans((second, first), (), (first,)) == (first, second)


def test_a_sum_begins_with_a_positive_term():
    x, y = slot("x", (ROW,)), slot("y", (ROW,))
    for total in (x - y, y - x):
        first, second = ordered_terms(total)
        assert not first.could_extract_minus_sign() and second.could_extract_minus_sign()
        assert first + second == total


def test_the_order_of_a_sum_does_not_depend_on_how_it_was_made():
    terms = [slot(name, (ROW,)) for name in "badc"]
    assert ordered_terms(sympy.Add(*terms)) == ordered_terms(sympy.Add(*reversed(terms)))


def test_products_of_sums_are_multiplied_out_while_there_are_few():
    a, b, c = (slot(name) for name in "abc")
    assert multiplied_out((a + b) * (a - b), 4) == a**2 - b**2
    assert multiplied_out((a + b) * (a - b), 3) is None
    assert multiplied_out(c * (a + b) + 1, 3) == a * c + b * c + 1
    assert multiplied_out((a + b) ** 9, 1) == (a + b) ** 9
    assert multiplied_out(sympy.Mul(*(a + k for k in range(1, 40))), 1000) is None
