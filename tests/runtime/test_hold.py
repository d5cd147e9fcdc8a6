"""Held streams: what a module is shown, and which of its results count."""

from __future__ import annotations

import pytest
import torch

import hdsl
from hdsl.runtime.hold import LONGEST, Hold, automatic, natural, read_hold

TEXT = """ham 1
dim n = 2
input u[n]
target v[n]
param W[n, n] = glorot
param V[n, n] = glorot
output y = V @ delay(W @ u)
cost fit = squared(y - v)
learn
    eta = 1
"""
NAN = float("nan")


def test_a_sample_stays_and_its_target_comes_once() -> None:
    stream = {
        "u": torch.tensor([[1.0], [2.0]]),
        "v": torch.tensor([[3.0], [4.0]]),
        "c": torch.tensor([[5], [6]]),
        "boundary": torch.tensor([True, False]),
        "tau": torch.tensor([0.6, 0.9]),
    }
    held = Hold(3, 2).held(stream, ("v", "c"))
    assert held["u"][:, 0].tolist() == [1, 1, 1, 2, 2, 2]
    torch.testing.assert_close(held["v"][:, 0], torch.tensor([NAN, 3, NAN, NAN, 4, NAN]), equal_nan=True)
    assert held["c"][:, 0].tolist() == [-1, 5, -1, -1, 6, -1]
    assert held["boundary"].tolist() == [False, False, True, False, False, False]
    torch.testing.assert_close(held["tau"], torch.tensor([0.2, 0.2, 0.2, 0.3, 0.3, 0.3]))
    assert stream["v"][:, 0].tolist() == [3, 4]


def test_without_a_tick_the_target_is_there_always_and_the_first_prediction_counts() -> None:
    """Later ones have learned from the target already: they would be no predictions."""
    hold = Hold(2)
    assert hold.held({"v": torch.tensor([1.0, 2.0])}, ("v",))["v"].tolist() == [1, 1, 2, 2]
    assert hold.told({"y": torch.tensor([10, 11, 20, 21])})["y"].tolist() == [10, 20]
    assert Hold(3, 2).told({"y": torch.tensor([10, 11, 12, 20, 21, 22])})["y"].tolist() == [11, 21]


def test_a_module_runs_a_held_stream() -> None:
    """At the tick of its target a sample has come through the delay: the prediction is that of the plain net."""
    model = hdsl.loads(TEXT)
    hold = automatic(model.product("model"))
    assert hold == Hold(3, 2)
    net = model.compile()(batch=1, dtype=torch.float64)
    W, V = (value.clone() for value in (net.W.data, net.V.data))
    stream = {"u": torch.randn(5, 1, 2, dtype=torch.float64), "v": torch.full((5, 1, 2), NAN, dtype=torch.float64)}
    told = hold.told(net.run(hold.held(stream, net.targets)))
    torch.testing.assert_close(told["y"][:, 0], stream["u"][:, 0] @ W.T @ V.T, rtol=0, atol=1e-14)


@pytest.mark.parametrize(("text", "at", "wanted"), [("auto", None, Hold(3, 2)), ("4", None, Hold(4)), ("4", 4, Hold(4, 4))])
def test_what_is_written_is_read(text: str, at: int | None, wanted: Hold) -> None:
    assert read_hold(text, at, hdsl.loads(TEXT).product("model")) == wanted


