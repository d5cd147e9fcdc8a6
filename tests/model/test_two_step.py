"""`step = two-step` is written out as a pair of states, and says in a file's own places what is wrong with it."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

import hdsl
from hdsl.compiler import Compiler
from hdsl.model.two_step import owner_of, parts_of
from hdsl.syntax.source import Source

LEARN = """learn
    schedule = replay
    step = two-step
    phi = 1/tau
    eta.param = 1/tau
    beta = 0.1/tau
    tau = 0.1
"""
HEAD = "ham 1\nmodel waves\ndim n = 3\ninput u[n]\ntarget v[n]\n"
TAIL = "output y = h\ncost fit = 1/2*squared(y - v)\n"
PLAIN = f"{HEAD}state h[n] = 0.5\nparam W[n, n] = normal(0, 0.5)\nh' = tanh((W - W.T) @ h) + u\n{TAIL}"


def checked(text: str, **settings: Any) -> Compiler:
    return Compiler(Source(text, "waves.ham"), settings=settings)


def test_a_flow_is_a_pair_of_states_of_which_two_are_hidden() -> None:
    model = checked(PLAIN + LEARN).model
    assert {name: d.kind for name, d in model.dynamics.items()} == {"h": "next", "h.before": "next", "h.tau": "next"}
    assert model.hidden == parts_of("h") and model.without_costate == {"h.tau"} and model.steps_before == {*model.hidden}
    assert [owner_of(name) for name in model.dynamics] == [None, "h", "h"]
    assert model.quantities["h.tau"].shared and not model.quantities["h.before"].shared


@pytest.mark.parametrize("taus", [[0.1, 0.1, 0.1, 0.1], [0.1, 0.3, 0.05, 0.2]])
def test_the_states_are_those_of_the_formula(taus: list[float]) -> None:
    net = hdsl.loads(PLAIN + LEARN).compile(dtype=torch.float64)(batch=2, seed=3)
    u = torch.randn((4, 2, 3), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    skew = (net.W - net.W.T).detach()
    h = [torch.full((2, 3), 0.5, dtype=torch.float64)]
    for k, tau in enumerate(taus):
        slope = torch.tanh(h[k] @ skew.T) + u[k]
        h.append(h[k] + tau * slope if k == 0 else h[k - 1] + (tau + taus[k - 1]) * slope)
    for k, tau in enumerate(taus):
        y, _ = net.step(u=u[k], tau=tau)
        assert torch.allclose(y, h[k + 1], rtol=0, atol=1e-15)


def test_it_is_of_order_two_where_tau_is_even() -> None:
    """The error at a time of 1 of h' = i h, two reals, falls fourfold as τ is halved."""
    text = "ham 1\nmodel turning\nstate p = 1\nstate q = 0\np' = -q\nq' = p\noutput y = stack(p, q)\n" + LEARN

    def error(steps: int) -> float:
        net = hdsl.loads(text, settings={"tau": 1 / steps}).compile(dtype=torch.float64)(batch=1)
        for _ in range(steps):
            y, _ = net.step()
        exact = torch.tensor([math.cos(1), math.sin(1)], dtype=torch.float64)
        return float((y.flatten() - exact).abs().max())

    assert error(64) / error(128) == pytest.approx(4, rel=0.05)


def test_what_is_hidden_is_as_its_flow_in_dissipation_and_resets() -> None:
    text = PLAIN.replace("param W", "reset h never\nparam W") + LEARN + "    eta.h = 0.25\n"
    model = checked(text).model
    assert set(model.resets.values()) == {"never"}
    assert {model.learning.eta[name] for name in model.dynamics} == {"eta.h"}


def test_a_state_that_begins_from_the_stream_takes_what_was_before_with_it() -> None:
    text = PLAIN.replace("= 0.5\nparam", "= tanh(b + u)\nparam b[n] = 0.3\nparam") + LEARN
    net = hdsl.loads(text).compile(dtype=torch.float64)(batch=1, seed=0)
    u = torch.randn((1, 3), generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    begin = torch.tanh(0.3 + u)
    slope = torch.tanh(begin @ (net.W - net.W.T).detach().T) + u
    assert torch.allclose(net.step(u=u)[0], begin + 0.1 * slope, rtol=0, atol=1e-15)


def test_a_flow_of_a_component_is_a_pair_too() -> None:
    part = "component cell(x[k], k) {\n    state s[k] = 0\n    s' = -0.1*s + x\n    return s\n}\n"
    text = f"{HEAD}{part}param a = 0.3\nlet r = cell(a*u, n)\noutput y = r\ncost fit = 1/2*squared(y - v)\n{LEARN}"
    model = checked(text).model
    assert set(model.dynamics) == {"r.s", "r.s.before", "r.s.tau"}


@pytest.mark.parametrize("schedule", ["online", "boundary"])
def test_it_is_for_replays_alone(schedule: str) -> None:
    found = checked(PLAIN + LEARN, schedule=schedule).diagnostics
    assert "step-schedule" in {d.code for d in found}


def test_a_flow_of_another_size_is_told_as_under_euler() -> None:
    text = PLAIN.replace("+ u\n", "+ u\nparam B[2] = 1\n").replace("tanh((W - W.T) @ h)", "B") + LEARN
    two, one = (checked(text, step=step).diagnostics for step in ("two-step", "euler"))
    assert [(d.code, d.span, d.message) for d in two] == [(d.code, d.span, d.message) for d in one] != []
