from __future__ import annotations

import pytest
import torch

from benchmarks.generated import text_of
from benchmarks.workload import ORDERS, WORKLOADS, chosen


def test_the_rows_have_the_numbers_of_parameters_that_the_goals_are_set_for() -> None:
    counted = {name: workload.parameters for name, workload in WORKLOADS.items() if workload.batch == 1}
    assert counted == {
        "rnn-16": 784,
        "rnn-64": 6_208,
        "rnn-256": 73_984,
        "rnn-1024": 1_082_368,
        "mlp": 269_322,
        "oscillators": 9_500,
    }


def test_every_row_is_there_at_batch_1_and_32() -> None:
    assert {workload.batch for workload in WORKLOADS.values()} == {1, 32}
    assert {f"{name}-batch-32" for name, each in WORKLOADS.items() if each.batch == 1} < set(WORKLOADS)


def test_parameters_agree_between_dtypes_to_rounding() -> None:
    workload = WORKLOADS["rnn-16"]
    single, double = workload.draw(torch.float32), workload.draw(torch.float64)
    assert all(torch.equal(double[name].float(), single[name]) for name in double)


@pytest.mark.parametrize("name", ["rnn-16", "mlp-batch-32"])
def test_a_stream_has_the_shapes_of_its_row(name: str) -> None:
    workload = WORKLOADS[name]
    stream = workload.stream(3)
    assert stream["u"].shape == (3, workload.batch, workload.sizes["m"])
    assert stream[workload.target].shape[:2] == (3, workload.batch)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("name", ["rnn-16", "mlp", "oscillators"])
def test_the_text_of_a_row_holds_the_order_asked_for(name: str, order: str) -> None:
    assert text_of(WORKLOADS[name], order).count(f"order = {order}") == 1


def test_rows_are_chosen_by_name() -> None:
    assert [workload.name for workload in chosen("mlp,rnn-16")] == ["mlp", "rnn-16"]
    assert len(chosen(None)) == len(WORKLOADS)
    with pytest.raises(SystemExit, match="no such row: rnn-17"):
        chosen("rnn-17")
