"""Hamilton's equations, as derived, against judges that know nothing of the derivation.

The derived definitions are put into numbers by `hdsl.verify.interpret`. They are judged by torch.autograd of H′ on a walk of
the text, by central differences and Taylor remainders of that H′, by dot products with what torch's forward mode makes of f and
L, and, where the model is small, by sympy.diff of H′ written out in scalars. With
s = −1 each ż and ω̇ must be ∂H′/∂h − ηz and ∂H′/∂θ − ηω (1-mathematics.md, section 2), each θ̇ −βω, and each ḣ, output and cost
what the text says.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
import sympy
import torch

from hdsl.derive.equations import Equations
from hdsl.terms.expand import readable_names, scalars
from hdsl.terms.term import Structured, setting_name
from hdsl.verify.along import judge_along
from hdsl.verify.controls import controls_of, slopes_of
from hdsl.verify.derivatives import moment_of
from hdsl.verify.interpret import Array, Readings, interpret, shape_of
from hdsl.verify.judgement import Errors, difference
from hdsl.verify.points import Point, Sized, of_stream, own, pulls_of, readings, smooth_point, streams
from hdsl.verify.products import judge_products

BATCHES = (1, 3)

MOST_DEFINITIONS, MOST_ENTRIES = 60, 90
"""Models up to this size, all sizes being 2 or 3, are written out in scalars: it takes seconds at most."""


def judge_equations(found: Sized, equations: Equations, errors: Errors, seed: int, points: int) -> None:
    """Add the errors of every equation at random points, by the walk, by autograd and by central differences."""
    generator = torch.Generator().manual_seed(seed)
    for batch in BATCHES:
        for number in range(points):
            point = smooth_point(found, batch, generator)
            try:
                lines = (*equations.all, *equations.slope.values(), *equations.control.values())
                made = interpret((*equations.definitions, *lines), readings(found, point), found.sizes)
            except (KeyError, ValueError) as fault:
                errors.stop("the derived definitions", "walk", fault)
                return
            _against_values(found, equations, point, made, errors)
            pulls = pulls_of(found, point, made)
            _against_autograd(found, equations, point, pulls, errors)
            _against_least(found, equations, point, made, errors)
            if number == 0:
                for name in equations.costate:
                    judge_along(found, point, name, pulls[name], f"dot:{own(found, name)}", errors, generator)
                judge_products(found, equations, point, errors, generator)


def _against_values(found: Sized, equations: Equations, point: Point, made: Readings, errors: Errors) -> None:
    """ḣ, outputs and costs as the text says; θ̇ = −βω."""
    model, walk = found.model, found.walk
    seen = [walk.forward(of_stream(found, point, b), point.samples[b], point.t, point.tau) for b in streams(point)]
    shared = {d.name for d in model.definitions if d.shared}
    names = {f"dot:{name}": f"{name}'" for name in equations.state} | {n: n for n in (*model.outputs, *model.costs)}
    for name, written in names.items():
        alone = name in shared or (name.startswith("dot:") and model.quantities[name[4:]].shared)
        judged = seen[0][written] if alone else torch.stack([stream[written] for stream in seen])
        errors.add(name, "walk", difference(made.of(name), judged.numpy()))
    for name in equations.parameter:
        beta = walk.written.rate("beta", name, point.tau)
        errors.add(f"dot:{name}", "walk", difference(made.of(f"dot:{name}"), -beta * point.costates[name].numpy()))


def _against_autograd(
    found: Sized, equations: Equations, point: Point, pulls: Mapping[str, Array], errors: Errors
) -> None:
    states = point.of(found.walk.written.states)
    gradients = found.walk.gradients(point.values, states, point.samples, point.t, point.tau)
    for name in equations.costate:
        # Relative to what the whole equation holds, dissipation included.
        scale = float(point.costates[name].abs().max()) * found.walk.written.rate("eta", name, point.tau)
        errors.add(
            f"dot:{own(found, name)}", "autograd", difference(pulls[name], gradients[name].numpy(), 1e-3 * scale)
        )


def _against_least(found: Sized, equations: Equations, point: Point, made: Readings, errors: Errors) -> None:
    """∂H′/∂a by autograd; a where H′ is least on the walk, or as the rule has it there."""
    written, batch = found.walk.written, len(point.samples)
    if not written.controls:
        return
    moment = moment_of(written, point.samples, [point.t] * batch, [point.tau] * batch, first=False)
    z = point.of(written.states)
    slopes = slopes_of(written, point.values, z, moment, list(written.controls))
    followed = {name: point.values[name] for name in written.followed}
    values = {name: value for name, value in point.values.items() if name not in written.controls}
    least = controls_of(written, values, z, moment, followed)
    for name, slope in equations.slope.items():
        errors.add(slope.name, "autograd", difference(made.of(slope.name), slopes[name].numpy()))
    for name, line in equations.control.items():
        errors.add(line.name, "autograd", difference(made.of(line.name), least[name].numpy()))


# Scalars --------------------------------------------------------------------------------------------------------------


def too_large(found: Sized) -> bool:
    """Whether H′ written out in scalars would be too long."""
    entries = sum(math.prod(shape_of(quantity.sizes, found.sizes)) for quantity in found.model.quantities.values())
    # The exponential of a matrix of three rows and more has no closed form that sympy finds in seconds.
    for definition in found.model.definitions:
        body = definition.body
        if isinstance(body, Structured) and body.row == "expm" and shape_of(definition.sizes, found.sizes)[0] > 2:
            return True
    return len(found.model.definitions) > MOST_DEFINITIONS or entries > MOST_ENTRIES


def judge_scalars(found: Sized, equations: Equations, errors: Errors, seed: int) -> None:
    """Add the errors of every ż and ω̇ of one stream against sympy.diff of H′ in plain scalars, at one random point."""
    model = found.model
    generator = torch.Generator().manual_seed(seed)
    point = smooth_point(found, 1, generator)
    given = readings(found, point)
    made = interpret((*equations.definitions, *equations.all), given, found.sizes)
    expanded = scalars(model.definitions, found.sizes, sizes={q.name: q.sizes for q in model.quantities.values()})
    known = {**given.shared, **given.streams[0]}
    robust, entries = _hamiltonian_in_scalars(found, expanded)
    numbers = _numbers(known, {**expanded, **entries})
    # Real symbols, since sympy's derivative of |x| is otherwise that of a complex function.
    real = {symbol: sympy.Dummy(symbol.name, real=True) for symbol in numbers}
    robust = robust.xreplace(real)
    numbers = {real[symbol]: number for symbol, number in numbers.items()}
    pulls = pulls_of(found, point, made)
    for name in equations.costate:
        shape = found.walk.written.shape(name)
        slopes = np.zeros(shape)
        for place in np.ndindex(*shape):
            slopes[place] = _at(sympy.diff(robust, real[entries[name][place]]), numbers)
        pull = pulls[name] if model.quantities[name].shared else pulls[name][0]
        errors.add(f"dot:{own(found, name)}", "sympy", difference(pull, slopes, 1e-3))


def _hamiltonian_in_scalars(
    found: Sized, expanded: Mapping[str, sympy.Array]
) -> tuple[sympy.Expr, dict[str, sympy.Array]]:
    """H′ = φL + ⟨z, f⟩ in real symbols, and the arrays of symbols of everything that it is differentiated by."""
    model, phi, tau = found.model, sympy.Symbol("phi"), sympy.Symbol("tau")
    names = readable_names([f"z:{name}" for name in model.dynamics] + [*model.quantities])
    entries: dict[str, sympy.Array] = {setting_name("phi"): sympy.Array(phi), "tau": sympy.Array(tau)}

    def symbols(name: str, shape: tuple[int, ...]) -> sympy.Array:
        flat = [sympy.Symbol(names[name] + "".join(f"_{k}" for k in place)) for place in np.ndindex(*shape)]
        return sympy.Array(flat, shape)

    for quantity in model.quantities.values():
        shape = shape_of(quantity.sizes, found.sizes)
        entries[quantity.name] = expanded.get(quantity.name, symbols(quantity.name, shape))
    robust = phi * sympy.Add(*(expanded[cost][()] for cost in model.costs))
    for name, dynamics in model.dynamics.items():
        shape = found.walk.written.shape(name)
        z = entries[f"z:{name}"] = symbols(f"z:{name}", shape)
        for place in np.ndindex(*shape):
            f = expanded[dynamics.definition][place]
            robust += z[place] * (f if dynamics.kind == "flow" else (f - entries[name][place]) / tau)
    return robust, entries


def _numbers(known: Mapping[str, Array], entries: Mapping[str, sympy.Array]) -> dict[sympy.Symbol, sympy.Expr]:
    """The number of every symbol."""
    numbers = {}
    for name in known.keys() & entries.keys():
        whole = np.issubdtype(known[name].dtype, np.integer)
        for place in np.ndindex(*known[name].shape):
            number = known[name][place]
            numbers[entries[name][place]] = sympy.Integer(int(number)) if whole else sympy.Float(float(number), 25)
    return numbers


def _at(expression: sympy.Expr, numbers: Mapping[sympy.Symbol, sympy.Expr]) -> float:
    return float(sympy.N(expression.xreplace(dict(numbers)), 20))
