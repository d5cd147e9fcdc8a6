"""Stability limits of a step, with the model's own numbers where they are known (1-mathematics.md, section 3).

On a quadratic cost of curvature λ a parameter and its costate are two numbers that a step maps linearly; Jury's conditions give
the limits. For linear dynamics h⁺ = J h the costate moves by Jᵀ − τη. Curvatures and J are known where they hold numbers alone:
consts, and parameters that begin at numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sympy

from hdsl.audit.numbers import Numbers, some
from hdsl.audit.sgd import Equivalence
from hdsl.derive.accumulate import slot_derivative
from hdsl.model.evaluate import evaluate
from hdsl.model.locality import MOVES
from hdsl.model.model import Initial, Model
from hdsl.model.sharing import depending_on
from hdsl.syntax.source import Span
from hdsl.terms.expand import scalars
from hdsl.terms.term import Contraction, Definition, Elementwise, Structured, keep_needed, size, slot_name, slots

MOST_ENTRIES = 64
"""Entries of a Jacobian's side, or of a curvature's, beyond which it is not worked out."""


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
    """The limits of a model; ``found`` are its equivalences, which tell whose credit is this sample's gradient.

    They are those of Euler steps with the factor 1 − τη: for others none is told.
    """
    if model.learning.step != "euler" or model.learning.dissipation != "euler":
        return ()
    return (*_of_parameters(model, found), *_of_states(model))


# --- parameters ---------------------------------------------------------------------------------------------------------------


def largest_curvature(order: str, tau: float, eta: float, beta: float, phi: float) -> float:
    """The curvature below which a step on a quadratic cost settles; 0 where none does: no dissipation, or too much."""
    if eta <= 0:
        return 0.0
    if order == "simultaneous":
        return eta / (tau * beta * phi)
    return max(0.0, 2 * (2 - tau * eta) / (tau * tau * beta * phi))


_CONDITIONS = {
    "simultaneous": "τβφλ < η",
    "sequential": "τ²βφλ < 2(2 − τη)",
    "semi-implicit": "τ²βφλ < 2(2 − τη)",
}


def _of_parameters(model: Model, found: Sequence[Equivalence]) -> Iterator[Limit]:
    numbers, learning = Numbers(model), model.learning
    groups: dict[tuple[Any, ...], list[str]] = {}
    for one in found:
        plain = one.setting is not None or one.why.startswith((learning.eta[one.param], "it is put back"))
        if plain:
            key = numbers.tau, numbers.eta(one.param), numbers.beta(one.param), numbers.phi
            groups.setdefault(key, []).append(one.param)
    curvatures = _curvatures(model, numbers)
    for (tau, eta, beta, phi), params in groups.items():
        values = [float(value) for value in (tau, eta, beta, phi)]
        largest = largest_curvature(learning.order, *values)
        known = [curvatures[param] for param in params if param in curvatures]
        span = learning.spans.get(learning.beta[params[0]])
        note = _note(learning.order, values[0], values[1], values[2] * values[3])
        value = max(known) if known else None
        yield Limit(f"{some(params)}, λ of the cost", _CONDITIONS[learning.order], largest, value, note, span)


def _note(order: str, tau: float, eta: float, velocity: float) -> str:
    if eta <= 0:
        return "η = 0: unstable at every λ" if order == "simultaneous" else "η = 0: it never settles"
    if order == "simultaneous" and tau * eta > 2:
        least = 2 * (tau * eta - 2) / (tau * tau * velocity)
        return f"τη < 2 + τ²βφλ/2 asks λ > {least:.4g} besides"
    return ""


def _curvatures(model: Model, numbers: Numbers) -> dict[str, float]:
    """The largest curvature of the costs by each parameter, where all that they are made of are consts and parameters."""
    reads = {d.name: tuple(d.reads()) for d in model.definitions}
    found: dict[str, float] = {}
    for param in (q.name for q in model.of_role("param")):
        behind = depending_on([param], reads)
        costs = [cost for cost in model.costs if cost in behind]
        needed = keep_needed(model.definitions, costs)
        free = {name for d in needed for name in d.reads()} - {d.name for d in needed}
        lasting = free <= {q.name for role in ("param", "const") for q in model.of_role(role)}
        plain = lasting and all(map(_is_polynomial, needed))
        if costs and plain and not any(model.dynamics[state].definition in behind for state in model.taught):
            expanded = _expanded(model, numbers, needed, free, {param}, [param])
            if not isinstance(expanded, str):
                values, given = expanded
                entries = list(sympy.flatten(values[param]))
                total = sympy.Add(*(sympy.flatten(values[cost])[0] for cost in costs)).xreplace(given)
                slope = [sympy.diff(total, entry) for entry in entries]
                matrix = _numeric([[sympy.diff(row, entry) for entry in entries] for row in slope])
                if matrix is not None:
                    found[param] = max(float(value) for value in _eigenvalues(matrix).real)
    return found


def _is_polynomial(definition: Definition) -> bool:
    """Whether a definition is a sum of products of what it reads: nothing else has a curvature that is a number."""
    match definition.body:
        case Elementwise(expression=expression):
            return bool(expression.is_polynomial(*slots(expression)))
        case Structured(row=row):
            return row in MOVES
    return True


# --- states -------------------------------------------------------------------------------------------------------------------


def _of_states(model: Model) -> Iterator[Limit]:
    lasting = [state for state in model.taught if model.resets[state] != "sample" and state not in model.hidden]
    if not lasting:
        return
    numbers, span = Numbers(model), model.dynamics[lasting[0]].span
    names = some(lasting)
    found = _transition(model, numbers, lasting)
    if isinstance(found, str):
        yield Limit(f"costate of {names}", _OF_COSTATE, 1.0, None, f"J = ∂h⁺/∂h is no matrix of numbers: {found}", span)
        return
    forward, back, note = found
    radius = [float(max(abs(_eigenvalues(matrix)))) for matrix in (forward, back)]
    yield Limit(names, "ρ(J) ≤ 1", 1.0 + 1e-12, radius[0], note, span)
    yield Limit(f"costate of {names}", _OF_COSTATE, 1.0, radius[1], note, span)


_OF_COSTATE = "ρ(Jᵀ − τη) < 1"


def _transition(model: Model, numbers: Numbers, states: Sequence[str]) -> tuple[Any, Any, str] | str:
    """J of linear dynamics, the matrix that moves the costate, and on what values they rest; or why there is no number."""
    wanted = [model.dynamics[state].definition for state in states]
    needed = keep_needed(model.definitions, wanted)
    bent = next(_not_linear(model, needed, states), None)
    if bent is not None:
        return f"the dynamics are not linear in the state (line {model.source.line_of(bent)})"
    if not all(map(_is_polynomial, needed)):
        return "it holds functions of the parameters, or of what arrives"
    free = {name for d in needed for name in d.reads()} - {d.name for d in needed} | set(states)
    expanded = _expanded(model, numbers, needed, free & model.quantities.keys(), set(states), states)
    if isinstance(expanded, str):
        return expanded
    values, given = expanded
    entries = [entry for state in states for entry in sympy.flatten(values[state])]
    moved = [value for name in wanted for value in sympy.flatten(values[name])]
    slopes = [[sympy.diff(value.xreplace(given), entry) for entry in entries] for value in moved]
    numeric, tau = _numeric(slopes), numbers.tau
    etas = [numbers.eta(state) for state in states for _ in sympy.flatten(values[state])]
    learned = [q.name for q in model.of_role("param") if q.name in free]
    if numeric is None:
        return f"it moves with {some(learned)}" if learned else "it moves with what arrives"
    if not tau.is_number or not all(eta.is_number for eta in etas):
        return "tau or eta has no number"
    import numpy

    flows = numpy.array([model.dynamics[state].kind == "flow" for state in states for _ in sympy.flatten(values[state])])
    forward = numpy.where(flows[:, None], numpy.eye(len(entries)) + float(tau) * numeric, numeric)
    back = forward.T - float(tau) * numpy.diag([float(eta) for eta in etas])
    stands_on = [name for name in learned if any(e.has(*sympy.flatten(values[name])) for row in moved for e in [row])]
    return forward, back, f"at the initial {some(stands_on)}" if stands_on else ""


def _not_linear(model: Model, needed: Sequence[Definition], states: Sequence[str]) -> Iterator[Span]:
    """Where dynamics are not linear in the states."""
    behind = depending_on(states, {d.name: tuple(d.reads()) for d in model.definitions})
    for definition in needed:
        body = definition.body
        if definition.name not in behind:
            continue
        match body:
            case Contraction(factors=factors):
                linear = sum(slot_name(factor) in behind for factor in (*factors, *slots(body.coefficient))) < 2
            case Elementwise(expression=expression):
                own = [s for s in slots(expression) if slot_name(s) in behind]
                linear = not any(behind.intersection(map(slot_name, slots(slot_derivative(expression, s)))) for s in own)
            case Structured(row=row):
                linear = row in MOVES
        if not linear:
            yield definition.spans[0] if definition.spans else Span(0, 0)


# --- numbers ------------------------------------------------------------------------------------------------------------------


def _expanded(
    model: Model, numbers: Numbers, needed: Sequence[Definition], free: set[str], moving: set[str], counted: Sequence[str]
) -> tuple[Mapping[str, Any], dict[Any, Any]] | str:
    """Definitions in plain scalars, and numbers for the entries of consts and parameters but those that are ``moving``.

    What begins at random stays a symbol. In words why not, where a size has no number or there are too many entries, those
    of ``counted`` above all.
    """
    quantities = [model.quantities[name] for name in sorted(free)]
    dims = {str(symbol): numbers.of(symbol) for symbol in map(size, model.dims)}
    if not all(number.is_Integer for number in dims.values()):
        return "a size has no number"
    many = {q.name: sympy.Mul(*q.sizes).subs({size(name): number for name, number in dims.items()}) for q in quantities}
    if sum(many[name] for name in counted) > MOST_ENTRIES or max(many.values()) > MOST_ENTRIES**2:
        return f"{some(counted)} have more than {MOST_ENTRIES} entries"
    values = scalars(needed, {name: int(number) for name, number in dims.items()}, sizes={q.name: q.sizes for q in quantities})
    given: dict[Any, Any] = {}
    for quantity in quantities:
        if quantity.name in moving or quantity.initial is None or quantity.initial.kind not in _PLAIN:
            continue
        entries = values[quantity.name]
        shape = tuple(int(n) for n in entries.shape)
        for place, entry in enumerate(sympy.flatten(entries)):
            given[entry] = numbers.of(_initial_entry(quantity.initial, shape, place))
    return values, given


_PLAIN = ("number", "list", "zeros", "ones", "eye")


def _initial_entry(initial: Initial, shape: tuple[int, ...], place: int) -> Any:
    """One entry of an initial value, counted row by row."""
    if initial.kind == "number":
        return initial.arguments[0]
    if initial.kind == "list":
        return sympy.flatten(initial.values)[place]
    if initial.kind == "eye":
        row, column = divmod(place, shape[-1])
        return sympy.Integer(row == column)
    return sympy.Integer(initial.kind == "ones")


def _numeric(rows: list[list[Any]]) -> Any | None:
    """A matrix of numbers, or None where an entry is none."""
    import numpy

    values = [[evaluate(entry, {}) for entry in row] for row in rows]
    if any(value is None for row in values for value in row):
        return None
    return numpy.array(values, dtype=float)


def _eigenvalues(matrix: Any) -> Any:
    import numpy

    return numpy.linalg.eigvals(matrix)

