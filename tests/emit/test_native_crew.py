"""Threads: the same bits with any number of them, and what torch gives; small sizes are taken for large ones here."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
import torch

import hdsl
from hdsl.emit import native_crew
from hdsl.emit.native_module import emit_native
from hdsl.runtime import native
from hdsl.runtime.native_build import find_compiler
from tests.proofs.native_runs import plain_builds

pytestmark = pytest.mark.skipif(find_compiler() is None, reason="no C compiler is at hand")

STREAM = {"u": torch.linspace(-1, 1, 20).reshape(20, 1, 1), "v": torch.linspace(1, -1, 20).reshape(20, 1, 1)}


@pytest.fixture(autouse=True)
def everything_is_large(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(native, "fetch", lambda name: None)  # a text for these sizes would be found there
    monkeypatch.setattr(native, "keep", lambda name, text: None)
    monkeypatch.setattr(native_crew, "MUCH", 0)
    monkeypatch.setattr(native_crew, "MANY", 100)
    monkeypatch.setattr(native_crew, "WORTH", 0)
    monkeypatch.setattr(native, "_LIBRARIES", {})
    before = torch.get_num_threads()
    with plain_builds():
        yield
    torch.set_num_threads(before)


@cache
def net_class(backend: str) -> Any:
    return hdsl.load("sunspots", n=72).compile(dtype=torch.float64, backend=backend)


def run(threads: int, batch: int, backend: str = "native") -> tuple[Any, dict[str, torch.Tensor]]:
    torch.set_num_threads(threads)
    net = net_class(backend)(batch=batch, seed=3)
    scale = torch.linspace(0.2, 1, batch)[:, None]
    made = net.run({name: value.expand(20, batch, 1) * scale for name, value in STREAM.items()})
    return net, {**net.state_dict(), **made}


@pytest.mark.parametrize("batch", [1, 5])
def test_every_number_of_threads_gives_the_same_bits(batch: int) -> None:
    net, one = run(1, batch)
    assert native.library_of(net).text.text.count("run_crew(") > 1
    for threads in (2, 3):
        _, many = run(threads, batch)
        assert all(torch.equal(value, many[name]) for name, value in one.items())
    _, plain = run(1, batch, "torch")
    for name, value in plain.items():
        torch.testing.assert_close(one[name], value, atol=1e-13, rtol=1e-12, msg=name)


def test_what_the_loops_over_parts_declare_is_no_quantitys_name() -> None:
    """A state called `turn` did not compile."""
    lines = "ham 1", "input u[72]", "state turn[72] = 0", "param W[72, 72] = 0.1", "turn' = W @ turn + u"
    model = hdsl.loads("\n".join([*lines, "cost c = squared(turn)", ""]))
    text = emit_native(model.product("program"), "0", {}, 1, "float").text
    assert "    int64_t turn = 0;" in text and "T *const turn_ = r->cells" in text


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_process_that_forks_between_two_runs_goes_on_in_both() -> None:
    _, wanted = run(2, 1)
    child = os.fork()
    if child == 0:
        _, found = run(2, 1)
        os._exit(0 if all(torch.equal(value, found[name]) for name, value in wanted.items()) else 1)
    assert os.waitpid(child, 0)[1] == 0
