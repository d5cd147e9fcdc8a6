"""Layers: at which tick of a cycle each state and each parameter moves, and which states have none."""

from __future__ import annotations

import pytest

import hdsl
from hdsl.model.model import Model

HEAD = "ham 1\nmodel m\ninput u\ntarget v\n"
LEARN = "cost fit = (y - v)^2\nlearn\n    schedule = layerwise\n    eta = 1\n"


def model(body: str, learn: str = LEARN) -> Model:
    return hdsl.loads(HEAD + body + learn).product("model")


def test_a_chain_is_numbered_along_its_states_wherever_they_stand() -> None:
    """The output's parameter moves with the last layer; so does one that a cost alone reads."""
    body = (
        "state c = 0\nstate a = 0\nstate b = 0\nparam w3 = 1\nparam w1 = 1\nparam w2 = 1\nparam o = 1\nparam d = 1\n"
        "next c = tanh(w3*b)\nb' = -b + tanh(w2*pre)\nlet pre = a + 1\nnext a = tanh(w1*u)\noutput y = o*c\ncost small = d^2\n"
    )
    found = model(body)
    assert found.layers == {"a": 1, "b": 2, "c": 3, "w1": 1, "w2": 2, "w3": 3, "o": 3, "d": 3}
    assert found.cycle == 3
    assert model(body, LEARN.replace("layerwise", "online")).layers == {}
    assert model(body, LEARN.replace("layerwise", "online")).cycle == 1


def test_a_state_is_above_the_highest_that_it_reads() -> None:
    """A connection that skips a layer, and two states side by side; a shared parameter moves with its highest layer."""
    body = (
        "state a = 0\nstate b = 0\nstate c = 0\nstate d = 0\nparam w = 1\nparam x = 1\n"
        "next a = w*u\nnext b = x*u\nnext c = tanh(a + b)\nnext d = tanh(w*c + x*a)\noutput y = d + w\n"
    )
    assert model(body).layers == {"a": 1, "b": 1, "c": 2, "d": 3, "w": 3, "x": 3}


def test_delays_are_layers_and_a_leak_makes_none() -> None:
    found = model("param w = 1\nparam x = 1\nlet a = delay(w*u, 2)\noutput y = x*delay(tanh(a))\n")
    assert found.cycle == 3
    assert [found.layers[name] for name in ("w", "x")] == [1, 3]
    assert model("state h = 0\nparam w = 1\nh' = 2*(w*u - h)\noutput y = h\n").layers == {"h": 1, "w": 1}


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("param w = 1\noutput y = w*u\n", "no state that moves"),
        ("state a = 0\nstate b = 0\nnext a = u + b\nnext b = a\noutput y = b\n", "`a` needs `b` needs `a`"),
        ("state a = 0\nnext a = u\nreset a each sample\noutput y = a\n", "reset of `a`"),
        ("param w = 1\nstate a = w*u\nnext a = u\noutput y = a\n", "beginning of `a`"),
    ],
)
def test_what_has_no_layers_is_refused_by_its_name(body: str, told: str) -> None:
    with pytest.raises(hdsl.ModelError) as wrong:
        model(body)
    (finding,) = wrong.value.diagnostics
    assert finding.code == "layerwise"
    assert told in f"{finding.message} {finding.label}"
