"""What can be said about optimal control: controls, costates by name, terminal costs, ends of time and constraints."""

from __future__ import annotations

from collections.abc import Sequence

from hdsl.diagnostics.catalogue import register
from hdsl.diagnostics.catalogue_model import a, and_list
from hdsl.diagnostics.diagnostic import Diagnostic, Label
from hdsl.syntax.source import Span

CONTROL = register("control", "a control, or a name for a costate, does not fit what it stands for")
READS = register("reads", "something reads what is not there where it is worked out")
ENDS = register("ends", "the end of time, or what holds there, is not said as it must be")
CONSTRAINT = register("constraint", "a path constraint is not said as it must be")
BANG_BANG = register("bang-bang", "H is linear in a control with bounds, so that its optimum is at one of them")
SINGULAR = register("singular-control", "H is linear in a control without bounds, or free of it, so that it tells no optimum")
NON_CONVEX = register("non-convex-control", "H is not sure to be convex in a control")
COUPLED = register("coupled-control", "H couples controls, or entries of one, so that no closed form holds")
NOT_QUADRATIC = register("not-quadratic-control", "H is not quadratic in a control, so that there is no closed form")
FREE = register("free", "a beginning is left free that nothing could choose")


# Controls and costates ------------------------------------------------------------------------------------------------


def bound_infinite(span: Span, side: str) -> Diagnostic:
    sign = "" if side == "upper" else "-"
    return CONTROL.at(span, f"this leaves no {side} bound", f"`{sign}inf` is the {side} bound of what has none")


def bounds_meet(span: Span, name: str, low: float, high: float) -> Diagnostic:
    why = f"{high:g} is below {low:g}" if high < low else f"both are {low:g}: a value that does not change is a `const`"
    return CONTROL.at(span, f"the bounds of `{name}` leave nothing to choose", why)


def given_shape(span: Span, name: str, wanted: str, found: str, line: int, by_name: bool) -> Diagnostic:
    tail = "; sizes match by name, not by value" if by_name else ""
    return CONTROL.at(
        span, f"the rule of `{name}` must have its sizes", f"this is {found}, {name} is {wanted} (line {line}){tail}"
    )


def costate_of(span: Span, name: str, kind: str, line: int) -> Diagnostic:
    return CONTROL.at(span, f"`{name}` has no costate with a name", f"{a(kind)} (line {line}); a state has one")


def costate_value(span: Span, name: str) -> Diagnostic:
    return CONTROL.at(
        span, f"the costate `{name}` has no beginning of its own", "it begins at 0; only a momentum of `hamiltonian` has one"
    )


def costate_twice(span: Span, state: str, first: Span) -> Diagnostic:
    return CONTROL.at(span, f"the costate of `{state}` has two names", "here again", (Label(first, "first here"),))


def holds(span: Span, what: str, function: str) -> Diagnostic:
    return CONTROL.at(span, f"`{function}` cannot stand in {what}", "it would hold what belongs to a step; a `let` may hold it")


# What may be read -----------------------------------------------------------------------------------------------------


def reads(span: Span, what: str, name: str, kind: str, line: int, way: Sequence[str], allowed: str) -> Diagnostic:
    """``what`` reads ``name`` by way of ``way``; ``line`` is that of the name's declaration."""
    by_way = f", by way of {and_list([f'`{each}`' for each in way])}" if way else ""
    return READS.at(
        span, f"{what} cannot read the {kind} `{name}`", f"{a(kind)} (line {line}){by_way}", notes=(f"it reads {allowed}",)
    )


def reads_end(span: Span) -> Diagnostic:
    return READS.at(span, "`T` cannot be read here", "the end of time; `terminal` and `final` may read it")


def reads_step(span: Span, what: str, name: str) -> Diagnostic:
    return READS.at(span, f"{what} cannot read `{name}`", "it belongs to a step")


def not_read(span: Span, name: str, kind: str, line: int) -> Diagnostic:
    """What is only added to a functional, or only asked for."""
    label = f"nothing reads it (line {line}); give its expression a name with `let`"
    return READS.at(span, f"the {kind} `{name}` cannot be read", label)


# Ends -----------------------------------------------------------------------------------------------------------------


def horizon_missing(span: Span, what: str) -> Diagnostic:
    return ENDS.at(span, f"{what} needs an end of time", "there is no `horizon`, as in `horizon 5` or `horizon free = 2`")


def horizon_twice(span: Span, first: Span) -> Diagnostic:
    return ENDS.at(span, "time has two ends", "here again", (Label(first, "first here"),))


def horizon_value(span: Span) -> Diagnostic:
    return ENDS.at(span, "a fixed end of time is one number", "`horizon free = 2 in [0.5, 10]` has a guess and bounds")


def horizon_range(span: Span, what: str, value: float) -> Diagnostic:
    return ENDS.at(span, f"{what} must be above 0", f"it is {value:g}")


def horizon_outside(span: Span, guess: float, low: float | None, high: float | None) -> Diagnostic:
    side = f"below {low:g}" if low is not None and guess < low else f"above {high:g}"
    return ENDS.at(span, "the guess for the end of time is not within its bounds", f"{guess:g} is {side}")


def horizon_bounds(span: Span, low: float, high: float) -> Diagnostic:
    return ENDS.at(span, "the bounds of the end of time leave nothing to choose", f"{high:g} is not above {low:g}")


def final_equality(span: Span) -> Diagnostic:
    return ENDS.at(span, "a condition at the end is an equality", "as in `final x[0] == 1`")


