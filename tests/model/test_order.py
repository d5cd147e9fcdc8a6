from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from hdsl.model.order import in_order


def test_the_order_of_the_text_is_kept_where_it_can_be() -> None:
    assert in_order({"a": [], "b": ["c"], "c": [], "d": ["a", "elsewhere"]}) == (("a", "c", "b", "d"), ())


def test_a_cycle_is_told_once_as_the_shortest_path_from_its_first_name() -> None:
    needs = {"y": ["b"], "a": ["b"], "b": ["c", "a"], "c": ["a"]}
    order, cycles = in_order(needs)
    assert cycles == (("a", "b", "a"),)
    assert order[-1] == "y"
    assert in_order({"a": ["a"]})[1] == (("a", "a"),)


def test_two_cycles_are_two_in_the_order_of_the_text() -> None:
    assert in_order({"p": ["q"], "q": ["p"], "r": ["r"]})[1] == (("p", "q", "p"), ("r", "r"))


def test_a_chain_of_any_length_exhausts_nothing() -> None:
    needs = {str(k): [str(k + 1)] for k in range(50_000)} | {"50000": []}
    order, cycles = in_order(needs)
    assert cycles == ()
    assert order[0] == "50000"
    assert order[-1] == "0"


@given(st.lists(st.lists(st.integers(0, 11), max_size=4), min_size=1, max_size=12))
def test_what_is_in_no_cycle_comes_after_all_that_it_needs(rows: list[list[int]]) -> None:
    needs = {str(k): [str(other) for other in row] for k, row in enumerate(rows)}
    order, cycles = in_order(needs)
    assert sorted(order) == sorted(needs)
    place = {name: position for position, name in enumerate(order)}
    # By brute force: which names reach themselves.
    reach = {name: {other for other in needs[name] if other in needs} for name in needs}
    for _ in needs:
        reach = {name: others | {far for near in others for far in reach[near]} for name, others in reach.items()}
    groups = {frozenset(other for other in needs if other in reach[name] and name in reach[other]) for name in needs}
    assert len(cycles) == len(groups - {frozenset()})
    for path in cycles:
        assert path[0] == path[-1]
        assert all(after in needs[before] for before, after in itertools.pairwise(path))
    for name in needs:
        for other in needs[name]:
            if other in needs and name not in reach[other]:
                assert place[other] < place[name]
