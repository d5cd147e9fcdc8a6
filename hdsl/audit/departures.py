"""Departures: where a model's step is not exact optimal control (1-mathematics.md, sections 2 and 3), each with its setting.

The pages of `hdsl derive` and of `hdsl audit` both read them here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import exp

import sympy

from hdsl.audit.numbers import some, written
from hdsl.derive.hamiltonian import SIGN
from hdsl.derive.integrators import TABLEAUS
from hdsl.derive.methods import METHODS
from hdsl.diagnostics.catalogue_model import and_list
from hdsl.model.model import Model
from hdsl.model.two_step import TWO_STEP
from hdsl.stability.numbers import Numbers
from hdsl.syntax.source import Span
from hdsl.terms.spelling import SUPERSCRIPTS
from hdsl.terms.term import slot


@dataclass(frozen=True)
class Departure:
    """One departure: a stable ``key``, what it is in a few words, what exact optimal control has in its place.

    ``span`` is where the file sets it, None where it is a default, or nothing sets it. ``always`` marks what every model has.
    """

    key: str
    what: str
    exact: str
    span: Span | None = None
    always: bool = False


def departures(model: Model) -> tuple[Departure, ...]:
    """Every departure of a model, the general ones first; of one that is solved from both ends, what its own terms leave."""
    if model.hamiltonian is not None:
        return tuple(_of_mechanics(model))
    if model.learning.schedule == "boundary":
        return (*_of_constraints(model), *_of_still(model))
    every = _of_every_replay(model) if model.learning.replays else (*_of_every_model(model), *_of_order(model))
    found = sorted((*every, *_of_dissipation(model)), key=lambda one: one.key == "order")
    found += _of_states(model)
    return (*found, *_of_parameters(model), *_of_controls(model), *_of_ends(model), *_of_targets(model))


def _of_every_replay(model: Model) -> Iterator[Departure]:
    """A replay: within a sequence the costates are those of the discrete map, and exact where η is 0; θ moves at its end."""
    spans, tokens = model.learning.spans, model.learning.tokens
    yield Departure(
        "sign", "costates go back from z = 0 at the end of a sequence", "z(T) = ∂Φ/∂h, at the end of time alone", None, True
    )
    if model.of_role("param"):
        yield Departure(
            "frozen", "θ frozen through a sequence", "θ moves while the state does; here it moves once a sequence, by ω of it",
            None, True,
        )  # fmt: skip
    what, step, run = "Euler of order 1", "an Euler step is O(τ²)", "O(τ)"
    if model.learning.step == TWO_STEP:
        what, step, run = "two-step of order 2 where τ is even, else 1", "with an even τ a step is O(τ³)", "O(τ²)"
    yield Departure("euler", what, f"the flow itself: {step} off, a run {run}", spans.get("step"), True)
    yield Departure(
        "schedule", f"a sequence forward, then back (schedule {model.learning.how_often})",
        "one horizon: ω here is kept from sequence to sequence by 1 − τη", spans.get("schedule"),
    )  # fmt: skip
    if tokens is not None:
        what = f"credit goes back through {tokens} token{'s' * (tokens > 1)} at most"
        yield Departure("truncated", what, "credit from every later token", spans.get("schedule"))


def _of_every_model(model: Model) -> Iterator[Departure]:
    spans = model.learning.spans
    assert SIGN == -1
    yield Departure(
        "sign", "forward costate (s = −1)", "s = +1 and z(T) = ∂Φ/∂h: the costates are known at the end of time", None, True
    )
    tableau = TABLEAUS.get(model.learning.step)
    if model.of_role("param") and tableau is None:
        yield Departure(
            "frozen", "θ frozen within a step", "θ moves while the state does; a step reads it as the last one left it",
            None, True,
        )  # fmt: skip
    what, step, run = "Euler of order 1", "an Euler step is O(τ²)", "O(τ)"
    if tableau is not None:
        step, run = (f"O(τ{digits(power)})" for power in (tableau.order + 1, tableau.order))
        what, step = f"{model.learning.step} of order {tableau.order}", f"a step of {model.learning.step} is {step}"
    yield Departure(
        "euler" if tableau is None else "step", what, f"the flow itself: {step} off, a run {run}", spans.get("step"), True
    )
    yield Departure(
        "schedule", "one pass over the stream (schedule online)",
        "costates that have seen the whole horizon before the parameters move", spans.get("schedule"),
    )  # fmt: skip


def _of_mechanics(model: Model) -> Iterator[Departure]:
    """What a step of a mechanical system is not."""
    step, span = model.learning.step, model.learning.spans.get("step")
    method = METHODS[step]
    powers = method.order + 1, method.order
    exact = f"the flow itself: a step is O(τ{_POWERS[powers[0]]}) off, a run O(τ{_POWERS[powers[1]]})"
    yield Departure("order", f"{step} is of order {method.order}", exact, span, True)
    if not method.symplectic:
        yield Departure("drift", f"{step} is not symplectic", "energy that holds: here it drifts with every step", span, True)


_POWERS = {1: "", 2: "²", 3: "³", 4: "⁴", 5: "⁵"}


def _of_dissipation(model: Model) -> Iterator[Departure]:
    learning, numbers = model.learning, Numbers(model)
    paths = dict.fromkeys(learning.eta.values())
    some = [path for path in paths if learning.values[path] != 0]
    for path in some:
        yield Departure(
            f"discount {path}",
            f"dissipation {path} = {written(learning.values[path])}",
            "the e^{ηt} of J: run forward, it is the clock reversal of the problem discounted by e^{−ηt}",
            learning.spans.get(path),
        )
    values = {numbers.setting(path) for path in paths}
    if len(values) > 1:
        yield Departure(
            "discounts",
            f"{and_list(list(paths))} differ",
            "one η: with several there is no one functional J that is discounted",
            next((learning.spans[path] for path in paths if path in learning.spans), None),
        )
    for path in some if learning.dissipation == "euler" else ():
        rate = numbers.of(slot("tau") * learning.values[path])
        if rate.is_number:
            held = [name for name, own in learning.eta.items() if own == path]
            flows = any(name not in model.dynamics or model.dynamics[name].kind == "flow" for name in held)
            tableau = TABLEAUS.get(learning.step) if flows else None  # what moves at once has the Euler factor
            order = 1 if tableau is None else tableau.order
            kept = sympy.Add(*((-rate) ** k / sympy.factorial(k) for k in range(order + 1)))
            method = "an Euler factor" if tableau is None else f"that of {learning.step}"
            exact = f"e^(−τη) = {exp(-float(rate)):.4g}: {method} is O(τ{digits(order + 1)}) off a step (dissipation euler)"
            what = f"dissipation by {'1 − τη = ' if tableau is None else 'a factor '}{written(kept)} a step ({path})"
            yield Departure(f"dissipation {path}", what, exact, learning.spans.get("dissipation"))


def digits(power: int) -> str:
    """A power as it is written above a letter: ² for 2, and nothing for 1."""
    return "" if power == 1 else str(power).translate(SUPERSCRIPTS)


_ORDERS = {
    "simultaneous": "all from old values (order simultaneous): what a sample costs moves the parameters at the next one",
    "semi-implicit": "θ with the new ω, all else from old values (order semi-implicit)",
    "sequential": "one after another (order sequential): costates at the new state, ω with the new z, θ with the new ω",
}


def _of_order(model: Model) -> Iterator[Departure]:
    order = model.learning.order
    if model.learning.step in TABLEAUS:
        return  # state, costates and parameters do move together
    yield Departure("order", _ORDERS[order], "state, costates and parameters move together", model.learning.spans.get("order"))


def _of_states(model: Model) -> Iterator[Departure]:
    resets: dict[str, list[str]] = {}
    for state in model.taught:
        resets.setdefault(model.resets[state], []).append(state)
    for when, states in resets.items():
        if when == "never":
            continue
        span = next((model.reset_spans[state] for state in states if state in model.reset_spans), None)
        what = f"{some(states)}: state and costate begin anew each {when}"
        yield Departure(f"reset {when}", what, f"no credit goes from one {when} to the next", span)
    for exact in dict.fromkeys(model.exact.values()):
        if exact.forced:
            what = f"{some(list(exact.states))}: exact in itself; what else moves it is held through a step"
            span = model.learning.spans.get(f"step.{exact.states[0]}")
            yield Departure(f"exact {exact.states[0]}", what, "what is held moves while the state does", span)
    whole = model.learning.replays and model.learning.tokens is None  # then z is that of the whole sequence
    for state in () if whole else model.begun:
        seen = "of the first tokens" if model.learning.replays else "of that sample"
        what = f"{state} begins from the stream; its parameters take (∂h₀/∂θ)ᵀ z {seen} alone"
        span = model.quantities[state].span
        yield Departure(f"begins {state}", what, "z(0) of the whole sequence, known once it has ended", span)


def _of_parameters(model: Model) -> Iterator[Departure]:
    for projection in model.projections:
        what = f"{projection.param} is put back after its update"
        yield Departure(f"project {projection.param}", what, "a constraint with a costate of its own", projection.span)
    yield from _of_still(model)


def _of_constraints(model: Model) -> Iterator[Departure]:
    for constraint in model.constraints:
        how = "a cost" if constraint.kind == "soft" else "a cost whose weight is raised"
        what = f"the constraint {constraint.name} is {how}"
        exact = "a constraint with a costate of its own; a cost leaves a little of what is too much"
        yield Departure(f"constraint {constraint.name}", what, exact, constraint.span)


def _of_still(model: Model) -> Iterator[Departure]:
    for param in model.of_role("param"):
        path = model.learning.beta[param.name]
        if model.learning.values[path] == 0:
            what = f"{param.name} does not move ({path} = 0)"
            yield Departure(f"still {param.name}", what, "ν is free", model.learning.spans.get(path))


def _of_controls(model: Model) -> Iterator[Departure]:
    """Controls that a step holds, and those that no stationarity chooses."""
    for name, control in model.controls.items():
        if control.rule == "gradient":
            what, exact = f"{name} follows the gradient of H′", "∂H′/∂a = 0, or a bound, at every time"
        elif control.rule == "given":
            what, exact = f"{name} is chosen by a rule of its own", "∂H′/∂a = 0, or a bound"
        else:
            what, exact = f"{name} is held through a step, by the costate that ran forward", "a of the costate at every time"
        yield Departure(f"control {name}", what, exact, control.span)


def _of_ends(model: Model) -> Iterator[Departure]:
    """What is said of an end that a run forward does not know."""
    if model.horizon is not None:
        what = "the run goes on past the horizon, and does not know of it"
        yield Departure("horizon", what, "the problem ends at T", model.horizon.span)
    spans = {definition.name: definition.spans for definition in model.definitions}
    for name in model.terminals:
        what = f"the terminal cost {name} is not learned from"
        yield Departure(f"terminal {name}", what, "z(T) = ∂Φ/∂h", next(iter(spans[name]), None))
    for number, final in enumerate(model.finals, 1):
        what = f"condition {number} at the end is not met"
        yield Departure(f"final {number}", what, "ψ(h(T)) = 0, by a costate of its own", final.span)
    for constraint in model.constraints:
        what = f"the constraint {constraint.name} is a cost"
        yield Departure(f"constraint {constraint.name}", what, "it holds at every time", constraint.span)


def _of_targets(model: Model) -> Iterator[Departure]:
    spans = {definition.name: definition.spans for definition in model.definitions}
    for cost in model.costs:
        targets = model.targets_of[cost]
        if targets:
            what = f"cost {cost} drops out where {and_list(targets)} is missing"
            span = next(iter(spans[cost]), None)
            yield Departure(f"missing {cost}", what, "a Lagrangian that is there at every time", span)

