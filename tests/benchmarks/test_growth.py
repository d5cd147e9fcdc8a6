"""That the work of every pass grows no faster than the model: calls are counted, since seconds are not the same twice."""

from __future__ import annotations

import json

import pytest

from benchmarks.growth import KINDS, PASSES, calls_of, counted, main, slope

AT, MOST = 5, 2.3


@pytest.mark.parametrize("kind", [pytest.param(k, marks=[pytest.mark.slow] * (k != "chain")) for k in KINDS])
def test_twice_the_definitions_take_about_twice_the_work(kind: str) -> None:
    calls_of(KINDS[kind](3))  # what is loaded at first use
    small, middle, large = (calls_of(KINDS[kind](AT * k)) for k in (1, 2, 4))
    grown = {name: (middle[name] / small[name], large[name] / middle[name]) for name in PASSES}
    assert {name: both for name, both in grown.items() if max(both) > MOST} == {}


def test_work_that_grows_with_the_square_would_be_seen() -> None:
    def square(length: int) -> int:
        with counted() as calls:
            for k in range(length):
                for j in range(length):
                    max(k, j)
        return calls[0]

    assert square(80) / square(40) > 3 > MOST
    assert slope([10, 20, 40], [1.0, 4.0, 16.0]) == pytest.approx(2) and slope([10, 20], [3.0, 6.0]) == pytest.approx(1)


def test_the_benchmark_prints_a_slope_a_pass(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--kinds", "chain", "--sizes", "3,6"])
    told = capsys.readouterr().out
    assert all(name in told for name in PASSES) and told.count("chain") == 3 and "slope" in told
    main(["--kinds", "wide", "--sizes", "3,6", "--json"])
    (one, two) = json.loads(capsys.readouterr().out)["kinds"]["wide"]
    assert one[0] < two[0] and set(one[1]) == set(PASSES)


def test_a_size_beyond_the_bound_of_the_language_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--kinds", "chain", "--sizes", "2,400"])
    assert "--sizes: the model needs more than 1 000 definitions" in capsys.readouterr().err
