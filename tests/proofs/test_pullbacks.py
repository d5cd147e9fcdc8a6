"""The pullbacks of drawn models and of those that ship, against torch.autograd on the walk of the text."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest
import torch

import hdsl
from hdsl.verify.pullback import judged_pullback
from tests.proofs.drawing import draw_model
from tests.proofs.streams import cells_of_judge, distance, draw_stream, fill, judge_of

DAILY = (13, 14, 16, 17, 19, 23, 24, 58)  # some whose output reads a real input, 58 where a state begins: most read none
SLOW = 600
CLOSE = 1e-11  # as for the step: round-off of the same sums in another order


def apart(model: hdsl.api.Model, net: Any, seed: int) -> float:
    """The largest distance of a gradient from the judge's; inputs that the module has no gradient for must have 0."""
    source = torch.Generator().manual_seed(seed)
    fill(model, net, source)
    stream = draw_stream(model, net, 2, source, uneven=False)
    sample = {name: value for name, value in stream.sample(0).items() if name in net.inputs}
    y = net.predict(*sample.values())
    adjoint = torch.randn(y.shape, dtype=torch.float64, generator=source)
    written, cells = judge_of(model).written, cells_of_judge(model, net)
    judged = judged_pullback(written, cells, stream.of_each(0), float(net.tau), net.outputs[0], adjoint)
    made = net.pullback(*sample.values(), adjoint)
    assert made.keys() <= judged.keys()
    return max(distance(made.get(name, torch.zeros_like(value)), value) for name, value in judged.items())


def pulled_back(seeds: Iterable[int]) -> int:
    """How many of the drawn models have something to pull back, all of them judged."""
    found = 0
    for seed in seeds:
        text = draw_model(seed).text
        model = hdsl.loads(text)
        if model.product("pullback").gradients:
            net_class = model.compile(dtype=torch.float64, pullback=True)
            for batch in (1, 3):
                far = apart(model, net_class(batch=batch, seed=1), seed)
                assert far <= CLOSE, f"model {seed}, batch {batch}: {far:.1e} apart\n{text}"
            found += 1
    return found


def test_drawn_models_pull_back_as_autograd_does() -> None:
    assert pulled_back(DAILY) > len(DAILY) // 2


@pytest.mark.slow
@pytest.mark.parametrize("start", range(0, SLOW, 100))
def test_many_drawn_models_pull_back_as_autograd_does(start: int) -> None:
    assert pulled_back(range(start, start + 100)) > 10


@pytest.mark.parametrize("name", ["sunspots", "oscillators", "iris_mlp", "iris_mlp_state"])
def test_models_that_ship_pull_back_as_autograd_does(name: str) -> None:
    model = hdsl.load(name)
    net = model.compile(dtype=torch.float64, pullback=True)(batch=3, seed=1)
    assert apart(model, net, 5) <= CLOSE
