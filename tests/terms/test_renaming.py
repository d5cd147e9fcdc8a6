"""Other names for what a definition is and what it reads."""

from __future__ import annotations

from hdsl.syntax.source import Span
from hdsl.terms.renaming import rename, renamed, valued
from hdsl.terms.term import Contraction, Definition, Elementwise, Structured, Summand, indices, size, slot

h, u = slot("h"), slot("u")


def test_renaming_reaches_every_kind_of_body():
    (i,), swap = indices(1), {"h": "h+", "a": "a+"}
    product = Definition("a", Contraction((slot("h", (i,)), slot("b", (i,))), ((i, size("n")),), slot("a")))
    made = rename(product, swap)
    assert made.name == "a+" and made.body.coefficient == slot("a+") and made.body.bound == product.body.bound
    assert made.body.factors == (slot("h+", (i,)), slot("b", (i,)))
    assert rename(Definition("x", Elementwise(h + u)), swap).body == Elementwise(slot("h+") + u)
    assert rename(Definition("l", Structured("logsumexp", ("a", "b"))), swap).body.operands == ("a+", "b")


def test_summands_are_renamed_with_their_sum():
    summands = (Summand(h, (Span(0, 1),), ("h",)), Summand(2 * u, (), ("fit",)))
    made = rename(Definition("x", Elementwise(h + 2 * u), summands=summands), {"h": "h@2"})
    assert [s.expression for s in made.summands] == [slot("h@2"), 2 * u]
    assert [s.roots for s in made.summands] == [("h",), ("fit",)]


def test_an_expression_reads_other_names_at_the_same_indices():
    (i, j) = indices(2)
    assert renamed(slot("W", (i, j)) * slot("h", (j,)) + h, {"h": "g"}) == slot("W", (i, j)) * slot("g", (j,)) + slot("g")


(i,), N = indices(1), size("n")
SUM = Definition("c", Contraction((slot("x", (i,)), slot("y", (i,))), ((i, N),), slot("w")))


def test_an_expression_for_a_scalar() -> None:
    value = 1 / slot("tau") + 1
    found = valued(SUM, slot("w"), value)
    assert isinstance(found.body, Contraction) and found.body.coefficient == value
    told = Summand(slot("w") * slot("x", (i,)), (), ("fit",))
    line = Definition("e", Elementwise(told.expression), (N,), summands=(told,))
    made = valued(line, slot("w"), slot("v"))
    assert made.body == Elementwise(slot("v") * slot("x", (i,)))
    assert [(s.expression, s.roots) for s in made.summands] == [(slot("v") * slot("x", (i,)), ("fit",))]
