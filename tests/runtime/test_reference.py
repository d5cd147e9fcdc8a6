"""The numpy reference beside a module: from the same cells the same step, line by line, moving nothing."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import hdsl
from hdsl.runtime.reference import evaluate, given

SAMPLES = {
    "sunspots": ([[0.3], [1.0]], [[0.1], [-0.4]]),
    "oscillators": ([[0.3], [1.0]], [[0.1], [-0.4]]),
    "iris_mlp_state": (torch.linspace(0, 2, 8).reshape(2, 4), torch.tensor([2, -1])),
    "iris_linear": (torch.linspace(0, 2, 8).reshape(2, 4), torch.tensor([0, 1])),
}


@pytest.mark.parametrize("name", SAMPLES)
@pytest.mark.parametrize("order", ["sequential", "simultaneous", "semi-implicit"])
def test_it_makes_the_step_that_the_module_makes(name, order):
    net = hdsl.load(name, settings={"order": order}).compile(dtype=torch.float64)(batch=2)
    for _ in range(3):
        net.step(*SAMPLES[name])
    row = net._sample(*SAMPLES[name])
    before = {key: value.clone() for key, value in net.state_dict().items()}
    learned, seen, predicted = (evaluate(net, body, row, net.tau) for body in ("learn", "observe", "predict"))
    assert all(torch.equal(before[key], value) for key, value in net.state_dict().items())
    y, _ = net.step(*SAMPLES[name])
    assert np.allclose(predicted[":results"][0], y, atol=1e-14)
    names = dict(zip(net.cells, net._cells(), strict=True))
    for cell, value in names.items():
        if f"{cell}+" in learned:
            assert np.allclose(learned[f"{cell}+"], value.detach(), atol=1e-13), cell
        if f"{cell}+" in seen:
            assert np.allclose(seen[f"{cell}+"], learned[f"{cell}+"], atol=1e-13)
    assert {f"{cell}+" for cell in names} & set(learned) == {
        f"{cell}+" for cell in names if ":" not in cell or cell.startswith(("z:", "w:"))
    }


def test_it_is_given_cells_sample_settings_and_sizes_by_hdsls_names():
    net = hdsl.load("sunspots", n=3).compile()(batch=2)
    told = given(net, net._sample([[1.0], [2.0]], None), 0.7)
    assert {"h", "z:h", "w:W", "W", "u", "v", "present:v", "learn:eta", "learn:beta", "size:n"} <= set(told)
    assert (told["size:n"], told["tau"], told[":batch"]) == (3, 0.7, 2) and told["u"].tolist() == [[1.0], [2.0]]
    told["W"][:] = 5.0
    assert not (net.W == 5).any()
