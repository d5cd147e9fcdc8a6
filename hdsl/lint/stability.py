"""Steps that are unstable by numbers that the file tells: of states, of their costates, of parameters.

The rules are those of explicit Euler (1-mathematics.md, section 3): a state of linear dynamics λ is multiplied by 1 + τλ a
step, its costate by 1 + τλ − τη; a parameter under a cost of curvature λ settles under `sequential` where
τ²βφλ < 2(2 − τη), under `simultaneous` where τβφλ < η. A `next` is no flow and has no such limit.
"""

from __future__ import annotations

import cmath
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import sympy

from hdsl.diagnostics import catalogue_lint as catalogue
from hdsl.diagnostics.diagnostic import Diagnostic
from hdsl.lint.linear import (
    MOST_TERMS,
    Linear,
    Matrix,
    entries_of,
    is_antisymmetric,
    linear_parts,
    numbers_of,
    setting_of,
)
from hdsl.model.evaluate import evaluate
from hdsl.model.model import Model
from hdsl.model.reach import reached
from hdsl.terms.term import Contraction, Definition, Elementwise, Scalar, multiplied_out, slot, slot_name, slots

BEYOND = 1e-9  # how far above 1 a factor must be to grow, and not for rounding
LARGEST_SYSTEM = 200  # entries of a system whose eigenvalues are looked for


@dataclass(frozen=True)
class Pole:
    """An eigenvalue λ of linear dynamics whose real part is not above 0: what grows, grows by the step alone."""

    value: complex

    def growth(self, tau: float, eta: float = 0.0) -> float:
        """By what a step multiplies it: |1 + τλ − τη|."""
        return abs(1 + tau * (self.value - eta))

    def turns(self, tau: float) -> bool:
        """Whether it is rotation that makes it grow, and not too strong a leak."""
        return abs(1 + tau * self.value.real) <= 1 + BEYOND < self.growth(tau)


def unstable(model: Model) -> Iterator[Diagnostic]:
    """What grows without bounds under the step and the settings of a model, as far as numbers tell."""
    known = numbers_of(model)
    tau = known.get(slot("tau"))
    if tau is None or model.learning.step != "euler":
        return
    told: set[str] = set()
    if model.learning.dissipation == "exact":  # the limits that dissipation has part in are those of the factor 1 − τη
        yield from _of_states(model, known, tau, set(model.learning.eta.values()))
        return
    for path in dict.fromkeys(model.learning.eta[q.name] for q in model.of_role("param")):
        eta = setting_of(model, path, known)
        if eta is not None and tau * eta >= 2 and path in model.learning.spans:
            told.add(path)
            yield catalogue.too_much_dissipation(model.learning.spans[path], path, tau, eta)
    yield from _of_states(model, known, tau, told)
    yield from _of_parameters(model, known, tau, told)


# States ---------------------------------------------------------------------------------------------------------------


def _of_states(model: Model, known: Mapping[Scalar, float], tau: float, told: set[str]) -> Iterator[Diagnostic]:
    flows = [name for name, dynamics in model.dynamics.items() if dynamics.kind == "flow"]
    parts = linear_parts(model, flows)
    own = {name: parts[model.dynamics[name].definition] for name in flows}
    taught = _moved_by_costs(model)
    for group in _groups(own):
        if not all(own[name].bounded for name in group):
            continue
        span = model.dynamics[group[0]].span
        poles = rotation(model, own, group, known)
        if poles is None and _is_skew(model, own, group, known):
            yield catalogue.skew(span, group)
            continue
        poles = poles if poles is not None else _poles(model, own, group, known)
        settled = [pole for pole in poles or () if pole.value.real <= BEYOND]
        if not settled:
            continue
        turning = [pole for pole in settled if pole.turns(tau)]
        worst = max(settled, key=lambda pole: pole.growth(tau))
        path = model.learning.eta[group[0]]
        eta = setting_of(model, path, known)
        if turning:
            fastest = max(turning, key=lambda pole: pole.growth(tau))
            leak, turn = -fastest.value.real, abs(fastest.value.imag)
            yield catalogue.turning(span, group, tau, max(leak, 0.0), turn, fastest.growth(tau))
        elif worst.growth(tau) > 1 + BEYOND:
            yield catalogue.unstable_state(span, group, tau, worst.value.real)
        elif eta is not None and path not in told and all(own[name].still for name in group):
            worst = max(settled, key=lambda pole: pole.growth(tau, eta))
            if set(group) & taught and abs(1 + tau * (worst.value.real - eta)) > 1 + BEYOND:
                yield catalogue.unstable_costate(span, group, tau, worst.value.real, eta)


