from __future__ import annotations

import torch

from benchmarks.large import HEADS, WAYS, at, tables
from benchmarks.processes import Timings


def test_threads_are_set_for_the_work_alone() -> None:
    before = torch.get_num_threads()
    assert at(before + 1, lambda steps: torch.get_num_threads())(1) == before + 1
    assert torch.get_num_threads() == before


def test_two_threads_are_told_beside_one_and_held_back_beside_not() -> None:
    ways = (*WAYS, "jax scan")
    row = Timings([{f"{way}, {count}": [2e-6 / count] for way in ways for count in (1, 2)}])
    threads, back = tables({"rnn-1024-batch-32": row}, {"1024 sequential": Timings([{"0": [3e-6], "K": [2e-6]}])})
    assert [each[1] for each in threads.rows] == list(ways) and {each[4] for each in threads.rows} == {"2.00 of 1 ✓"}
    assert "rnn-1024-batch-32 1.00 of 1.2 ✓" in threads.notes[0]
    assert back.rows == (("n = 1024", "sequential", "3.00", "2.00", "1.50 of 1.5 ✓"),)
    assert {each.mark: each.head for each in (threads, back)} == HEADS
