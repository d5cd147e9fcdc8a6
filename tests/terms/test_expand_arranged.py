"""That every operation is written out with the right entries is judged in `tests/terms/test_row.py`."""

from __future__ import annotations

import sympy

from hdsl.terms.arranged import ARRANGED
from hdsl.terms.chosen import CHOSEN
from hdsl.terms.expand_arranged import EXPANDED, places


def test_every_row_that_moves_or_chooses_is_written_out() -> None:
    assert EXPANDED.keys() == {row.name for row in (*ARRANGED, *CHOSEN)}


def test_places_are_in_the_order_of_numpy() -> None:
    assert places((2, 2)) == [(0, 0), (0, 1), (1, 0), (1, 1)]
    assert places(()) == [()]


def test_an_index_that_is_not_known_chooses_by_deltas() -> None:
    k = sympy.Symbol("k")
    entries = {(0,): sympy.Symbol("x0"), (1,): sympy.Symbol("x1")}
    picked = EXPANDED["pick"]([((2,), entries), ((), {(): k})], (), {})[()]
    assert picked.subs(k, 1) == entries[(1,)]
