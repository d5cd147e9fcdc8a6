"""Which entries depend on which."""

from __future__ import annotations

import pytest

from hdsl.derive.probing import Probing
from hdsl.terms.term import Contraction, Definition, Elementwise, Scalar, Structured, indices, size, slot

i, j = indices(2)
N = size("n")
LINES = {
    line.name: line
    for line in (
        Definition("same", Elementwise(2 * slot("v", (i,)) * slot("w", (i,))), (N,)),
        Definition("mixed", Contraction((slot("A", (i, j)), slot("v", (j,))), ((j, N),)), (N,)),
        Definition("outer", Elementwise(slot("A", (i, j)) * slot("v", (i,))), (N, N)),
        Definition("kept", Contraction((slot("A", (i, j)), slot("outer", (i, j))), ((j, N),)), (N,)),
        Definition("lost", Contraction((slot("outer", (j, i)),), ((j, N),)), (N,)),
        Definition("soft", Structured("softmax", ("v",), (("axis", -1),)), (N,)),
        Definition("turned", Elementwise(slot("outer", (j, i))), (N, N)),
    )
}


@pytest.mark.parametrize(
    ("expression", "kept"),
    [
        (slot("v", (i,)), True),
        (slot("same", (i,)) + slot("v", (i,)), True),
        (slot("mixed", (i,)), False),
        (slot("kept", (i,)), True),
        (slot("lost", (i,)), False),
        (slot("kept", (i,)) + slot("mixed", (i,)), False),
        (slot("soft", (i,)), False),
    ],
)
def test_entries(expression: Scalar, kept: bool) -> None:
    assert Probing(LINES, "v", (i,)).keeps_entries(expression) is kept


def test_a_scalar_has_one_entry() -> None:
    assert Probing(LINES, "v", ()).keeps_entries(slot("mixed", (i,)))


def test_what_depends() -> None:
    probing = Probing(LINES, "v", (i,))
    assert probing.reads(slot("kept", (i,)), "v") and probing.reads(slot("kept", (i,)), "A")
    assert not probing.reads(slot("same", (i,)), "A")
    assert probing.opened(slot("same", (j,))) == 2 * slot("v", (j,)) * slot("w", (j,))
