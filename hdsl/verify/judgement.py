"""Judgement: what one judge says of one equation, and how far apart two results are."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

Judge = Literal[
    "walk", "autograd", "differences", "change", "remainder", "products", "sympy", "numpy", "streams", "order"
]
Group = Literal["equations", "step", "pullback"]

# Two float64 results of one formula differ by round-off only: 1e-16 for each of up to 1e5 summed terms, some of which cancel. A
# central difference by the best of its steps loses a third of the digits. A wrong term is larger than either by far. A measured
# exponent is off by what the next term of the series adds, which the small steps keep below a hundredth.
TOLERANCES: Mapping[Judge, float] = {
    "walk": 1e-9,
    "autograd": 1e-9,
    "differences": 1e-6,
    "change": 0.1,
    "remainder": 0.1,
    "products": 1e-9,
    "sympy": 1e-9,
    "numpy": 1e-9,
    "streams": 1e-9,
    "order": 0.1,
}

REASONS: Mapping[Judge, str] = {
    "walk": "the text as it is written, evaluated one stream at a time; of a step, with torch.autograd of H′ in it",
    "autograd": "torch.autograd of H′ on that walk, of a mechanical system of its energy",
    "differences": "central differences of H′ on that walk along random directions, the best of four steps",
    "change": "Taylor: |H′(x + εd) − H′(x)| falls as ε¹ along random directions d",
    "remainder": "Taylor: |H′(x + εd) − H′(x) − ε⟨∂H′, d⟩| falls as ε²; `exact` where it is round-off at every small ε",
    "products": "⟨w, J d⟩ = ⟨Jᵀw, d⟩: J d of dynamics and costs by torch's forward mode on that walk, Jᵀw by the equation",
    "sympy": "sympy.diff of H′ written out in scalars",
    "numpy": "the numpy reference against the torch module",
    "streams": "a batch of 3 against its streams learned one by one, parameters by their mean",
    "order": "how the error of one step falls with τ against the flow of that walk, less 1: the order of the integrator",
}

FLOOR = 1e-6
"""An equation whose every entry is smaller than this is judged as if its largest were this. So is one that is smaller than this
part of what it is the derivative, or the difference, of: round-off in the larger numbers is no fault of the equation."""


@dataclass(frozen=True)
class Row:
    """What one judge says of one equation.

    ``name`` is hdsl's own (``dot:z:h``, ``h+``), ``equation`` its text; ``error`` the largest over all points, relative to
    the largest entry, infinite where shapes differ or a value is missing. ``remark`` tells what stopped a judge.
    Where an exponent is judged, ``measured`` is it (``1.98``, ``exact``), and ``error`` how far it falls short.
    """

    group: Group
    name: str
    equation: str
    judge: Judge
    error: float
    remark: str = ""
    measured: str = ""

    @property
    def tolerance(self) -> float:
        return TOLERANCES[self.judge]

    @property
    def ok(self) -> bool:
        return self.error <= self.tolerance

    @property
    def shown(self) -> str:
        """The exponent, or the error, as it stands in a table."""
        if self.measured:
            return self.measured
        return "0" if self.error == 0 else f"{self.error:.0e}" if math.isfinite(self.error) else "no value"


EXACT = "exact"
"""What is told in place of an exponent where all that would be measured is round-off."""


class Errors:
    """The largest error of each (name, judge), in the order in which they were first met."""

    def __init__(self) -> None:
        self.largest: dict[tuple[str, Judge], float] = {}
        self.remarks: dict[tuple[str, Judge], str] = {}
        self.measured: dict[tuple[str, Judge], str] = {}

    def add(self, name: str, judge: Judge, error: float) -> None:
        key = (name, judge)
        self.largest[key] = max(self.largest.get(key, 0.0), math.inf if math.isnan(error) else error)

    def add_exponent(self, name: str, judge: Judge, exponent: float | None, wanted: int, most: bool = False) -> None:
        """An exponent that was measured, None where there was nothing to measure; ``most`` if none may be larger either."""
        short = 0.0 if exponent is None else wanted - exponent
        error = abs(short) if most else max(0.0, short)
        key, told = (name, judge), EXACT if exponent is None else f"{exponent:.2f}"
        if self.measured.get(key, EXACT) == EXACT or error > self.largest[key]:
            self.measured[key] = told
        self.add(name, judge, error)

    def stop(self, name: str, judge: Judge, fault: Exception) -> None:
        """A judge, or what it judges, could not go on."""
        self.add(name, judge, math.inf)
        text = (str(fault).splitlines() or [""])[0]
        self.remarks[name, judge] = f"{type(fault).__name__}: {text}"

    def rows(self, group: Group, equations: Mapping[str, str]) -> tuple[Row, ...]:
        """A row for each error, in the order of ``equations``, which gives the text of each name; unknown names first."""
        places = {name: place for place, name in enumerate(equations)}
        ordered = sorted(self.largest, key=lambda key: places.get(key[0], -1))
        return tuple(
            Row(
                group,
                name,
                equations.get(name, name),
                judge,
                self.largest[name, judge],
                self.remarks.get((name, judge), ""),
                self.measured.get((name, judge), ""),
            )
            for name, judge in ordered
        )


def difference(found: Any, judged: Any, scale: float = 0.0) -> float:
    """The largest difference of two arrays relative to the largest entry of the second, or to ``scale`` if that is larger.

    nan must meet nan and infinity the same infinity; otherwise, and where shapes differ, the difference is infinite.
    """
    a, b = np.asarray(found, float), np.asarray(judged, float)
    if a.shape != b.shape:
        return math.inf
    finite = np.isfinite(b)
    if not np.array_equal(a[~finite], b[~finite], equal_nan=True) or not np.isfinite(a[finite]).all():
        return math.inf
    if not finite.any():
        return 0.0
    return float(np.abs(a[finite] - b[finite]).max() / max(np.abs(b[finite]).max(), scale, FLOOR))
