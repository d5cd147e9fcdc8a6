"""Steps of several stages of the judge against numbers worked out on paper: one neuron, plain floats, derivatives by hand."""

from __future__ import annotations

import math

import pytest
import torch

from hdsl.syntax.parse import parse
from hdsl.syntax.source import Source
from hdsl.verify.order import INTEGRATORS
from hdsl.verify.stages import SCHEMES
from hdsl.verify.walk import Walk
from hdsl.verify.written import MECHANICAL, STAGED

TAU, BETA, ETA_H, ETA_W = 0.25, 0.3, 0.2, 0.6
NEURON = """
input u
target v
state h = 0.5
state m = 0.2
param w = 0
{dynamics}
output y = h
cost fit = 1/2*squared(y - v)
learn
    step = {step}
    dissipation = {dissipation}
    tau = 0.25
    eta.state = 0.2
    eta.param = 0.6
    phi = 1.5 + t
    beta = 0.3
"""
FLOW, MIXED = "h' = -h + tanh(w*h + u)\nm' = u - m", "h' = -h + tanh(w*h + m) + 0*u\nnext m = w*h"
VALUES = {"h": 0.4, "z": -0.7, "w": 1.2, "omega": 0.3}


def slopes(at, t, u, v, fades):
    """ḣ, ż, ẇ, ω̇ of one neuron; ``fades`` where dissipation is a part of the slope."""
    s = math.tanh(at["w"] * at["h"] + u)
    bend = 1 - s * s
    return {
        "h": -at["h"] + s,
        "z": (1.5 + t) * (at["h"] - v) + at["z"] * (-1 + at["w"] * bend) - fades * ETA_H * at["z"],
        "w": -BETA * at["omega"],
        "omega": at["z"] * at["h"] * bend - fades * ETA_W * at["omega"],
    }


def moved(at, parts):
    return {name: value + sum(part * slope[name] for part, slope in parts) for name, value in at.items()}


def on_paper(step, u, v, t, fades=1.0):
    """One step of the neuron alone."""
    first = slopes(VALUES, t, u, v, fades)
    second = slopes(moved(VALUES, [(TAU / 2, first)]), t + TAU / 2, u, v, fades)
    if step == "midpoint":
        return moved(VALUES, [(TAU, second)])
    third = slopes(moved(VALUES, [(TAU / 2, second)]), t + TAU / 2, u, v, fades)
    fourth = slopes(moved(VALUES, [(TAU, third)]), t + TAU, u, v, fades)
    return moved(VALUES, [(TAU / 6, first), (TAU / 3, second), (TAU / 3, third), (TAU / 6, fourth)])


def stream(value):
    return torch.tensor([value], dtype=torch.float64)


def judged(step, dynamics=FLOW, dissipation="euler", learns=True, clock=3, m=0.2, z_m=0.0):
    tree, _ = parse(Source(NEURON.format(step=step, dynamics=dynamics, dissipation=dissipation)))
    walk = Walk(tree)
    cells = walk.begin({"w": VALUES["w"]})
    cells["state"] = {"h": stream(VALUES["h"]), "m": stream(m)}
    cells["costate"] = {"h": stream(VALUES["z"]), "m": stream(z_m)}
    cells["parameter costate"]["w"] = stream(VALUES["omega"])[0]
    cells |= {"clock": clock, "time": stream(clock * TAU)}
    new, outputs, costs = walk.step(cells, [{"u": 0.6, "v": -0.3}], learns=learns)
    found = {"h": new["state"]["h"], "z": new["costate"]["h"]}
    found |= {"w": new["parameter"]["w"], "omega": new["parameter costate"]["w"]}
    return {name: float(value) for name, value in found.items()}, new, outputs, costs


@pytest.mark.parametrize("step", SCHEMES)
def test_one_neuron_on_paper(step):
    found, new, outputs, costs = judged(step)
    assert found == pytest.approx(on_paper(step, 0.6, -0.3, 0.75), rel=1e-14)
    assert float(outputs[0]["y"]) == 0.4 and float(costs[0]["fit"]) == pytest.approx(0.5 * 0.7**2)  # at the old state
    assert (new["clock"], float(new["time"])) == (4, 1.0)


