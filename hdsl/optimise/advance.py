"""Rewrites of the step that a run makes many times: sums that one matrix product makes, new values as sums of products."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from dataclasses import replace

import sympy

from hdsl.terms.term import (
    Contraction,
    Definition,
    Elementwise,
    Scalar,
    is_slot,
    merge_spans,
    ordered_terms,
    slot_indices,
    slot_name,
    slots,
    trace_summands,
)


def beside(line: Definition, lines: Mapping[str, Definition]) -> bool:
    """Whether a sum is ``W h + U u + b`` and nothing else: [W | U | b] against [h | u | 1]."""
    if line.shared or len(line.indices) != 1 or not isinstance(line.body, Elementwise):
        return False
    return all(_is_part(term, line, lines) for term in sympy.Add.make_args(line.body.expression))


def _is_part(term: Scalar, line: Definition, lines: Mapping[str, Definition]) -> bool:
    """A matrix times a vector, or something of the sum's own size that all streams share."""
    if not is_slot(term) or slot_indices(term) != line.indices:
        return False
    source = lines.get(slot_name(term))
    if source is None:
        return True
    return isinstance(source.body, Contraction) and len(source.body.factors) == 2 and source.body.coefficient == 1


def made_after(
    lines: Iterable[Definition], outputs: Container[str], returned: Sequence[str], known: Iterable[str]
) -> tuple[tuple[str, ...], tuple[Definition, ...]]:
    """What the steps of a run hand out, and the rest of what is ``returned``, which one call makes of that for all steps.

    The rest are lines, number by number, of outputs and of what is ``known`` of a sample and the settings.
    """
    by_name = {line.name: line for line in lines}
    streams = {name for name in returned if name in outputs and name in by_name and not by_name[name].shared}

    def after(name: str) -> bool:
        line = by_name.get(name)
        if line is None or line.shared or name in outputs or not isinstance(line.body, Elementwise):
            return False
        reads = set(line.reads())
        alike = all(slot_indices(s) == line.indices for s in slots(line.body.expression) if slot_indices(s))
        return reads <= streams | set(known) and not streams.isdisjoint(reads) and alike

    late = {name for name in returned if after(name)}
    kept = tuple(dict.fromkeys(name for name in returned if name not in late))
    return kept, tuple(by_name[name] for name in dict.fromkeys(returned) if name in late)


def multiply_out(lines: Iterable[Definition], numbers: Container[str]) -> tuple[Definition, ...]:
    """New values with ``numbers`` multiplied into the brackets that hold a contraction, so that their own calls take it in."""
    lines = tuple(lines)
    products = {line.name for line in lines if isinstance(line.body, Contraction)}
    return one_mean(tuple(_multiplied(line, numbers) if _holds(line, products) else line for line in lines), numbers)


def one_mean(lines: tuple[Definition, ...], numbers: Container[str]) -> tuple[Definition, ...]:
    """Where a new value takes in several means over the streams, the mean of one sum: ⟨b z⟩ − ⟨a z⟩ is ⟨b z − a z⟩."""
    reads = Counter(name for line in lines for name in line.reads())
    by_name = {line.name: line for line in lines}
    put: dict[str, tuple[Definition, ...]] = {}
    for line in lines:
        if not line.shared or not line.name.endswith("+") or not isinstance(line.body, Elementwise):
            continue
        met = [(term, *_mean(term, line, by_name, numbers)) for term in ordered_terms(line.body.expression)]
        means = [(term, number, mean) for term, number, mean in met if mean is not None and reads[mean.name] == 1]
        if len(means) < 2:
            continue
        first, last = means[0][1], max((m for _, _, m in means), key=lines.index)
        within = sympy.Add(*(sympy.cancel(n / first) * sympy.Mul(*m.body.factors) for _, n, m in means))  # type: ignore[union-attr]
        spans = merge_spans(*(m.spans for _, _, m in means))
        whole = replace(last, name=f"half:{line.name[:-1]}", body=Elementwise(within), shared=False, spans=spans, summands=())
        mean = replace(last, body=Contraction((whole.slot,)), spans=spans)
        put |= {m.name: () for _, _, m in means} | {last.name: (whole, mean)}
        expression = line.body.expression - sympy.Add(*(term for term, _, _ in means)) + first * mean.slot
        swap = {m.slot: mean.slot for _, _, m in means}
        given = [replace(s, expression=s.expression.xreplace(swap)) for s in line.summands]
        told = trace_summands(expression, given) if given else ()
        put[line.name] = (replace(line, body=Elementwise(expression), summands=told),)
    return tuple(new for line in lines for new in put.get(line.name, (line,)))


def _mean(
    term: Scalar, line: Definition, lines: Mapping[str, Definition], numbers: Container[str]
) -> tuple[Scalar, Definition | None]:
    """The number and the mean of products, quantity by quantity, that a term is; else None."""
    tensors = [f for f in sympy.Mul.make_args(term) if not all(slot_name(s) in numbers for s in slots(f))]
    if len(tensors) != 1 or not is_slot(tensors[0]) or slot_indices(tensors[0]) != line.indices or not line.indices:
        return term, None
    source = lines.get(slot_name(tensors[0]))
    if source is None or not isinstance(source.body, Contraction) or source.body.bound or source.body.coefficient != 1:
        return term, None
    alike = all(slot_indices(f) == source.indices for f in source.body.factors)
    return term / tensors[0], source if alike and source.shared else None


def _holds(line: Definition, products: Container[str]) -> bool:
    if not line.name.endswith("+") or not isinstance(line.body, Elementwise):
        return False
    brackets = (
        factor
        for term in sympy.Add.make_args(line.body.expression)
        for factor in sympy.Mul.make_args(term)
        if isinstance(factor, sympy.Add)
    )
    return any(slot_name(s) in products for bracket in brackets for s in slots(bracket))


def _multiplied(line: Definition, numbers: Container[str]) -> Definition:
    """A line as a sum of quantities, each once and with one number."""
    assert isinstance(line.body, Elementwise)

    def is_number(factor: Scalar) -> bool:
        return all(slot_name(s) in numbers for s in slots(factor))

    factors: dict[Scalar, Scalar] = defaultdict(lambda: sympy.Integer(0))
    for term in sympy.Add.make_args(line.body.expression):
        for inner in _terms(term, is_number):
            given = sympy.Mul.make_args(inner)
            rest = sympy.Mul(*(factor for factor in given if not is_number(factor)))
            factors[rest] += sympy.Mul(*(factor for factor in given if is_number(factor)))
    expression = sympy.Add(*(number * rest for rest, number in factors.items()))
    given_terms = [replace(s, expression=term) for s in line.summands for term in _terms(s.expression, is_number)]
    told = trace_summands(expression, given_terms) if given_terms else ()
    return replace(line, body=Elementwise(expression), summands=told)


def _terms(term: Scalar, is_number: Callable[[Scalar], bool]) -> list[Scalar]:
    """The summands of a product of numbers and one bracket; what is none stays as it is."""
    brackets = [f for f in sympy.Mul.make_args(term) if isinstance(f, sympy.Add) and not is_number(f)]
    if len(brackets) != 1 or not is_number(term / brackets[0]):
        return [term]
    return [part for inner in brackets[0].args for part in _terms(term / brackets[0] * inner, is_number)]
