from __future__ import annotations

import sympy

from hdsl.terms.arranged import along, kept, length, listed, whole_axis
from hdsl.terms.structured import STRUCTURED
from hdsl.terms.term import Definition, Structured, indices, size, slot
from tests.terms.test_row import Making

N, M = size("n"), size("m")
ZERO, ONE, TWO = map(sympy.Integer, range(3))


def test_the_length_of_a_range_is_rounded_up_to_whole_steps() -> None:
    assert length((ONE, N, 1)) == N - 1
    assert length((ZERO, 2 * N, 2)) == N
    assert length((ZERO, 2 * N + 1, 2)) == N + 1
    assert length((ONE, sympy.Integer(6), 2)) == 3


def test_a_position_takes_its_axis_away() -> None:
    assert kept(((ONE,), whole_axis(N), (ZERO, M - 1, 1))) == (N, M - 1)


def test_one_axis_is_subscripted_and_the_others_are_whole() -> None:
    assert along(-1, (N, M), (ONE,)) == (whole_axis(N), (ONE,))
    assert along(-2, (N, M), (ONE,)) == ((ONE,), whole_axis(M))


def test_tuples_of_text() -> None:
    assert [listed(parts) for parts in ([], ["n"], ["n", "m"])] == ["()", "(n,)", "(n, m)"]


def test_pieces_pull_back_to_slices_of_one_adjoint_and_only_those_that_are_wanted() -> None:
    class Choosy(Making):
        def wants(self, name: str) -> bool:
            return name != "b"

    definition = Definition("y", Structured("concat", ("a", "b", "c"), (("axis", -1),)), (N + M + 2,))
    maker = Choosy({"a": (N,), "b": (M,), "c": (TWO,)})
    first, none, last = STRUCTURED["concat"].pullback(definition, "adj", maker)
    assert none is None and len(maker.added) == 2
    assert first == slot(maker.added[0].name, indices(1))
    places = [dict(d.body.attributes)["places"] for d in maker.added]  # type: ignore[union-attr]
    assert places == [((ZERO, N, 1),), ((N + M, N + M + 2, 1),)]
    assert last is not None


def test_what_is_the_whole_is_pulled_back_as_it_stands() -> None:
    definition = Definition("y", Structured("concat", ("a",), (("axis", -1),)), (N,))
    maker = Making({"a": (N,)})
    assert STRUCTURED["concat"].pullback(definition, "adj", maker) == (slot("adj", indices(1)),)
    assert maker.added == []
