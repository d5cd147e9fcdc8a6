"""The inner loop's parts: entries of a sample a step at a time, the clock, and results put together once."""

from __future__ import annotations

import pytest
import torch

import hdsl
from hdsl.runtime.loop import by_step, loop, results_of

TEXT = """
input u
target v
state h = 0
param w = 1
h' = -h + u * t
output y = w * h
cost fit = (y - v)^2
cost decay = w^2
learn
    tau = 0.5
    eta = 0.1
    first = undamped
"""
NET = hdsl.loads(TEXT).compile(dtype=torch.float64)
U = torch.linspace(0.1, 1.2, 6, dtype=torch.float64).reshape(3, 2)


def chunk(**more):
    return {"u": U, "v": U + 1, "steps": 3, **more}


def sampled(net, given):
    return net._sample(given["u"], given["v"], lead=(3,))


def test_what_lies_in_the_stream_is_taken_a_step_at_a_time():
    rows = by_step(NET(batch=2), "u", U, chunk())
    assert len(rows) == 3 and all(torch.equal(row, U[k]) for k, row in enumerate(rows))


@pytest.mark.parametrize("ticks", [0, 4])
def test_time_goes_on_from_the_clock_by_each_samples_tau(ticks):
    net = NET(batch=2)
    net.clock.fill_(ticks)
    net.offset.fill_(0.25)
    any_time, start = torch.zeros((), dtype=torch.float64), 0.5 * ticks + 0.25
    even = torch.stack(by_step(net, "t", any_time, chunk()))
    uneven = torch.stack(by_step(net, "t", any_time, chunk(tau=torch.tensor([0.1, 0.7, 0.3]))))
    assert even.tolist() == pytest.approx([start, start + 0.5, start + 1.0])
    assert uneven.tolist() == pytest.approx([start, start + 0.1, start + 0.8], abs=1e-6)


def test_only_the_first_tick_ever_is_the_first():
    net, any_mark = NET(batch=2), torch.zeros((), dtype=torch.float64)
    assert torch.stack(by_step(net, "learn:first", any_mark, chunk())).tolist() == [1, 0, 0]
    net.clock.fill_(1)
    assert torch.stack(by_step(net, "learn:first", any_mark, chunk())).tolist() == [0, 0, 0]


@pytest.mark.parametrize("more", [{}, {"tau": torch.tensor([0.5, 0.25, 1.0])}, {"boundary": torch.tensor([True, False, True])}])
def test_the_loop_moves_the_clock_and_gives_columns_of_its_steps(more):
    net = NET(batch=2)
    with torch.no_grad():
        made = loop(net, chunk(**more), sampled(net, chunk()))
    assert all(len(column) == 3 for column in made) and int(net.clock) == 3
    assert net.ended.tolist() == [bool("boundary" in more)] * 2
    assert float(net.offset) == pytest.approx(float((more["tau"] - 0.5).sum()) if "tau" in more else 0)


def test_results_are_a_row_a_step_with_gaps_where_targets_are_missing():
    net, given = NET(batch=2), chunk()
    given["v"] = given["v"].clone()
    given["v"][1, 0] = torch.nan
    with torch.no_grad():
        sample = sampled(net, given)
        results = results_of(net, loop(net, given, sample), 3, sample)
    assert {name: tuple(value.shape) for name, value in results.items()} == {"y": (3, 2), "fit": (3, 2), "decay": (3,)}
    expected = (results["y"] - given["v"]) ** 2
    assert torch.allclose(results["fit"], expected, equal_nan=True) and results["fit"].isnan().sum() == 1


@pytest.mark.parametrize("ends", [None, [False, True, False, False, True, False], "each"])
def test_where_sequences_begin_is_known_beforehand_and_a_run_is_its_steps(ends):
    text = (
        "input u\ntarget v\nparam w = 0.5\nstate h = w*u\nstate S = w\nh' = -h + w*u*S\nS' = -0.1*S\noutput y = h\n"
        "cost fit = (y - v)^2\nlearn\n    tau = 0.5\n    eta = 0.1\n"
    )
    made = hdsl.loads(text).compile(dtype=torch.float64)
    u = torch.sin(torch.arange(12, dtype=torch.float64)).reshape(6, 2)
    boundary = torch.tensor([[False, True], [True, True], [False, False]] * 2) if ends == "each" else ends
    stream = {"u": u, "v": u**2} | ({} if ends is None else {"boundary": torch.as_tensor(boundary)})
    ran, stepped = made(batch=2), made(batch=2)
    pieces = [{name: value[:3] for name, value in stream.items()}, {name: value[3:] for name, value in stream.items()}]
    found = torch.cat([ran.run(piece)["y"] for piece in pieces])
    for k in range(6):
        end = None if ends is None else torch.as_tensor(boundary)[k]
        y, _ = stepped.step(u=u[k], v=u[k] ** 2, boundary=end)
        assert torch.equal(found[k], y)
    for name, value in stepped.state_dict().items():
        assert torch.equal(ran.state_dict()[name], value), name


def test_the_layer_of_each_tick_goes_on_from_the_clock():
    text = "input u\ntarget v\nstate a = 0\nstate b = 0\nstate c = 0\nparam w = 1\nnext a = w*u\nnext b = a\nnext c = b\n"
    text += "output y = c\ncost fit = (y - v)^2\nlearn\n    eta = 1\n    schedule = layerwise\n"
    net = hdsl.loads(text).compile(dtype=torch.float64)(batch=2)
    net.clock.fill_(4)
    rows = by_step(net, "learn:layer", torch.ones((), dtype=torch.float64), chunk())
    assert [float(row) for row in rows] == [2, 3, 1]
