"""The arithmetic of growth and rooflines, and that what is measured runs."""

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
    (found,) = scaling.allocated(["rnn-16"])
    if found["run"] is None:
        pytest.skip("torch's profiler does not say")
    # y and e are the caller's to keep; their columns and costs are stacked a chunk at a time.
    assert found["run"] <= 2.1 and found["step"] > found["run"]


def test_bandwidth_and_operations_are_numbers():
    torch.set_num_threads(1)
    assert scaling.bandwidth(1024, 1) > 0 and scaling.operations(1) > 0