def _moved_by_costs(model: Model) -> set[str]:
    """The states whose costates costs move: another's is 0 at all times, whatever multiplies it."""
    reads = {definition.name: tuple(definition.reads()) for definition in model.definitions}
    reads |= {state: (dynamics.definition,) for state, dynamics in model.dynamics.items()}
    return reached(model.costs, reads) & set(model.taught)


def _groups(parts: Mapping[str, Linear]) -> list[tuple[str, ...]]:
    """The states that linear terms bind to one another, in the order of the text."""
    of = {name: name for name in parts}

    def root(name: str) -> str:
        while of[name] != name:
            name = of[name]
        return name

    for name, part in parts.items():
        for other, _ in part.terms:
            of[root(other)] = root(name)
    groups: dict[str, list[str]] = {}
    for name in parts:
        groups.setdefault(root(name), []).append(name)
    return [tuple(group) for group in groups.values()]


def rotation(
    model: Model, parts: Mapping[str, Linear], group: Sequence[str], known: Mapping[Scalar, float]
) -> list[Pole] | None:
    """The poles −α ± iω of two states that turn into one another, ω perhaps a param; None for what is no rotation.

    A param counts with the largest number that it begins with: a deviation from its mean, for a normal one.
    """
    if len(group) != 2 or any(operator is not None for name in group for _, operator in parts[name].terms):
        return None
    a, b = group
    zero = sympy.Integer(0)
    own = [parts[name].terms.get((name, None), zero) for name in group]
    across = parts[a].terms.get((b, None), zero), parts[b].terms.get((a, None), zero)
    if own[0] != own[1] or across[0] == 0 or multiplied_out(across[0] + across[1], MOST_TERMS) != 0:
        return None
    leaks, turns = entries_of(model, own[0], known), _begins(model, across[0], known)
    if leaks is None or turns is None:
        return None
    count = max(len(leaks), len(turns))
    return [Pole(complex(leaks[k % len(leaks)], turns[k % len(turns)])) for k in range(count)]


def _begins(model: Model, coefficient: Scalar, known: Mapping[Scalar, float]) -> list[float] | None:
    """The numbers of a coefficient, or the largest with which the one param in it begins."""
    params = [s for s in slots(coefficient) if slot_name(s) in model.quantities and s not in known]
    if len(params) != 1 or model.quantities[slot_name(params[0])].role != "param":
        return entries_of(model, coefficient, known)
    reach = begins_with(model, slot_name(params[0]), known)
    if reach is None:
        return None
    stand_in = sympy.Dummy("begins")
    return entries_of(model, coefficient.xreplace({params[0]: stand_in}), {**known, stand_in: reach})


def begins_with(model: Model, param: str, known: Mapping[Scalar, float]) -> float | None:
    """The largest number with which a param begins, in absolute value; |mean| + deviation of a normal one."""
    initial = model.quantities[param].initial
    if initial is None or initial.kind not in ("number", "uniform", "normal", "ones"):
        return None
    numbers = [evaluate(scalar, known) for scalar in initial.arguments or (sympy.Integer(1),)]
    values = [abs(number) for number in numbers if number is not None]
    if len(values) < len(numbers):
        return None
    return sum(values) if initial.kind == "normal" else max(values)


