"""Which backend: what is asked for, what a trial finds, and one line where it is torch all the same."""

from __future__ import annotations

import re
from typing import Any

import pytest
import torch

import hdsl
from hdsl.runtime import choice, native
from hdsl.runtime.choice import Choice, measured
from hdsl.runtime.native_build import NONE_FOUND, find_compiler
from hdsl.runtime.run import run_chunk
from tests.proofs.native_runs import plain_builds

needs_one = pytest.mark.skipif(find_compiler() is None, reason="no C compiler is at hand")
CHUNK = {"u": torch.ones(8, 1, 1), "v": torch.zeros(8, 1, 1), "steps": 8}
CONVOLVED = "ham 1\ninput x[1, 4, 4]\nparam K[1, 1, 2, 2] = 0.1\noutput y = sum(conv2d(x, K))\ncost c = y^2\n"


def net_of(backend: str) -> Any:
    return hdsl.load("sunspots", n=4).compile(backend=backend)()


def test_there_is_no_other_backend() -> None:
    with pytest.raises(ValueError, match="torch, native, auto and numpy"):
        net_of("fortran")


def test_a_checkpoint_tells_what_changes_the_last_digits() -> None:
    assert Choice("torch").asked == {} and Choice("native").asked == {"backend": "native"}
    assert Choice("auto", held_back=0).asked == {"backend": "auto", "held back": 0}


def test_without_a_compiler_it_is_torch_and_a_warning(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "find_compiler", lambda: None)
    with pytest.warns(UserWarning, match="no C compiler is at hand"):
        net = net_of("native")
    assert net.choice == Choice("torch", NONE_FOUND)
    assert net_of("auto").choice == Choice("torch", NONE_FOUND)
    assert net.run({"u": CHUNK["u"], "v": CHUNK["v"]})["y"].shape == (8, 1, 1)


def test_a_model_that_is_left_to_torch_says_why() -> None:
    model = hdsl.loads(CONVOLVED)
    with pytest.raises(ValueError, match=r"no native code: .*conv2d"):
        model.compile(backend="native")
    net = model.compile(backend="auto")()
    assert net.choice.backend == "torch" and "conv2d" in net.choice.told


@needs_one
def test_a_trial_tells_both_rates_and_leaves_the_module_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "SECONDS", 0.01)
    net = net_of("auto")
    before = {name: value.clone() for name, value in net.state_dict().items()}
    with plain_builds():
        found = measured(net, CHUNK, run_chunk, lambda net: 0)
    assert found == Choice(found.backend, found.told)
    rate = r"\d\S* steps/s in a short trial, \d\S* with"
    assert re.fullmatch(rf"torch: {rate} native|native: {rate} torch", found.told) and found.told.startswith(found.backend)
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())


@needs_one
def test_what_torch_is_soon_through_with_is_worth_no_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is torch for now, and is asked again: many short runs are a long one."""
    monkeypatch.setattr(choice, "COMPILES", 10.0)
    monkeypatch.setattr(native, "library_of", None)  # who asked for one would fail
    net = net_of("auto")
    results = net.run({"u": CHUNK["u"], "v": CHUNK["v"]})
    assert results["y"].shape == (8, 1, 1) and (net.choice.backend, net.choice.taken) == ("auto", "torch")
    assert re.fullmatch(r"torch: \d\S* steps/s, through with 8 steps before a compiler would be", net.choice.told)
    rate = net.choice.rate
    net.run({"u": CHUNK["u"], "v": CHUNK["v"]})
    assert (net.choice.done, net.choice.expected, net.choice.rate) == (16, 16, rate)


@needs_one
def test_what_is_held_back_is_held_back_in_the_trial(monkeypatch: pytest.MonkeyPatch) -> None:
    taken = []
    monkeypatch.setattr(choice, "SECONDS", 0.0)

    def run(net: Any, chunk: dict[str, Any]) -> None:
        taken.append((net.choice.backend, chunk["steps"]))

    chunk = {"u": torch.ones(300, 1, 1), "steps": 300}
    measured(net_of("auto"), chunk, run, lambda net: 80)
    assert taken == [("torch", 64), ("torch", 64), ("native", 64), ("native", 80)]


def test_expecting_adds_up_and_is_of_auto_alone() -> None:
    auto = Choice("auto", done=5).expecting(10)
    assert (auto.expected, auto.expecting(None), auto.expecting(3)) == (15, auto, auto)
    assert Choice("torch").expecting(10) == Choice("torch") and Choice("auto").taken == "auto"


@needs_one
def test_auto_is_decided_at_the_first_run(monkeypatch: pytest.MonkeyPatch) -> None:
    net = net_of("auto")
    monkeypatch.setattr("hdsl.runtime.run.measured", lambda *given: Choice("torch", "torch: as it happens"))
    assert net.choice == Choice("auto")
    net.run({"u": CHUNK["u"], "v": CHUNK["v"]})
    assert net.choice == Choice("torch", "torch: as it happens")
    assert net_of("auto").choice == Choice("auto")


NONE_SUCH = [("native", -1), ("auto", 513), ("native", 2.5), ("native", True), ("torch", 4)]


@pytest.mark.parametrize(("backend", "steps"), NONE_SUCH)
def test_steps_over_which_nothing_is_held_back(backend: str, steps: Any) -> None:
    with pytest.raises(ValueError, match=r"over 0 to 512 steps; not over .* with"):
        hdsl.load("sunspots").compile(backend=backend, held_back=steps)
