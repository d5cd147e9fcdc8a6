"""Binding: which argument of a call is which parameter of a component, and what the sizes in its shapes stand for."""

from __future__ import annotations

from hdsl.diagnostics import catalogue_component as catalogue
from hdsl.model.scope import Scope
from hdsl.model.sizes import Sizes, same, show_sizes
from hdsl.model.substitute import as_tree, substituted
from hdsl.syntax.tree import Call, Component, Expression, Name, Parameter
from hdsl.terms.term import Size


def arguments_of(
    scope: Scope, call: Call, component: Component, first: Expression | None = None
) -> dict[str, Expression] | None:
    """The argument of every parameter, defaults among them; None after a mistake has been reported.

    ``first`` stands before those that are written, as in a copy that `repeat` makes.
    """
    parameters, name = component.parameters, component.name
    positional = [*([] if first is None else [first]), *call.arguments]
    known = [parameter.name for parameter in parameters]
    if len(positional) > len(parameters):
        fewest = sum(parameter.default is None for parameter in parameters)
        scope.report(catalogue.wrong_count(call.span, name, _counted(fewest, len(parameters)), len(positional)))
        return None
    given = dict(zip(known, positional, strict=False))
    for keyword, value in call.keywords:
        if keyword not in known:
            scope.report(catalogue.unknown_argument(value.span, name, keyword, known))
            return None
        if keyword in given:
            scope.report(catalogue.argument_twice(value.span, name, keyword))
            return None
        given[keyword] = value
    for parameter in parameters:
        if parameter.name not in given:
            if parameter.default is None:
                scope.report(catalogue.argument_missing(call.span, name, parameter.name, parameter.span))
                return None
            given[parameter.name] = parameter.default
    return given


def bind_shape(
    scope: Scope,
    sizes: Sizes,
    component: Component,
    parameter: Parameter,
    names: dict[str, Expression],
    found: tuple[Size, ...],
) -> bool:
    """Meet the shape of a parameter with the sizes of its argument: names in it that have no meaning yet get one.

    False after a mistake has been reported.
    """
    tree = names[parameter.name]
    fits = len(found) == len(parameter.shape)
    for axis, size in zip(parameter.shape, found, strict=False):
        if isinstance(axis, Name) and axis.name not in names:
            names[axis.name] = as_tree(size, tree.span)
            continue
        wanted = sizes.read(substituted(axis, names))
        if wanted is None:
            return False
        fits = fits and same(wanted, size)
    if not fits:
        shape = f"[{', '.join(scope.written(axis.span) for axis in parameter.shape)}]"
        scope.report(
            catalogue.argument_shape(
                tree.span, component.name, parameter.name, shape, show_sizes(found), parameter.span
            )
        )
    return fits


def _counted(fewest: int, most: int) -> str:
    if fewest == most:
        return f"{most} argument{'s' * (most != 1)}"
    return f"{fewest} to {most} arguments"
