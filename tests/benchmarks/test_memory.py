from __future__ import annotations

import torch

from benchmarks.memory import Mark, allocations, growth, mark


def test_growth_is_counted_in_halves() -> None:
    marks = [Mark(0, 1000, 5, 50), Mark(40, 3000, 9, 70), Mark(60, 3500, 9, 80), Mark(100, 3600, 10, 85)]
    assert growth(marks) == (Mark(60, 2500, 4, 30), Mark(40, 100, 1, 5))


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
