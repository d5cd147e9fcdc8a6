"""A program tells what it reads from outside and which lines are new values; one that does not hold together is refused."""

from __future__ import annotations

import pytest

import hdsl
from hdsl.optimise.program import Program, check_program
from hdsl.terms.term import Contraction, Definition, Elementwise, Structured, slot

MODEL = hdsl.loads("state h = 0\nh' = -h\n").product("model")


def line(name, *reads):
    return Definition(name, Contraction(tuple(slot(r) for r in reads)))


def program(*lines, cells=(), results=(), given=()):
    return Program("learn", MODEL, lines, cells, frozenset(), results, given)


def test_it_reads_from_outside_what_it_does_not_make_in_order_of_first_use():
    made = program(line("a", "u", "h"), line("b", "a", "u", "W"), results=("b", "x", "h"))
    assert made.reads() == ("u", "h", "W", "x")


def test_what_it_is_handed_is_not_read_from_outside():
    assert program(line("a", "e", "u"), results=("a",), given=(line("e", "h"),)).reads() == ("u",)


def test_only_a_line_for_a_cell_is_an_update():
    made = program(line("h+", "h"), line("a+", "h+"), cells=("h",))
    assert [made.is_update(one) for one in made.lines] == [True, False]


def test_a_program_that_holds_together_passes():
    check_program(program(line("a", "u"), line("h+", "a", "h"), cells=("h",), results=("a",)))


@pytest.mark.parametrize(
    "wrong, told",
    [
        (program(line("a", "b"), line("b", "u")), "a reads b before it is made"),
        (program(line("a", "a")), "a reads a before it is made"),
        (program(line("a", "u"), line("a", "u")), "a is made twice"),
        (program(line("a", "h"), cells=("h",)), "no new value for h"),
        (program(Definition("a", Structured("softmax", ()))), "a has no operands"),
    ],
)
def test_a_program_that_does_not_is_refused(wrong, told):
    with pytest.raises(ValueError, match=f"learn: {told}"):
        check_program(wrong)


def test_a_constant_line_reads_nothing():
    check_program(program(Definition("a", Elementwise(slot("tau") * 0 + 2)), results=("a",)))
