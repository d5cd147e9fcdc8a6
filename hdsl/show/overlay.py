"""Overlay: several ways through one horizon laid over one another, as one HTML file: what they cost, and their curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hdsl.derive.equations import Equations
from hdsl.derive.step import Step
from hdsl.emit.content import content_hash
from hdsl.show.derivation import derivation_page
from hdsl.show.html import fill, trusted
from hdsl.show.plots import overlay_plot
from hdsl.show.report import Figure, Results

Numbers = NDArray[np.float64]

FEW = 4
"""The most numbers of one quantity that have a plot each; of more the norm is drawn."""


@dataclass(frozen=True)
class Course:
    """One way: ``times`` (points,) and values (points, …) by name."""

    name: str
    times: Numbers
    values: Mapping[str, Numbers]


@dataclass(frozen=True)
class Overlay:
    """What the page tells. ``names`` are what is drawn, in order; ``marks`` are times to be marked, by name, with ``mark``
    saying what they are. ``costs`` and ``partings`` are tables, ``headline`` single figures with their words."""

    name: str
    courses: Sequence[Course]
    names: Sequence[str]
    marks: Mapping[str, float]
    mark: str
    tables: Sequence[Results]
    headline: Sequence[tuple[str, str]]
    settings: Mapping[str, str]
    command: str


def overlay_html(overlay: Overlay, equations: Equations, step: Step, version: str) -> str:
    """The page; the same for the same courses.

    Args:
        equations, step: of the forward run.
        version: of hdsl.
    """
    return fill(
        "overlay.html",
        overlay=overlay,
        model=equations.model,
        page=derivation_page(equations, step, "latex"),
        figures=figures(overlay),
        version=version,
        content=content_hash(equations.model),
    )


def figures(overlay: Overlay) -> tuple[Figure, ...]:
    """A plot for each number of what is drawn, or of its norm where there are more than `FEW`."""
    made: list[Figure] = []
    for name in overlay.names:
        for label, number in _numbers(overlay, name):
            curves = {
                course.name: (course.times, _one(course.values[name], number))
                for course in overlay.courses
                if name in course.values
            }
            at = overlay.marks.get(name)
            svg = overlay_plot(f"overlay{len(made)}", curves, label, at)
            told = f"{label} over time." if at is None else f"{label} over time; {overlay.mark} at t = {at:.4g}."
            made.append(Figure(trusted(svg), told))
    return tuple(made)


def _numbers(overlay: Overlay, name: str) -> list[tuple[str, int | None]]:
    """The label and the place of each number that is drawn; None for the norm of all."""
    values = next(course.values[name] for course in overlay.courses if name in course.values)
    count = int(np.prod(values.shape[1:], dtype=int))
    if count == 1:
        return [(name, 0)]
    return [(f"{name}[{k}]", k) for k in range(count)] if count <= FEW else [(f"norm2({name})", None)]


def _one(values: Numbers, number: int | None) -> Numbers:
    flat = values.reshape(len(values), -1)
    return np.linalg.norm(flat, axis=1) if number is None else flat[:, number]
