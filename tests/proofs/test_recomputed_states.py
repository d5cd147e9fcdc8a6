"""A replay with states recomputed: judged by autograd through the unrolled text, and beside one whose states are stored."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

import hdsl
from hdsl.compiler import Compiler
from hdsl.runtime.reference_replay import lines_back
from hdsl.runtime.text import load_text
from hdsl.syntax.source import Source
from hdsl.verify.judgement import Errors
from hdsl.verify.points import sized
from hdsl.verify.replaying import judge_replay
from tests.derive.test_reversing import GOES_BACK, LEARN

HEAD = """ham 1
model back
dim n = 3, m = 2
input u[m]
target v
param U[n, m] = normal(0, 0.5)
param C[n] = normal(0, 0.5)
"""
TAIL = "output y = C @ h\ncost fit = 1/2*squared(y - v)\n"
NETS = {
    "two-step": "state h[n] = 0.1\nparam W[n, n] = normal(0, 0.5)\nh' = tanh((W - W.T) @ h) + U @ u + 0.1*sin(t)\n",
    "from the stream": "state h[n] = tanh(U @ u)\nparam W[n, n] = normal(0, 0.5)\nh' = tanh((W - W.T) @ h) + U @ u\n",
    "rotation": "state h[n] = 0.1\nstate q[n] = 0\nparam w[n] = normal(1, 0.5)\n"
    "next h = cos(w*tau)*h - sin(w*tau)*q + U @ previous(u)\nnext q = sin(w*tau)*h + cos(w*tau)*q + tau*tanh(U @ u)\n",
    "exponential": "state h[n] = 0.1\nparam W[n, n] = normal(0, 0.5)\nnext h = expm((W - W.T)*tau) @ h + tanh(U @ u)\n",
}


def text_of(net: str, schedule: str = "replay") -> str:
    step = "    step = two-step\n" if "h' =" in NETS[net] else ""
    return HEAD + NETS[net] + TAIL + LEARN.replace("schedule = replay", f"schedule = {schedule}") + step


def made(net: str, states: str, schedule: str = "replay", batch: int = 2) -> Any:
    model = hdsl.loads(text_of(net, schedule), settings={"states": states, "beta": "0.0001/tau"})
    return model.compile(dtype=torch.float64)(batch=batch, seed=3)


def drawn(tokens: int, batch: int = 2) -> dict[str, Tensor]:
    source = torch.Generator().manual_seed(0)
    u, v = (torch.randn(shape, generator=source, dtype=torch.float64) for shape in ((tokens, batch, 2), (tokens, batch)))
    return {"u": u, "v": v, "tau": 0.05 + 0.2 * torch.rand(tokens, generator=source, dtype=torch.float64)}


def close(one: Any, other: Any, most: float) -> bool:
    a, b = one.state_dict(), other.state_dict()
    return a.keys() == b.keys() and all(torch.allclose(a[name], b[name], rtol=most, atol=most) for name in a)


@pytest.mark.parametrize("net", NETS)
def test_the_judge_of_replays_holds_with_uneven_time_and_streams_that_wait(net: str) -> None:
    compiler, errors = Compiler(Source(text_of(net), "back.ham")), Errors()
    model = compiler.model
    judge_replay(sized(model, model.written, {}, compiler.settings), compiler.torch, compiler.numpy, errors, 0)
    assert [f"{row.name} by {row.judge}: {row.shown}" for row in errors.rows("step", {}) if not row.ok] == []


@pytest.mark.parametrize("states", ["recomputed", "recomputed(7)", "recomputed(1)"])
@pytest.mark.parametrize("net", NETS)
def test_it_learns_what_a_replay_of_stored_states_does(net: str, states: str) -> None:
    stream = drawn(150)
    ends = torch.zeros((150, 2), dtype=torch.bool)
    for first, second in ((40, 31), (41 + 1, 60)):
        ends[first, 0] = ends[second, 1] = True
    stream["v"][31 + 1 : 41, 1] = stream["v"][42 + 1 : 61, 0] = torch.nan
    stored, found = made(net, "stored"), made(net, states)
    for one in (stored, found):
        one.run({**stream, "boundary": ends})
    assert int(stored.replays) == int(found.replays) == 3
    assert close(stored, found, 1e-11)


@pytest.mark.parametrize("states", ["recomputed", "recomputed(3)", "recomputed(5)"])
@pytest.mark.parametrize("at", [1, 3, 4, 10])
@pytest.mark.parametrize("observed", [False, True])
def test_a_saved_module_goes_on_to_the_bit(states: str, at: int, observed: bool) -> None:
    stream = drawn(16)
    one, other = made("rotation", states), made("rotation", states)
    for k in range(16):
        if k == at:
            if observed:
                one.eval().step(u=stream["u"][0])
                one.train()
            other.load_state_dict(one.state_dict())
            assert [len(kept) for kept in other._path] == [len(kept) for kept in one._path]
        for net in (one, other)[: 1 + (k >= at)]:
            net.step(u=stream["u"][k], v=stream["v"][k])
    for net in (one, other):
        net.finish()
    assert all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), other.state_dict().values(), strict=True))


def test_what_is_kept_does_not_grow_but_with_the_samples() -> None:
    stream = drawn(64)
    kept = {}
    for states in ("stored", "recomputed", "recomputed(16)"):
        net = made("exponential", states)
        for k in range(64):
            net.step(u=stream["u"][k], v=stream["v"][k])
        kept[states] = sum(value.numel() for row in net._path for value in row)
    assert kept == {"stored": 64 * 6, "recomputed": 6, "recomputed(16)": 4 * 6}


def test_drift_tells_how_far_off_the_states_came() -> None:
    """A parameter that is changed by hand within a sequence: what comes back is not what was there."""
    stream, net = drawn(20), made("two-step", "recomputed")
    for k in range(20):
        if k == 19:
            with torch.no_grad():
                net.W[0, 1] += 0.01
        net.step(u=stream["u"][k], v=stream["v"][k])
    net.finish()
    assert 1e-4 < net.drift < 1


@pytest.mark.parametrize("closed", [False, True])
def test_the_reference_finds_the_states_of_every_token_again(closed: bool) -> None:
    stream, told = drawn(9), []
    for states in ("stored", "recomputed(4)"):
        net = made("two-step", states)
        for k in range(9):
            net.step(u=stream["u"][k], v=stream["v"][k])
        if closed:
            net.eval().step(u=stream["u"][0])
        reference: Any = load_text(net.origin.compiler().numpy, "reference")
        told.append(list(lines_back(net, reference)))
    assert len(told[0]) == len(told[1]) == 9
    for one, other in zip(*told, strict=True):
        assert one.keys() == other.keys() and all(np.allclose(one[name], other[name], rtol=1e-12, atol=1e-13) for name in one)


def test_the_texts_of_the_inverse_are_all_judged_here_or_beside_it() -> None:
    assert {"two-step", "a rotation", "an exponential"} <= GOES_BACK.keys()
