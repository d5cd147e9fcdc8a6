"""Any product of the compiler as text: stable from run to run, so that it can be pinned, and short enough to be read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from functools import singledispatch
from typing import Any

import sympy

from hdsl.audit.audit import Audit
from hdsl.derive.boundary import Boundary, Endless
from hdsl.derive.equations import Equations
from hdsl.derive.hamiltonian import Hamiltonian
from hdsl.derive.pullback import Pullback
from hdsl.derive.step import Step
from hdsl.diagnostics.render import columns
from hdsl.model.model import Initial, Model, Quantity
from hdsl.optimise.lower import Programs
from hdsl.optimise.program import Program
from hdsl.show.audit import audit_text
from hdsl.syntax import tree
from hdsl.syntax.source import Source, Span
from hdsl.terms.notation import Notation
from hdsl.terms.projected import how_often
from hdsl.terms.term import Definition

PLACE = 84  # the column at which the lines of the .ham file stand


@singledispatch
def product_text(product: Any) -> str:
    """The product of a pass (`hdsl.compiler.PASSES`) as text that ends with a newline.

    Definitions are shown one a line with nothing put into one another, as they are held, and with the lines of the .ham
    file that they come from on the right. Raises TypeError for what is no product.
    """
    raise TypeError(f"there is no text for {type(product).__name__}")


@product_text.register
def _of_text(product: str) -> str:
    return product


@product_text.register
def _of_tree(product: tree.ModelText) -> str:
    lines = [f"{_lines(product.source, (s.span,)):>4}  {_statement(s, product.source)}" for s in product.statements]
    unread = [f"not read: {', '.join(sorted(product.unread))}"] if product.unread else []
    return _joined([*lines, *unread])


@product_text.register
def _of_model(product: Model) -> str:
    learning = product.learning
    definitions = _equations(product, product.definitions, product.definitions)
    dynamics = [f"{d.state}  {d.kind} {d.definition}, reset {product.resets[n]}" for n, d in product.dynamics.items()]
    costs = [f"{name}  of {', '.join(product.targets_of[name]) or 'no target'}" for name in product.costs]
    words = {name: getattr(learning, name) for name in ("step", "order", "how_often", "first", "phi")}
    words = {{"how_often": "schedule"}.get(name, name): value for name, value in words.items()}
    words |= {"dissipation": "exact"} if learning.dissipation == "exact" else {}
    words |= {"states": "recomputed"} if learning.states == "recomputed" else {}
    words |= {"states are stored every": learning.stored_every} if learning.stored_every else {}
    settings = [f"{name} = {value}" for name, value in {**words, **learning.values}.items()]
    settings += [f"eta of {name}: {path}" for name, path in learning.eta.items()]
    settings += [f"beta of {name}: {path}" for name, path in learning.beta.items()]
    return _sections(
        {
            f"model {product.name}": product.doc.splitlines(),
            "sizes": [f"{name} = {size}" if size is not None else name for name, size in product.dims.items()],
            "quantities": [_quantity(q, product.source) for q in product.quantities.values()],
            "definitions": definitions,
            "dynamics": dynamics,
            "outputs": list(product.outputs),
            "costs": costs,
            **_problem(product),
            "projections": [f"{p.param}  is put {p.definition} {how_often(p.every)}" for p in product.projections],
            "made of": _equations(product, product.projected, product.projected),
            "learn": settings,
        }
    )


def _problem(model: Model) -> dict[str, list[str]]:
    """What a model says of optimal control."""
    own = model.controls.values()
    controls = [f"{c.name}  by {c.rule} in [{_bound(c.lower, '-inf')}, {_bound(c.upper, 'inf')}]" for c in own]
    horizon, end = model.horizon, list[str]()
    if horizon is not None:
        bounds = f"[{_bound(horizon.lower, '0')}, {_bound(horizon.upper, 'inf')}]"
        end = [f"T = {horizon.end}" if horizon.end is not None else f"T free, from {horizon.guess} in {bounds}"]
    end += [f"terminal {name}" for name in model.terminals] + [f"{final.definition} = 0" for final in model.finals]
    end += [f"{name} begins free" for name in model.quantities if name in model.free]
    held = [f"{c.name}  {c.definition} ≤ 0, {c.kind}" for c in model.constraints]
    named = [f"{name}  of {state}" for name, state in model.costate_names.items()]
    return {"controls": controls, "costates": named, "end": end, "constraints": held}


def _bound(value: object, infinite: str) -> str:
    return infinite if value is None else str(value)


@product_text.register
def _of_hamiltonian(product: Hamiltonian) -> str:
    return _sections(
        {
            "lagrangian": [str(product.lagrangian)],
            "functional": [str(product.functional)],
            "hamiltonian": [str(product.hamiltonian)],
            "stationarity": _of_each(product.stationarity),
            "control": _of_each(product.control),
            "rescaled": _of_each(product.rescaled),
            "robust hamiltonian": [str(product.robust)],
        }
    )


@product_text.register
def _of_equations(product: Equations) -> str:
    every = (*product.definitions, *product.all, *product.slope.values(), *product.control.values())
    groups = {
        "definitions": product.definitions,
        "state": product.state.values(),
        "costate": product.costate.values(),
        "parameter": product.parameter.values(),
        "slope": product.slope.values(),
        "control": product.control.values(),
    }
    return _sections({name: _equations(product.model, group, every) for name, group in groups.items()})


@product_text.register
def _of_step(product: Step) -> str:
    return _sections(
        {
            "cells": list(product.cells),
            "lines": _equations(product.model, product.lines, product.lines),
            **(_way_back(product) if product.replay else {}),
            "outputs": _of_each(product.outputs),
            "costs": _of_each(product.costs),
        }
    )


def _way_back(product: Step) -> dict[str, list[str]]:
    replay, model = product.replay, product.model
    assert replay is not None
    return {
        "turn": _equations(model, replay.turn, replay.turn),
        **({"undo": _equations(model, replay.reversal.lines, replay.reversal.lines)} if replay.reversal else {}),
        "back": _equations(model, replay.token, replay.token),
        "move": _equations(model, replay.move, replay.move),
    }


@product_text.register
def _of_boundary(product: Boundary) -> str:
    made = {"choose": product.choose, "flow": product.flow, "begin": product.begin, "end": product.end}
    known = {definition.name for definition in product.model.definitions}
    return _sections(
        {
            f"boundary {product.model.name}": [f"{mu}[{', '.join(map(str, s))}]" for mu, s in product.mus.items()],
            **{n: _equations(product.model, [d for d in ds if d.name not in known], ds) for n, ds in made.items()},
            "controls": [f"{name} by {line}" for name, line in product.choices.items()],
            "slopes": [f"{name} by {line}" for name, line in product.slopes.items()],
        }
    )


@product_text.register
def _of_endless(product: Endless) -> str:
    return f"{product.model.name} has no horizon, so it has no boundary problem\n"


@product_text.register
def _of_audit(product: Audit) -> str:
    return audit_text(product)


@product_text.register
def _of_pullback(product: Pullback) -> str:
    return _sections(
        {
            "pullback": [f"of {product.output or 'no output'}"],
            "lines": _equations(product.model, product.lines, product.lines),
            "gradients": _of_each(product.gradients),
        }
    )


@product_text.register
def _of_programs(product: Programs) -> str:
    programs = [_of_program(program) for program in product.all]
    return "\n".join([*programs, _sections({"outputs": _of_each(product.outputs)})])


def _of_program(program: Program) -> str:
    held = [f"{name} is put in at the end" for name in sorted(program.held)]
    return _sections(
        {
            f"program {program.name}": [f"moves {', '.join(program.cells)}", *held] if program.cells else [],
            "is handed": [definition.name for definition in program.given],
            "lines": _equations(program.model, program.lines, (*program.given, *program.lines)),
            "returns": list(program.results),
        }
    )


# --- parts ----------------------------------------------------------------------------------------------------------------


def _equations(model: Model, chosen: Iterable[Definition], every: Iterable[Definition]) -> list[str]:
    """One definition a line, nothing put into another."""
    notation = Notation("text", every, inline=())
    found = []
    for definition in chosen:
        shared = "  (shared)" if definition.shared else ""
        text = f"{notation.equation(definition)}{shared}"
        lines = _lines(model.source, definition.spans)
        found.append(_placed(text, lines))
    return found


def _quantity(quantity: Quantity, source: Source) -> str:
    sizes = f"[{', '.join(map(str, quantity.sizes))}]" if quantity.sizes else ""
    below = f" below {quantity.below}" if quantity.below is not None else ""
    initial = f" = {_initial(quantity.initial)}" if quantity.initial is not None else ""
    shared = "  (shared)" if quantity.shared else ""
    text = f"{quantity.role:<6} {quantity.name}{sizes}{below}{initial}{shared}"
    return _placed(text, _lines(source, (quantity.span,)))


def _placed(text: str, lines: str) -> str:
    """A text with lines of the file on its right; letters with marks above them take one column."""
    return f"{text}{'':{max(0, PLACE - columns(text))}}  {lines}" if lines else text


def _initial(initial: Initial) -> str:
    if initial.kind == "number":
        return str(initial.arguments[0])
    if initial.kind == "list":
        return _nested(initial.values)
    return f"{initial.kind}({', '.join(map(str, initial.arguments))})"


def _nested(values: Any) -> str:
    return f"[{', '.join(map(_nested, values))}]" if isinstance(values, tuple) else str(values)


def _statement(statement: Any, source: Source) -> str:
    """A statement by its kind and its parts, in the order of the record."""
    told = [type(statement).__name__]
    for part in fields(statement):
        value = getattr(statement, part.name)
        if isinstance(value, Span) or value in (None, "", ()):
            continue
        told.append(f"{part.name}={_part(value, source)}")
    return " ".join(told)


def _part(value: Any, source: Source) -> str:
    match value:
        case tree.Number():
            return str(value.value)
        case tree.Name():
            return value.name
        case tree.Negate():
            return f"(- {_part(value.operand, source)})"
        case tree.Binary():
            return f"({value.operator} {_part(value.left, source)} {_part(value.right, source)})"
        case tree.Transpose():
            return f"(T {_part(value.operand, source)})"
        case tree.Call():
            keywords = (f"{name}={_part(given, source)}" for name, given in value.keywords)
            return f"({' '.join([value.function, *(_part(a, source) for a in value.arguments), *keywords])})"
        case tree.ListLiteral():
            return f"[{' '.join(_part(item, source) for item in value.items)}]"
        case tree.Setting():
            return f"{_lines(source, (value.span,))}:{'.'.join(value.path)}={_part(value.value, source)}"
        case tuple():
            return f"[{' '.join(_part(item, source) for item in value)}]"
        case str() if any(letter.isspace() for letter in value):
            return repr(value)
        case _ if is_dataclass(value):
            return _statement(value, source)
        case _:
            return str(value)


def _of_each(mapping: Mapping[str, Any]) -> list[str]:
    return [f"{name}: {_equality(value)}" for name, value in mapping.items()]


def _equality(value: Any) -> str:
    return f"{value.lhs} = {value.rhs}" if isinstance(value, sympy.Eq) else str(value)


def _lines(source: Source, spans: Iterable[Span]) -> str:
    spans = tuple(spans)
    used = (f"{name}:{', '.join(map(str, lines))}" for name, lines in source.used_lines_of(spans))
    return ", ".join([*map(str, source.lines_of(spans)), *used])


def _sections(sections: Mapping[str, list[str]]) -> str:
    """Each part under its name, those that hold nothing left out but for the first."""
    first = next(iter(sections))
    return _joined(
        line
        for name, lines in sections.items()
        if lines or name == first
        for line in (*([] if name == first else [""]), name, *(f"  {line}" for line in lines))
    )


def _joined(lines: Iterable[str]) -> str:
    return "".join(f"{line.rstrip()}\n" for line in lines)
