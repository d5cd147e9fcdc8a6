"""The page of a boundary problem solved: verdict, residuals, and the path drawn: states, costates, controls, costs and H."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from hdsl.compiler import VERSION

if TYPE_CHECKING:
    from hdsl.api import Model
    from hdsl.runtime.boundary.result import Solution
    from hdsl.show.report import Figure, Results, Run

CAPTIONS = {
    "state": "States along the path.",
    "costate": "Costates, rescaled by e^(ηt): what a small change of the state there adds to J.",
    "control": "Controls.",
    "output": "Outputs.",
    "cost": "The terms of the Lagrangian.",
    "H": "The Hamiltonian, φL + ⟨z, f⟩ − ½‖ν‖².",
    "param": "Euclidean norms of the parameters, which move along the path.",
    "param costate": "Euclidean norms of the costates of the parameters; 0 at the end.",
}
FEW = 4  # numbers of one quantity that are drawn one by one


def solution_page(solution: Solution, model: Model, command: str) -> str:
    """The page as one HTML file that needs no network."""
    from hdsl.show.solution import solution_html

    compiler = model.compiler
    return solution_html(
        record(solution, command), tuple(figures(solution)), compiler.equations, compiler.step, VERSION
    )


def record(solution: Solution, command: str) -> Run:
    """What the page tells in words and tables."""
    from hdsl.show.report import Run

    verdict = "solved" if solution.solved else "NOT solved"
    return Run(
        name=solution.model,
        stream=solution.signals or "none",
        steps=solution.iterations,
        seconds=solution.seconds,
        rate=0.0,
        costs={},
        results=tuple(_tables(solution)),
        headline=((verdict, solution.message), (f"{solution.J:.9g}", "J"), (f"{solution.end:.6g}", "T")),
        settings={
            "begun from": solution.way,
            "tried in vain": "; ".join(solution.tried) or "nothing",
            "mesh": f"{solution.nodes} nodes, {solution.iterations} iterations, {solution.equations} equations",
            "time": f"{solution.seconds:.2f} s",
            **{f"note {number + 1}": note for number, note in enumerate(solution.notes)},
        },
        command=command,
    )


def _tables(solution: Solution) -> Iterator[Results]:
    from hdsl.show.report import Line, Results

    r = solution.residuals
    told = {
        "equations, |ẏ − slope| / (1 + |slope|)": r.equations,
        "conditions at 0": r.begin,
        "conditions at T, transversality among them": r.end,
        "|∂H′/∂a| off the bounds": r.stationarity,
        "H′ is smaller at other controls by": r.minimum,
        "H moves by, where it must not": r.hamiltonian,
        **{f"constraint {name} is violated by": value for name, value in solution.violations.items()},
    }
    lines = tuple(Line(name, (f"{value:.1e}",)) for name, value in told.items() if value is not None)
    note = f"The tolerance is {solution.tol:g}. Each is measured on points of its own, between those that the solver looked at."
    yield Results("Residuals: the largest of each", ("",), lines, note)
    parts = tuple(Line(name, (f"{value:.9g}",)) for name, value in solution.costs.items())
    whole = Line("J", (f"{solution.J:.9g}",), True)
    yield Results("The cost and its parts", ("",), (*parts, whole))


def figures(solution: Solution) -> Iterator[Figure]:
    """A plot for each group of curves."""
    from hdsl.show.solution import drawn

    t = solution.arrays["t"]
    for role, caption in CAPTIONS.items():
        names = [name for name, own in solution.roles.items() if own == role]
        curves: dict[str, Any] = {}
        for name in names:
            curves |= _curves(name, solution.arrays[name], role.startswith("param"))
        if curves and all(np.isfinite(values).any() for values in curves.values()):
            yield drawn(f"path-{role.replace(' ', '-')}", curves, t, role, caption)


def _curves(name: str, values: np.ndarray, norm: bool) -> dict[str, np.ndarray]:
    """The numbers of a quantity by themselves where they are few, else their norm."""
    from hdsl.runtime.predictions import entries

    flat = values.reshape(len(values), -1)
    if norm or flat.shape[1] > FEW:
        return {name if flat.shape[1] == 1 else f"‖{name}‖": flat[:, 0] if flat.shape[1] == 1 else np.linalg.norm(flat, axis=1)}
    return dict(zip(entries(name, values.shape[1:]), flat.T, strict=True))
