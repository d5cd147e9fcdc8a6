"""Definitions with other names, or with an expression in place of a scalar."""

from __future__ import annotations

from hdsl.derive.renamed import rename, valued
from hdsl.terms.term import Contraction, Definition, Elementwise, Structured, Summand, indices, size, slot

(i,), N = indices(1), size("n")
SUM = Definition("c", Contraction((slot("x", (i,)), slot("y", (i,))), ((i, N),), slot("w")))


def test_names_of_what_it_is_and_reads() -> None:
    found = rename(SUM, {"c": "c+", "x": "x+", "w": "v"})
    assert found.name == "c+" and found.body == Contraction((slot("x+", (i,)), slot("y", (i,))), ((i, N),), slot("v"))
    whole = rename(Definition("s", Structured("softmax", ("x",), (("axis", -1),)), (N,)), {"x": "x+"})
    assert isinstance(whole.body, Structured) and whole.body.operands == ("x+",)


def test_an_expression_for_a_scalar() -> None:
    value = 1 / slot("tau") + 1
    found = valued(SUM, slot("w"), value)
    assert isinstance(found.body, Contraction) and found.body.coefficient == value
    told = Summand(slot("w") * slot("x", (i,)), (), ("fit",))
    line = Definition("e", Elementwise(told.expression), (N,), summands=(told,))
    made = valued(line, slot("w"), slot("v"))
    assert made.body == Elementwise(slot("v") * slot("x", (i,)))
    assert [(s.expression, s.roots) for s in made.summands] == [(slot("v") * slot("x", (i,)), ("fit",))]
