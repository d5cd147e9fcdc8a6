"""Energy: what the Hamiltonian of a system was when a run began, and how far it has gone from there since."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hdsl.runtime.recorder import Recorder

Shapes = dict[str, tuple[int, ...]]


def energy_now(net: Any) -> float:
    """H of a compiled mechanical system as it stands: a step of no length ends where it begins."""
    return float(net._predict(net._cells(), net._sample(), 0.0)[-1])


class Energy:
    """``begun`` is H where the run began, ``last`` where it is now, ``farthest`` the largest |H − H(0)| so far."""

    STATE = ("begun", "last", "farthest")

    def __init__(self, name: str, net: Any) -> None:
        self.name, self.begun = name, energy_now(net)
        self.last, self.farthest = self.begun, 0.0
        self._tau = float(net.tau)

    def add(self, values: NDArray[Any]) -> None:
        """H (steps,) after each of some steps."""
        self.last = float(values[-1])
        self.farthest = max(self.farthest, float(np.abs(values - self.begun).max()))

    @property
    def drift(self) -> float | None:
        """max |H − H(0)| / |H(0)|; None where H began at 0."""
        return self.farthest / abs(self.begun) if self.begun else None

    # --- what a file of the run holds besides H ------------------------------------------------------------------------

    def shapes(self, recorder: Recorder | None, shapes: Shapes) -> Shapes:
        """Time and what is recorded, before all else."""
        return {"t": (), **(recorder.shapes if recorder is not None else {}), **shapes}

    def beside(self, recorded: Mapping[str, NDArray[Any]], step: int, steps: int) -> dict[str, NDArray[Any]]:
        """The same of some steps from ``step`` on: the time is that after each."""
        return {"t": (step + 1 + np.arange(steps)) * self._tau, **recorded}
