"""Generated modules make nothing on a default device or in a default dtype, wait for no device in a step, and trace without
a break.

Under torch's fake tensors a module for a device that is not there is built and run: every operation is checked for devices
and dtypes that disagree, and nothing is computed. What a CUDA graph wants of a step is looked for there too: the host reads
no number of it, and the next step makes the same operations on the same cells.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count, pairwise, zip_longest
from typing import Any

import pytest
import torch
from torch import Tensor
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

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


WAITS = {torch.ops.aten.linalg_matrix_exp.default}
"""Operations whose CUDA code copies to the host, which no fake tells of: this one chooses by the norm how to go on."""
WHOLE: set[Any] = set()
"""Operations that are made of no others, as far as they were met."""


class Watch(TorchDispatchMode):
    """Remembers of every operation what it is handed, which tensors lie elsewhere, real numbers that it makes in another dtype,
    and whether the host waits for it. A number that the host reads is 1, as fakes have none."""

    def __init__(self, dtype: torch.dtype, device: str) -> None:
        super().__init__()
        self.dtype, self.device = dtype, device
        self.strays: list[str] = []
        self.waits: list[str] = []
        self.operations: list[tuple[Any, ...]] = []

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        if function.namespace == "prim":  # asks a tensor where it lies
            return function(*args, **kwargs)
        if function not in WHOLE:
            with self:
                made = function.decompose(*args, **kwargs)
            if made is not NotImplemented:
                return made
            WHOLE.add(function)
        if function in WAITS or function is torch.ops.aten._local_scalar_dense.default:
            self.waits.append(f"{function} waits")
        made = True if function is torch.ops.aten._local_scalar_dense.default else function(*args, **kwargs)
        for value in tree_leaves(made):
            if isinstance(value, Tensor) and value.is_floating_point() and value.dtype != self.dtype:
                self.strays.append(f"{function} made {value.dtype} on {value.device}")
        far = {v.device for v in tree_leaves((args, kwargs, made)) if isinstance(v, Tensor) and v.device.type != self.device}
        self.strays += [f"{function} meets {device}" for device in far]
        self.operations.append((str(function), *map(_shown, tree_leaves((args, kwargs)))))
        return made


def _shown(value: Any) -> Any:
    return (value.dtype, tuple(value.shape), value.stride()) if isinstance(value, Tensor) else value


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


def steady(net: Any, body: Callable[[], Any]) -> list[str]:
    """What keeps calls of ``body`` from being captured: waits of the host, tensors elsewhere, cells in whose place others
    are put, and operations other than those of the call before."""
    cells, watches, found = list(net.state_dict(keep_vars=True).values()), [], []
    for _ in range(2):
        with Watch(net.share.dtype, DEVICE) as watch:
            body()
        watches.append(watch)
        found += watch.waits + watch.strays
    pairs = zip_longest(*(watch.operations for watch in watches))
    found += [f"{one}, then {other}" for one, other in pairs if one != other][:1]
    now = net.state_dict(keep_vars=True).values()
    return found + ["a cell was replaced" for one, other in zip(cells, now, strict=True) if one is not other]


def laid_out(net: Any, rows: Any, monkeypatch: pytest.MonkeyPatch) -> tuple[list[str], list[list[Any]]]:
    """Of a run over ``rows``, from one step of `_advance` to the next: what waits or lies elsewhere, and the operations."""
    edges: list[tuple[int, int, int]] = []
    advance = net._advance

    def advanced(room: Any, cells: Any, samples: Any, tau: float) -> None:
        def each() -> Iterator[Any]:
            for row in samples:
                edges.append((len(watch.operations), len(watch.waits), len(watch.strays)))
                yield row

        advance(room, cells, each(), tau)

    with monkeypatch.context() as patch, Watch(net.share.dtype, DEVICE) as watch:
        patch.setattr(net, "_advance", advanced)
        net.run(rows)
    (_, wait, stray), (_, waited, strayed) = edges[0], edges[-1]
    found = watch.waits[wait:waited] + watch.strays[stray:strayed]
    return found, [watch.operations[one:other] for (one, *_), (other, *_) in pairwise(edges)]


FEW = ("sunspots", "oscillators", "iris_mlp_state")
CAPTURED = [*MODELS, "drawn1", "drawn2"]


@pytest.mark.parametrize("name", [pytest.param(name, marks=[pytest.mark.slow] * (name not in FEW)) for name in CAPTURED])
def test_a_step_waits_for_no_device_and_is_as_the_one_before(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hdsl.runtime.loop.apart", lambda net, cells: True)  # fakes have no addresses
    model = hdsl.loads(text_of(name))
    with FakeTensorMode(allow_non_fake_inputs=False):
        net = model.compile(dtype=torch.float64, device=DEVICE)(batch=BATCH)
        waits = {"aten.linalg_matrix_exp.default waits"} if "matrix_exp(" in net.source else set()
        given = {net.arguments[n]: v for n, v in sample(model, net, (), torch.float64, DEVICE).items()}
        assert set(steady(net, lambda: net.step(**given))) == waits
        if hasattr(net, "_lay_out"):
            found, steps = laid_out(net, sample(model, net, (4,), torch.float64, DEVICE) or 4, monkeypatch)
            assert set(found) == waits
            assert len(steps) == 3 and steps[0] and steps[1:] == steps[:-1]
        # A whole chunk may wait, to look for gaps and for nan, and take its samples from elsewhere; its steps may not.
        watches = []
        for length in (2, 3):
            parts = sample(model, net, (length,), torch.float64, "cpu")
            ends = {"boundary": torch.zeros(length, dtype=torch.bool)} if parts else {}
            with Watch(torch.float64, DEVICE) as watch:
                net.run({**parts, **ends} or length)
            watches.append(watch)
        assert waits or watches[0].waits == watches[1].waits
        assert watches[0].strays == watches[1].strays


def replaced(net: Any) -> None:
    net.state.h = net.state.h.clone()


TICKS = count()
PLANTED = {
    "a number that is read": (lambda net: bool(net.state.h.sum() > 0), "_local_scalar_dense.default waits"),
    "a matrix exponential": (lambda net: torch.linalg.matrix_exp(net.W), "linalg_matrix_exp.default waits"),
    "a copy to the host": (lambda net: net.state.h.cpu(), "_to_copy.default meets cpu"),
    "a constant of the host": (lambda net: net.state.h.mul_(torch.ones((), dtype=torch.float64)), "mul_.Tensor meets cpu"),
    "another dtype": (lambda net: net.state.h.float(), "_to_copy.default made torch.float32"),
    "a number of each step": (lambda net: net.state.h.add_(next(TICKS)), ", then ('aten.add_.Tensor'"),
    "an operation now and then": (lambda net: next(TICKS) % 2 and net.state.h.neg(), "neg.default', "),
    "a cell in another's place": (replaced, "a cell was replaced"),
}


@pytest.mark.parametrize("fault", PLANTED)
def test_what_keeps_a_step_from_being_captured_is_seen(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    plant, told = PLANTED[fault]
    monkeypatch.setattr("hdsl.runtime.loop.apart", lambda net, cells: True)
    with FakeTensorMode():
        net = hdsl.load("sunspots").compile(dtype=torch.float64, device=DEVICE)(batch=BATCH)
        learn = net._learn
        monkeypatch.setattr(net, "_learn", lambda *of: (learn(*of), plant(net))[0])
        u = torch.ones(BATCH, 1, dtype=torch.float64, device=DEVICE)
        assert any(told in each for each in steady(net, lambda: net.step(u, u)))


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
