"""The inverse of a step: which texts have one, and that it leads from the states after a token to those before it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

import hdsl
from hdsl.compiler import Compiler
from hdsl.derive.reversing import WAS, reversal_of
from hdsl.syntax.source import Source

HEAD = "ham 1\nmodel back\ndim n = 3\ninput u[n]\ntarget v[n]\nparam W[n, n] = normal(0, 0.5)\nparam w[n] = normal(1, 0.5)\n"
TAIL = "output y = h + w\ncost fit = 1/2*squared(y - v)\n"
LEARN = """learn
    schedule = replay
    states = recomputed
    phi = 1/tau
    eta.param = 1/tau
    beta = 0.1/tau
    tau = 0.2
"""
TWO_STEP = "    step = two-step\n"

PAIR = "state h[n] = 0.1\nstate q[n] = 0\n"
GOES_BACK = {
    "two-step": ("state h[n] = 0.1\nh' = tanh((W - W.T) @ h) + u\n", TWO_STEP),
    "two flows by two-step": ("state h[n] = 0.1\nstate s[n] = 0\nh' = tanh(s) + u\ns' = -h\n", TWO_STEP),
    "a pair": ("state h[n] = 0.1\nstate p[n] = 0\nnext h = p + tau*sin(W @ h)*u\nnext p = h\n", ""),
    "a pair with a sign": ("state h[n] = 0.1\nstate p[n] = 0\nnext h = u - p + cos(h)\nnext p = -h\n", ""),
    "a rotation": (
        PAIR + "let c = cos(w*tau)\nlet s = sin(w*tau)\nnext h = c*h - s*q + u\nnext q = s*h + c*q\n", ""
    ),
    "a rotation of what is shifted": (
        PAIR + "let a = q + tanh(u)\nnext h = cos(w)*h - sin(w)*a\nnext q = sin(w)*h + cos(w)*a\n", ""
    ),
    "a unit modulus": (
        PAIR + "param x[n] = 2\nlet r = sqrt(w^2 + x^2)\nnext h = w/r*h - x/r*q\nnext q = x/r*h + w/r*q + u\n", ""
    ),
    "numbers": (PAIR + "const c = 0.8\nnext h = c*h - 0.6*q\nnext q = 0.6*h + c*q + u*w\n", ""),
    "an exponential": ("state h[n] = 0.1\nnext h = expm((W - W.T)*tau) @ h + tanh(u)\n", ""),
    "one that reads another": (
        "state h[n] = 0.1\nstate s[n] = 0\nnext h = expm((W - W.T)*tau) @ h + tanh(s)\nnext s = s + u\n", ""
    ),
    "what came before": ("state h[n] = 0.1\nnext h = h + w*previous(u) + delay(u, 2)\n", ""),
    "one that stands still": ("state h[n] = 0.1\nstate s[n] = 0.2\nnext h = h + s*u\n", ""),
}
STAYS = {
    "an Euler step": ("state h[n] = 0.1\nh' = tanh((W - W.T) @ h) + u\n", ["h"]),
    "a tanh": ("state h[n] = 0.1\nnext h = tanh(W @ h + u)\n", ["h"]),
    "a damped rotation": (
        PAIR + "next h = 0.9*(cos(w)*h - sin(w)*q)\nnext q = 0.9*(sin(w)*h + cos(w)*q) + u\n", ["h", "q"]
    ),
    "another angle": (PAIR + "next h = cos(w)*h - sin(2*w)*q\nnext q = sin(w)*h + cos(w)*q + u\n", ["h", "q"]),
    "a symmetric exponent": ("state h[n] = 0.1\nnext h = expm((W + W.T)*tau) @ h + u\n", ["h"]),
    "a matrix": ("state h[n] = 0.1\nnext h = W @ h + u\n", ["h"]),
    "a leak": ("state h[n] = 0.1\nstate s[n] = 0\nnext h = h + s\nnext s = 0.5*s + u\n", ["s"]),
    "a delay of a state": ("state h[n] = 0.1\nnext h = h + delay(h)*u\n", ["h.delay"]),
    "a state that begins anew": ("state h[n] = 0.1\nreset h each sample\nnext h = h + u*w\n", ["h"]),
}


def compiler(name: str, table: dict[str, Any]) -> Compiler:
    body, more = table[name]
    return Compiler(Source(HEAD + body + TAIL + LEARN + (more if isinstance(more, str) else ""), "back.ham"))


@pytest.mark.parametrize("name", GOES_BACK)
def test_it_leads_back_to_the_states_before(name: str) -> None:
    made = compiler(name, GOES_BACK)
    assert [d for d in made.diagnostics if d.severity == "error"] == []
    reversal = reversal_of(made.model)
    assert {*reversal.undone, *reversal.kept} == set(made.model.dynamics)
    assert {line.name for line in reversal.lines} >= {f"{WAS}{state}" for state in reversal.undone}
    net = hdsl.loads(made.source.text).compile(dtype=torch.float64)(batch=2, seed=0)
    source = torch.Generator().manual_seed(0)
    u, v = (torch.randn((40, 2, 3), generator=source, dtype=torch.float64) for _ in "uv")
    passed = []
    for k in range(40):
        passed.append({name: value.clone() for name, value in zip(net.kept_states, net._cells(), strict=False)})
        net.step(u=u[k], v=v[k], tau=0.1 + 0.005 * k)
    net._close(net._cells())
    with torch.no_grad():
        found = net._undone(net._cells(), net._kept, net._path, net._path[-1])
    for k, states in enumerate(passed):
        for state, value in zip(net.kept_states, found[k], strict=True):
            assert np.allclose(value, states[state], rtol=0, atol=1e-11), (k, state)
    assert net.drift < 1e-11


@pytest.mark.parametrize("name", STAYS)
def test_what_has_no_inverse_is_refused_by_name(name: str) -> None:
    found = [d for d in compiler(name, STAYS).diagnostics if d.severity == "error"]
    assert [d.code for d in found] == ["recomputed"]
    named = STAYS[name][1]
    assert found[0].message.startswith(" and ".join(f"`{state}`" for state in named) + " cannot")
    assert len(found[0].others) == len(named)


def test_a_model_without_an_inverse_has_no_reversal() -> None:
    text = compiler("a tanh", STAYS).source.text.replace("states = recomputed", "states = stored")
    with pytest.raises(ValueError, match="the step of h has no inverse"):
        reversal_of(Compiler(Source(text, "back.ham")).model)
