from __future__ import annotations

from hdsl.terms.chosen import scattered
from hdsl.terms.row import Written
from hdsl.terms.term import size

N, M = size("n"), size("m")


def written(own: bool) -> Written:
    return Written(("e", "k"), (own, True), False, (N, M), {}, str)


def test_a_row_that_all_streams_share_is_added_once_for_each_of_them() -> None:
    assert scattered(written(True)) == ("k", "e")
    assert scattered(written(False)) == ("k", "e.expand(k.shape[0], -1)")