def _is_skew(
    model: Model, parts: Mapping[str, Linear], group: Sequence[str], known: Mapping[Scalar, float]
) -> bool:
    """Whether a state turns by a matrix that is minus its transpose, whatever its numbers, with no leak."""
    terms = dict(parts[group[0]].terms)
    leak = terms.pop((group[0], None), sympy.Integer(0))
    if len(group) != 1 or len(terms) != 1 or entries_of(model, leak, known) != [0.0]:
        return False
    by_name = {definition.name: definition for definition in model.definitions}
    matrix = next(operator.name for _, operator in terms if operator is not None)
    while (made := by_name.get(matrix)) is not None and isinstance(made.body, Elementwise):
        if is_antisymmetric(made):
            return True
        if not isinstance(made.body.expression, sympy.Indexed):
            return False
        matrix = slot_name(made.body.expression)  # another name for the same
    return False


def _poles(
    model: Model, parts: Mapping[str, Linear], group: Sequence[str], known: Mapping[Scalar, float]
) -> list[Pole] | None:
    """The eigenvalues of linear dynamics of which every number is known; None where one is not."""
    sizes = {model.quantities[name].sizes for name in group}
    plain = all(operator is None for name in group for _, operator in parts[name].terms)
    if len(sizes) != 1:
        return None
    if plain:
        entries = {
            (row, column): entries_of(model, parts[row].terms.get((column, None), sympy.Integer(0)), known)
            for row in group
            for column in group
        }
        count = max((len(values or ()) for values in entries.values()), default=0)
        if any(values is None for values in entries.values()):
            return None
        known_entries = {key: values for key, values in entries.items() if values is not None}
        found: list[Pole] = []
        for k in range(min(count, LARGEST_SYSTEM)):
            rows = [[known_entries[row, column][k % len(known_entries[row, column])] for column in group] for row in group]
            found += map(Pole, eigenvalues(rows))
        return found
    return _of_matrices(model, parts, group, known)


def _of_matrices(
    model: Model, parts: Mapping[str, Linear], group: Sequence[str], known: Mapping[Scalar, float]
) -> list[Pole] | None:
    """The same where literal matrices stand before the states."""
    (size_of,) = {model.quantities[name].sizes for name in group}
    count = evaluate(sympy.Mul(*size_of), known)
    if len(size_of) != 1 or count is None or count * len(group) > LARGEST_SYSTEM:
        return None
    n = int(count)
    rows = [[0.0] * (n * len(group)) for _ in range(n * len(group))]
    for p, row in enumerate(group):
        for (column, operator), coefficient in parts[row].terms.items():
            scales = entries_of(model, coefficient, known)
            block = _numbers(model, operator, known, n)
            if scales is None or block is None:
                return None
            q = list(group).index(column)
            for i in range(n):
                for j in range(n):
                    rows[p * n + i][q * n + j] += scales[i % len(scales)] * block[i][j]
    return [Pole(value) for value in eigenvalues(rows)]


def _numbers(
    model: Model, operator: Matrix | None, known: Mapping[Scalar, float], count: int
) -> list[list[float]] | None:
    """The entries of what stands before a vector, where it is a const with numbers."""
    ones = [[float(i == j) for j in range(count)] for i in range(count)]
    if operator is None:
        return ones
    quantity = model.quantities.get(operator.name)
    if quantity is None or quantity.role != "const" or quantity.initial is None:
        return None
    if quantity.initial.kind == "eye":
        return ones
    rows = quantity.initial.values if quantity.initial.kind == "list" else ()
    found = [[evaluate(scalar, known) for scalar in row] for row in rows if isinstance(row, tuple)]
    if len(found) != count or any(len(row) != count or None in row for row in found):
        return None
    numbers = [[float(value or 0.0) for value in row] for row in found]
    return [list(column) for column in zip(*numbers, strict=True)] if operator.transposed else numbers


