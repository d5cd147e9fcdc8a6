"""Stability limits of a step, with the model's own numbers where they are known (1-mathematics.md, section 3).

What is known of a step is read by `hdsl.stability`: here parameters count with the numbers that they begin with.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hdsl.audit.numbers import some
from hdsl.audit.sgd import Equivalence
from hdsl.model.model import Model
from hdsl.model.reach import reached
from hdsl.stability import euler
from hdsl.stability.curvature import curvatures
from hdsl.stability.motion import Motion, Motions, eigenvalues, motions
from hdsl.stability.numbers import Numbers
from hdsl.syntax.source import Span


@dataclass(frozen=True)
class Limit:
    """One limit: what it is about, the condition as a formula, its largest value, and whether the model is within it.

    ``largest`` is the largest curvature λ for a parameter, 1 for a spectral radius; ``value`` is the curvature or the radius
    itself, where it is known. ``span`` is where it is set or comes from.
    """

    about: str
    condition: str
    largest: float | None = None
    value: float | None = None
    note: str = ""
    span: Span | None = None

    @property
    def holds(self) -> bool | None:
        """None where it cannot be told."""
        if self.largest is None or self.value is None:
            return None
        return self.value < self.largest


def limits(model: Model, found: Sequence[Equivalence]) -> tuple[Limit, ...]:
    """The limits of a model that steps by explicit Euler, its dissipation by the factor 1 − τη.

    ``found`` are its equivalences, which tell whose credit is this sample's gradient.
    """
    if not euler.moves(model) or model.learning.dissipation != "euler":
        return ()
    return (*_of_parameters(model, found), *_of_states(model))


# --- parameters ---------------------------------------------------------------------------------------------------------------


def _of_parameters(model: Model, found: Sequence[Equivalence]) -> Iterator[Limit]:
    numbers, learning = Numbers(model), model.learning
    order = "sequential" if learning.replays else learning.order  # a replay moves θ by its new ω
    groups: dict[tuple[Any, ...], list[str]] = {}
    for one in found:
        plain = one.setting is not None or one.why.startswith((learning.eta[one.param], "it is put back", "it moves once"))
        if plain:
            key = numbers.tau, numbers.eta(one.param), numbers.beta(one.param), numbers.phi
            groups.setdefault(key, []).append(one.param)
    curved = curvatures(numbers)
    of = "the cost of a sequence" if learning.replays else "the cost"
    for key, params in groups.items():
        tau, eta, beta, phi = map(float, key)
        largest = euler.largest_curvature(order, tau, eta, beta, phi)
        # What some of the costs curve by is told where it is too much by itself; of a sequence nobody knows the length.
        known = [curved[p].value for p in params if p in curved and (curved[p].whole or curved[p].value > largest)]
        span = learning.spans.get(learning.beta[params[0]])
        note = "η = 0: it never settles" if eta <= 0 else ""
        if eta <= 0 and order == "simultaneous":
            note = "η = 0: unstable at every λ"
        if least := euler.least_curvature(order, tau, eta, beta, phi):
            note = f"τη < 2 + τ²βφλ/2 asks λ > {least:.4g} besides"
        value = max(known) if known and not learning.replays else None
        yield Limit(f"{some(params)}, λ of {of}", euler.CONDITIONS[order], largest, value, note, span)


# --- states -------------------------------------------------------------------------------------------------------------------


def _of_states(model: Model) -> Iterator[Limit]:
    lasting = [state for state in model.taught if model.resets[state] != "sample" and state not in model.hidden]
    if not lasting:
        return
    numbers, span, names = Numbers(model), model.dynamics[lasting[0]].span, some(lasting)
    found, tau = motions(numbers, numbers.begins), numbers.value(numbers.tau)
    etas = {state: numbers.value(numbers.eta(state)) for state in model.taught}
    dynamics = [one.definition for name, one in model.dynamics.items() if model.resets[name] != "sample"]
    read = reached(dynamics, {d.name: tuple(d.reads()) for d in model.definitions})
    learned = [q.name for q in model.of_role("param") if q.name in read]
    why = _untold(model, found, learned) or ("tau or eta has no number" if tau is None or None in etas.values() else "")
    steps = {one: one.step(tau) for one in found.all if one.matrix is not None and tau is not None}
    if why:
        grown = max((_radius(step) for one, step in steps.items() if one.within), default=0.0)
        if grown > GROWS:
            yield Limit(names, "ρ(J) ≤ 1", GROWS, grown, "far out, where all else is within bounds", span)
        yield Limit(f"costate of {names}", _OF_COSTATE, 1.0, None, f"J = ∂h⁺/∂h is no matrix of numbers: {why}", span)
        return
    by_consts = motions(numbers).all
    note = f"at the initial {some(learned)}" if any(one.matrix is None for one in by_consts) else ""
    back = [_back(one, step, {name: (tau or 0.0) * (eta or 0.0) for name, eta in etas.items()}) for one, step in steps.items()]
    yield Limit(names, "ρ(J) ≤ 1", GROWS, max(map(_radius, steps.values())), note, span)
    yield Limit(f"costate of {names}", _OF_COSTATE, 1.0, max(map(_radius, back)), note, span)


_OF_COSTATE = "ρ(Jᵀ − τη) < 1"
GROWS = 1.0 + 1e-12


def _untold(model: Model, found: Motions, learned: Sequence[str]) -> str:
    """Why J is no matrix of numbers; nothing where it is one."""
    if found.bends is not None and found.bends.spans:
        return f"the dynamics are not linear in the state (line {model.source.line_of(found.bends.spans[0])})"
    if found.untold or all(one.matrix is not None for one in found.all):
        return found.untold
    return f"it moves with {some(learned)}" if learned else "it moves with what arrives"


def _back(motion: Motion, step: Sequence[Sequence[float]], kept: Mapping[str, float]) -> list[list[float]]:
    """J − τη of the states that have a costate, whose eigenvalues are those of Jᵀ − τη."""
    places = [k for k, name in enumerate(motion.entries) if name in kept]
    return [[step[k][m] - (k == m) * kept[motion.entries[k]] for m in places] for k in places]


def _radius(rows: Sequence[Sequence[float]]) -> float:
    return max(map(abs, eigenvalues(rows)), default=0.0)
