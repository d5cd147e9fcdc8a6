"""The arithmetic of growth and rooflines, and that what is measured runs."""

from math import isnan

import pytest
import torch

import hdsl
from benchmarks import scaling


def test_a_slope_is_the_power_that_seconds_grow_with():
    for power in (0.0, 1.0, 1.5):
        found = {size: 3e-6 * size**power for size in (1, 10, 100, 1000, 10_000)}
        assert scaling.slope(found) == pytest.approx(power)


def test_what_is_fixed_weighs_in_small_sizes_alone():
    found = {size: 100 + size for size in (1, 10, 10_000, 100_000)}
    assert scaling.slope(found) > 0.6


@pytest.mark.parametrize("kind", ["depth", "definitions"])
def test_a_deep_model_has_as_many_definitions_as_it_says(kind):
    few, more = (hdsl.loads(scaling.deep(k, kind)).product("model") for k in (2, 4))
    named = [[d.name for d in model.definitions if d.name.startswith("a") and d.name[1:].isdigit()] for model in (few, more)]
    assert (len(named[0]), len(named[1])) == (2, 4)
    assert len(more.of_role("param")) == (4 if kind == "depth" else 1)


def test_a_run_allocates_what_it_returns_and_no_more():
    (found,) = scaling.allocated(["rnn-16"], scaling.WAYS[:4])
    if isnan(found["`run`"]):
        pytest.skip("torch's profiler does not say")
    # y and e are the caller's to keep; their columns and costs are stacked a chunk at a time.
    assert found["`run`"] <= 2.1 and found["`step`"] > found["`run`"]
    assert found["by hand"] < 0.1 and found["autograd + SGD"] > 10


def test_bandwidth_and_operations_are_numbers():
    torch.set_num_threads(1)
    assert scaling.bandwidth(1024, 1) > 0 and scaling.operations(1) > 0


def test_what_was_measured_stands_in_its_tables():
    grown = {way + name: {1: 1.0, 2: 2.0, 4: 4.0} for way in ("", "native, ") for name in (scaling.PARAMETERS, scaling.STEPS)}
    marks = [{"steps": k, "resident": 2048 * k, "tensors": 0, "blocks": 0} for k in (0, 50, 100)]
    kept = {"run": {"marks": marks, "allocations": 2.0, "finite": True}}
    roof = [{"row": "mlp", "order": "sequential", "bandwidth": 1e9, "peak": 1e9, "least": 1e-6, "torch": 2e-6, "native": 1e-6}]
    taken = [{"row": "mlp", **dict.fromkeys(scaling.WAYS, 1.0)}]
    made = scaling.tables(grown, kept, {"rnn-1024, torch": scaling.Held(100, 200, 20)}, taken, roof)
    assert {each.mark for each in made} == set(scaling.HEADS)
    assert all(len(row) == len(each.head) for each in made for row in each.rows)
    goals = {row[0]: row[2:] for row in made[0].rows}
    assert goals["slope of log seconds against log parameters"] == ("1.00", "✓")
    assert goals["run, KiB gained in the second half of the steps"] == ("+100", "✗")


def test_native_runs_are_long_where_steps_are_short():
    small, large = scaling.rnn(16, 1), scaling.WORKLOADS["rnn-1024-batch-32"]
    assert [scaling.steps_of(small, 256, backend) for backend in ("torch", "native")] == [256, 8192]
    assert [scaling.steps_of(large, 256, backend) for backend in ("torch", "native")] == [28, 64]
