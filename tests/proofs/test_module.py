"""A generated module is an ordinary torch.nn.Module: copied, saved and moved as any other, a step equals its twin's."""

from __future__ import annotations

import copy
import io
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn.utils import parameters_to_vector, vector_to_parameters

import hdsl

F64 = torch.float64

# Names that are Python's words, nn.Module's attributes, or words of the generated text.
TEXT = """
model hostile
dim class = 2, n = 3
input torch[class]
target self[n]
target made : index(n)
state lambda[n] = 0.1
state batch = 1
param forward[n, n] = normal(0, 0.5)
param parameters[n, class] = normal(0, 0.5)
param share[n] = 0.2
param _draw = 0.5
param training = 0.3
const place = 0.5
const cells[n] = [1, 0.5, -1]
let dtype = tanh(forward)
lambda' = -lambda + tanh(dtype @ lambda + parameters @ torch) * cells + batch
next batch = 0.5*batch + training*place
output y = lambda*share + _draw
output None = squared(lambda)
cost fit = squared(y - self)
cost class_ = cross_entropy(y, made)
cost step = 0.1*squared(forward)
reset batch never
learn
    tau = 0.5
    eta = 0.5
    eta.lambda = 0.25
    phi = 1 + 0.5*t
"""
BATCH = 2


@pytest.fixture(scope="module")
def model() -> hdsl.api.Model:
    return hdsl.loads(TEXT)


def sample(k: int, dtype: torch.dtype = F64) -> dict[str, torch.Tensor]:
    source = torch.Generator().manual_seed(k)
    return {
        "torch_": torch.randn(BATCH, 2, generator=source, dtype=F64).to(dtype),
        "self_": torch.randn(BATCH, 3, generator=source, dtype=F64).to(dtype),
        "made_": torch.tensor([0, -1]) if k % 2 else torch.tensor([2, 1]),
    }


def net_of(model: hdsl.api.Model, steps: int = 3, dtype: torch.dtype = F64) -> Any:
    """A module after some steps, a sequence of one stream just ended."""
    net = model.compile(dtype=dtype)(batch=BATCH, seed=0)
    for k in range(steps):
        net.step(**sample(k, dtype), boundary=torch.tensor([k == steps - 1, False]))
    return net


def told(net: Any, k: int = 10) -> list[torch.Tensor]:
    """Everything that two further steps say and leave behind."""
    dtype = net.share.dtype
    first, costs = net.step(**sample(k, dtype))
    second, more = net.step(**sample(k + 1, dtype), tau=0.25)
    return [first, *costs.values(), second, *more.values(), *(v.clone() for v in net.state_dict().values())]


def same(found: list[torch.Tensor], wanted: list[torch.Tensor]) -> bool:
    return len(found) == len(wanted) and all(
        torch.equal(a.nan_to_num(), b.nan_to_num()) and a.dtype == b.dtype for a, b in zip(found, wanted, strict=True)
    )


def pickled(net: Any) -> Any:
    return pickle.loads(pickle.dumps(net))


def saved_whole(net: Any) -> Any:
    file = io.BytesIO()
    torch.save(net, file)
    file.seek(0)
    return torch.load(file, weights_only=False)


def saved(net: Any) -> Any:
    file = io.BytesIO()
    torch.save(net.state_dict(), file)
    file.seek(0)
    other = type(net)(batch=BATCH, seed=7)
    other.load_state_dict(torch.load(file, weights_only=True))
    return other


def assigned(net: Any) -> Any:
    other = type(net)(batch=BATCH, seed=7)
    other.load_state_dict({name: value.clone() for name, value in net.state_dict().items()}, assign=True)
    return other


def there_and_back(net: Any) -> Any:
    vector = parameters_to_vector(net.parameters()).detach().clone()
    vector_to_parameters(torch.zeros_like(vector), net.parameters())
    vector_to_parameters(vector, net.parameters())
    return net


def over_meta(net: Any) -> Any:
    state = {name: value.clone() for name, value in net.state_dict().items()}
    other = type(net)(batch=BATCH, seed=7).to("meta").to_empty(device="cpu")
    fresh = type(net)(batch=BATCH, seed=7)
    for (_, buffer), (_, value) in zip(other.named_buffers(), fresh.named_buffers(), strict=True):
        buffer.copy_(value)  # initial values and consts are not part of a saved state
    other.load_state_dict(state)
    return other


def wider_and_back(net: Any) -> Any:
    return net.to(torch.float64).to("cpu").cpu().double()


