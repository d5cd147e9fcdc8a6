"""The judge of a replay, beside gradients worked out by hand and by central differences of the summed costs."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from hdsl.syntax.parse import parse
from hdsl.syntax.source import Source
from hdsl.verify.replay import Token, replayed
from hdsl.verify.step import first_cells
from hdsl.verify.written import Written

TEXT = """ham 1
input u
target v
state h = 0.2
param w = 0.7
param c = 1.1
next h = w*h + u
output y = c*h
cost fit = 1/2*(y - v)^2
learn
    schedule = replay
    phi = 1/tau
    eta.state = ETA
    eta.param = 0.25/tau
    beta = 0.1/tau
"""


def judged(tokens: list[Token], eta: float = 0.0, w: float = 0.7, **cells: Any) -> Any:
    text, _ = parse(Source(TEXT.replace("ETA", str(eta))))
    written = Written(text)
    begin = first_cells(written, {"w": w, "c": 1.1}, len(tokens[0].there)) | {"replays": 0} | cells
    return replayed(written, begin, tokens)


def tokens(us: list[float], vs: list[float | None], taus: list[float] | None = None) -> list[Token]:
    taus = taus or [1.0] * len(us)
    return [Token(({"u": u, "v": v},), tau, (True,)) for u, v, tau in zip(us, vs, taus, strict=True)]


def cost(w: float, us: list[float], vs: list[float]) -> float:
    h, total = 0.2, 0.0
    for u, v in zip(us, vs, strict=True):
        h = w * h + u
        total += 0.5 * (1.1 * h - v) ** 2
    return total


US, VS = [0.3, -0.5, 0.9, 0.1], [0.2, 0.4, -0.3, 0.6]


def test_what_omega_takes_in_is_the_derivative_of_the_summed_costs() -> None:
    after, _ = judged(tokens(US, VS))
    e = 1e-6
    slope = (cost(0.7 + e, US, VS) - cost(0.7 - e, US, VS)) / (2 * e)
    assert float(after["parameter costate"]["w"]) == pytest.approx(slope, rel=1e-8)
    assert float(after["parameter"]["w"]) == pytest.approx(0.7 - 0.1 * slope, rel=1e-8)
    assert after["clock"] == 4 and after["replays"] == 1 and bool(after["ended"].all())


def test_omega_keeps_a_part_of_what_it_was() -> None:
    kept = {"w": torch.tensor(2.0, dtype=torch.float64), "c": torch.zeros((), dtype=torch.float64)}
    one, other = judged(tokens(US, VS))[0], judged(tokens(US, VS), **{"parameter costate": kept})[0]
    assert float(other["parameter costate"]["w"] - one["parameter costate"]["w"]) == pytest.approx(0.75 * 2.0)


def test_uneven_taus_leave_it_where_phi_is_one_over_tau() -> None:
    one, other = judged(tokens(US, VS))[0], judged(tokens(US, VS, [0.5, 2.0, 1.5, 0.7]))[0]
    assert float(one["parameter"]["w"]) == pytest.approx(float(other["parameter"]["w"]), rel=1e-14)


@pytest.mark.parametrize("eta", [0.0, 0.3])
def test_the_costate_of_the_first_token_fades_on_its_way(eta: float) -> None:
    """Of h⁺ = w h + u, z of a token is c e plus (w − τη) times that of the next, by hand."""
    after, told = judged(tokens(US[:3], VS[:3]), eta)
    h, es = 0.2, []
    for u, v in zip(US[:3], VS[:3], strict=True):
        h = 0.7 * h + u
        es.append(1.1 * h - v)
    z = 0.0
    for e in reversed(es):
        z = 1.1 * e + (0.7 - eta) * z
    assert float(after["costate"]["h"]) == pytest.approx(z, rel=1e-13)
    assert float(told[2][0][0]["y"]) == pytest.approx(1.1 * h, rel=1e-14)
    assert float(told[1][1][0]["fit"]) == pytest.approx(0.5 * es[1] ** 2, rel=1e-13)


def test_a_stream_that_waits_adds_nothing_and_the_mean_is_over_all() -> None:
    alone = judged(tokens(US[:2], VS[:2]))[0]
    two = [Token(({"u": u, "v": v}, {"u": 5.0, "v": None}), 1.0, (True, False)) for u, v in zip(US[:2], VS[:2], strict=True)]
    both = judged(two)[0]
    assert float(both["parameter costate"]["w"]) == pytest.approx(float(alone["parameter costate"]["w"]) / 2, rel=1e-14)
    assert both["costate"]["h"][0] == pytest.approx(alone["costate"]["h"][0])


def test_a_missing_target_drops_its_cost() -> None:
    some = judged(tokens(US[:2], [None, 0.4]))[0]
    h = 0.7 * (0.7 * 0.2 + 0.3) - 0.5
    assert float(some["parameter costate"]["c"]) == pytest.approx((1.1 * h - 0.4) * h, rel=1e-13)
    assert math.isnan(float(judged(tokens(US[:2], [None, 0.4]))[1][0][1][0]["fit"]))
