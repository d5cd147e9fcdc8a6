"""What lints say: a model that is legal, and surely not meant so. All are warnings, with the numbers that they rest on."""

from __future__ import annotations

from collections.abc import Sequence
from math import log10, sqrt

from hdsl.diagnostics.catalogue import register, written
from hdsl.diagnostics.catalogue_model import and_list
from hdsl.diagnostics.diagnostic import Diagnostic, Label
from hdsl.syntax.source import Span

ZERO_COSTATE = register("zero-costate", "the costate of a state is 0 at all times", "warning")
IDLE_COST = register("idle-cost", "a cost moves no param", "warning")
DEAD_DEFINITION = register("dead-definition", "a definition is read only by what nothing reads", "warning")
UNSTABLE_STEP = register("unstable-step", "a step is too long for the numbers of the model", "warning")
EULER_SKEW = register("euler-skew", "explicit Euler makes a rotation grow", "warning")
SATURATED = register("saturated", "initial values are so large that a function begins without slope", "warning")
SMALL_COST = register("small-cost", "a cost weighs nothing beside another", "warning")
UNKNOWN_ALLOWED = register("unknown-allowed", "a comment allows a warning that there is not", "warning")


def _quoted(names: Sequence[str]) -> str:
    return and_list([f"`{name}`" for name in names])


# What teaches and serves nothing --------------------------------------------------------------------------------------


def still_costate(span: Span, state: str) -> Diagnostic:
    return ZERO_COSTATE.at(
        span,
        f"no cost and no output depends on the state `{state}`",
        "its costate is 0 at all times, so it teaches nothing",
    )


def flat_costate(span: Span, state: str) -> Diagnostic:
    return ZERO_COSTATE.at(
        span,
        f"no derivative of a cost reaches the state `{state}`",
        "costs see it behind `sign` or a condition only, where the slope is 0, so its costate is 0 at all times",
    )


def idle_cost(span: Span, cost: str, flat: bool) -> Diagnostic:
    why = (
        "it sees params behind `sign` or a condition only, where the slope is 0"
        if flat
        else "neither it nor a state that it depends on reads a param"
    )
    return IDLE_COST.at(span, f"the cost `{cost}` moves no param", why)


def dead_definition(span: Span, name: str, readers: Sequence[str], lines: Sequence[int]) -> Diagnostic:
    where = f"line{'s' * (len(set(lines)) > 1)} {and_list([str(line) for line in sorted(set(lines))])}"
    verb, they = ("reads", "it") if len(readers) == 1 else ("read", "them")
    return DEAD_DEFINITION.at(
        span,
        f"the let `{name}` serves nothing",
        f"only {_quoted(readers)} ({where}) {verb} it, and nothing that counts reads {they}",
    )


# Steps ----------------------------------------------------------------------------------------------------------------


def unstable_state(span: Span, states: Sequence[str], tau: float, rate: float) -> Diagnostic:
    return UNSTABLE_STEP.at(
        span,
        f"the step of {_quoted(states)} is unstable",
        f"at rate {rate:g} and tau = {tau:g} each step multiplies by {1 + tau * rate:.3g}; "
        f"it settles where tau is below {2 / abs(rate):.3g}",
    )


def unstable_costate(span: Span, states: Sequence[str], tau: float, rate: float, eta: float) -> Diagnostic:
    return UNSTABLE_STEP.at(
        span,
        f"the step of the costate of {_quoted(states)} is unstable",
        f"at rate {rate:g}, eta = {eta:g} and tau = {tau:g} each step multiplies by {1 + tau * (rate - eta):.3g}; "
        f"it settles where tau is below {2 / (eta - rate):.3g}",
    )


def too_much_dissipation(span: Span, path: str, tau: float, eta: float) -> Diagnostic:
    return UNSTABLE_STEP.at(
        span,
        f"`{path}` is so large that costates do not settle",
        f"at tau = {tau:g} each step multiplies them by 1 - tau*{path} = {1 - tau * eta:.3g}; "
        f"it must be below {2 / tau:.3g}, and 1/tau forgets all at once",
    )


def unstable_update(span: Span, param: str, cost: str, push: float, limit: float, order: str) -> Diagnostic:
    rule, bound = (
        ("tau*beta*phi*curvature", "eta") if order == "simultaneous" else ("tau^2*beta*phi*curvature", "2*(2 - tau*eta)")
    )
    return UNSTABLE_STEP.at(
        span,
        f"the update of `{param}` is unstable under the cost `{cost}`",
        f"{rule} = {push:.3g} is not below {bound} = {limit:.3g} (order {order})",
    )


def turning(
    span: Span, states: Sequence[str], tau: float, leak: float, turn: float, growth: float
) -> Diagnostic:
    whole = "".join((f" with a leak of {leak:.3g}" if leak else "", f" at tau = {tau:g}"))
    steps = 100 if growth > 1.01 else 1000
    return EULER_SKEW.at(
        span,
        f"explicit Euler makes the rotation of {_quoted(states)} grow",
        f"turning by {turn:.3g}{whole}, each step multiplies by {growth:.6g}, {steps} steps by {_power(growth, steps)}",
        notes=(_held(tau, turn),),
    )


def _held(tau: float, turn: float) -> str:
    """What keeps a rotation from growing: (1 − τα)² + τ²ω² is at most 1."""
    left = 1 - (tau * turn) ** 2
    if left < 0:
        return f"no leak holds it at this tau: a step below {1 / turn:.3g} is needed, and a leak"
    return f"a leak of {(1 - sqrt(left)) / tau:.3g} holds it; a shorter step needs less"


def skew(span: Span, states: Sequence[str]) -> Diagnostic:
    return EULER_SKEW.at(
        span,
        f"explicit Euler makes the rotation of {_quoted(states)} grow",
        "what turns by omega is multiplied by sqrt(1 + tau^2*omega^2) each step, however small tau is",
        notes=("a leak `-alpha*h` holds it, with alpha of about tau*omega^2/2 for the fastest turn",),
    )


def _power(growth: float, steps: int) -> str:
    exponent = steps * log10(growth)
    return f"{growth**steps:.3g}" if exponent < 6 else f"10^{exponent:.0f}"


# Sizes of numbers -----------------------------------------------------------------------------------------------------


def saturated(span: Span, param: str, function: str, deviation: float, count: int, at: Span) -> Diagnostic:
    summed = f"; {count} entries are summed up" if count > 1 else ""
    return SATURATED.at(
        span,
        f"`{param}` begins so large that `{function}` has no slope",
        f"what stands in `{function}` begins with a deviation of about {deviation:.2g}{summed}",
        (Label(at, f"`{function}` stands here"),),
        notes=(f"normal(0, 1/sqrt({count})) would begin near 1",) if count > 1 else (),
    )


def small_cost(span: Span, cost: str, scale: float, other: str, largest: float, line: int) -> Diagnostic:
    return SMALL_COST.at(
        span,
        f"the cost `{cost}` weighs nothing beside `{other}`",
        f"its factor is {scale:.3g}, that of `{other}` (line {line}) is {largest:.3g}",
    )


# Comments -------------------------------------------------------------------------------------------------------------


def unknown_allowed(span: Span, code: str, kind: str, suggestion: str) -> Diagnostic:
    label = "errors cannot be allowed" if kind else f"did you mean `{suggestion}`?" if suggestion else ""
    fix = written(suggestion, span) if label.startswith("did you mean") else None
    return UNKNOWN_ALLOWED.at(span, f"there is no warning `{code}` to allow", label, fix=fix)
