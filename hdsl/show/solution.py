"""Solution: a boundary problem solved, as one HTML file: what was found, how well it fulfils the equations, and the path."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from hdsl.derive.equations import Equations
from hdsl.derive.step import Step
from hdsl.emit.content import content_hash
from hdsl.show.derivation import derivation_page
from hdsl.show.html import fill, trusted
from hdsl.show.plots import curves_plot
from hdsl.show.report import Figure, Run, model_card, settings_of

Numbers = NDArray[np.float64]


def solution_html(run: Run, figures: tuple[Figure, ...], equations: Equations, step: Step, version: str) -> str:
    """The page of a solution; the same for the same solution. ``version`` is that of hdsl."""
    model = equations.model
    return fill(
        "report.html",
        run=run,
        model=model,
        page=derivation_page(equations, step, "latex"),
        headline=run.headline,
        figures=figures,
        card=model_card(model),
        numbers=settings_of(model),
        version=version,
        content=content_hash(model),
    )


def drawn(name: str, curves: Mapping[str, Numbers], at: Numbers, label: str, caption: str) -> Figure:
    """Curves (T,) by name against time."""
    return Figure(trusted(curves_plot(name, curves, at, label, "t")), caption)
