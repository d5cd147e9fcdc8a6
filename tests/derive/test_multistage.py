"""What stands in a step of several stages: what moves, what is held, and what enters once."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import hdsl
from hdsl.derive.beginnings import starts_of
from hdsl.derive.multistage import build_stages

TEXT = """
input u
target v
state h = 0.3
state k = 0.1
param w = 0.7
param c = 0.5
h' = -h + tanh(w*h + u) + sin(t)
next k = tanh(w*k + h)
output y = c*(h + k)
cost fit = 1/2*(y - v)^2
reset h {reset}
learn
    step = rk4
    tau = 0.5
    eta = 0.2
    beta = 0.3
    dissipation = {dissipation}
"""


def staged(reset="each sequence", dissipation="euler", text=TEXT):
    model = hdsl.loads(text.format(reset=reset, dissipation=dissipation)).product("model")
    return build_stages(model, starts_of(model))


def lines_of(lines):
    return {line.name: line for line in lines}


def test_what_flows_has_a_value_at_each_stage_and_what_is_assigned_has_none():
    lines = lines_of(staged().lines)
    assert {f"{cell}@{stage}" for cell in ("h", "z:h", "w:w", "w:c", "w", "c", "t") for stage in (2, 3, 4)} <= lines.keys()
    assert not [name for name in lines if name.startswith(("k@", "z:k@", "F:k@"))]
    assert lines["k+"].reads() == ("F:k",)


def test_the_dynamics_of_what_is_assigned_pull_once_and_at_the_old_values():
    lines = lines_of(staged().lines)

    def behind(name, skip=()):
        found, waiting = set(), [name]
        while waiting:
            one = waiting.pop()
            if one not in found and one in lines and one not in skip:
                found.add(one)
                waiting += lines[one].reads()
        return found

    assert not any("z:k" in lines[name].reads() for name in behind("h+") | behind("w+"))
    reading = [name for name in lines if "z:k" in lines[name].reads() and not name.endswith("+")]
    assert reading and not any("@" in name for name in reading)


def test_outputs_and_costs_are_those_of_the_old_values():
    made = staged()
    assert (made.old["y"].name, made.old["fit"].name) == ("y", "fit")
    assert not any(name.endswith(("+", "@2")) for name in (*made.old["y"].reads(), *made.old["fit"].reads()))


def test_parameters_stand_still_where_nothing_is_learned():
    made = staged()
    still = lines_of(made.still)
    assert {"h+", "k+"} <= still.keys() and not [name for name in still if name.startswith(("w@", "w:", "z:", "adj:"))]
    assert not staged(text="state h = 1\ntarget v\nh' = -h\noutput y = h\ncost c = (h - v)^2\nlearn\n    step = rk4\n").still


@pytest.mark.parametrize("step", ["midpoint", "rk4"])
def test_a_flow_that_begins_anew_with_each_sample_teaches_from_the_second_stage_on(step):
    """The costate is 0 at the first stage alone, so the warning of `reset-order` would be wrong."""
    text = TEXT.format(reset="each sample", dissipation="euler").replace("param c = 0.5", "const c = 0.5")
    model = hdsl.loads(text.replace("rk4", step).replace("next k = tanh(w*k + h)", "next k = h"))
    assert "reset-order" not in [found.code for found in model.compiler.diagnostics]
    net = model.compile(dtype=torch.float64)(batch=1)
    net.step(u=torch.tensor([0.4], dtype=torch.float64), v=torch.tensor([1.0], dtype=torch.float64))
    assert abs(float(net.costate.w)) > 1e-4


@pytest.mark.parametrize(("step", "order"), [("midpoint", 2), ("rk4", 4)])
def test_the_error_of_a_run_falls_with_the_order(step, order):
    """A run over a time of 2 with the sample held, against one of steps 32 times shorter; the flow reads t."""
    text = TEXT.format(reset="each sequence", dissipation="exact").replace("rk4", step)
    text = text.replace("next k = tanh(w*k + h)", "k' = tanh(w*k + h) - k")

    def after(tau):
        net = hdsl.loads(text, settings={"tau": tau}).compile(dtype=torch.float64)(batch=1)
        given = {"u": torch.tensor([0.4], dtype=torch.float64), "v": torch.tensor([1.0], dtype=torch.float64)}
        for _ in range(round(2 / tau)):
            net.step(**given)
        return np.array([float(value) for value in net.state_dict().values() if value.is_floating_point()])

    right = after(1 / 256)
    errors = [np.abs(after(tau) - right).max() for tau in (1 / 4, 1 / 8)]
    assert np.log2(errors[0] / errors[1]) == pytest.approx(order, abs=0.3)
