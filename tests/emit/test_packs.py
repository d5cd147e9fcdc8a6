"""Which parameters lie side by side."""

from hdsl.emit.facts import Facts
from tests.emit.recurrent import LEAKY, recurrent


def packs(dynamics, order="sequential", output="y = C @ h"):
    programs = recurrent(dynamics, output, order=order).product("program")
    return Facts(programs).lines(programs.advance).packs


def test_what_meets_one_sum_lies_side_by_side_a_row_for_each_point():
    found = packs(LEAKY)
    assert found.parameters == (("W", "U", "b"),)
    assert [row.operands for row in found.distinct] == [("h", ":u", None), ("h+", ":u", None)]
    assert [row.own for row in found.distinct] == [frozenset({"h"}), frozenset({"h+"})]


def test_one_point_has_one_row():
    found = packs(LEAKY, "semi-implicit")
    assert [row.operands for row in found.distinct] == [("h", ":u", None)]


def test_a_matrix_that_something_else_meets_first_has_no_second_pack():
    found = packs("param a[n] = 0\nh' = -h + tanh(W @ h + b) + tanh(W @ h + a)")
    assert all(len({p for p in pack if p == "W"}) <= 1 for pack in found.parameters) and len(found.parameters) <= 1


def test_one_matrix_alone_is_no_pack():
    assert packs("h' = -h + tanh(W @ h) + tanh(U @ u) + tanh(b)").parameters == ()


def test_a_sum_with_unlike_numbers_is_none():
    assert packs("h' = -h + tanh(W @ h + 2 * (U @ u))", output="y = C @ (h + b)").parameters == ()
