"""What can be said about settings of ``learn`` that do not go together, with one another or with what states do."""

from __future__ import annotations

from collections.abc import Sequence

from hdsl.diagnostics.catalogue import register, written
from hdsl.diagnostics.catalogue_model import SETTING_VALUE, and_list
from hdsl.diagnostics.diagnostic import Diagnostic, Label
from hdsl.syntax.source import Span

STEP_ORDER = register("step-order", "an order is set that the step does not have")
STEP_SCHEDULE = register("step-schedule", "a step is set that the schedule does not have")
CONTROL_STEP = register("control-step", "controls are chosen in steps that the model does not have")
EXACT_STEP = register("exact-step", "an exact step is set for what is not linear in itself")
NO_DISSIPATION = register("no-dissipation", "simultaneous order without dissipation is unstable", "warning")
RESET_ORDER = register("reset-order", "a reset at each sample keeps parameters from learning", "warning")


def step_order(span: Span, order: str, step: str) -> Diagnostic:
    return STEP_ORDER.at(
        span,
        f"`step = {step}` has no order `{order}`",
        "its stages move all cells at once: `simultaneous` is expected, or no order",
        fix=written("simultaneous", span, safe=False),
    )


def step_schedule(span: Span, step: str) -> Diagnostic:
    told = "the way back is that of a step of one stage: `euler` or `two-step` is expected"
    return STEP_SCHEDULE.at(span, f"`schedule = replay` has no `step = {step}`", told, fix=written("euler", span, safe=False))


def two_step_forward(span: Span, schedule: str) -> Diagnostic:
    told = "it is made for the way back, `schedule = replay`; on a stream without end what alternates from step to step grows"
    fix = written("euler", span, safe=False)
    return STEP_SCHEDULE.at(span, f"`schedule = {schedule}` has no `step = two-step`", told, fix=fix)


def control_step(span: Span, setting: str, control: str) -> Diagnostic:
    told = f"`{control}` is chosen once a step and held through it: `step = euler` and `schedule = online` are expected"
    return CONTROL_STEP.at(span, f"`{setting}` does not go with controls", told)


def no_dissipation(span: Span, step: str) -> Diagnostic:
    if step == "euler":
        message = "the order `simultaneous` without dissipation is unstable"
        return NO_DISSIPATION.at(span, message, "`eta` is 0; it is stable only where tau*beta*phi*curvature < eta")
    message = f"`step = {step}` without dissipation does not settle"
    return NO_DISSIPATION.at(span, message, "`eta` is 0: parameters and their costates swing about a minimum")


def reset_order(span: Span, name: str, order: str, step: str) -> Diagnostic:
    how = "`order = sequential`" if step == "euler" else "`step = euler` with `order = sequential`"
    return RESET_ORDER.at(
        span,
        f"under the order `{order}` a reset at each sample keeps the parameters of `{name}` from learning",
        f"they would read the costate of `{name}` after it has returned to 0; {how} teaches them",
    )


def exact_for_all(span: Span) -> Diagnostic:
    told = "it is set for a state that is linear in itself, by its name: `step.h = exact`"
    return SETTING_VALUE.at(span, "`step` cannot be `exact`", told)


def step_of_one(span: Span, path: str, word: str) -> Diagnostic:
    told = f"`exact` is expected: other steps are for all that flows together, `step = {word}`"
    return SETTING_VALUE.at(span, f"`{path}` cannot be `{word}`", told)


def exact_at_once(span: Span, path: str, name: str, line: int) -> Diagnostic:
    return EXACT_STEP.at(span, f"`{path} = exact` is for a flow", f"`{name}` moves by `next` (line {line})")


def exact_bent(span: Span, path: str, name: str, setting: Span | None) -> Diagnostic:
    """``span`` is what is not linear; ``setting`` where the step is set, None where that is outside the file."""
    others = () if setting is None else (Label(setting, "set here"),)
    message = f"`{path} = exact` needs dynamics that are linear in `{name}`"
    return EXACT_STEP.at(span, message, f"this is not linear in `{name}`", others)


def exact_form(span: Span, path: str, name: str, setting: Span | None) -> Diagnostic:
    others = () if setting is None else (Label(setting, "set here"),)
    told = f"a matrix times `{name}`, for a vector, or one number for each entry is expected"
    return EXACT_STEP.at(span, f"`{path} = exact` finds no rate of `{name}`", told, others)


def exact_others(span: Span, states: Sequence[str], setting: Span | None) -> Diagnostic:
    """States that read one another in a circle, and are no pair that turns."""
    names = and_list([f"`{name}`" for name in states])
    told = "`x' = a*x + b*y` with `y' = a*y - b*x` is expected, entry by entry; others go into one vector"
    others = () if setting is None else (Label(setting, "set here"),)
    return EXACT_STEP.at(span, f"{names} read one another, and are no pair that turns", told, others)
