"""Ticks: what a run of a system without a stream reads, a number of steps with nothing in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from hdsl.runtime.bad_rows import BadRows
from hdsl.runtime.columns import Columns
from hdsl.runtime.samples import Samples
from hdsl.runtime.source.block import ROWS

if TYPE_CHECKING:
    from hdsl.model.model import Model

STEPS = 10_000
"""How many steps a system is followed where no one says."""


@dataclass(frozen=True)
class Ticks:
    """``steps`` samples of a model that has neither inputs nor targets."""

    model: Model
    steps: int = STEPS
    name: str = "none"
    columns: Columns = field(default_factory=lambda: Columns({}, None, None, {}))
    scale: str = "none"
    leaks: bool = False
    bad: BadRows = field(default_factory=BadRows)
    live: bool = False
    batch: int = 1

    def known(self) -> int | None:
        return self.steps

    def expected(self) -> int | None:
        return self.steps

    def samples(self, again: bool = False) -> Iterator[Samples | None]:
        """Some steps at a time; their rows are counted."""
        for start in range(0, self.steps, ROWS):
            rows = np.arange(start, min(self.steps, start + ROWS), dtype=np.int64)[:, None]
            yield Samples({}, None, None, rows, np.full_like(rows, -1))
