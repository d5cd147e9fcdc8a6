"""The exported predictor, loaded by torch alone in a process of its own, gives the bits of `predict`."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

import hdsl
from hdsl.runtime.export import ABOUT, Predictor, export_predictor
from tests.proofs.streams import shape_of

EMBEDDED = """model tokens
dim v = 5, n = 3
input k : index(v)
input gain
target c : index(v)
param E[v, n] = normal(0, 1)
param C[v, n] = normal(0, 1)
const bias[n] = [1, 2, 3]
output y = C @ tanh(embed(E, k) * gain + bias) * (1 + t)
cost class = cross_entropy(y, c)
learn
    eta = 1
"""
ALONE = """
import json, sys, torch
for name in sys.argv[1:]:
    extra = {"hdsl.json": ""}
    predictor = torch.export.load(name + ".pt2", extra_files=extra).module()
    given, wanted = torch.load(name + ".pt")
    print(name, torch.equal(predictor(*given), wanted), json.loads(extra["hdsl.json"])["batch"])
print(any(name.split(".")[0] == "hdsl" for name in sys.modules))
"""


def learned(text: str, batch: int = 1) -> tuple[Any, list[torch.Tensor]]:
    """A module that has learned for a few steps, with the end of a sequence last, and a sample."""
    model = hdsl.loads(text) if "\n" in text else hdsl.load(text)
    net = model.compile()(batch=batch, seed=2)
    source = torch.Generator().manual_seed(3)
    quantities = model.product("model").quantities
    drawn = []
    for _ in range(4):
        sample = []
        for name in net.inputs:
            sizes = shape_of(net, quantities[name].sizes)
            real = torch.randn(batch, *sizes, generator=source)
            sample.append(real if quantities[name].below is None else torch.randint(0, 5, (batch,), generator=source))
        drawn.append(sample)
    for k, sample in enumerate(drawn[:3]):
        net.eval().step(*sample, boundary=torch.arange(batch) == 0 if k == 2 else None)
    return net, drawn[3]


def test_it_gives_the_same_bits_without_hdsl(tmp_path: Path) -> None:
    cases = {"sunspots": 3, "iris_mlp_state": 1, "deep_delayed": 1, "tokens": 1}
    for name, batch in cases.items():
        net, sample = learned(EMBEDDED if name == "tokens" else name, batch)
        before = {key: value.clone() for key, value in net.state_dict().items()}
        net.export_predictor(tmp_path / f"{name}.pt2")
        assert all(torch.equal(value, before[key]) for key, value in net.state_dict().items())
        torch.save((sample, net.predict(*sample)), tmp_path / f"{name}.pt")
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", ALONE, *cases], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    any_batch = {"iris_mlp_state", "tokens"}
    wanted = [f"{name} True {'any' if name in any_batch else batch}" for name, batch in cases.items()]
    assert done.stdout.splitlines() == [*wanted, "False"]


def test_a_model_whose_output_reads_no_state_takes_any_batch(tmp_path: Path) -> None:
    net, _ = learned("iris_mlp")
    export_predictor(net, tmp_path / "p.pt2")
    predictor = torch.export.load(tmp_path / "p.pt2").module()
    for batch in (1, 2, 7):
        u = torch.randn(batch, 4)
        torch.testing.assert_close(predictor(u), torch.cat([net.predict(row[None]) for row in u]), rtol=1e-5, atol=1e-6)
        assert len(predictor(u)) == batch


def test_it_holds_what_the_output_reads_and_says_what_it_is(tmp_path: Path) -> None:
    net, _ = learned("sunspots")
    net.export_predictor(tmp_path / "p.pt2")
    about = {ABOUT: ""}
    program = torch.export.load(tmp_path / "p.pt2", extra_files=about)
    assert json.loads(about[ABOUT]) == {
        "model": "sunspots", "content": net.content, "hdsl": hdsl.__version__, "inputs": {"u": [1]}, "dtype": "float32",
        "batch": 1, "clock": 3,
    }
    assert sorted(Predictor(net).kept) == ["C", "D", "U", "W", "b", "h"]
    assert len(program.state_dict) == 7  # those and one number for the size of the batch
    assert str(Path(__file__).parents[2]).encode() not in (tmp_path / "p.pt2").read_bytes()


def test_it_does_not_move_with_the_module(tmp_path: Path) -> None:
    net, (u,) = learned("sunspots")
    predictor, y = Predictor(net), net.predict(u)
    net.train().step(u, u)
    assert torch.equal(predictor(u), y) and not torch.equal(net.predict(u), y)


def test_a_model_without_an_output_has_nothing_to_export(tmp_path: Path) -> None:
    net = hdsl.loads("model mute\ninput u\nparam w = 1\ncost fit = (w - u)^2").compile()()
    with pytest.raises(ValueError) as caught:
        net.export_predictor(tmp_path / "p.pt2")
    assert str(caught.value) == "the model mute has no output, so there is nothing to export"
    assert list(tmp_path.iterdir()) == []
