from __future__ import annotations

import pytest
import torch

from benchmarks.memory import HEAD, Mark, allocations, growth, held_in_a_run, mark, rows, taken
from benchmarks.workload import WORKLOADS


def test_growth_is_counted_in_halves() -> None:
    marks = [Mark(0, 1000, 5, 50, 7), Mark(40, 3000, 9, 70, 7), Mark(60, 3500, 9, 80, 7), Mark(100, 3600, 10, 85, 9)]
    assert growth(marks) == (Mark(60, 2500, 4, 30, 0), Mark(40, 100, 1, 5, 2))
    run = {"marks": [vars(each) for each in marks], "allocations": None, "finite": True}
    told = rows({"run": run, "step": {"missing": "it"}})
    assert [len(row) for row in told] == [len(HEAD)] * 2


def test_a_kept_tensor_is_seen() -> None:
    before = mark(0)
    kept = [torch.zeros(10) for _ in range(7)]
    assert mark(1).tensors - before.tensors == len(kept)


def test_allocations_are_counted_by_the_step() -> None:
    out = torch.zeros(8)

    def fresh(steps: int) -> None:
        for _ in range(steps):
            torch.add(out, 1)

    def in_place(steps: int) -> None:
        for _ in range(steps):
            torch.mul(out, out, out=out)

    assert allocations(in_place) == 0
    assert allocations(fresh) >= 1


def test_a_module_holds_its_parameters_twice_and_a_run_what_it_takes_at_most() -> None:
    if taken(lambda: torch.zeros(8)) != [32, -32]:
        pytest.skip("torch's profiler does not say")
    workload = WORKLOADS["rnn-64"]
    held = held_in_a_run(workload, "torch")
    assert held.parameters == 4 * workload.parameters
    states = 2 * 4 * 64
    assert 2 * held.parameters + states <= held.module <= 2 * held.parameters + 2 * states
    assert held.run > 0 and held.share == (held.module + held.run) / (2 * held.parameters)
