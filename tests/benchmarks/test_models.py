from __future__ import annotations

from math import nan
from typing import Any

import pytest

from benchmarks.models import Bar, Found, figure, figures, found_in, page

BAR = Bar("net", "flowers", "log loss", "second half", "class frequencies so far", 0.5)


def metric(predictor: str, value: float | None, kind: str = "log loss", part: str = "second half") -> dict[str, Any]:
    return {"kind": kind, "part": part, "predictor": predictor, "value": value}


def told(*runs: list[dict[str, Any]], others: list[dict[str, Any]]) -> dict[str, Any]:
    return {"seeds": [{"seed": k, "metrics": run} for k, run in enumerate(runs)], "metrics": others}


def test_the_figure_of_the_bar_is_taken_of_each_seed() -> None:
    runs = [[metric("net", value), metric("net", 9.0, part="all")] for value in (0.5, 0.8)]
    others = [metric(BAR.baseline, 2.0), metric(BAR.baseline, 3.0, kind="accuracy"), metric("net", 0.5)]
    assert found_in(BAR, told(*runs, others=others)) == Found(BAR, (0.5, 0.8), 2.0)


def test_a_later_pass_is_held_against_the_least_figure_of_the_baseline() -> None:
    others = [metric(BAR.baseline, 2.0, part="all"), metric(BAR.baseline, 1.5)]
    later = Bar("net", "flowers", BAR.kind, "pass 40", BAR.baseline, 0.5)
    assert found_in(later, told([metric("net", 0.5, part="pass 40")], others=others)).theirs == 1.5


def test_others_are_taken_of_each_seed_where_they_learn_and_once_where_not() -> None:
    bar = Bar("net", "flowers", BAR.kind, BAR.part, BAR.baseline, 0.5, (("output fast", "fast"), ("regression", "fit")))
    runs = [[metric("net", value), metric("output fast", 2 * value)] for value in (0.5, 0.8)]
    others = [metric("net", 0.5), metric("output fast", 1.0), metric(BAR.baseline, 2.0), metric("regression", 0.3)]
    assert found_in(bar, told(*runs, others=others)).beside == ((1.0, 1.6), (0.3,))


def test_what_is_no_number_is_no_margin() -> None:
    found = found_in(BAR, told([metric("net", None)], others=[metric(BAR.baseline, 2.0)]))
    assert found.margin != found.margin
    assert not found.holds


@pytest.mark.parametrize(
    "ours, holds", [((0.5, 0.8), True), ((0.5, 1.0), True), ((0.1, 1.1), False), ((0.1, nan), False), ((nan, 0.1), False)]
)
def test_the_worst_seed_decides(ours: tuple[float, ...], holds: bool) -> None:
    assert Found(BAR, ours, 2.0).holds is holds


def test_the_page_says_what_is_not_below() -> None:
    bar = Bar("net", "flowers", BAR.kind, BAR.part, BAR.baseline, 0.5, (("regression", "fit"),))
    found = [Found(BAR, (0.5, 0.8, 0.6), 2.0), Found(bar, (0.5, 1.8, 0.6), 2.0, ((0.25,),))]
    text = page(found, 3, "make me", "a machine")
    assert "`make me` made this page, on a machine." in text
    *_, first, second = text.splitlines()
    start = "| `net` | flowers | log loss, second half | 0.600 (0.500 … "
    assert first == f"{start}0.800) | class frequencies so far 2.000 | 60% (50%) |  |"
    assert second == f"{start}1.800) | class frequencies so far 2.000 | 10% (50%, NOT HELD) | fit 0.250 |"


def test_small_figures_keep_their_size() -> None:
    assert [figure(value) for value in (0.1384, 3e-14, nan)] == ["0.138", "3e-14", "nan"]
    assert figures([0.5]) == "0.500"
