"""Curvatures of the costs by parameters, as far as numbers tell: ``1/2*l*squared(W)`` curves by l whatever arrives."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hdsl.model.reach import reached, reads_of
from hdsl.stability.forms import Form, Leaf, gathered
from hdsl.stability.motion import eigenvalues
from hdsl.stability.numbers import Numbers
from hdsl.stability.reading import Alike, Entrywise, too_many
from hdsl.terms.term import keep_needed


@dataclass(frozen=True)
class Curvature:
    """The largest curvature of the costs by a parameter, and the cost that gives most of it.

    ``whole`` is true where all that moves the parameter is in it; else it is that of some of the costs.
    """

    value: float
    cost: str
    whole: bool


def curvatures(numbers: Numbers) -> dict[str, Curvature]:
    """The curvatures by parameters of which numbers tell one, whatever the parameters are."""
    model, found = numbers.model, dict[str, Curvature]()
    taught = reached([model.dynamics[state].definition for state in model.taught], reads_of(model))
    params = [q.name for q in model.of_role("param")]
    alike = Alike(numbers, params).read(keep_needed(model.definitions, model.costs))
    of: dict[str, list[str]] = {param: [] for param in params}
    for cost in model.costs:
        for param in alike.forms[cost].names:
            of[param].append(cost)
    for param in params:
        forms = {cost: alike.forms[cost] for cost in of[param]}
        unclear = [c for c in alike.uneven.intersection(forms) if param not in forms[c].bent]
        if any(_largest([forms[cost]], param) is None for cost in unclear):
            needed = keep_needed(model.definitions, forms)
            if not too_many(numbers, needed, [param]):
                each = Entrywise(numbers, [param]).read(needed)
                forms = {cost: each[cost][()] for cost in forms}
        told = {cost: value for cost, form in forms.items() if (value := _largest([form], param)) is not None}
        if told:
            rests = any(param in form.within | form.bent for form in forms.values())
            whole = param not in taught and not rests and len(told) == len(forms)
            value = _largest([forms[cost] for cost in told], param) or 0.0
            found[param] = Curvature(value, max(told, key=lambda cost: told[cost]), whole)
    return found


def _largest(forms: Sequence[Form], param: str) -> float | None:
    """The largest eigenvalue of the second derivatives of a sum by a parameter, where there is a number for each."""
    slope, square = ([term for form in forms for term in getattr(form, of).items()] for of in ("slope", "square"))
    own = [((a, b), value) for (a, b), value in square if a[0] == b[0] == param]
    halves = gathered([*own, *(((b, a), value) for (a, b), value in own)])
    if None in halves.values() or not (own or any(name == param for (name, _), _ in slope)):
        return None
    leaves: list[Leaf] = list(dict.fromkeys(a for a, _ in halves))
    rows = [[halves.get((a, b)) or 0.0 for b in leaves] for a in leaves]
    return max((value.real for value in eigenvalues(rows)), default=0.0)