@pytest.mark.parametrize(
    ("text", "at", "message"),
    [
        ("auto", 2, "--hold auto tells the tick of the target itself"),
        ("0", None, "expected a whole number from 1 to 100000, or auto"),
        (str(LONGEST + 1), None, "expected a whole number"),
        ("always", None, "--hold always: expected"),
        ("3", 4, "--target-at 4 is after the last of the ticks of --hold 3"),
    ],
)
def test_what_is_wrong_is_a_sentence(text: str, at: int | None, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_hold(text, at, hdsl.loads(TEXT).product("model"))


def test_what_cannot_be_held_says_why() -> None:
    loop = hdsl.loads(TEXT.replace("output", "state h[n] = 0\nnext h = tanh(W @ h + u)\noutput").replace("W @ u)", "h)"))
    with pytest.raises(ValueError, match=r"--hold auto: `h` has a memory of its own.*; give --hold N"):
        read_hold("auto", None, loop.product("model"))
    again = hdsl.loads(TEXT.replace("learn\n", "reset y.delay each sample\nlearn\n    order = sequential\n"))
    with pytest.raises(ValueError, match=r"`y\.delay` is reset at each sample"):
        read_hold("2", None, again.product("model"))
    assert read_hold("1", None, again.product("model")) == Hold()


def test_a_hold_tells_what_it_does() -> None:
    assert [str(hold) for hold in (Hold(), Hold(3), Hold(11, 6))] == [
        "each sample one tick",
        "each sample held 3 ticks, its target at every tick",
        "each sample held 11 ticks, its target at tick 6",
    ]


LAYERED = """ham 1
dim n = 3
input u[n]
target v[n]
state a[n] = 0
state b[n] = 0
param A[n, n] = normal(0, 0.5)
param B[n, n] = normal(0, 0.5)
param C[n, n] = normal(0, 0.5)
next a = tanh(A @ u)
next b = tanh(B @ a)
output y = C @ b
cost fit = 0.5*squared(y - v)
learn
    schedule = layerwise
    eta.param = 1
    beta = 0.1
    order = """


@pytest.mark.parametrize(
    ("order", "own", "once"),
    [("sequential", Hold(2, seen=2), Hold(4, 2)), ("simultaneous", Hold(4, seen=3), Hold(8, 4)),
     ("semi-implicit", Hold(4, seen=3), Hold(8, 4))],
)  # fmt: skip
def test_layers_are_held_for_whole_cycles(order: str, own: Hold, once: Hold) -> None:
    model = hdsl.loads(LAYERED + order).product("model")
    assert (natural(model), automatic(model)) == (own, once)
    assert read_hold("", None, model) == own
    assert read_hold("6", 4, model) == Hold(6, 4)
    assert read_hold("1", None, model) == Hold(1)
    with pytest.raises(ValueError, match="whole cycles of 2 ticks"):
        read_hold("3", None, model)
    assert natural(hdsl.loads(TEXT).product("model")) == Hold(1)


def test_a_layerwise_module_holds_by_itself_and_tells_of_its_samples() -> None:
    """What it tells is what the feed-forward net says of each sample, with the parameters that it then has."""
    net = hdsl.loads(LAYERED + "sequential").compile()(batch=1, seed=2, dtype=torch.float64).eval()
    stream = {"u": torch.randn(6, 1, 3, dtype=torch.float64), "v": torch.randn(6, 1, 3, dtype=torch.float64)}
    told = net.run(stream)
    wanted = torch.tanh(torch.tanh(stream["u"] @ net.A.T) @ net.B.T) @ net.C.T
    torch.testing.assert_close(told["y"], wanted.detach(), rtol=0, atol=1e-15)
    assert int(net.clock) == 12
    assert [len(net.run(stream, hold=hold)["y"]) for hold in (1, 4, "auto", Hold(2, 2))] == [6] * 4
    assert int(net.clock) == 12 + 6 + 24 + 24 + 12


@pytest.mark.parametrize("order", ["sequential", "simultaneous", "semi-implicit"])
def test_by_pulses_every_layer_takes_the_gradient_of_a_sample_once(order: str) -> None:
    """The sum of what ω takes in, read from the parameters of a net that moves by 1e-7 of it, is torch's gradient."""
    text = LAYERED.replace("beta = 0.1", "beta = 0.0000001") + order
    net = hdsl.loads(text).compile()(batch=1, seed=2, dtype=torch.float64)
    before = {name: value.detach().clone().requires_grad_() for name, value in net.named_parameters()}
    u, v = torch.randn(2, 1, 1, 3, dtype=torch.float64).unbind(0)
    y = torch.tanh(torch.tanh(u[0] @ before["A"].T) @ before["B"].T) @ before["C"].T
    gradients = torch.autograd.grad(0.5 * ((y - v[0]) ** 2).sum(), tuple(before.values()))
    net.run({"u": u, "v": v}, hold="auto")
    net.run({"u": 9 * u, "v": torch.full_like(v, NAN)}, hold="auto")  # nothing of the sample is left to move anything
    for (name, value), gradient in zip(net.named_parameters(), gradients, strict=True):
        moved = (before[name] - value).detach() / 1e-7
        torch.testing.assert_close(moved, gradient, rtol=1e-6, atol=1e-7)


def test_costs_of_several_layers_are_taught_by_no_one_tick() -> None:
    model = hdsl.loads(LAYERED.replace("squared(y - v)", "squared(y - v + a)") + "sequential").product("model")
    with pytest.raises(ValueError, match="`a`, which is not of the last layer"):
        automatic(model)
