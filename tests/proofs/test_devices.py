"""Generated modules make nothing on a default device or in a default dtype, and trace without a break.

Under torch's fake tensors a module for a device that is not there is built and run: every operation is checked for devices
and dtypes that disagree, and nothing is computed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode

import hdsl
from hdsl.resources import folder
from tests.proofs.drawing import draw_model
from tests.proofs.streams import shape_of

MODELS = sorted(path.stem for path in folder("models").glob("*.ham"))
STREAMED = [name for name in MODELS if "\ninput " in (folder("models") / f"{name}.ham").read_text(encoding="utf-8")]
DTYPES = [(torch.float32, torch.float64), (torch.float64, torch.float32)]
BATCH = 2
# A build of torch without cuda refuses its name even for fakes; ``lazy`` is a device that every build knows.
DEVICE = "lazy"


@contextmanager
def default_dtype(dtype: torch.dtype) -> Iterator[None]:
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


class Watch(TorchDispatchMode):
    """Remembers every tensor of real numbers that any operation makes in another dtype, or elsewhere."""

    def __init__(self, dtype: torch.dtype, device: str) -> None:
        super().__init__()
        self.dtype, self.device, self.strays = dtype, device, []

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = function(*args, **(kwargs or {}))
        for value in made if isinstance(made, tuple | list) else [made]:
            if isinstance(value, Tensor) and (
                value.device.type != self.device or (value.is_floating_point() and value.dtype != self.dtype)
            ):
                self.strays.append(f"{function} made {value.dtype} on {value.device}")
        return made


def sample(model: hdsl.api.Model, net: Any, lead: tuple[int, ...], dtype: torch.dtype, device: str) -> dict[str, Tensor]:
    """Ones for every input and target, zeros for indices, by the names of the text: a picture divided by its sum is there."""
    made = {}
    for quantity in (*model.product("model").of_role("input"), *model.product("model").of_role("target")):
        shape = (*lead, BATCH, *shape_of(net, quantity.sizes))
        kind = torch.int64 if quantity.below is not None else dtype
        made[quantity.name] = (torch.ones if quantity.below is None else torch.zeros)(shape, dtype=kind, device=device)
    return made


def all_there(values: Any, dtype: torch.dtype, device: str) -> bool:
    tensors = [value for value in values if isinstance(value, Tensor)]
    kinds = {value.dtype for value in tensors if value.is_floating_point()}
    return bool(tensors) and {value.device.type for value in tensors} == {device} and kinds <= {dtype}


def text_of(name: str) -> str:
    if name.startswith("drawn"):
        return draw_model(int(name.removeprefix("drawn"))).text
    return (folder("models") / f"{name}.ham").read_text(encoding="utf-8")


# Every other model that ships daily, in both types by turns; what is drawn holds every statement.
PLACED = [(name, *DTYPES[k // 2 % 2]) for k, name in enumerate([*MODELS, *(f"drawn{seed}" for seed in range(4))])]
SKIPPED = set(MODELS[1::2])


@pytest.mark.parametrize(
    ("name", "dtype", "other"),
    [pytest.param(*each, marks=[pytest.mark.slow] * (each[0] in SKIPPED)) for each in PLACED],
)
def test_on_another_device_beside_another_default(name: str, dtype: torch.dtype, other: torch.dtype) -> None:
    model = hdsl.loads(text_of(name))
    made = model.compile(dtype=dtype, device=DEVICE)
    with default_dtype(other), FakeTensorMode(allow_non_fake_inputs=False):
        net = made(batch=BATCH)
        assert all_there((*net.state_dict().values(), *net.buffers()), dtype, DEVICE)
        given = {net.arguments[n]: v for n, v in sample(model, net, (), dtype, DEVICE).items()}
        inputs = {net.arguments[n]: given[net.arguments[n]] for n in net.inputs}
        ended = torch.ones(BATCH, dtype=torch.bool, device=DEVICE)
        with Watch(dtype, DEVICE) as watch:
            first, costs = net.step(**given, boundary=ended)
            again, _ = net.step(**inputs, tau=0.5)
            foreseen = net.predict(**inputs)
            still, _ = net.eval().step(**given)
        assert watch.strays == []
        assert all_there((first, *costs.values(), again, foreseen, still), dtype, DEVICE)
        assert all_there((*net.state_dict().values(), *net.buffers()), dtype, DEVICE)


def test_the_watch_sees_what_is_made_elsewhere() -> None:
    with FakeTensorMode():
        there = torch.ones(2, dtype=torch.float64, device=DEVICE)
        with Watch(torch.float64, DEVICE) as watch:
            assert (there + there).device.type == DEVICE
            assert watch.strays == []
            torch.zeros(2, dtype=torch.float64)
            there.to(torch.float32)
            assert len(watch.strays) == 2
        with pytest.raises(RuntimeError):
            there + torch.ones(2, dtype=torch.float64)


@pytest.mark.parametrize("dtype, other", DTYPES, ids=["float32", "float64"])
@pytest.mark.parametrize("name", STREAMED)
def test_a_run_beside_another_default(name: str, dtype: torch.dtype, other: torch.dtype) -> None:
    # `run` reads numbers (τ, and whether all is finite), which fake tensors do not have: so it runs for real.
    model = hdsl.loads(text_of(name))
    with default_dtype(other):
        net = model.compile(dtype=dtype, device="cpu")(batch=BATCH)
        results = net.run(sample(model, net, (3,), dtype, "cpu") or 3)
        assert all_there(results.values(), dtype, "cpu")
        assert all_there((*net.state_dict().values(), *net.buffers()), dtype, "cpu")


@pytest.mark.parametrize("other", [torch.float32, torch.float64], ids=["float32", "float64"])
def test_without_a_word_a_module_has_the_default_dtype(other: torch.dtype) -> None:
    with default_dtype(other):
        assert all_there(hdsl.load("sunspots").compile()().state_dict().values(), other, "cpu")


@pytest.mark.parametrize("name", ["sunspots", "iris_mlp", "iris_mlp_state"])
def test_a_step_traces_without_a_break(name: str) -> None:
    model = hdsl.load(name)
    made = model.compile(dtype=torch.float64)
    net, twin = made(batch=BATCH), made(batch=BATCH)
    given = {net.arguments[n]: v + 1 for n, v in sample(model, net, (), torch.float64, "cpu").items()}
    traced = torch.compile(net.step, fullgraph=True, backend="eager")
    for _ in range(3):
        found, wanted = traced(**given), twin.step(**given)
        assert torch.equal(found[0], wanted[0])
    assert all(torch.equal(a, b) for a, b in zip(net.state_dict().values(), twin.state_dict().values(), strict=True))
