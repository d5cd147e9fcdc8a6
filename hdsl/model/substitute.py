"""Substitution in written expressions: other trees for names and calls, other names for indices, sizes as trees."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import replace
from fractions import Fraction

import sympy

from hdsl.model.walk import names_in
from hdsl.syntax.source import Span
from hdsl.syntax.tree import (
    At,
    Binary,
    Call,
    Compare,
    Conditional,
    Define,
    Expression,
    Index,
    IndexSum,
    ListLiteral,
    Name,
    Negate,
    Number,
    Slice,
    Statement,
    Subscript,
    Transpose,
)
from hdsl.terms.term import Size


def rebuilt(tree: Expression, part: Callable[[Expression], Expression]) -> Expression:
    """The same expression with ``part`` of each of its direct parts."""
    match tree:
        case Negate(operand=operand) | Transpose(operand=operand):
            return replace(tree, operand=part(operand))
        case Binary(left=left, right=right) | Compare(left=left, right=right):
            return replace(tree, left=part(left), right=part(right))
        case Conditional(value=value, condition=condition, other=other):
            return replace(tree, value=part(value), condition=part(condition), other=part(other))
        case Call(arguments=arguments, keywords=keywords):
            named = tuple((keyword, part(value)) for keyword, value in keywords)
            return replace(tree, arguments=tuple(map(part, arguments)), keywords=named)
        case ListLiteral(items=items):
            return replace(tree, items=tuple(map(part, items)))
        case Index(operand=operand, subscripts=subscripts):
            return replace(tree, operand=part(operand), subscripts=tuple(_subscript(s, part) for s in subscripts))
        case IndexSum(value=value):
            return replace(tree, value=part(value))
    return tree


def _subscript(subscript: Subscript, part: Callable[[Expression], Expression]) -> Subscript:
    if isinstance(subscript, At):
        if subscript.is_new_axis:
            return subscript
        return replace(subscript, value=part(subscript.value))
    ends = {name: getattr(subscript, name) for name in ("start", "stop", "step")}
    return Slice(**{name: end and part(end) for name, end in ends.items()}, span=subscript.span)


def substituted(tree: Expression, names: Mapping[str, Expression]) -> Expression:
    """An expression with other trees for names, each at the place of the name; names that an index sum binds stay."""
    if isinstance(tree, Name):
        return replace(names[tree.name], span=tree.span) if tree.name in names else tree
    if isinstance(tree, IndexSum):
        bound = {index.name for index in tree.indices}
        names = {name: other for name, other in names.items() if name not in bound}
    return rebuilt(tree, lambda part: substituted(part, names))


def apart(tree: Expression, taken: Container[str]) -> Expression:
    """An expression whose index sums bind no name that is taken outside: such an index gets another name."""
    if isinstance(tree, IndexSum):
        others = _other_names(tree.indices, tree.value, taken)
        indices = tuple(others.get(index.name, index) for index in tree.indices)
        tree = replace(tree, indices=indices, value=substituted(tree.value, others))
    return rebuilt(tree, lambda part: apart(part, taken))


def apart_defined(statement: Statement, taken: Container[str]) -> Statement:
    """The same for a statement, if it is a definition, which may bind indices of its own."""
    if not isinstance(statement, Define):
        return statement
    others = _other_names(statement.indices, statement.value, taken)
    indices = tuple(others.get(index.name, index) for index in statement.indices)
    return replace(statement, indices=indices, value=apart(substituted(statement.value, others), taken))


def _other_names(indices: tuple[Name, ...], value: Expression, taken: Container[str]) -> dict[str, Name]:
    read = {name.name for name in names_in(value)} | {index.name for index in indices}
    others = {}
    for index in indices:
        name = index.name
        while name in taken or (name != index.name and name in read):
            name += "_"
        if name != index.name:
            others[index.name] = replace(index, name=name)
    return others


def as_tree(size: Size, span: Span) -> Expression:
    """A size, an expanded polynomial, as it would be written."""
    match size:
        case sympy.Symbol():
            return Name(str(size.name), span)
        case sympy.Rational():
            number = Number(Fraction(abs(int(size.p)), int(size.q)), span)
            return Negate(number, span) if size < 0 else number
        case sympy.Pow(args=(base, exponent)):
            return _joined("*", [as_tree(base, span)] * int(exponent), span)
        case sympy.Mul(args=factors):
            return _joined("*", [as_tree(factor, span) for factor in factors], span)
    return _joined("+", [as_tree(term, span) for term in sympy.Add.make_args(size)], span)


def _joined(operator: str, parts: list[Expression], span: Span) -> Expression:
    made = parts[0]
    for part in parts[1:]:
        made = Binary(operator, made, part, span)  # type: ignore[arg-type]
    return made
