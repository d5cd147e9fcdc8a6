"""A native module in use: its own tensors are what C moves, whatever torch does with them."""

from __future__ import annotations

import copy
import io
import pickle
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

import hdsl
from hdsl.runtime import native
from hdsl.runtime.native import Timing, call, library_of
from hdsl.runtime.native_build import find_compiler
from hdsl.runtime.nonfinite import NonFinite
from tests.proofs.native_runs import plain_builds

pytestmark = pytest.mark.skipif(find_compiler() is None, reason="no C compiler is at hand")

STREAM = {"u": torch.linspace(-1, 1, 40).reshape(20, 2, 1), "v": torch.linspace(1, -1, 40).reshape(20, 2, 1)}


@pytest.fixture(autouse=True)
def plain() -> Iterator[None]:
    with plain_builds():
        yield


def net_of(backend: str = "native", batch: int = 2) -> Any:
    return hdsl.load("sunspots", n=6).compile(dtype=torch.float32, backend=backend)(batch=batch, seed=3)


def same(a: Any, b: Any) -> bool:
    return all(torch.equal(value, b.state_dict()[name]) for name, value in a.state_dict().items())


def test_a_run_in_parts_is_the_run_as_a_whole_bit_for_bit() -> None:
    whole, parts = net_of(), net_of()
    whole.run(STREAM)
    for rows in (slice(0, 7), slice(7, 20)):
        parts.run({name: value[rows] for name, value in STREAM.items()})
    assert same(whole, parts)


@pytest.mark.parametrize("batch", [5, 19])
def test_many_streams_learn_as_with_torch(batch: int) -> None:
    """Of 72 rows a block has 64, with means of outer products of its own; 19 streams are turned, and 3 are left."""
    model, stream = hdsl.load("sunspots", n=72), {name: value[:3, :1].repeat(1, batch, 1) for name, value in STREAM.items()}
    stream["u"] = stream["u"] * torch.linspace(0.2, 1, batch)[:, None]
    native, plain = (model.compile(dtype=torch.float64, backend=name)(batch=batch, seed=3) for name in ("native", "torch"))
    for net in (native, plain):
        net.run(stream)
    for name, value in plain.state_dict().items():
        torch.testing.assert_close(native.state_dict()[name], value, atol=1e-14, rtol=1e-13, msg=name)


def test_steps_are_the_run_bit_for_bit() -> None:
    whole, steps = net_of(), net_of()
    result = whole.run(STREAM)
    for k in range(20):
        y, costs = steps.step(u=STREAM["u"][k], v=STREAM["v"][k])
        assert torch.equal(y, result["y"][k])
        assert costs["fit"] == pytest.approx(float(result["fit"][k].mean()), rel=1e-6)
    assert same(whole, steps)


def test_what_is_saved_copied_or_pickled_goes_on_as_before() -> None:
    net = net_of()
    net.run(STREAM)
    kept = io.BytesIO()
    torch.save(net.state_dict(), kept)
    kept.seek(0)
    loaded = net_of()
    loaded.load_state_dict(torch.load(kept, weights_only=True))
    others = [copy.deepcopy(net), pickle.loads(pickle.dumps(net)), loaded]
    net.run(STREAM)
    for other in others:
        assert other.choice.backend == "native"
        other.run(STREAM)
        assert same(net, other)


