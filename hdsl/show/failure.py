"""Failure: a run that a value ended by not being finite, as one HTML file: what it was, and the steps that led to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hdsl.derive.equations import Equations
from hdsl.derive.step import Step
from hdsl.emit.content import content_hash
from hdsl.show.derivation import derivation_page
from hdsl.show.html import fill, trusted
from hdsl.show.plots import curves_plot
from hdsl.show.report import Figure

Numbers = NDArray[np.float64]

MOST = 4
"""Curves of one plot: those that end highest."""

GROUPS = {
    "costs": ("cost", "The costs, as they were learned from."),
    "state": ("norm", "Euclidean norms of the states, after each step."),
    "costate": ("norm", "Euclidean norms of the costates, after each step."),
    "param": ("norm", "Euclidean norms of the parameters, after each step."),
}


@dataclass(frozen=True)
class Failure:
    """``message`` says what was not finite and ``line`` which line of the .ham file made it, where one did.

    ``ticks`` (n,) are the steps that led to it, the last one its own; ``costs`` (n,) by name, ``norms`` (n,) by name under
    ``state``, ``costate`` and ``param``.
    """

    name: str
    message: str
    line: int | None
    ticks: NDArray[np.int64]
    costs: Mapping[str, Numbers]
    norms: Mapping[str, Mapping[str, Numbers]]
    command: str = ""


def failure_html(failure: Failure, equations: Equations, step: Step, version: str) -> str:
    """The page of a failure as one HTML file that needs no network; the same for the same failure."""
    return fill(
        "failure.html",
        failure=failure,
        model=equations.model,
        page=derivation_page(equations, step, "latex"),
        figures=lead_up(failure),
        version=version,
        content=content_hash(equations.model),
    )


def lead_up(failure: Failure) -> tuple[Figure, ...]:
    """A plot of the costs, and one of the norms of each kind."""
    made = []
    for group, (label, caption) in GROUPS.items():
        curves = failure.costs if group == "costs" else failure.norms.get(group, {})
        told = {name: values for name, values in curves.items() if np.isfinite(values).any()}
        if not told:
            continue
        chosen = sorted(told, key=lambda name: -_end(told[name]))[:MOST]
        left = f" The {MOST} that end highest of {len(told)}." if len(told) > MOST else ""
        drawn = {name: values for name, values in told.items() if name in chosen}
        svg = curves_plot(f"lead-{group}", drawn, failure.ticks.astype(float), label)
        made.append(Figure(trusted(svg), caption + left))
    return tuple(made)


def _end(values: Numbers) -> float:
    """The last value that is finite."""
    return float(values[np.isfinite(values)][-1])
