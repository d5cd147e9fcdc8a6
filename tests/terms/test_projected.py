"""How what is put back is written."""

from __future__ import annotations

from hdsl.terms.notation import Notation
from hdsl.terms.projected import how_often, put_back_to, sides_of_projection
from hdsl.terms.term import Definition, Elementwise, indices, size, slot


def test_how_often() -> None:
    assert how_often(1) == "every step"
    assert how_often(10) == "every 10 steps"


def test_arrow() -> None:
    halved = Definition("P:W", Elementwise(slot("W", indices(1)) / 2), (size("n"),), True)
    notation = Notation("text", (halved,))
    assert sides_of_projection(halved, notation) == ("W", "½ W")
    assert put_back_to(halved, notation) == "W ← ½ W"
