"""Boundary: the two-point problem of a model with a horizon, as definitions in index notation.

    ḣ = f    θ̇ = −β ω    ż = −∂H′/∂h − η z    ω̇ = −∂H′/∂θ − η ω    J̇ = e^{ηt} (φ L + ½‖ν‖²),  ½‖ν‖² = ½ Σ β ω²

    at 0   h and θ as they begin; the costate is 0 where the beginning is free
    at T   z = e^{−ηT} (∂Φ/∂h + (∂ψ/∂h)ᵀ μ),  ω = e^{−ηT} (∂Φ/∂θ + (∂ψ/∂θ)ᵀ μ),  ψ = 0
           where T is free   φ L + ⟨z, f⟩ − ½‖ν‖² + e^{−ηT} (∂Φ/∂T + μ·∂ψ/∂T) = 0

(1-mathematics.md, section 2, s = +1; the costates are rescaled by e^{ηt}.) Along a path every quantity differs from point to
point, parameters and the time too: the model is taken with all of them per stream (`Model.along`), the points being the batch.
So one function serves all points of a mesh, and nothing is a mean over them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import sympy

from hdsl.derive.accumulate import Part, accumulate, merge_roots, places_of, total
from hdsl.derive.equations import Equations, derive_equations
from hdsl.derive.hamiltonian import build_hamiltonian
from hdsl.derive.seeds import PHI
from hdsl.derive.stationarity import derive_stationarity
from hdsl.derive.workspace import Workspace
from hdsl.model.model import Model
from hdsl.terms.elementwise import exp, relu
from hdsl.terms.term import (
    Contraction,
    Definition,
    Elementwise,
    Scalar,
    Size,
    indices,
    keep_needed,
    setting_name,
    slot,
)

PENALTY = "penalty:"
HALF = sympy.Rational(1, 2)
TIME, END = slot("t"), slot("T")
RUNNING, ROBUST, WHOLE = "rate:J", "robust:H", "whole:H"


@dataclass(frozen=True)
class Boundary:
    """The problem. ``model`` is the model with every quantity per point, ``equations`` Hamilton's of it.

    ``flow`` makes the slopes ``dot:h``, ``dot:W``, ``dot:z:h``, ``dot:w:W``, the rate of J (`RUNNING`), H′ (`ROBUST`), and H as
    it stands after the rescaling, φL + ⟨z, f⟩ − ½‖ν‖² (`WHOLE`), from states, costates, parameters, controls and t.
    ``begin`` makes what a state begins with where that is computed, ``initial:h``, and what then reaches the free parameters,
    ``begin:w:W``. ``end`` makes the terminal costs, the conditions, and what the costates are at the end: ``end:z:h``,
    ``end:w:W``, from states, parameters, ``T`` and the ``mu:k``; where T is free also ``end:T`` = e^{−ηT} (∂Φ/∂T + μ·∂ψ/∂T).
    ``choose`` makes the controls that have a line, by ``choices`` the line of each, and for every control ∂H′/∂a at the
    controls as they are, by ``slopes``; controls without a line minimise H′ where they are looked for.
    ``mus`` gives for each ``mu:k``, the costate of a condition at the end, its sizes.
    """

    model: Model
    equations: Equations
    choose: tuple[Definition, ...]
    choices: Mapping[str, str]
    slopes: Mapping[str, str]
    flow: tuple[Definition, ...]
    begin: tuple[Definition, ...]
    end: tuple[Definition, ...]
    mus: Mapping[str, tuple[Size, ...]]


@dataclass(frozen=True)
class Endless:
    """A model without a horizon has no boundary problem."""

    model: Model


def derive_boundary(model: Model) -> Boundary | Endless:
    """The pass ``boundary``, of any model with a horizon: of one that runs forward, what the optimum would be found from."""
    if model.horizon is None:
        return Endless(model)
    model = penalised(along(replace(model, learning=replace(model.learning, schedule="boundary"))))
    equations = derive_equations(build_hamiltonian(model))
    workspace = Workspace(model)
    mus = {f"mu:{number}": _sizes(model, final.definition) for number, final in enumerate(model.finals)}
    for name, sizes in mus.items():
        workspace.declare(name, sizes, False)
    stationarity = derive_stationarity(model)
    return Boundary(
        model=model,
        equations=equations,
        choose=(_phi(model), *stationarity.definitions),
        choices=stationarity.choices,
        slopes={name: slope.name for name, slope in stationarity.slopes.items()},
        flow=_flow(model, equations),
        begin=_begin(model),
        end=_end(workspace, mus),
        mus=mus,
    )


def along(model: Model) -> Model:
    """The model with every quantity but consts per stream: the batch are the points of a path."""
    quantities = {
        name: replace(quantity, shared=quantity.role == "const") for name, quantity in model.quantities.items()
    }
    own = {name for name, quantity in quantities.items() if not quantity.shared} | {"t", "T"}
    own |= {f"z:{name}" for name in model.dynamics}
    told = {*model.outputs, *model.costs, *model.terminals}
    told |= {final.definition for final in model.finals} | {constraint.definition for constraint in model.constraints}
    definitions = []
    for definition in model.definitions:
        shared = own.isdisjoint(definition.reads()) and definition.name not in told
        if not shared:
            own.add(definition.name)
        definitions.append(replace(definition, shared=shared))
    return replace(model, quantities=quantities, definitions=tuple(definitions), along=True)


def penalised(model: Model) -> Model:
    """The model with a cost for each penalty of a path constraint: ``weight:c``/2 times the square of what is above 0.

    J does not hold it: `RUNNING` is the rate of what the file asks for.
    """
    costs, definitions = [], []
    for constraint in model.constraints:
        if constraint.kind != "penalty":
            continue
        sizes = _sizes(model, constraint.definition)
        at, name = indices(len(sizes)), f"above:{constraint.name}"
        above = slot(name, at)
        spans = (constraint.span,)
        definitions.append(Definition(name, Elementwise(relu(slot(constraint.definition, at))), sizes, False, spans))
        half = HALF * slot(f"weight:{constraint.name}")
        square = Contraction((above, above), tuple(zip(at, sizes, strict=True)), half)
        costs.append(PENALTY + constraint.name)
        definitions.append(Definition(costs[-1], square, (), False, spans))
    return replace(
        model,
        definitions=(*model.definitions, *definitions),
        costs=(*model.costs, *costs),
        targets_of={**model.targets_of, **dict.fromkeys(costs, ())},
    )


def eta_of(model: Model) -> Scalar:
    """The one eta of the model, 0 where the file has none."""
    path = next(iter(model.learning.eta.values()), "eta")
    value = model.learning.values.get(path, sympy.Integer(0))
    return sympy.Integer(0) if value == 0 else slot(setting_name(path))


def _sizes(model: Model, name: str) -> tuple[Size, ...]:
    return next(definition.sizes for definition in model.definitions if definition.name == name)


def _grown(expression: Scalar, rate: Scalar, time: Scalar) -> Scalar:
    """e^{rate·time} times an expression; nothing but the expression where the rate is 0."""
    return expression if rate == 0 else exp(rate * time) * expression


def _squares(model: Model, left: str, right: str, name: str, coefficient: Scalar = sympy.Integer(1)) -> Definition:
    """coefficient · Σ left right, over the entries of two of the same sizes."""
    sizes = model.quantities[name.rpartition(":")[2]].sizes
    at = indices(len(sizes))
    factors, bound = (slot(left, at), slot(right, at)), tuple(zip(at, sizes, strict=True))
    return Definition(name, Contraction(factors, bound, coefficient))


def _phi(model: Model) -> Definition:
    """φ at every point."""
    return Definition(setting_name("phi"), Elementwise(model.learning.phi))


def _flow(model: Model, equations: Equations) -> tuple[Definition, ...]:
    """Everything that is read along the path, slopes first."""
    lines = [_phi(model), *model.definitions]
    known = {line.name for line in lines}
    lines += [line for line in equations.definitions if line.name not in known]
    lines += equations.all
    pairs, motions = [], []
    for state in model.taught:
        pairs.append(_squares(model, f"z:{state}", f"dot:{state}", f"pair:{state}"))
    for param in model.of_role("param"):
        beta = slot(setting_name(model.learning.beta[param.name]))
        motions.append(_squares(model, f"w:{param.name}", f"w:{param.name}", f"motion:{param.name}", HALF * beta))
    lagrangian = PHI * sympy.Add(*(slot(cost) for cost in model.costs))
    asked = PHI * sympy.Add(*(slot(cost) for cost in model.costs if not cost.startswith(PENALTY)))
    motion = sympy.Add(*(line.slot for line in motions))
    robust = lagrangian + sympy.Add(*(line.slot for line in pairs))
    rate = _grown(asked + motion, eta_of(model), TIME)
    sums = {RUNNING: rate, ROBUST: robust, WHOLE: slot(ROBUST) - motion}
    lines += [*pairs, *motions, *(Definition(name, Elementwise(value)) for name, value in sums.items())]
    return tuple(lines)


def _begin(model: Model) -> tuple[Definition, ...]:
    """What states begin with, and what reaches the free parameters by way of that."""
    workspace = Workspace(model)
    seeds = {f"initial:{state}": [_seed(model, f"z:{state}", state)] for state in model.begun}
    free = [param.name for param in model.of_role("param") if param.name in model.free]
    parts = accumulate(workspace, model.definitions, seeds, free) if seeds else {}
    made = [_summed(model, f"begin:w:{name}", name, own, sympy.Integer(1)) for name, own in parts.items()]
    wanted = [definition for definition in model.definitions if seeds]
    return (*wanted, *workspace.added, *made)


def _end(workspace: Workspace, mus: Mapping[str, tuple[Size, ...]]) -> tuple[Definition, ...]:
    """The conditions at T and what the costates are there."""
    model = workspace.model
    spans = {definition.name: definition.spans for definition in model.definitions}
    seeds: dict[str, list[Part]] = {name: [Part(sympy.Integer(1), spans[name], (name,))] for name in model.terminals}
    for mu, final in zip(mus, model.finals, strict=True):
        own = Part(slot(mu, indices(len(mus[mu]))), (final.span,), (final.definition,))
        seeds.setdefault(final.definition, []).append(own)
    params = [param.name for param in model.of_role("param")]
    parts = accumulate(workspace, model.definitions, seeds, (*model.taught, *params, "T"))
    decay = _grown(sympy.Integer(1), -eta_of(model), END)
    made = [_summed(model, f"end:z:{name}", name, parts[name], decay) for name in model.taught]
    made += [_summed(model, f"end:w:{name}", name, parts[name], decay) for name in params]
    if model.horizon is not None and model.horizon.end is None:
        made.append(Definition("end:T", Elementwise(decay * total(parts["T"]))))
    wanted = {*model.terminals, *(final.definition for final in model.finals), *(line.name for line in made)}
    return keep_needed((*model.definitions, *workspace.added, *made), wanted)


def _seed(model: Model, costate: str, state: str) -> Part:
    return Part(slot(costate, indices(len(model.quantities[state].sizes))), (model.dynamics[state].span,), (state,))


def _summed(model: Model, name: str, of: str, parts: tuple[Part, ...], scale: Scalar) -> Definition:
    """The sum of the parts of a derivative, ``scale`` times, in the sizes of what it is a derivative by."""
    body = Elementwise(scale * total(parts))
    return Definition(name, body, model.quantities[of].sizes, False, places_of(parts), merge_roots(parts))
