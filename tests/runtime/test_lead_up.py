"""The lead-up: the last steps taken again are the steps that were taken, and the module does not notice."""

from __future__ import annotations

import numpy as np
import torch

import hdsl
from hdsl.runtime.lead_up import STEPS, LastSteps

TEXT = """
input u[2]
target v
state h[2] = 1
param w[2] = 0.5
h' = -h + u
output y = dot(w, h)
cost fit = (y - v)^2
learn
    tau = 0.1
    eta = 0.5
    beta = 0.01
"""
NET = hdsl.loads(TEXT, name="lead.ham").compile(dtype=torch.float64)


def chunk(steps: int, seed: int = 0) -> dict[str, torch.Tensor]:
    draw = torch.Generator().manual_seed(seed)
    v = torch.randn(steps, 1, generator=draw, dtype=torch.float64)
    v[::7] = torch.nan
    return {"u": torch.randn(steps, 1, 2, generator=draw, dtype=torch.float64), "v": v}


def test_steps_taken_again_are_the_steps_that_were_taken() -> None:
    net, beside = NET(seed=1), NET(seed=1)
    last = LastSteps(net)
    costs, norms = [], []
    for seed in range(3):
        part = chunk(20, seed)
        last.add(part)
        costs.append(net.run(part)["fit"][:, 0])
        for k in range(20):
            beside.step(u=part["u"][k], v=part["v"][k])
            norms.append([float(torch.linalg.vector_norm(x)) for x in (beside.state.h, beside.costate.w, beside.w.detach())])
    before = {name: value.clone() for name, value in net.state_dict().items()}
    found = last.retraced(last=54)
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert found.ticks.tolist() == list(range(55))
    np.testing.assert_allclose(found.costs["fit"], torch.cat(costs)[:55].numpy(), rtol=1e-12)
    made = [found.norms["state"]["h"], found.norms["costate"]["costate.w"], found.norms["param"]["w"]]
    np.testing.assert_allclose(np.stack(made, 1), np.array(norms)[:55], rtol=1e-12)
    assert list(found.norms["costate"]) == ["z.h", "costate.w"]


def test_no_more_is_held_than_a_thousand_steps_need() -> None:
    net = NET()
    last = LastSteps(net)
    for seed in range(20):
        part = chunk(256, seed)
        last.add(part)
        net.run(part)
    assert len(last.mark()) == 5
    found = last.retraced(last=20 * 256 - 10)
    assert found.ticks.tolist() == list(range(20 * 256 - 9 - STEPS, 20 * 256 - 9))


def test_what_was_undone_is_forgotten() -> None:
    net = NET()
    last = LastSteps(net)
    last.add(chunk(5))
    mark = last.mark()
    last.add(chunk(5, 1))
    last.back(mark)
    assert last.retraced(last=99).ticks.tolist() == [0, 1, 2, 3, 4]
