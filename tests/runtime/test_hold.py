"""Held streams: what a module is shown, and which of its results count."""

from __future__ import annotations

import pytest
import torch

import hdsl
from hdsl.runtime.hold import LONGEST, Hold, automatic, read_hold

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