def test_parameters_and_settings_changed_between_runs_are_used() -> None:
    native, plain = net_of(), net_of("torch")
    for net in (native, plain):
        net.run(STREAM)
        net.beta = 0.5
        with torch.no_grad():
            net.W.mul_(0.5)
        net.run(STREAM)
    for name, value in plain.state_dict().items():
        torch.testing.assert_close(native.state_dict()[name], value, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("change", ["dtype", "layout"])
def test_tensors_that_c_cannot_take_are_stepped_by_torch(change: str) -> None:
    net = net_of()
    if change == "dtype":
        net.to(torch.bfloat16)
    else:
        net.W.data = net.W.data.t().contiguous().t()
    assert call(net, "learn", net._cells(), net._sample(u=STREAM["u"][0], v=STREAM["v"][0]), Timing(1, net.tau)) is None
    net.run(STREAM)
    assert int(net.clock) == 20


@pytest.mark.parametrize("shape", [(9, 9), (2, 2), (36,)])
def test_a_tensor_of_another_shape_is_told_by_torch_and_not_overrun_by_c(shape: tuple[int, ...]) -> None:
    net = net_of()
    net.W.data = torch.full(shape, 0.01)
    with pytest.raises(RuntimeError, match="size"):
        net.run(STREAM)


def test_a_module_moved_to_another_type_has_its_own_library() -> None:
    net = net_of()
    first = library_of(net)
    net.to(torch.float64)
    net.run(STREAM)
    assert library_of(net) is not first


def test_a_nan_is_found_by_name_and_line() -> None:
    net = hdsl.load("sunspots", n=6).compile(backend="native")(batch=2, seed=0)
    net.beta = 1e30
    with pytest.raises(NonFinite, match=r"at step \d+"):
        net.run({name: 1e10 * value for name, value in STREAM.items()})


@pytest.mark.parametrize("backend", ["native", "auto"])
@pytest.mark.parametrize("body", ["exit 1", 'while [ "$1" != -o ]; do shift; done; echo no > "$2"'])
def test_a_compiler_that_is_none_leaves_the_module_to_torch(
    body: str, backend: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    compiler = tmp_path / "mine"
    compiler.write_text(f"#!/bin/sh\n{body}\n")
    compiler.chmod(0o755)
    monkeypatch.setenv("CC", str(compiler))
    monkeypatch.setenv("HDSL_CACHE", "off")
    monkeypatch.setattr(native, "_LIBRARIES", {})
    monkeypatch.setattr("hdsl.runtime.choice.COMPILES", 0.0)  # auto leaves none out for a short stream
    net, plain = net_of(backend), net_of("torch")
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        net.run(STREAM), plain.run(STREAM), net.run(STREAM), plain.run(STREAM)
    assert [str(compiler) in str(each.message) for each in told] == [True] * (backend == "native")
    assert net.choice.backend == "torch" and str(compiler) in net.choice.told
    assert same(net, plain)


def test_an_interrupt_ends_a_long_run_after_a_part_of_it_which_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    net, plain, calls = net_of(), net_of(), []
    monkeypatch.setattr(native, "AT_ONCE", 4 * 2 * sum(cell.numel() for cell in net._cells()))

    def interrupted(*given: Any, **more: Any) -> Any:
        made = call(*given, **more)
        calls.append(made)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return made

    monkeypatch.setattr(native, "call", interrupted)
    with pytest.raises(KeyboardInterrupt):
        net.run(STREAM)
    monkeypatch.undo()
    plain.run({name: value[:12] for name, value in STREAM.items()})
    assert int(net.clock) == 12 and same(net, plain)


def test_a_run_of_many_calls_is_that_of_one_bit_for_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    ends = torch.arange(40).reshape(20, 2) % 7 == 0
    stream = {**STREAM, "tau": torch.linspace(0.5, 1.5, 20), "boundary": ends}
    one, many = net_of(), net_of()
    wanted = one.run(stream)
    monkeypatch.setattr(native, "AT_ONCE", 1)
    found = many.run(stream)
    assert same(one, many)
    assert all(torch.equal(value, found[name]) for name, value in wanted.items())


def test_who_kept_a_cell_for_a_derivative_is_told_that_it_moved() -> None:
    net = net_of()
    before = net.W._version
    net.run(STREAM)
    assert net.W._version > before


def test_what_is_due_is_put_back_once_in_a_step_and_in_a_run() -> None:
    text = "ham 1\nparam w[2] = 3\ncost c = 1/2 * squared(w)\nproject w = w / 2 every 3\nlearn\n    beta = 0\n"
    run, step, plain = (hdsl.loads(text).compile(backend=b, dtype=torch.float64)() for b in ("native", "native", "torch"))
    run.run(7), plain.run(7)
    for _ in range(7):
        step.step()
    assert run.w.tolist() == step.w.tolist() == plain.w.tolist() == [0.75, 0.75]


def test_a_run_of_one_step_that_ends_a_sequence() -> None:
    """As the last chunk of a long run may be; and of a copy made in inference mode, whose clock moves in no other."""
    net, whole = net_of(), net_of()
    boundary = torch.arange(40).reshape(20, 2) % 3 == 0
    whole.run({**STREAM, "boundary": boundary})
    with torch.inference_mode():
        net = copy.deepcopy(net)
    for k in range(20):
        piece = slice(k, k + 1)
        net.run({**{name: value[piece] for name, value in STREAM.items()}, "boundary": boundary[piece]})
    torch.testing.assert_close(net.state_dict(), whole.state_dict(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("held_back", [0, 2])
def test_an_interrupt_before_c_counts_no_step_of_that_call(held_back: int, monkeypatch: pytest.MonkeyPatch) -> None:
    made = hdsl.load("sunspots", n=6).compile(dtype=torch.float64, backend="native", held_back=held_back)
    net, plain = made(seed=3), made(seed=3)
    stream = {**{name: value[:, :1].double() for name, value in STREAM.items()}, "boundary": torch.arange(20) == 10}
    monkeypatch.setattr(native, "AT_ONCE", 5 * sum(cell.numel() for cell in net._cells()))
    pointers, tables = native._pointers, []

    def interrupted(values: Any) -> Any:
        tables.append(len(values))
        if len(tables) == 4 * 2 + 1:  # four tables a call, and two calls are through
            raise KeyboardInterrupt
        return pointers(values)

    monkeypatch.setattr(native, "_pointers", interrupted)
    with pytest.raises(KeyboardInterrupt):
        net.run(stream)
    monkeypatch.setattr(native, "_pointers", pointers)
    plain.run({name: value[:10] for name, value in stream.items()})
    torch.testing.assert_close(net.state_dict(), plain.state_dict())