WAYS: list[Callable[[Any], Any]] = [
    copy.copy,
    copy.deepcopy,
    pickled,
    saved_whole,
    saved,
    assigned,
    there_and_back,
    over_meta,
    wider_and_back,
    lambda net: net.share_memory(),
    lambda net: net.eval().train(),
    lambda net: net.requires_grad_(False),
]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
def test_a_step_afterwards_equals_that_of_an_untouched_twin(model: hdsl.api.Model, way: Callable[[Any], Any]) -> None:
    twin, net = net_of(model), net_of(model)
    wanted, before = told(twin), told(net_of(model, steps=2))
    assert same(told(way(net)), wanted)
    assert not same(wanted, before)


@pytest.mark.parametrize("way", [copy.deepcopy, pickled, saved, assigned], ids=lambda way: way.__name__)
def test_a_copy_shares_nothing(model: hdsl.api.Model, way: Callable[[Any], Any]) -> None:
    net = net_of(model)
    other = way(net)
    kept = [value.clone() for value in net.state_dict().values()]
    told(other)
    assert same(list(net.state_dict().values()), kept)


def test_a_module_pickled_is_read_by_a_fresh_process(model: hdsl.api.Model, tmp_path: Path) -> None:
    net = net_of(model)
    (tmp_path / "net.pkl").write_bytes(pickle.dumps(net))
    torch.save(sample(10), tmp_path / "sample.pt")
    program = (
        "import pickle, sys, torch\n"
        "net = pickle.load(open(sys.argv[1] + '/net.pkl', 'rb'))\n"
        "first, costs = net.step(**torch.load(sys.argv[1] + '/sample.pt'))\n"
        "torch.save([first, *costs.values(), *net.state_dict().values()], sys.argv[1] + '/told.pt')\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    first, costs = net.step(**sample(10))
    assert same(torch.load(tmp_path / "told.pt"), [first, *costs.values(), *net.state_dict().values()])


def test_another_dtype_after_construction_is_that_dtype_from_the_start(model: hdsl.api.Model) -> None:
    narrow = model.compile(dtype=torch.float32)(batch=BATCH, seed=0)
    moved = model.compile(dtype=F64)(batch=BATCH, seed=0).to(torch.float32)
    assert same(told(moved), told(narrow))
    assert all(v.dtype == torch.float32 for v in moved.state_dict().values() if v.is_floating_point())


def test_learning_goes_on_where_the_parameters_were_put(model: hdsl.api.Model) -> None:
    net = net_of(model)
    vector = parameters_to_vector(net.parameters()).detach()
    vector_to_parameters(2 * vector, net.parameters())
    y = net.predict(sample(5)["torch_"])
    found, _ = net.step(**sample(5))
    assert torch.equal(found, y)
    moved = parameters_to_vector(net.parameters()).detach()
    assert 0 < float((moved - 2 * vector).abs().max()) < 0.5


def test_names_of_parameters_and_of_a_saved_state(model: hdsl.api.Model) -> None:
    net = hdsl.load("sunspots").compile()()
    assert [name for name, _ in net.named_parameters()] == ["W", "U", "b", "C", "D"]
    costates = [f"costate.{name}" for name in ("h", "W", "U", "b", "C", "D")]
    assert set(net.state_dict()) == {"W", "U", "b", "C", "D", "state.h", "clock", "ended", *costates}
    hostile = [name for name, _ in net_of(model).named_parameters()]
    assert hostile == ["forward_", "parameters_", "share_", "x_draw", "training_"]
    assert {"state.lambda_", "costate.lambda_", "state.batch_", "costate.forward_"} <= set(net_of(model).state_dict())


def test_costs_and_outputs_keep_the_names_of_the_text(model: hdsl.api.Model) -> None:
    net = net_of(model)
    _, costs = net.step(**sample(1))
    assert list(costs) == ["fit", "class_", "step"]
    stream = {"torch": torch.zeros(4, BATCH, 2), "self": torch.zeros(4, BATCH, 3)}
    assert list(net.run(stream)) == ["y", "None", "fit", "class_", "step"]


def test_a_cost_may_be_called_class() -> None:
    net = hdsl.load("iris_mlp").compile()()
    _, costs = net.step(torch.zeros(1, 4), torch.tensor([1]))
    assert list(costs) == ["class"]


def test_parameters_are_no_part_of_a_graph(model: hdsl.api.Model) -> None:
    net = net_of(model)
    first, costs = net.step(**sample(1))
    assert all(p.is_leaf and p.requires_grad and p.grad is None for p in net.parameters())
    assert not first.requires_grad and not any(cost.requires_grad for cost in costs.values())


def test_what_a_step_returns_is_the_callers_to_keep(model: hdsl.api.Model) -> None:
    net = net_of(model)
    first, costs = net.step(**sample(1))
    kept = [first.clone(), *(cost.clone() for cost in costs.values())]
    told(net)
    assert same([first, *costs.values()], kept)
