"""A step of native code, prepared: it moves the module's own tensors, and no others, whatever was done to them before it."""

from __future__ import annotations

import copy
import gc
import pickle
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from torch import nn

import hdsl
from hdsl.runtime import native_step
from hdsl.runtime.native_build import find_compiler
from hdsl.runtime.prepared import Prepared, Steps, prepare
from tests.proofs.native_runs import plain_builds

pytestmark = pytest.mark.skipif(find_compiler() is None, reason="no C compiler is at hand")

U, V = torch.tensor([[0.5], [-1.0]]), torch.tensor([[1.0], [2.0]])


@pytest.fixture(autouse=True)
def plain() -> Iterator[None]:
    with plain_builds():
        yield


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The bodies for which everything was looked up, not only what a step before had prepared."""
    told: list[str] = []

    def counted(net: Any, *given: Any) -> Any:
        told.append("learn" if net.training else "observe")
        return prepare(net, *given)

    monkeypatch.setattr(native_step, "prepare", counted)
    return told


def begun(backend: str = "native") -> Any:
    net = hdsl.load("sunspots", n=6).compile(dtype=torch.float32, backend=backend)(batch=2, seed=3)
    for _ in range(2):
        net.step(U, V)
    return net


def replaced(net: Any) -> Any:
    net.W = nn.Parameter(0.5 * net.W.detach())
    return net


def set_elsewhere(net: Any) -> Any:
    net.W.data = 0.5 * net.W.data
    return net


def turned_where_it_lies(net: Any) -> Any:
    net.W.data = net.W.data.t()
    return net


def changed_where_it_lies(net: Any) -> Any:
    with torch.no_grad():
        net.W.mul_(0.5)
    net.state.h.zero_()
    return net


def loaded(net: Any) -> Any:
    net.load_state_dict({name: 2 * value for name, value in net.state_dict().items()})
    return net


def assigned(net: Any) -> Any:
    net.load_state_dict({name: 2 * value for name, value in net.state_dict().items()}, assign=True)
    return net


def there_and_back(net: Any) -> Any:
    return net.to(torch.bfloat16).to(torch.float32)


def resized_where_it_lies(net: Any) -> Any:
    """As sharing with another process does it too: other memory in the same storage."""
    net.W.untyped_storage().resize_(2**20)
    return net


def of_another_setting(net: Any) -> Any:
    net.beta = 0.5
    return net


def pickled(net: Any) -> Any:
    return pickle.loads(pickle.dumps(net))


SEEN = [changed_where_it_lies, loaded, of_another_setting]  # by C, which reads where they lay
MOVED = [set_elsewhere, turned_where_it_lies, resized_where_it_lies]
WAYS = [replaced, *MOVED, assigned, there_and_back, copy.deepcopy, pickled, *SEEN]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_whatever_is_done_between_two_steps_is_seen(way: Callable[[Any], Any], calls: list[str]) -> None:
    net, plain = begun(), begun("torch")
    assert calls == ["learn"]
    net, plain = way(net), way(plain)
    for _ in range(2):
        y, costs = net.step(U, V)
        wanted, told = plain.step(U, V)
        torch.testing.assert_close([y, costs], [wanted, told], rtol=1e-5, atol=1e-6)
    torch.testing.assert_close(net.state_dict(), plain.state_dict(), rtol=1e-5, atol=1e-6)
    assert (calls == ["learn"]) == (way in SEEN)


def test_a_copy_does_not_move_what_it_was_copied_from() -> None:
    net = begun()
    kept = [value.clone() for value in net.state_dict().values()]
    for other in (copy.deepcopy(net), pickled(net)):
        other.step(U, V)
        assert all(torch.equal(a, b) for a, b in zip(kept, net.state_dict().values(), strict=True))


def test_a_parameter_cut_where_it_lies_is_told_by_torch() -> None:
    net = begun()
    net.W.data = net.W.data[:2]
    with pytest.raises(RuntimeError, match="size"):
        net.step(U, V)


def test_what_a_step_hands_out_is_not_written_to_by_the_next(calls: list[str]) -> None:
    net = begun()
    y, costs = net.step(U, V)
    kept = [y.clone(), costs["fit"].clone()]
    net.step(2 * U, V)
    assert torch.equal(y, kept[0]) and torch.equal(costs["fit"], kept[1]) and calls == ["learn"]


def test_a_sample_that_lies_in_columns_is_read_as_it_is() -> None:
    text = "ham 1\ndim n = 2\ninput u[n]\nstate h[n] = 0\nh' = -h + u\noutput y = h\nlearn\n    tau = 1\n"
    net = hdsl.loads(text).compile(backend="native", dtype=torch.float32)(batch=2)
    for _ in range(2):
        net.step(torch.tensor([[1.0, 2.0], [3.0, 4.0]]).t())
        assert net.state.h.tolist() == [[1.0, 3.0], [2.0, 4.0]]


def test_learning_and_observing_are_prepared_apart_and_left_where_the_module_goes_elsewhere(calls: list[str]) -> None:
    net, plain = begun(), begun("torch")
    for each in (net, plain):
        each.eval().step(U, V)
        each.step(U, V)
        each.train().step(U, V)
    torch.testing.assert_close(net.state_dict(), plain.state_dict(), rtol=1e-5, atol=1e-6)
    assert calls == ["learn", "observe"] and set(net._steps) == {"learn", "observe"}
    assert isinstance(net._steps["learn"], Prepared) and copy.copy(net._steps) == Steps()
    assert not hasattr(net.double(), "_steps")


def test_many_steps_leave_nothing_behind() -> None:
    net, held = begun(), []
    for _ in range(3):
        for _ in range(40):
            net.step(U, V)
        gc.collect()
        held.append(sys.getallocatedblocks())
    assert held[2] - held[1] < 20
