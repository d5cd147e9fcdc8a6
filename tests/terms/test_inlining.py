"""What is printed inside its reader, and what stays a line of its own."""

from __future__ import annotations

import sympy

from hdsl.terms.elementwise import ROWS
from hdsl.terms.inlining import Inlining, occurrences
from hdsl.terms.term import Contraction, Definition, Elementwise, Structured, indices, size, slot

ROW, COLUMN = indices(2)
N = size("n")
X, Y = slot("x", (ROW,)), slot("y", (ROW,))
TANH = ROWS["tanh"].function


def product(name, weight="W", what="h"):
    return Definition(name, Contraction((slot(weight, (ROW, COLUMN)), slot(what, (COLUMN,))), ((COLUMN, N),)), (N,))


def line(name, expression):
    return Definition(name, Elementwise(expression), (N,))


def at(name):
    return slot(name, (ROW,))


def chosen(*definitions, written=()):
    return Inlining(definitions, written).chosen


def test_a_contraction_that_is_read_once_is_inlined():
    assert chosen(product("c"), line("a", at("c") + X)) == {"c"}


def test_not_one_that_is_read_twice_even_in_one_place():
    assert chosen(product("c"), line("a", at("c") + X * at("c"))) == set()
    squared = Definition("fit", Contraction((at("c"), at("c")), ((ROW, N),)))
    assert chosen(product("c"), squared) == set()


def test_nothing_that_the_user_named():
    assert chosen(product("drive"), line("a", at("drive") + X)) == set()
    assert chosen(product("c"), line("a", at("c") + X), written=["c"]) == set()


def test_nothing_that_nobody_reads():
    assert chosen(product("c")) == set()


def test_no_cell_is_inlined_whatever_its_name():
    """A state may be called a, and its new value looks like a temporary's."""
    old = line("z:a+", at("z:a") * 2)
    assert chosen(old, line("a+", at("a") * 2), line("s", at("a+") * X)) == set()


def test_no_operand_of_a_structured_operation():
    assert chosen(product("c"), Definition("p", Structured("softmax", ("c",), (("axis", -1),)), (N,))) == set()


def test_sums_and_functions_stay_lines_of_their_own():
    assert chosen(line("a", X + Y), line("s", at("a") * X)) == set()
    assert chosen(line("s", TANH(X)), line("e", at("s") * Y)) == set()


def test_a_product_goes_into_a_sum_but_not_into_a_function_or_a_contraction():
    assert chosen(line("adj:a", X * Y), line("x", at("adj:a") + Y)) == {"adj:a"}
    assert chosen(line("adj:a", X * Y), line("x", TANH(at("adj:a")))) == set()
    assert chosen(line("adj:a", X * Y), product("r", what="adj:a")) == set()


def test_an_adjoint_that_is_one_thing_scaled_is_inlined_everywhere():
    scaled = line("adj:e", slot("learn:phi") * X)
    readers = product("r", what="adj:e"), product("r2", what="adj:e")
    assert chosen(scaled, *readers) == {"adj:e"}
    assert chosen(line("adj:e", slot("learn:phi") * X * Y), *readers) == set()


def test_dynamics_go_into_the_one_line_that_reads_them():
    assert chosen(line("f:h", X - Y), line("dot:h", at("f:h"))) == {"f:h"}


def test_inlining_has_a_floor():
    """Each of twelve products reads the one before: after six levels a line is due."""
    chain = [product(f"c{k}", f"W{k}", f"c{k - 1}") for k in range(2, 14)]
    found = chosen(*chain, line("a", at("c13") + X))
    assert len(found) < 12
    assert "c8" not in found and "c7" in found and "c9" in found


def test_occurrences_are_counted():
    assert [str(s) for s in occurrences(sympy.Mul(X, TANH(X), Y, evaluate=False))] == ["x[i]", "x[i]", "y[i]"]


def test_what_a_scaled_adjoint_reads_counts_once_for_each_of_its_readers():
    """ē / √n stands in both gradients, so ē is a line of its own; read once, it is put in."""
    scaled = line("adj:c", at("adj:e") / sympy.sqrt(N))
    whole = line("adj:e", X * at("adj:A"))
    twice = (line("adj:A", X + Y), whole, scaled, line("p", X + at("adj:c")), line("q", Y + at("adj:c")))
    assert chosen(*twice) == {"adj:c"}
    assert chosen(*twice[:-1]) == {"adj:c", "adj:e"}
