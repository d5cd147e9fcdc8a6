"""What can be said about components, functions and their instances: how they are put together, named and called."""

from __future__ import annotations

from collections.abc import Sequence

from hdsl.diagnostics.catalogue import register
from hdsl.diagnostics.catalogue_model import a, and_list
from hdsl.diagnostics.diagnostic import Diagnostic, Label
from hdsl.syntax.source import Span

# How they are written -------------------------------------------------------------------------------------------------

USE = register("use", "a file that is used cannot be read")
COMPONENT = register("component", "a component, or its `return`, is not put together as it must be")


def not_found(span: Span, path: str, why: str) -> Diagnostic:
    return USE.at(span, f"`{path}` cannot be used", why)


def return_outside(span: Span) -> Diagnostic:
    return COMPONENT.at(span, "`return` stands outside a component", "a component's braces end with it")


def return_twice(span: Span, first: Span) -> Diagnostic:
    return COMPONENT.at(span, "a component returns once", others=(Label(first, "it returns here"),))


def after_return(span: Span, returned: Span) -> Diagnostic:
    return COMPONENT.at(span, "`return` is a component's last line", others=(Label(returned, "it returns here"),))


def return_missing(span: Span, name: str) -> Diagnostic:
    return COMPONENT.at(span, f"the component `{name}` returns nothing", "its last line is `return` with an expression")


def body_missing(span: Span, name: str) -> Diagnostic:
    return COMPONENT.at(span, f"the component `{name}` has no body", "it stands in `{ }` and ends with `return`")


def not_in_component(span: Span, word: str) -> Diagnostic:
    return COMPONENT.at(
        span,
        f"`{word}` cannot stand in a component",
        "it belongs to the model; a component has params, consts, states, sizes and `let` definitions of its own",
    )


# What they mean -------------------------------------------------------------------------------------------------------

CLOSED = register("closed", "a component or a function reads what belongs to the model")
CALLS_ITSELF = register("calls-itself", "a component or a function is made of itself")
NOT_PURE = register("not-pure", "a `def` function holds a state or an instance")
INSTANCE = register("instance", "the arguments of an instance do not fit its component")
REPEAT = register("repeat", "`repeat` is not given a count and a component")
TOO_MANY_INSTANCES = register("too-many-instances", "a model has more instances than hdsl takes on")
DELAY = register("delay", "`delay` or `previous` is given what it cannot hold")


def closed(span: Span, name: str, kind: str, line: int) -> Diagnostic:
    return CLOSED.at(
        span,
        f"`{name}` belongs to the model: {a(kind)}, line {line}",
        "pass it as an argument",
        notes=("a component sees its arguments, its own declarations, other components and functions",),
    )


def calls_itself(span: Span, path: Sequence[str]) -> Diagnostic:
    way = " → ".join(path)
    return CALLS_ITSELF.at(span, f"`{path[0]}` is made of itself", way if len(path) > 2 else "")


def not_pure(span: Span, name: str, what: str) -> Diagnostic:
    return NOT_PURE.at(span, f"`{name}` is a function and cannot hold `{what}`", "write it as a component")


def makes_instance(span: Span, name: str, component: str) -> Diagnostic:
    return NOT_PURE.at(span, f"`{name}` is a function and cannot hold an instance of `{component}`", "make it a component")


def wrong_count(span: Span, name: str, wanted: str, found: int) -> Diagnostic:
    return INSTANCE.at(span, f"`{name}` takes {wanted}, not {found}")


def unknown_argument(span: Span, name: str, argument: str, known: Sequence[str]) -> Diagnostic:
    hint = f"it takes {and_list([f'`{one}`' for one in known])}" if known else "it takes none"
    return INSTANCE.at(span, f"`{name}` has no argument `{argument}`", hint)


def argument_twice(span: Span, name: str, argument: str) -> Diagnostic:
    return INSTANCE.at(span, f"`{name}` is given `{argument}` twice")


def argument_missing(span: Span, name: str, argument: str, declared: Span) -> Diagnostic:
    return INSTANCE.at(
        span, f"`{name}` is not given its argument `{argument}`", others=(Label(declared, "declared here"),)
    )


def argument_shape(span: Span, name: str, argument: str, wanted: str, found: str, declared: Span) -> Diagnostic:
    return INSTANCE.at(
        span,
        f"the argument `{argument}` of `{name}` is {found}",
        f"it must be {wanted}",
        (Label(declared, "declared here"),),
    )


def argument_size(span: Span, name: str, argument: str, declared: Span) -> Diagnostic:
    return INSTANCE.at(
        span,
        f"the argument `{argument}` of `{name}` is no size",
        "it is made of sizes, whole numbers, `+`, `-` and `*`",
        (Label(declared, "declared here; a shape in the component reads it"),),
    )


def delay_kind(span: Span, name: str, kind: str, line: int) -> Diagnostic:
    return DELAY.at(span, f"`{name}` cannot be delayed", f"it is {a(kind)} (line {line}), not a `let` definition")


def delay_unknown(span: Span, name: str, meant: str) -> Diagnostic:
    """``meant`` is the nearest name, or empty."""
    told = f"did you mean `{meant}`?" if meant else ""
    return DELAY.at(span, f"there is no `let` definition `{name}` to delay", told)


def no_state(span: Span, name: str) -> Diagnostic:
    return INSTANCE.at(span, f"an instance of `{name}` cannot stand here", "give it a `let` definition of its own")


def repeat_arguments(span: Span) -> Diagnostic:
    return REPEAT.at(span, "`repeat` takes a count, a component and what it begins with", "as in `repeat(4, block, x)`")


def repeat_count(span: Span, written: str) -> Diagnostic:
    return REPEAT.at(span, f"`{written}` is no count", "a count is a whole number from 0, known when the model is compiled")


def repeat_large(span: Span, count: int, most: int) -> Diagnostic:
    return REPEAT.at(span, f"{count} copies are more than {most}")


def not_a_component(span: Span, name: str) -> Diagnostic:
    return REPEAT.at(span, f"`{name}` is no component")


def too_many_instances(span: Span, most: int) -> Diagnostic:
    return TOO_MANY_INSTANCES.at(span, f"this model has more than {most} instances", f"number {most + 1} is made here")


def delay_count(span: Span, written: str) -> Diagnostic:
    return DELAY.at(span, f"`{written}` is no number of steps", "a delay is a whole number of steps from 1")


def delay_large(span: Span, count: int, most: int) -> Diagnostic:
    return DELAY.at(span, f"a delay of {count} steps is longer than {most}")


def previous_operand(span: Span, written: str) -> Diagnostic:
    return DELAY.at(span, f"`{written}` is no input", "`previous(u)` is the last value of an input; `delay` is for the rest")