@pytest.mark.parametrize("step", SCHEMES)
def test_parameters_stand_still_where_nothing_is_learned(step):
    """Then h flows by itself."""
    found, *_ = judged(step, learns=False)

    def state(at):
        return {"h": -at["h"] + math.tanh(VALUES["w"] * at["h"] + 0.6)}

    at = {"h": VALUES["h"]}
    first = state(at)
    second = state(moved(at, [(TAU / 2, first)]))
    third = state(moved(at, [(TAU / 2, second)]))
    fourth = state(moved(at, [(TAU, third)]))
    whole = [(TAU / 6, first), (TAU / 3, second), (TAU / 3, third), (TAU / 6, fourth)]
    parts = [(TAU, second)] if step == "midpoint" else whole
    assert found["h"] == pytest.approx(moved(at, parts)["h"], rel=1e-14)
    assert found["w"] == VALUES["w"]
    assert found["h"] != judged(step)[0]["h"]


@pytest.mark.parametrize("step", SCHEMES)
def test_what_is_assigned_moves_once_and_pulls_once(step):
    """m⁺ = w h from the old values. As m's own pull on h is tanh's, the stages of h read m as it stood: u in its place."""
    found, new, *_ = judged(step, MIXED, m=0.6, z_m=0.9)
    alone = on_paper(step, 0.6, -0.3, 0.75)
    assert float(new["state"]["m"]) == pytest.approx(VALUES["w"] * VALUES["h"])
    assert found["h"] == pytest.approx(alone["h"], rel=1e-14)
    assert found["z"] == pytest.approx(alone["z"] + 0.9 * VALUES["w"], rel=1e-14)  # (∂F/∂h)ᵀ z_m
    assert found["omega"] == pytest.approx(alone["omega"] + 0.9 * VALUES["h"], rel=1e-14)
    # z_m: its dissipation, and what the flow of h pulls on it, by the weights of the stages (here of the middle alone).
    if step == "midpoint":
        first = slopes(VALUES, 0.75, 0.6, -0.3, 1.0)
        middle = moved(VALUES, [(TAU / 2, first)])
        bend = 1 - math.tanh(middle["w"] * middle["h"] + 0.6) ** 2
        assert float(new["costate"]["m"]) == pytest.approx(-TAU * ETA_H * 0.9 + TAU * bend * middle["z"], rel=1e-13)


@pytest.mark.parametrize("step", SCHEMES)
def test_exact_dissipation_is_an_integrating_factor(step):
    """The slopes of e^{ηs} z and e^{ηs} ω on paper, and back; midpoint alone, which is short enough."""
    found, *_ = judged(step, dissipation="exact")
    if step == "midpoint":
        first = slopes(VALUES, 0.75, 0.6, -0.3, 0.0)
        middle = moved(VALUES, [(TAU / 2, first)])
        middle["z"] *= math.exp(-ETA_H * TAU / 2)
        middle["omega"] *= math.exp(-ETA_W * TAU / 2)
        second = slopes(middle, 0.75 + TAU / 2, 0.6, -0.3, 0.0)
        half = {"z": math.exp(-ETA_H * TAU / 2), "omega": math.exp(-ETA_W * TAU / 2)}
        for name, factor in half.items():
            assert found[name] == pytest.approx(factor * (factor * VALUES[name] + TAU * second[name]), rel=1e-14)
    # Both are close to the flow itself, so to one another.
    assert found["z"] == pytest.approx(judged(step)[0]["z"], abs=2e-3 if step == "midpoint" else 1e-5)


def test_every_step_of_several_stages_has_a_scheme_and_an_order():
    assert set(SCHEMES) == set(STAGED) and set(INTEGRATORS) == {"euler", "two-step", *STAGED, *MECHANICAL}
    for scheme in SCHEMES.values():
        assert sum(scheme.weights) == pytest.approx(1) and [len(row) for row in scheme.rows] == list(range(len(scheme.weights)))
