"""What comes of a boundary problem: a path by name, what it costs, and how well it fulfils what it has to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from hdsl.runtime.boundary.two_point import Path

Array = np.ndarray

STATUSES: Mapping[str, str] = {
    "solved": "the equations and the conditions at both ends are fulfilled to the tolerance",
    "mesh": "the tolerance wants a finer mesh than is allowed",
    "singular": "the equations and conditions have no one solution near any path that was tried",
    "stuck": "Newton's method came to no solution from any path that was tried",
    "nonfinite": "a value became nan or infinite",
    "tolerance": "the residual could not be brought below the tolerance",
    "not a minimum": "the equations are fulfilled, but H′ is smaller at another control within the bounds",
    "violated": "a constraint is violated by more than the tolerance, whatever its weight",
}
"""The statuses, each with its sentence; every one but ``solved`` is a failure."""


@dataclass(frozen=True)
class Residuals:
    """How well a path fulfils what it has to, each measured on points of its own between the nodes.

    ``equations`` is the largest |ẏ − slope|/(1 + |slope|), by scaled time; ``begin`` and ``end`` the largest of the
    conditions at the two ends, ``end`` with transversality; ``stationarity`` the largest |∂H′/∂a| of a control that is not at
    a bound, relative to 1 + the largest part of it; ``minimum`` by how much H′ was smaller at another control that was tried;
    ``hamiltonian`` how far H moves along the path where it must not, relative to 1 + |H|; None where there is no control, or
    where H may move.
    """

    equations: float
    begin: float
    end: float
    stationarity: float | None = None
    minimum: float | None = None
    hamiltonian: float | None = None

    @property
    def largest(self) -> float:
        return float(np.max([self.equations, self.begin, self.end]))  # nan where one of them is


@dataclass(frozen=True)
class Solution:
    """A boundary problem solved, or not: ``status`` is a key of `STATUSES`, ``message`` its sentence with what is special.

    ``J`` is the whole cost, ``costs`` its parts by name: the integral of each cost term, ``motion`` of the parameters, and each
    terminal cost. ``arrays`` has t (points,) at a spacing of tau, states, costates (``z.h``, ``costate.W``), parameters,
    controls, outputs, cost terms and H by name, points first, and ``roles`` what each is. ``mu`` has the costates of the
    conditions at the end. ``violations`` are by how much each constraint is violated at most, ``weights`` the weight of each
    penalty. ``way`` is what the solution was begun from, ``tried`` what had failed before; ``path`` is on the solver's mesh.
    ``signals`` names the stream that was read.
    """

    model: str
    status: str
    message: str
    J: float
    end: float
    costs: Mapping[str, float]
    arrays: Mapping[str, Array]
    residuals: Residuals
    way: str
    tried: tuple[str, ...]
    nodes: int
    iterations: int
    equations: int
    seconds: float
    tol: float
    path: Path
    settings: Mapping[str, float] = field(default_factory=dict)
    mu: Mapping[str, Array] = field(default_factory=dict)
    violations: Mapping[str, float] = field(default_factory=dict)
    weights: Mapping[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    free_end: bool = False
    roles: Mapping[str, str] = field(default_factory=dict)
    signals: str = ""

    @property
    def solved(self) -> bool:
        return self.status == "solved"

    def __getitem__(self, name: str) -> Array:
        """An array by name: ``solution["x"]``, ``solution["z.x"]``, ``solution["t"]``."""
        return self.arrays[name]
