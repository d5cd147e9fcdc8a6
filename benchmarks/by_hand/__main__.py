"""``python -m benchmarks.by_hand --check``: every hand-written step against autograd of H′.

Parameters, costates and states after the steps: to 1e-12 in float64 and to 1e-6 in float32, the judge being of the
same dtype, relative to the largest entry of each tensor (at least 1). y and its cost may differ by the round-off of
the sum that makes y: √terms · eps.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from math import sqrt

import torch
from torch import Tensor

from benchmarks.by_hand import by_hand, layouts
from benchmarks.judge import Judge
from benchmarks.workload import ORDERS, Workload, chosen

BOUNDS = {torch.float64: 1e-12, torch.float32: 1e-6}


def difference(found: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> float:
    """The largest difference over all tensors, each relative to its largest entry (at least 1)."""
    if found.keys() != expected.keys():
        return float("inf")
    gaps = ((found[k] - expected[k]).abs().max() / expected[k].abs().max().clamp(min=1) for k in expected)
    return max((float(gap) for gap in gaps), default=0.0)


def output_bound(workload: Workload, dtype: torch.dtype) -> float:
    """The bound on y and on the costs: y is a sum of n terms, or of 2n for the oscillators, whose order differs."""
    terms = workload.sizes["n"] * (2 if workload.kind == "oscillators" else 1)
    return max(BOUNDS[dtype], torch.finfo(dtype).eps * sqrt(terms))


def check(workload: Workload, order: str, layout: str, dtype: torch.dtype, steps: int) -> tuple[float, float]:
    """The largest difference in outputs and costs, and in what moves, over ``steps`` steps run in two calls."""
    drawn, stream = workload.draw(dtype), workload.stream(steps, dtype)
    judge, hand = Judge(workload, order, dtype, drawn), by_hand(workload, order, layout, dtype, drawn)
    half = steps // 2
    parts = [{name: value[piece] for name, value in stream.items()} for piece in (slice(0, half), slice(half, None))]
    results = max(difference(hand.run(part), judge.run(part)) for part in parts)
    moved = max(
        difference(hand.parameters(), judge.parameters()),
        difference(hand.costates(), judge.costates()),
        difference(hand.states(), judge.states()),
    )
    return results, moved


def main() -> int:
    options = argparse.ArgumentParser(prog="python -m benchmarks.by_hand", description=__doc__)
    options.add_argument("--check", action="store_true", required=True, help="compare with autograd of H′")
    options.add_argument("--rows", help="rows of the table, comma-separated (default: all)")
    options.add_argument("--steps", type=int, default=40)
    given = options.parse_args()
    torch.set_num_threads(1)
    wrong = 0
    for workload in chosen(given.rows):
        for order in ORDERS:
            for layout in layouts(workload):
                for dtype, bound in BOUNDS.items():
                    results, moved = check(workload, order, layout, dtype, given.steps)
                    right = results <= output_bound(workload, dtype) and moved <= bound
                    wrong += not right
                    verdict = "ok" if right else f"MORE THAN {bound:g}"
                    where = f"{workload.name:22}{order:15}{layout:10}{str(dtype)[6:]:9}"
                    print(f"{where}y and cost {results:8.1e}   what moves {moved:8.1e}   {verdict}", flush=True)
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
