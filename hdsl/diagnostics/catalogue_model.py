"""What the pass ``check`` can say about a model: its codes and their words. Nowhere else is such a message worded.

Functions take facts as text: sizes come written (``[n, m]``), expressions as the file has them, places as spans.
"""

from __future__ import annotations

from collections.abc import Sequence

from hdsl.diagnostics.catalogue import register
from hdsl.diagnostics.diagnostic import Diagnostic, Label
from hdsl.syntax.source import Span

BY_NAME = "sizes match by name, not by value"


def a(kind: str) -> str:
    """A kind of thing with its article: a param, an input."""
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"


def and_list(words: Sequence[str]) -> str:
    """``a``, ``a and b``, ``a, b and c``."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


# Names ----------------------------------------------------------------------------------------------------------------

UNKNOWN_NAME = register("unknown-name", "a name is used that nothing declares")
UNKNOWN_FUNCTION = register("unknown-function", "a function is called that hdsl does not have")
NOT_A_FUNCTION = register("not-a-function", "something that is not a function is called")
FUNCTION_VALUE = register("function-value", "a function stands where a value is needed")
RESERVED_NAME = register("reserved-name", "a name is declared that the language keeps for itself")
DUPLICATE_NAME = register("duplicate-name", "one name is declared twice")
CYCLE = register("cycle", "definitions need one another, so that none comes first")
COST_READ = register("cost-read", "a cost is read; costs are only added up")
TARGET_READ = register("target-read", "an output or the dynamics of a state depends on a target")
INDEX_READ = register("index-read", "an index is used as a number")


def unknown_name(span: Span, name: str, suggestion: str, lines: Sequence[int]) -> Diagnostic:
    notes = (f"also used on line{'s' * (len(lines) > 1)} {and_list([str(n) for n in lines])}",) if lines else ()
    return UNKNOWN_NAME.at(span, f"`{name}` is not declared in this model", suggestion, notes=notes)


def did_you_mean(name: str, kind: str, line: int | None) -> str:
    where = f" ({a(kind)}, line {line})" if line is not None else f" ({kind})" if kind else ""
    return f"did you mean `{name}`{where}?"


def unknown_function(span: Span, name: str, suggestion: str) -> Diagnostic:
    return UNKNOWN_FUNCTION.at(span, f"there is no function `{name}`", suggestion)


def not_a_function(span: Span, name: str, kind: str, line: int | None) -> Diagnostic:
    where = f"declared on line {line}" if line is not None else "not a function"
    return NOT_A_FUNCTION.at(span, f"`{name}` is {a(kind)} and cannot be called", where, notes=("a product is written with `*` or `@`",))


def function_value(span: Span, name: str) -> Diagnostic:
    return FUNCTION_VALUE.at(span, f"`{name}` is a function and has no value by itself", f"call it: `{name}(…)`")


def initial_outside(span: Span, name: str) -> Diagnostic:
    return FUNCTION_VALUE.at(
        span,
        f"`{name}` gives initial values and has no value in a formula",
        "only behind the `=` of a state, a param or a const",
    )


def reserved_name(span: Span, name: str, why: str) -> Diagnostic:
    return RESERVED_NAME.at(span, f"`{name}` cannot be declared", why)


def duplicate_name(span: Span, name: str, kind: str, first: Span, first_kind: str) -> Diagnostic:
    return DUPLICATE_NAME.at(
        span,
        f"`{name}` is declared twice",
        f"here as {a(kind)}",
        (Label(first, f"first as {a(first_kind)}"),),
    )


def cycle(span: Span, path: Sequence[str]) -> Diagnostic:
    way = " → ".join(path)
    if len(path) == 2:
        return CYCLE.at(span, f"`{path[0]}` is defined by itself", way)
    return CYCLE.at(span, f"{and_list([f'`{name}`' for name in path[:-1]])} need one another", way)


def cost_read(span: Span, name: str, line: int) -> Diagnostic:
    return COST_READ.at(
        span,
        f"the cost `{name}` cannot be read",
        f"a cost (line {line}) is only added to the Lagrangian; give its expression a name with `let`",
    )


def target_read(span: Span, reader: str, target: str, line: int, way: Sequence[str]) -> Diagnostic:
    by_way = f", by way of {and_list([f'`{name}`' for name in way])}" if way else ""
    return TARGET_READ.at(
        span,
        f"{reader} depends on the target `{target}`",
        f"`{target}` is a target (line {line}){by_way}",
        notes=("a prediction is made without targets, so only costs may depend on them",),
    )


def index_read(span: Span, name: str, kind: str, line: int) -> Diagnostic:
    return INDEX_READ.at(
        span,
        f"the index `{name}` is not a number to calculate with",
        f"an index {kind} (line {line}); `cross_entropy(logits, {name})` can read it",
    )


# Shapes and sizes -----------------------------------------------------------------------------------------------------

SHAPE = register("shape", "the sizes of operands do not agree")
COST_SHAPE = register("cost-shape", "a cost is not a scalar")
DYNAMICS_SHAPE = register("dynamics-shape", "the dynamics has not the sizes of its state")
AXIS = register("axis", "an axis is named that the operand does not have")
SIZE_EXPRESSION = register("size-expression", "a size is not made of sizes and whole numbers")
SIZE_VALUE = register("size-value", "a size comes out as no whole number above 0")
UNKNOWN_SIZE = register("unknown-size", "a size is set from outside that the model does not declare")
TOO_LARGE = register("too-large", "a quantity or a size is larger than hdsl takes on")


def shape(span: Span, message: str, operands: Sequence[str], by_name: bool) -> Diagnostic:
    label = ", ".join(operands)
    return SHAPE.at(span, message, f"{label}; {BY_NAME}" if by_name else label)


def cost_shape(span: Span, name: str, sizes: str) -> Diagnostic:
    return COST_SHAPE.at(
        span, f"the cost `{name}` is not a scalar", f"this is {sizes}; `sum(…)`, `mean(…)` or `squared(…)` makes a scalar of it"
    )


def dynamics_shape(span: Span, name: str, wanted: str, found: str, line: int, by_name: bool) -> Diagnostic:
    tail = f"; {BY_NAME}" if by_name else ""
    return DYNAMICS_SHAPE.at(
        span,
        f"the dynamics of `{name}` must have the sizes of `{name}`",
        f"this is {found}, {name} is {wanted} (line {line}){tail}",
    )


def axis_range(span: Span, axis: int, sizes: str, rank: int) -> Diagnostic:
    if rank == 0:
        return AXIS.at(span, "a scalar has no axes", "this is a scalar")
    return AXIS.at(span, f"there is no axis {axis}", f"the operand is {sizes}: its axes are 0 to {rank - 1}, or -{rank} to -1")


def axis_literal(span: Span) -> Diagnostic:
    return AXIS.at(span, "an axis is a whole number", "write the number itself, as in `axis=0`")


def size_expression(span: Span, allowed: str) -> Diagnostic:
    return SIZE_EXPRESSION.at(span, "this cannot stand in a size", f"a size is made of {allowed}")


def size_is_not(span: Span, name: str, kind: str, line: int) -> Diagnostic:
    return SIZE_EXPRESSION.at(span, f"`{name}` is not a size", f"{a(kind)} (line {line}); declare a size with `dim`")


def size_value(span: Span, written: str, value: str, given: str) -> Diagnostic:
    with_numbers = f" for {given}" if given else ""
    return SIZE_VALUE.at(span, f"the size {written} must be a whole number above 0", f"it is {value}{with_numbers}")


def unknown_size(span: Span, name: str, suggestion: str) -> Diagnostic:
    return UNKNOWN_SIZE.at(span, f"the model has no size `{name}` that could be set", suggestion)


def too_large(span: Span, what: str, count: int, most: int) -> Diagnostic:
    return TOO_LARGE.at(span, f"{what} is too large", f"{spaced(count)} where at most {spaced(most)} are taken on")


def spaced(count: int) -> str:
    """Thousands apart: 1 000 000; a power of ten where it has more than 15 digits."""
    return f"{count:,}".replace(",", " ") if count < 10**15 else f"more than 10^{len(str(count)) - 1}"


def too_many_axes(span: Span, count: int, most: int) -> Diagnostic:
    return TOO_LARGE.at(span, f"{count} axes are more than hdsl takes on", f"at most {most}")


def size_too_large(span: Span, most: int) -> Diagnostic:
    return TOO_LARGE.at(span, "this size is more than hdsl takes on", f"at most degree {most}, and at most 200 terms")


# Formulas -------------------------------------------------------------------------------------------------------------

ARITY = register("arity", "a function is given too few or too many arguments, or one that it does not know")
LIST_HERE = register("list-here", "a list stands in a formula")
DIVISION_BY_ZERO = register("division-by-zero", "a formula divides by zero whatever the data")
NOT_REAL = register("not-real", "a number is not real, or not finite")
INFINITE = register("infinite", "`inf` stands where only a finite number can")
NUMBER_TOO_LONG = register("number-too-long", "an exact number has more digits than hdsl takes on")
TOO_LONG = register("too-long", "a model or a formula has more parts than hdsl takes on")


def arity(span: Span, name: str, wanted: str, found: int) -> Diagnostic:
    return ARITY.at(span, f"`{name}` takes {wanted}", f"{found or 'none'} given")


def unknown_keyword(span: Span, name: str, keyword: str, known: str) -> Diagnostic:
    takes = f"it takes `{known}=`" if known else "it takes none by name"
    return ARITY.at(span, f"`{name}` has no argument `{keyword}`", takes)


def keyword_twice(span: Span, name: str, keyword: str) -> Diagnostic:
    return ARITY.at(span, f"`{name}` is given `{keyword}` twice", "leave one of them out")


def list_here(span: Span) -> Diagnostic:
    return LIST_HERE.at(span, "a list cannot stand in a formula", "declare it as a `const` with sizes and use its name")


def division_by_zero(span: Span) -> Diagnostic:
    return DIVISION_BY_ZERO.at(span, "this divides by zero", "the divisor is 0 whatever the data")


def not_real(span: Span, what: str) -> Diagnostic:
    return NOT_REAL.at(span, "this is not a finite real number", what)


def infinite(span: Span) -> Diagnostic:
    return INFINITE.at(span, "`inf` cannot stand here", "only as a bound of `clip`")


def number_too_long(span: Span, most: int) -> Diagnostic:
    return NUMBER_TOO_LONG.at(span, "an exact number becomes too long here", f"at most {most} digits")


def too_long(span: Span, most: int) -> Diagnostic:
    return TOO_LONG.at(span, "this is too long", f"at most {most} parts can stand here")


def too_many_definitions(span: Span, most: int) -> Diagnostic:
    return TOO_LONG.at(span, "the model is too long", f"it needs more than {spaced(most)} definitions")


# Declarations ---------------------------------------------------------------------------------------------------------

NO_VALUE = register("no-value", "a state, a param or a const has no value to begin with")
VALUE_HERE = register("value-here", "something that arrives with each sample is given a value")
INDEX_HERE = register("index-here", "an index is declared where none can be")
LIST_SHAPE = register("list-shape", "a list does not have the sizes of what it fills")
INITIAL_RANK = register("initial-rank", "an initial value is for another number of axes")
INITIAL_RANDOM = register("initial-random", "a state begins at a random value")
NOT_CONSTANT = register("not-constant", "a value that must stand before the stream depends on it")
MODEL_TWICE = register("model-twice", "the model is named twice")
EMPTY_MODEL = register("empty-model", "the file describes no model")
EXAMPLES = {"state": "state h[n] = 0", "param": "param W[n, n] = normal(0, 0.1)", "const": "const alpha = 0.5"}


def no_value(span: Span, role: str, name: str) -> Diagnostic:
    return NO_VALUE.at(span, f"the {role} `{name}` needs a value to begin with", f"as in `{EXAMPLES[role]}`")


def value_here(span: Span, role: str, name: str) -> Diagnostic:
    return VALUE_HERE.at(
        span, f"the {role} `{name}` cannot have a value", f"{a(role)} arrives with each sample; a fixed value is a `const`"
    )


def index_here(span: Span, role: str, name: str) -> Diagnostic:
    return INDEX_HERE.at(span, f"the {role} `{name}` cannot be an index", "only an input or a target is one, and without sizes")


def list_length(span: Span, found: int, wanted: str, level: str) -> Diagnostic:
    return LIST_SHAPE.at(span, "the list does not fit", f"{found} {level}, {wanted} wanted")


def list_depth(span: Span, name: str, sizes: str) -> Diagnostic:
    return LIST_SHAPE.at(span, "the list does not fit", f"{name} is {sizes}")


def list_unknown(span: Span, size: str) -> Diagnostic:
    return LIST_SHAPE.at(
        span, f"the list needs the number behind {size}", "a list meets a named size by value: give that size a default"
    )


def initial_rank(span: Span, kind: str, name: str, sizes: str) -> Diagnostic:
    return INITIAL_RANK.at(span, f"`{kind}` fills a matrix", f"{name} is {sizes}")


def initial_random(span: Span, kind: str, name: str) -> Diagnostic:
    return INITIAL_RANDOM.at(
        span, f"the state `{name}` cannot begin at random", f"not `{kind}`, but a number, a list, `zeros`, `ones` or `eye`"
    )


def not_constant(span: Span, name: str, what: str, allowed: str) -> Diagnostic:
    return NOT_CONSTANT.at(span, f"`{name}` cannot be read here", f"{what}; {allowed} can")


def not_constant_call(span: Span, name: str, allowed: str) -> Diagnostic:
    return NOT_CONSTANT.at(span, f"`{name}` cannot be used here", f"{allowed} and functions of one value each can")


def not_constant_operator(span: Span, operator: str) -> Diagnostic:
    return NOT_CONSTANT.at(span, f"`{operator}` cannot be used here", "this must be one number")


def value_range(span: Span, what: str, wanted: str, value: str) -> Diagnostic:
    return SETTING_VALUE.at(span, f"{what} must be {wanted}", f"it is {value}")


def model_twice(span: Span, first: Span) -> Diagnostic:
    return MODEL_TWICE.at(span, "the model is named twice", "here again", (Label(first, "first here"),))


def empty_model(span: Span) -> Diagnostic:
    return EMPTY_MODEL.at(span, "there is no model in this file", "a model has an output, a cost or a state at least")


# Dynamics and resets --------------------------------------------------------------------------------------------------

NOT_A_STATE = register("not-a-state", "dynamics, a reset or a dissipation is given to what is no state")
DUPLICATE_DYNAMICS = register("duplicate-dynamics", "one state has its dynamics twice")
DUPLICATE_RESET = register("duplicate-reset", "one state has two resets")


def not_a_state(span: Span, name: str, kind: str, line: int, what: str) -> Diagnostic:
    return NOT_A_STATE.at(span, f"`{name}` is not a state and has no {what}", f"{a(kind)} (line {line})")


def duplicate_dynamics(span: Span, name: str, first: Span) -> Diagnostic:
    return DUPLICATE_DYNAMICS.at(
        span, f"the state `{name}` has its dynamics twice", "here again", (Label(first, "first here"),)
    )


def duplicate_reset(span: Span, name: str, first: Span) -> Diagnostic:
    return DUPLICATE_RESET.at(span, f"the state `{name}` has two resets", "here again", (Label(first, "first here"),))


# Settings -------------------------------------------------------------------------------------------------------------

UNKNOWN_SETTING = register("unknown-setting", "a setting that `learn` does not have")
DUPLICATE_SETTING = register("duplicate-setting", "a setting is given twice")
SETTING_VALUE = register("setting-value", "a number or a word that cannot stand here")
LATER_SETTING = register("later-setting", "a setting of the language that this version does not have yet")


def unknown_setting(span: Span, path: str, suggestion: str) -> Diagnostic:
    return UNKNOWN_SETTING.at(span, f"there is no setting `{path}`", suggestion)


def setting_of(span: Span, path: str, name: str, kind: str, line: int, wanted: str) -> Diagnostic:
    return UNKNOWN_SETTING.at(span, f"there is no setting `{path}`", f"`{name}` is {a(kind)} (line {line}), not {wanted}")


def duplicate_setting(span: Span, path: str, first: Span) -> Diagnostic:
    return DUPLICATE_SETTING.at(span, f"`{path}` is set twice", "here again", (Label(first, "first here"),))


def setting_word(span: Span, path: str, words: Sequence[str]) -> Diagnostic:
    known = [f"`{word}`" for word in words]
    choice = known[0] if len(known) == 1 else f"{', '.join(known[:-1])} or {known[-1]}"
    return SETTING_VALUE.at(span, f"`{path}` cannot be this", f"{choice} is expected")


def setting_text(span: Span, path: str, text: str) -> Diagnostic:
    return SETTING_VALUE.at(span, f"`{path}` cannot be set to {text}", "a number or one expression is expected")


def later_setting(span: Span, path: str, word: str) -> Diagnostic:
    return LATER_SETTING.at(span, f"`{path} = {word}` belongs to the language, but this version does not have it yet")


def later_path(span: Span, path: str) -> Diagnostic:
    return LATER_SETTING.at(span, f"the setting `{path}` belongs to the language, but this version does not have it yet")


# Warnings -------------------------------------------------------------------------------------------------------------

UNUSED = register("unused", "something is declared that nothing reads", "warning")
NO_DYNAMICS = register("no-dynamics", "a state has no dynamics", "warning")
NO_COST = register("no-cost", "a param is not learned, for no cost depends on it", "warning")
NO_DISSIPATION = register("no-dissipation", "simultaneous order without dissipation is unstable", "warning")
RESET_ORDER = register("reset-order", "a reset at each sample keeps parameters from learning", "warning")


def unused(span: Span, name: str, kind: str) -> Diagnostic:
    who = {"target": "no cost reads it", "dim": "no size is made of it"}.get(kind, "nothing reads it")
    return UNUSED.at(span, f"the {kind} `{name}` is not used", who)


def no_dynamics(span: Span, name: str) -> Diagnostic:
    return NO_DYNAMICS.at(
        span, f"the state `{name}` has no dynamics", f"it stays at its initial value; `{name}' = …` or `next {name} = …` moves it"
    )


def no_cost(span: Span, name: str) -> Diagnostic:
    return NO_COST.at(span, f"no cost depends on the param `{name}`", "it keeps its initial value")


def no_cost_at_all(span: Span, count: int) -> Diagnostic:
    return NO_COST.at(span, "the model has no cost, so nothing is learned", f"{count} param{'s' * (count > 1)} keep their initial values" if count > 1 else "this param keeps its initial value")


def no_dissipation(span: Span) -> Diagnostic:
    return NO_DISSIPATION.at(
        span,
        "the order `simultaneous` without dissipation is unstable",
        "`eta` is 0; it is stable only where tau*beta*phi*curvature < eta",
    )


def reset_order(span: Span, name: str, order: str) -> Diagnostic:
    return RESET_ORDER.at(
        span,
        f"under the order `{order}` a reset at each sample keeps the parameters of `{name}` from learning",
        f"they would read the costate of `{name}` after it has returned to 0; `order = sequential` teaches them",
    )
