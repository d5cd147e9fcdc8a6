from __future__ import annotations

import time

from hdsl.optimise.arrange import arrange, held
from hdsl.terms.term import Contraction, Definition, Elementwise, index, indices, size, slot

(ROW,) = indices(1)
N = size("n")


def x(name):
    return slot(name, (ROW,))


def plain(name, expression):
    return Definition(name, Elementwise(expression), (N,), False)


def names(lines):
    return [line.name for line in lines]


def test_new_values_go_last_after_what_reads_their_cells():
    lines = (plain("h+", x("h") + x("g")), plain("g+", x("g") + x("h")), plain("y", x("h") * x("g")))
    made = names(arrange(lines, ("h", "g")))
    assert made[0] == "y" and set(made) == {"h+", "g+", "y"}


def test_a_new_value_that_others_read_stays_where_it_is():
    lines = (plain("h+", x("h") * 2), plain("y", x("h+") + 1))
    assert names(arrange(lines, ("h",))) == ["h+", "y"]


def test_a_line_is_no_new_value_because_its_name_begins_like_a_cells():
    lines = (plain("ha", x("h") * 2), plain("h+", x("h") + x("u")))
    assert names(arrange(lines, ("h",))) == ["ha", "h+"]


def test_what_is_read_again_is_held():
    lines = (plain("h+", x("h") + x("g")), plain("g+", x("g") + x("h")))
    assert held(lines, ("h", "g")) == {"h+"}
    assert held(lines[::-1], ("h", "g")) == {"g+"}


def test_the_time_is_linear_in_the_lines():
    """Thousands of layers, as `repeat` makes them; the time was that of every line against every other."""
    count = 3000
    lines = [plain(f"a{k}", x(f"a{k - 1}") * x(f"p{k}")) for k in range(1, count)]
    lines += [plain(f"p{k}+", x(f"p{k}") + x(f"a{k}") + x(f"w:p{k}+")) for k in range(1, count)]
    lines += [plain(f"w:p{k}+", x(f"w:p{k}") + x(f"p{k}")) for k in range(1, count)]
    cells = tuple(name for k in range(1, count) for name in (f"p{k}", f"w:p{k}"))
    start = time.process_time()
    made = arrange(lines[: count - 1] + lines[2 * count - 2 :] + lines[count - 1 : 2 * count - 2], cells)
    held(made, cells)
    assert time.process_time() - start < 5
    assert len(made) == len(lines)


def test_a_product_counts_as_made_with_the_new_value_that_takes_it_in():
    column = index(1)
    product = Definition("p", Contraction((slot("W", (ROW, column)), slot("u", (column,))), ((column, N),)), (N,), False)
    lines = (product, plain("W+", x("W") + x("w")), plain("h+", x("g") + x("p")), plain("g+", x("g") + x("h")))
    assert names(arrange(lines, ("W", "w:W", "h", "g"))) == ["p", "W+", "h+", "g+"]
    assert names(arrange(lines, ("W", "w:W", "h", "g"), taken_in=True)) == ["p", "h+", "g+", "W+"]


def test_parameters_come_last_where_they_hold_nothing_back():
    lines = (plain("W+", x("W") + x("w")), plain("h+", x("g")), plain("g+", x("g") + x("h")))
    assert names(arrange(lines, ("W", "w:W", "h", "g"), taken_in=True)) == ["h+", "g+", "W+"]
