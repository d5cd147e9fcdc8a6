"""Which departures a model has, and where its file sets them."""

from __future__ import annotations

import math

import hdsl
from hdsl.audit.departures import departures, digits
from hdsl.show.derivation import derivation_page

TEXT = """ham 1
dim n = 3
input u[n]
target v[n]
param B[n, n] = glorot
param W[n, n] = glorot
param still[n] = 1
state h[n] = B @ u
h' = -h + tanh(W @ h + still)
output y = h
cost fit = squared(y - v)
cost decay = squared(W)
reset h each sample
project W = W / norm2(W) every 10
learn
    tau = 0.5
    eta = 0.4
    eta.h = 0
    beta.still = 0
    order = sequential
"""


def found(text=TEXT, **settings):
    model = hdsl.loads(text, settings=settings).compiler.model
    lines = model.source.lines_of
    return {one.key: (one, lines([one.span])[0] if one.span else None) for one in departures(model)}


def test_every_departure_with_its_line():
    places = {key: line for key, (_, line) in found().items()}
    assert places == {
        "sign": None,
        "frozen": None,
        "euler": None,
        "schedule": None,
        "discount eta": 17,
        "discounts": 18,
        "dissipation eta": None,
        "order": 20,
        "reset sample": 13,
        "begins h": 8,
        "project W": 14,
        "still still": 19,
        "missing fit": 11,
    }


def test_without_dissipation_nothing_is_discounted():
    text = TEXT.replace("    eta = 0.4\n    eta.h = 0\n", "")
    assert not {"discount eta", "discounts", "dissipation eta"} & found(text).keys()


def test_the_euler_factor_beside_the_exact_one():
    one, _ = found(**{"eta": 0.4, "tau": 0.5})["dissipation eta"]
    assert "= 0.8 a step" in one.what
    assert f"{math.exp(-0.2):.4g}" in one.exact


def test_states_that_are_never_reset_and_targets_that_are_not_read():
    text = TEXT.replace("reset h each sample", "reset h never")
    assert not [key for key in found(text) if key.startswith("reset")]
    assert "missing decay" not in found(text)


def test_the_orders_are_told_apart():
    told = {order: found(**{"order": order})["order"][0].what for order in ("sequential", "simultaneous", "semi-implicit")}
    assert len(set(told.values())) == 3
    assert all(order in what for order, what in told.items())


def test_the_page_of_a_derivation_says_what_every_model_has():
    model = hdsl.loads(TEXT)
    page = derivation_page(model.product("equations"), model.product("step"))
    general = [one.what for one, _ in found().values() if one.always]
    (words,) = [section.words for section in page.sections if section.key == "departures"]
    assert words == f"from exact optimal control: {', '.join(general)}"
    assert general == ["forward costate (s = −1)", "θ frozen within a step", "Euler of order 1"]


def test_a_model_without_parameters_freezes_none():
    text = "input u\nstate h = 0\nh' = u - h\noutput y = h"
    assert "frozen" not in found(text)


def test_a_step_of_several_stages_has_its_own_order_and_moves_all_together():
    text = TEXT.replace("    order = sequential\n", "    step = rk4\n")
    told = found(text)
    assert not {"frozen", "euler", "order"} & told.keys()
    one, line = told["step"]
    assert (one.what, line) == ("rk4 of order 4", 20) and "O(τ⁵)" in one.exact and one.always
    one, _ = told["dissipation eta"]  # of params, which flow: 1 − x + x²/2 − x³/6 + x⁴/24 at x = 0.2
    assert "a factor 0.818733 a step" in one.what and "O(τ⁵)" in one.exact


def test_what_is_assigned_has_the_euler_factor_whatever_step_there_is():
    text = "state h = 1\nnext h = h\noutput y = h\nlearn\n    step = midpoint\n    eta.h = 0.4\n"
    assert "1 − τη = 0.6 a step" in found(text)["dissipation eta.h"][0].what


def test_exact_dissipation_departs_in_nothing_but_that_it_is_there():
    told = found(dissipation="exact")
    assert "discount eta" in told and "dissipation eta" not in told


def test_powers_as_they_are_written():
    assert [digits(power) for power in (1, 2, 5)] == ["", "²", "⁵"]


def test_an_exact_state_departs_by_what_it_holds():
    text = "ham 1\ninput u\nstate h = 1\nstate k = 1\nh' = u - h\nk' = -k\noutput y = h*k\ncost c = y^2\nlearn\n    eta = 1\n"
    places = found(text + "    step.h = exact\n    step.k = exact\n")
    assert [key for key in places if key.startswith("exact")] == ["exact h"]
    assert places["exact h"][1] == 11
    assert places["exact h"][0].what == "h: exact in itself; what else moves it is held through a step"
