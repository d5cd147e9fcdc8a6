"""A new value by the values of its stages in place of their slopes, which then need not be kept.

A stage X⁽ⁱ⁾ = R + c k holds its slope, so d k at the end of the step is (d/c) (X⁽ⁱ⁾ − R): classical Runge-Kutta ends in
−X/3 + (X⁽²⁾ + 2 X⁽³⁾ + X⁽⁴⁾)/3 + τ k₄/6. The slope of a parameter's costate, which is as large as the parameter, is then made
within the stage.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace

import sympy

from hdsl.terms.elementwise import exp
from hdsl.terms.term import Definition, Elementwise, Scalar, Summand, slot_indices, slot_name, slots, trace_summands


def read_stages(lines: Iterable[Definition]) -> tuple[Definition, ...]:
    """The lines with every slope that only one stage of its cell and the new value read gone from the new value."""
    lines = tuple(lines)
    by_name = {line.name: line for line in lines}
    readers: dict[str, set[str]] = defaultdict(set)
    for line in lines:
        for name in line.reads():
            readers[name].add(line.name)
    return tuple(_by_stages(line, by_name, readers) if line.name.endswith("+") else line for line in lines)


def _by_stages(line: Definition, by_name: Mapping[str, Definition], readers: Mapping[str, set[str]]) -> Definition:
    if not isinstance(line.body, Elementwise):
        return line
    expression, given = line.body.expression, list(line.summands)
    for slope in slots(expression):
        (stage, *others) = sorted(readers[slot_name(slope)] - {line.name}) or [""]
        made = by_name.get(stage)
        if others or made is None or slot_name(slope) not in by_name or stage.rpartition("@")[0] != line.name[:-1]:
            continue
        assert isinstance(made.body, Elementwise)
        part, rest = _apart(made.body.expression, slope)
        whole, remains = _apart(expression, slope)
        plain = part != 0 and not isinstance(rest, sympy.Add) and slot_indices(slope) == line.indices
        if not plain or not (_is_number(part) and _is_number(whole)):
            continue
        terms = [_together(whole / part * made.slot), _together(-whole / part * rest)]
        expression = remains + sympy.Add(*terms)
        own = [s for s in given if s.expression.has(slope)]
        given = [s for s in given if not s.expression.has(slope)]
        given += [Summand(term, s.spans, s.roots, s.through) for term in terms for s in own]
    told = trace_summands(expression, given) if line.summands else ()
    return replace(line, body=Elementwise(expression), summands=told)


def _apart(expression: Scalar, slope: Scalar) -> tuple[Scalar, Scalar]:
    """The factor of a slope in a sum, 0 where it stands in another way, and what is left."""
    own = [term for term in sympy.Add.make_args(expression) if term.has(slope)]
    factor = sympy.Add(*(term / slope for term in own))
    return (factor, expression - sympy.Add(*own)) if not factor.has(slope) else (sympy.Integer(0), expression)


def _is_number(factor: Scalar) -> bool:
    """Whether a factor is made of τ and settings alone."""
    return all(not slot_indices(s) and (slot_name(s) == "tau" or slot_name(s).startswith("learn:")) for s in slots(factor))


def _together(term: Scalar) -> Scalar:
    """A product with one exponential in place of several."""
    power, rest = sympy.Integer(0), sympy.Integer(1)
    for factor in sympy.Mul.make_args(term):
        base, exponent = factor.as_base_exp()
        if isinstance(base, exp) and exponent.is_Integer and _is_number(base):
            power += exponent * base.args[0]
        else:
            rest *= factor
    power = sympy.expand(power)
    return rest if power == 0 else rest * exp(power)


def spread(lines: Iterable[Definition]) -> tuple[Definition, ...]:
    """Costates of a step of several stages as sums of quantities, each once and with one number: what takes products in."""
    lines = tuple(lines)
    if not any("@" in line.name for line in lines):
        return lines
    return tuple(_spread(line) if line.name.startswith(("z:", "w:")) else line for line in lines)


def _spread(line: Definition) -> Definition:
    if not isinstance(line.body, Elementwise):
        return line
    terms = [(term, summand) for summand in line.summands for term in _terms(summand.expression)]
    factors: dict[Scalar, Scalar] = defaultdict(lambda: sympy.Integer(0))
    for term in _terms(line.body.expression):
        given = sympy.Mul.make_args(term)
        rest = sympy.Mul(*(factor for factor in given if not _is_number(factor)))
        factors[rest] += sympy.Mul(*(factor for factor in given if _is_number(factor)))
    expression = sympy.Add(*(number * rest for rest, number in factors.items()))
    told = trace_summands(expression, [replace(summand, expression=term) for term, summand in terms]) if terms else ()
    return replace(line, body=Elementwise(expression), summands=told)


def _terms(expression: Scalar) -> list[Scalar]:
    """The summands of a sum, numbers before brackets multiplied into them."""
    found = []
    for term in sympy.Add.make_args(expression):
        sums = [f for f in sympy.Mul.make_args(term) if isinstance(f, sympy.Add) and not _is_number(f)]
        rest = term / sums[0] if sums else term
        if len(sums) == 1 and _is_number(rest):
            found += [rest * inner for inner in _terms(sums[0])]
        else:
            found.append(term)
    return found
