"""What a schedule needs of a model: a boundary problem an end of time and one dissipation, a run forward no choice of ends."""

from __future__ import annotations

from collections.abc import Mapping

from hdsl.diagnostics import catalogue_control as catalogue
from hdsl.diagnostics.catalogue_learning import control_step
from hdsl.model.evaluate import evaluate
from hdsl.model.learning import STAGED
from hdsl.model.model import Learning
from hdsl.model.optimal import Optimal
from hdsl.model.scope import Scope
from hdsl.syntax.source import Span
from hdsl.terms.term import Scalar

BOUNDARY = "boundary"


def report_schedule(
    scope: Scope, learning: Learning, optimal: Optimal, free: Mapping[str, Span], known: Mapping[Scalar, float]
) -> None:
    """Report what the schedule of a model cannot have. ``known`` has the numbers of sizes and of scalar consts."""
    if "schedule" not in learning.spans and learning.schedule == BOUNDARY:
        return
    if learning.schedule != BOUNDARY:
        for name, span in free.items():
            if name not in scope.poisoned:
                scope.report(catalogue.free_forward(span, scope.entries[name].kind, name))
        for constraint in optimal.constraints:
            if constraint.kind == "penalty":
                what = f"the `penalty` of the constraint `{constraint.name}`"
                scope.report(catalogue.needs_boundary(constraint.span, what))
        for name in list(optimal.controls)[:1]:
            if learning.step in STAGED or learning.schedule != "online":
                path = "step" if learning.schedule == "online" else "schedule"
                scope.report(control_step(learning.spans[path], f"{path} = {getattr(learning, path)}", name))
        return
    if not optimal.has_end:
        scope.report(catalogue.horizon_missing(learning.spans["schedule"], "`schedule = boundary`"))
    _one_eta(scope, learning, known)


def _one_eta(scope: Scope, learning: Learning, known: Mapping[Scalar, float]) -> None:
    """One dissipation for all: with several, the equations are those of no functional."""
    rates: dict[object, str] = {}
    for path in dict.fromkeys(learning.eta.values()):
        number = learning.values[path]
        value = evaluate(number, known)
        rates.setdefault(number if value is None else value, path)
    if len(rates) > 1:
        path = next((path for path in reversed(rates.values()) if path in learning.spans), "schedule")
        scope.report(catalogue.boundary_eta(learning.spans[path], tuple(rates.values())))