def terminal_shape(span: Span, name: str, sizes: str) -> Diagnostic:
    return ENDS.at(span, f"the terminal cost `{name}` must be a scalar", f"it is {sizes}; `sum` or `squared` make one of it")


def needs_boundary(span: Span, what: str) -> Diagnostic:
    return ENDS.at(
        span, f"{what} needs `schedule = boundary`", "a run forward in time cannot meet it; `learn` has another schedule"
    )


def boundary_eta(span: Span, paths: Sequence[str]) -> Diagnostic:
    named = and_list([f"`{path}`" for path in paths])
    return ENDS.at(
        span,
        "`schedule = boundary` has one dissipation",
        f"{named} differ",
        notes=("with several there is no functional of which these would be the equations",),
    )


# Constraints ----------------------------------------------------------------------------------------------------------


def constraint_inequality(span: Span) -> Diagnostic:
    label = "with `<=` or `>=`, as in `constraint cap = x <= 1 soft 100`"
    return CONSTRAINT.at(span, "a path constraint is an inequality", label)


def constraint_weight(span: Span, value: float) -> Diagnostic:
    return CONSTRAINT.at(span, "the weight of a `soft` constraint must be above 0", f"it is {value:g}")


# Free beginnings ------------------------------------------------------------------------------------------------------


def free_role(span: Span, kind: str, name: str) -> Diagnostic:
    return FREE.at(span, f"the {kind} `{name}` cannot be free", "a state or a param begins where a solver chooses")


def free_forward(span: Span, kind: str, name: str) -> Diagnostic:
    return FREE.at(
        span, f"nothing chooses where the {kind} `{name}` begins", "it is free under `schedule = boundary` only"
    )


def free_in_component(span: Span) -> Diagnostic:
    return FREE.at(span, "nothing is free in a component", "it belongs to the model")


# Stationarity ---------------------------------------------------------------------------------------------------------

RULES = "a rule may be declared: `given …`, or `gradient`, which follows -∂H′/∂{name}"


def _rules(name: str) -> str:
    return RULES.format(name=name)


def bang_bang(span: Span, name: str, part: str, switch: str, low: str, high: str) -> Diagnostic:
    """``part`` is the part of H′ with the control in it, ``switch`` its slope, by whose sign a bound is chosen."""
    return BANG_BANG.at(
        span,
        f"the control `{name}` stands in H′ linearly: its optimum is at a bound, by the sign of the switching function",
        f"H′ holds it in {part}",
        notes=(
            f"the switching function is ∂H′/∂{name} = {switch}",
            f"{name} is {high} where that is below 0, {low} where it is above",
            f"a cost with {name}^2 would make it continuous; {_rules(name)}",
        ),
    )


def singular(span: Span, name: str, part: str, slope: str) -> Diagnostic:
    return SINGULAR.at(
        span,
        f"the control `{name}` stands in H′ linearly and has no bounds on both sides: nothing says how large it is",
        f"H′ holds it in {part}",
        notes=(f"∂H′/∂{name} = {slope} does not depend on {name}; a cost with {name}^2 would settle it; {_rules(name)}",),
    )


def absent(span: Span, name: str) -> Diagnostic:
    return SINGULAR.at(
        span,
        f"the control `{name}` is not in H′, so nothing chooses it",
        "no cost, and no dynamics whose state has a costate, depends on it",
        notes=(_rules(name),),
    )


def non_convex(span: Span, name: str, part: str, curvature: str, sign: str) -> Diagnostic:
    """``sign`` is what is known of the curvature: ``below``, ``at most``, ``at least``, ``unknown``."""
    said = {"below": "is concave", "at most": "is not convex", "at least": "may be flat"}.get(sign, "may not be convex")
    return NON_CONVEX.at(
        span,
        f"for the control `{name}` H′ {said}, so ∂H′/∂{name} = 0 {'is no' if sign == 'below' else 'may be no'} optimum",
        f"H′ holds it in {part}",
        notes=(f"∂²H′/∂{name}² = {curvature} must be above 0 by what the file says; {_rules(name)}",),
    )


def coupled(span: Span, name: str, part: str, bounded: bool) -> Diagnostic:
    why = "clipped to its bounds it would not be the optimum" if bounded else (
        "a closed form needs a positive definite matrix of consts between the entries of one vector"
    )  # fmt: skip
    return COUPLED.at(
        span,
        f"the entries of the control `{name}` are coupled in H′",
        f"H′ holds it in {part}",
        notes=(f"{why}; {_rules(name)}",),
    )


def coupled_with(span: Span, name: str, other: str, part: str) -> Diagnostic:
    return COUPLED.at(
        span,
        f"the control `{name}` is coupled with the control `{other}` in H′",
        f"H′ holds `{name}` in {part}",
        notes=(f"one vector of both could be solved for; {_rules(name)}",),
    )


def not_quadratic(span: Span, name: str, part: str) -> Diagnostic:
    return NOT_QUADRATIC.at(
        span,
        f"for the control `{name}` H′ is not quadratic, so ∂H′/∂{name} = 0 has no closed form here",
        f"H′ holds it in {part}",
        notes=(_rules(name),),
    )


def chosen_by_target(span: Span, name: str, target: str, costs: Sequence[str]) -> Diagnostic:
    """A control that stationarity would work out from what is to be predicted."""
    by = and_list([f"`{cost}`" for cost in costs])
    return READS.at(
        span,
        f"the control `{name}` would depend on the target `{target}`",
        f"by the cost{'s' * (len(costs) > 1)} {by}",
        notes=("a prediction is made without targets; with `gradient` the control follows what the last samples told",),
    )
