"""Threads: how many of them the arithmetic of a run takes, and why that is one for most models.

A step is many small operations one after another. Handing one of them to a second thread costs about what it saves, and far
more where another program has that core: then every operation waits for it. Sums are rounded otherwise with other threads, so
that a run goes on bit for bit with as many as it began with.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

LARGE = 2048**2
"""The products of the largest contraction, one stream, up to which one thread was measured to be the better choice.

`sunspots` on two cores that other programs also used, a step with one thread over a step with two, medians of 9 pairs in turn:
1.02 at n = 64, 0.02 at 256, 0.09 at 512, 0.07 at 1024, 0.41 at 2048 (126 ms and 375 ms). Above that nothing was measured.
"""


def threads_for(largest: int) -> int:
    """One, or torch's own number of threads where the largest line of a program takes many products."""
    return torch.get_num_threads() if largest > LARGE else 1


@contextmanager
def using(threads: int) -> Iterator[None]:
    """So many threads for what is within, and then as many as before."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)
