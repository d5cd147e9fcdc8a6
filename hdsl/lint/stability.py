"""Steps that are unstable by numbers that the file tells: of states, of their costates, of parameters.

What is known of a step is read by `hdsl.stability`; here it becomes warnings. A `next` is no flow and has no limit.
"""

from __future__ import annotations

from collections.abc import Iterator

from hdsl.diagnostics import catalogue_lint as catalogue
from hdsl.diagnostics.diagnostic import Diagnostic
from hdsl.model.model import Model
from hdsl.model.reach import reached, reads_of
from hdsl.stability import euler
from hdsl.stability.curvature import curvatures
from hdsl.stability.motion import Motion, motions, turning
from hdsl.stability.numbers import Numbers

BEYOND = 1e-9  # how far above 1 a factor must be to grow, and not for rounding


def unstable(model: Model) -> Iterator[Diagnostic]:
    """What grows without bounds under the step and the settings of a model, as far as numbers tell."""
    numbers = Numbers(model)
    tau = numbers.value(numbers.setting("tau"))
    if tau is None or not euler.moves(model):
        return
    # The limits that dissipation has part in are those of the factor 1 − τη.
    exact = model.learning.dissipation == "exact"
    told = set(model.learning.eta.values()) if exact else set()
    for path in dict.fromkeys(model.learning.eta[q.name] for q in model.of_role("param")):
        eta = numbers.value(numbers.setting(path))
        if eta is not None and tau * eta >= 2 and path not in told and path in model.learning.spans:
            told.add(path)
            yield catalogue.too_much_dissipation(model.learning.spans[path], path, tau, eta)
    taught = reached(model.costs, reads_of(model)) & set(model.taught)  # of all else costates are 0 at all times
    for motion in motions(numbers).all:
        if motion.within and all(motion.flows):
            yield from _of_states(numbers, motion, tau, taught, told)
    if not exact and not model.learning.replays:  # of a sequence nobody knows the length
        yield from _of_parameters(numbers, tau, told)


def _of_states(numbers: Numbers, motion: Motion, tau: float, taught: set[str], told: set[str]) -> Iterator[Diagnostic]:
    states, certain = motion.states, True
    span = numbers.model.dynamics[states[0]].span
    if motion.matrix is None:
        turned = turning(numbers, states)
        if turned is None:
            return
        motion, certain = turned
    poles = [pole for pole in motion.poles if pole.real <= BEYOND]  # what grows by itself does not grow by the step
    if not certain:
        if not any(abs(pole.real) > BEYOND for pole in motion.poles):
            yield catalogue.skew(span, states)
        return
    turns = [pole for pole in poles if euler.growth(pole.real, tau) <= 1 + BEYOND < euler.growth(pole, tau)]
    worst = max(turns or poles, key=lambda pole: euler.growth(pole, tau), default=0j)
    path = numbers.model.learning.eta[states[0]]
    eta = numbers.value(numbers.setting(path))
    if turns:
        yield catalogue.turning(span, states, tau, max(-worst.real, 0.0), abs(worst.imag), euler.growth(worst, tau))
    elif euler.growth(worst, tau) > 1 + BEYOND:
        yield catalogue.unstable_state(span, states, tau, worst.real)
    elif poles and eta is not None and path not in told and motion.whole and set(states) & taught:
        worst = max(poles, key=lambda pole: euler.growth(pole, tau, eta))
        if euler.growth(worst.real, tau, eta) > 1 + BEYOND:
            yield catalogue.unstable_costate(span, states, tau, worst.real, eta)


def _of_parameters(numbers: Numbers, tau: float, told: set[str]) -> Iterator[Diagnostic]:
    model, learning = numbers.model, numbers.model.learning
    phi = numbers.value(numbers.setting("phi"))
    for param, found in curvatures(numbers).items():
        eta, beta = (numbers.value(numbers.setting(path)) for path in (learning.eta[param], learning.beta[param]))
        if phi is None or eta is None or beta is None or learning.eta[param] in told:
            continue
        span = next(d.spans[0] for d in model.definitions if d.name == found.cost)
        push = tau * beta * phi * found.value
        if learning.order != "simultaneous":
            if tau * push > 2 * (2 - tau * eta) * (1 + BEYOND):
                yield catalogue.unstable_update(span, param, found.cost, tau * push, 2 * (2 - tau * eta), learning.order)
        elif eta > 0 and push >= eta:
            yield catalogue.unstable_update(span, param, found.cost, push, eta, learning.order)
