"""When a run holds moves back, what it says, and that nothing is left behind in it."""

from __future__ import annotations

import copy
import math
import pickle
from collections.abc import Iterator
from typing import Any

import pytest
import torch

import hdsl
from hdsl.emit import holding
from hdsl.emit.holding import Holding
from hdsl.runtime import native
from hdsl.runtime.native_build import find_compiler
from hdsl.runtime.nonfinite import NonFinite
from tests.proofs.native_runs import plain_builds

pytestmark = pytest.mark.skipif(find_compiler() is None, reason="no C compiler is at hand")
STEPS = 40
STREAM = {"u": torch.linspace(-1, 1, STEPS).reshape(STEPS, 1, 1), "v": torch.linspace(1, -1, STEPS).reshape(STEPS, 1, 1)}
LINE = "native: moves of W, U, C, D held back over 4 steps"


@pytest.fixture(autouse=True)
def plain() -> Iterator[None]:
    with plain_builds():
        yield


def net_of(held_back: int | None = 4, batch: int = 1) -> Any:
    return hdsl.load("sunspots", n=6).compile(dtype=torch.float64, backend="native", held_back=held_back)(batch=batch, seed=3)


def close(a: Any, b: Any) -> bool:
    return all(torch.allclose(value, b.state_dict()[name], rtol=1e-12, atol=1e-14) for name, value in a.state_dict().items())


def test_it_is_told_in_one_line() -> None:
    net = net_of()
    assert net.choice.told == ""
    for _ in range(2):
        net.run(STREAM)
        assert net.choice.told == LINE
    assert pickle.loads(pickle.dumps(net)).choice == copy.deepcopy(net).choice == net.choice


@pytest.mark.parametrize("held_back", [0, None])
def test_small_matrices_are_held_back_only_where_it_is_asked_for(held_back: int | None) -> None:
    net, asked = net_of(held_back), net_of()
    net.run(STREAM), asked.run(STREAM)
    assert net.choice.told == "" and close(net, asked)


def test_uneven_times_single_steps_and_observing_are_as_without() -> None:
    net, plain = net_of(), net_of(0)
    for each in (net, plain):
        each.run({**STREAM, "tau": torch.linspace(0.1, 0.9, STEPS)})
        each.step(u=STREAM["u"][0], v=STREAM["v"][0])
        each.eval().run(STREAM)
    assert net.choice.told == ""
    assert all(torch.equal(value, plain.state_dict()[name]) for name, value in net.state_dict().items())


def test_parameters_in_the_same_memory_are_not_held_back() -> None:
    net, plain = net_of(), net_of(0)
    for each in (net, plain):
        each.D.data = each.C.data[:, :1]
        each.run(STREAM)
    assert net.choice.told == "" and close(net, plain)


def test_a_run_that_pays_is_long_enough_to_write_what_it_holds_back(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of W alone here: two times 4 steps and what decay leaves a trace of."""
    monkeypatch.setattr(holding, "WHERE_IT_PAYS", Holding(4, 36, 10**9, 20, 512, 2))
    net = net_of(None)
    steps = 2 * (4 + math.ceil(-53 * math.log(2) / math.log(1 - net.eta * net.tau)))
    assert native.held_from(net) == steps and native.held_from(net_of(0)) == 0
    stream = {name: value.repeat(1 + steps // STEPS, 1, 1) for name, value in STREAM.items()}
    net.run({name: value[: steps - 1] for name, value in stream.items()})
    assert net.choice.told == ""
    net.run({name: value[:steps] for name, value in stream.items()})
    assert net.choice.told == "native: moves of W held back over 4 steps"


def test_calls_of_one_run_hand_on_what_is_held_back(monkeypatch: pytest.MonkeyPatch) -> None:
    whole, calls = net_of(), net_of()
    whole.run(STREAM)
    monkeypatch.setattr(native, "AT_ONCE", 3 * sum(cell.numel() for cell in calls._cells()))
    calls.run(STREAM)
    assert all(torch.equal(value, calls.state_dict()[name]) for name, value in whole.state_dict().items())


def test_an_interrupted_run_has_written_what_it_has_made(monkeypatch: pytest.MonkeyPatch) -> None:
    net, plain, made = net_of(), net_of(0), []
    monkeypatch.setattr(native, "AT_ONCE", 3 * sum(cell.numel() for cell in net._cells()))

    def call(*arguments: Any, **keywords: Any) -> Any:
        made.append(native_call(*arguments, **keywords))
        if len(made) == 5:
            raise KeyboardInterrupt  # which comes once C is through
        return made[-1]

    native_call = native.call
    monkeypatch.setattr(native, "call", call)
    with pytest.raises(KeyboardInterrupt):
        net.run(STREAM)
    monkeypatch.undo()
    plain.run({name: value[: int(net.clock)] for name, value in STREAM.items()})
    assert 0 < int(net.clock) < STEPS and close(net, plain)


def test_a_value_that_is_not_finite_is_told_at_its_step() -> None:
    told = []
    for net in (net_of(), net_of(0)):
        wrong = STREAM["u"].clone()
        wrong[31] = torch.inf
        with pytest.raises(NonFinite) as caught:
            net.run({**STREAM, "u": wrong})
        told.append((str(caught.value), caught.value.step))
        assert int(net.clock) == 31 and all(bool(cell.isfinite().all()) for cell in net._cells())
    assert told[0] == told[1]


def test_settings_changed_between_runs_are_used() -> None:
    net, plain = net_of(), net_of(0)
    for each in (net, plain):
        each.run(STREAM)
        each.eta, each.beta = 0.01, 0.3
        each.run(STREAM)
    assert close(net, plain)


@pytest.mark.parametrize(("held_back", "backend"), [(-1, "native"), (513, "native"), (4, "torch")])
def test_steps_that_cannot_be_held_back_are_refused(held_back: int, backend: str) -> None:
    with pytest.raises(ValueError, match="held back by native code, over 0 to 512 steps"):
        hdsl.load("sunspots", n=6).compile(backend=backend, held_back=held_back)