def eigenvalues(rows: Sequence[Sequence[float]]) -> list[complex]:
    """The eigenvalues of a square matrix; by numpy, which is loaded for it, from three rows on."""
    if len(rows) == 1:
        return [complex(rows[0][0])]
    if len(rows) == 2:
        (a, b), (c, d) = rows
        middle, root = (a + d) / 2, cmath.sqrt(((a - d) / 2) ** 2 + b * c)
        return [middle + root, middle - root]
    from numpy import asarray, isfinite
    from numpy.linalg import eigvals

    matrix = asarray(rows, float)
    return [complex(value) for value in eigvals(matrix)] if isfinite(matrix).all() else []


# Parameters -----------------------------------------------------------------------------------------------------------


def _of_parameters(model: Model, known: Mapping[Scalar, float], tau: float, told: set[str]) -> Iterator[Diagnostic]:
    phi = setting_of(model, "phi", known)
    learning = model.learning
    for param, (curvature, cost) in curvatures(model, known).items():
        eta, beta = (setting_of(model, path, known) for path in (learning.eta[param], learning.beta[param]))
        if phi is None or eta is None or beta is None or learning.eta[param] in told:
            continue
        push = tau * beta * phi * curvature
        span = next(d.spans[0] for d in model.definitions if d.name == cost)
        if learning.order != "simultaneous":
            if tau * push > 2 * (2 - tau * eta) * (1 + BEYOND):
                yield catalogue.unstable_update(span, param, cost, tau * push, 2 * (2 - tau * eta), learning.order)
        elif eta > 0 and push >= eta:
            yield catalogue.unstable_update(span, param, cost, push, eta, learning.order)


def curvatures(model: Model, known: Mapping[Scalar, float]) -> dict[str, tuple[float, str]]:
    """The curvature that the costs give parameters by numbers alone, and the cost that gives most of it.

    ``cost decay = 1/2*l*squared(W)`` curves by l, whatever the stream brings.
    """
    params = [q.name for q in model.of_role("param")]
    parts = linear_parts(model, params) | {name: Linear({(name, None): sympy.Integer(1)}) for name in params}
    found: dict[str, dict[str, float]] = {}  # by definition and param
    for definition in model.definitions:
        own: dict[str, float] = {}
        for param, value in _second_derivatives(model, parts, found, definition, known):
            own[param] = own.get(param, 0.0) + value
        if own:
            found[definition.name] = own
    costs = {cost: found[cost] for cost in model.costs if cost in found}
    curved = dict.fromkeys(param for own in costs.values() for param in own)
    of_each = {param: {cost: own[param] for cost, own in costs.items() if param in own} for param in curved}
    return {param: (sum(own.values()), max(own, key=lambda cost: own[cost])) for param, own in of_each.items()}


def _second_derivatives(
    model: Model,
    parts: Mapping[str, Linear],
    found: Mapping[str, Mapping[str, float]],
    definition: Definition,
    known: Mapping[Scalar, float],
) -> Iterator[tuple[str, float]]:
    """The second derivatives of a definition by parameters, term by term, where they are numbers and above 0.

    ``found`` has those of earlier definitions.
    """
    body = definition.body
    if isinstance(body, Contraction):
        if len(body.factors) != 2 or body.factors[0] != body.factors[1] or len(body.bound) < len(body.factors[0].args) - 1:
            return
        scale = entries_of(model, body.coefficient, known)
        inner = parts.get(slot_name(body.factors[0]), Linear())
        for (param, operator), coefficient in inner.terms.items():
            slopes = entries_of(model, coefficient, known)
            if operator is None and scale and slopes and scale[0] > 0:
                yield param, 2 * scale[0] * max(slope * slope for slope in slopes)
    elif isinstance(body, Elementwise) and not definition.sizes:
        for term in sympy.Add.make_args(body.expression):
            (read, *others) = [s for s in slots(term) if slot_name(s) in found] or [None]
            scale = None if read is None or others else entries_of(model, term / read, known)
            if scale and scale[0] > 0:
                for param, value in found[slot_name(read)].items():
                    yield param, scale[0] * value
