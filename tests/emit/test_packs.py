"""Which parameters lie side by side."""

import hdsl
from hdsl.emit.facts import Facts

HEAD = """ham 1
model several
dim n = 3, m = 2
input u[m]
target v[n]
state h[n] = 0
param W[n, n] = normal(0, 0.3)
param U[n, m] = normal(0, 0.3)
param b[n] = 0.1
"""
LEARN = """
cost fit = 1/2 * squared(y - v)
learn
    step = euler
    order = {order}
    tau = 0.5
    eta = 1
    beta = 0.1
"""


def packs(text, order="sequential"):
    programs = hdsl.loads(HEAD + text + LEARN.format(order=order)).product("program")
    return Facts(programs).lines(programs.advance).packs


def test_what_meets_one_sum_lies_side_by_side_a_row_for_each_point():
    found = packs("h' = -h + tanh(W @ h + U @ u + b)\noutput y = h")
    assert found.parameters == (("W", "U", "b"),)
    assert [row.operands for row in found.distinct] == [("h", ":u", None), ("h+", ":u", None)]
    assert [row.own for row in found.distinct] == [frozenset({"h"}), frozenset({"h+"})]


def test_one_point_has_one_row():
    found = packs("h' = -h + tanh(W @ h + U @ u + b)\noutput y = h", "semi-implicit")
    assert [row.operands for row in found.distinct] == [("h", ":u", None)]


def test_a_matrix_that_something_else_meets_first_has_no_second_pack():
    found = packs("param a[n] = 0\nh' = -h + tanh(W @ h + b) + tanh(W @ h + a)\noutput y = h")
    assert all(len({p for p in pack if p == "W"}) <= 1 for pack in found.parameters) and len(found.parameters) <= 1


def test_one_matrix_alone_is_no_pack():
    assert packs("h' = -h + tanh(W @ h) + tanh(U @ u) + tanh(b)\noutput y = h").parameters == ()


def test_a_sum_with_unlike_numbers_is_none():
    assert packs("h' = -h + tanh(W @ h + 2 * (U @ u))\noutput y = h + b").parameters == ()
