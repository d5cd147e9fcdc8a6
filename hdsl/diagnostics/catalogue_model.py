"""What the pass ``check`` can say about a model: its names, declarations, dynamics and settings.

Functions take facts as text: sizes come written (``[n, m]``), names as hdsl spells them, places as spans. What is said of
formulas stands in `hdsl.diagnostics.catalogue_formula`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from hdsl.diagnostics.catalogue import register, written
from hdsl.diagnostics.diagnostic import Diagnostic, Fix, Label
from hdsl.syntax.source import Span


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


@dataclass(frozen=True)
class Suggestion:
    """What a name was probably meant to be, and the words that say so."""

    name: str
    text: str

    def fix(self, *spans: Span) -> Fix:
        return written(self.name, *spans)


def unknown_name(
    span: Span, name: str, suggestion: Suggestion | None, lines: Sequence[int], others: Sequence[Span] = ()
) -> Diagnostic:
    """``lines`` and ``others`` are those of further uses."""
    notes = (f"also used on line{'s' * (len(lines) > 1)} {and_list([str(n) for n in lines])}",) if lines else ()
    message, (label, fix) = f"`{name}` is not declared in this model", _told(suggestion, span, *others)
    return UNKNOWN_NAME.at(span, message, label, notes=notes, fix=fix)


def did_you_mean(name: str, kind: str, line: int | None) -> Suggestion:
    where = f" ({a(kind)}, line {line})" if line is not None else f" ({kind})" if kind else ""
    return Suggestion(name, f"did you mean `{name}`{where}?")


def _told(suggestion: Suggestion | None, *spans: Span) -> tuple[str, Fix | None]:
    """A label, and a fix where the name stands in the file: what `--set` says has an empty place."""
    if suggestion is None:
        return "", None
    return suggestion.text, suggestion.fix(*spans) if all(span.start < span.end for span in spans) else None


def unknown_function(span: Span, name: str, suggestion: Suggestion | None) -> Diagnostic:
    label, fix = _told(suggestion, span)
    return UNKNOWN_FUNCTION.at(span, f"there is no function `{name}`", label, fix=fix)


def not_a_function(span: Span, name: str, kind: str, line: int | None) -> Diagnostic:
    where = f"declared on line {line}" if line is not None else "not a function"
    return NOT_A_FUNCTION.at(
        span, f"`{name}` is {a(kind)} and cannot be called", where, notes=("a product is written with `*` or `@`",)
    )


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


def declared_nowhere(name: str, line: int) -> str:
    """A note on a declaration with a wrong name: perhaps that of another."""
    return f"`{name}`, which is read on line {line}, is declared nowhere"


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


# Declarations ---------------------------------------------------------------------------------------------------------

NO_VALUE = register("no-value", "a state, a param or a const has no value to begin with")
VALUE_HERE = register("value-here", "something that arrives with each sample is given a value")
INDEX_HERE = register("index-here", "an index is declared where none can be")
LIST_SHAPE = register("list-shape", "a list does not have the sizes of what it fills")
INITIAL_RANK = register("initial-rank", "an initial value is for another number of axes")
INITIAL_RANDOM = register("initial-random", "a state begins at a random value")
BEGINNING = register("beginning", "a state begins from what cannot be known before its first step")
NOT_CONSTANT = register("not-constant", "a value that must stand before the stream depends on it")
MODEL_TWICE = register("model-twice", "the model is named twice")
EMPTY_MODEL = register("empty-model", "the file describes no model")
EXAMPLES = {"state": "state h[n] = 0", "param": "param W[n, n] = normal(0, 0.1)", "const": "const alpha = 0.5"}


def no_value(span: Span, role: str, name: str) -> Diagnostic:
    return NO_VALUE.at(span, f"the {role} `{name}` needs a value to begin with", f"as in `{EXAMPLES[role]}`")


def value_here(span: Span, role: str, name: str) -> Diagnostic:
    return VALUE_HERE.at(
        span,
        f"the {role} `{name}` cannot have a value",
        f"{a(role)} arrives with each sample; a fixed value is a `const`",
    )


def index_here(span: Span, role: str, name: str) -> Diagnostic:
    return INDEX_HERE.at(
        span, f"the {role} `{name}` cannot be an index", "only an input or a target is one, and without sizes"
    )


def list_length(span: Span, found: int, wanted: str, rows: bool) -> Diagnostic:
    words = ("row", "rows") if rows else ("entry", "entries")
    return LIST_SHAPE.at(span, "the list does not fit", f"{found} {words[found != 1]}, {wanted} wanted")


def list_depth(span: Span, name: str, sizes: str) -> Diagnostic:
    return LIST_SHAPE.at(span, "the list does not fit", f"{name} is {sizes}")


def list_unknown(span: Span, size: str) -> Diagnostic:
    return LIST_SHAPE.at(
        span, f"the list needs the number behind {size}", "a list meets a named size by value: give that size a default"
    )


def initial_rank(span: Span, kind: str, what: str, name: str, sizes: str) -> Diagnostic:
    return INITIAL_RANK.at(span, f"`{kind}` fills {what}", f"{name} is {sizes}")


def initial_random(span: Span, kind: str, name: str) -> Diagnostic:
    return INITIAL_RANDOM.at(
        span,
        f"the state `{name}` cannot begin at random",
        f"not `{kind}`, but a number, a list, `zeros`, `ones` or `eye`",
    )


def constants(symbols: Sequence[str]) -> str:
    """What an initial value or a setting may read."""
    return and_list(("numbers", "sizes", "scalar consts", *(f"`{symbol}`" for symbol in symbols)))


def not_constant(span: Span, name: str, kind: str, line: int, symbols: Sequence[str]) -> Diagnostic:
    what = "a const with sizes, or a random one" if kind == "const" else a(kind)
    return NOT_CONSTANT.at(span, f"`{name}` cannot be read here", f"{what} (line {line}); {constants(symbols)} can")


def not_constant_symbol(span: Span, name: str, symbols: Sequence[str]) -> Diagnostic:
    return NOT_CONSTANT.at(span, f"`{name}` cannot be read here", f"it belongs to the stream; {constants(symbols)} can")


def not_constant_call(span: Span, name: str, symbols: Sequence[str]) -> Diagnostic:
    label = f"{constants(symbols)} can, and elementwise functions of them"
    return NOT_CONSTANT.at(span, f"`{name}` cannot be used here", label)


def not_constant_operator(span: Span, operator: str) -> Diagnostic:
    return NOT_CONSTANT.at(span, f"`{operator}` cannot be used here", "this must be one number")


def setting_range(span: Span, path: str, positive: bool, value: float) -> Diagnostic:
    return SETTING_VALUE.at(span, f"`{path}` must be {'above 0' if positive else '0 or more'}", f"it is {value:g}")


def deviation_range(span: Span, value: float) -> Diagnostic:
    return SETTING_VALUE.at(span, "a deviation must be 0 or more", f"it is {value:g}")


def bounds_range(span: Span, low: float, high: float) -> Diagnostic:
    return SETTING_VALUE.at(span, "the upper bound is below the lower one", f"{high:g} is below {low:g}")


INITIAL_ARGUMENTS = {"normal": "a mean and a deviation", "uniform": "two bounds", "orthogonal": "at most one gain"}


BEGINS_FROM = "a state begins from inputs, params, consts and states that begin with it"


def beginning_reads(span: Span, state: str, name: str, kind: str, line: int, way: Sequence[str]) -> Diagnostic:
    by_way = f"it depends on `{way[0]}`, {a(kind)}" if way else a(kind)
    label = f"{by_way} (line {line}); {BEGINS_FROM}"
    return BEGINNING.at(span, f"`{state}` cannot begin from `{name}`", label)


def beginning_circle(span: Span, states: Sequence[str]) -> Diagnostic:
    named = [f"`{state}`" for state in states]
    message = f"{named[0]} begins from itself" if len(states) == 1 else f"{and_list(named)} begin from one another"
    return BEGINNING.at(span, message, " → ".join((*states, states[0])))


def beginning_apart(span: Span, state: str, when: str, other: str, then: str) -> Diagnostic:
    """``when`` and ``then`` are the words of their resets."""
    label = f"`{state}` begins {when}, `{other}` {then}; a state begins from those that begin with it"
    return BEGINNING.at(span, f"`{state}` cannot begin from `{other}`", label)


def beginning_holds(span: Span, state: str, function: str) -> Diagnostic:
    return BEGINNING.at(span, f"`{state}` cannot begin from `{function}`", f"it would be a state; {BEGINS_FROM}")


def beginning_shape(span: Span, state: str, wanted: str, found: str, line: int, by_name: bool) -> Diagnostic:
    tail = "; sizes match by name, not by value" if by_name else ""
    label = f"this is {found}, {state} is {wanted} (line {line}){tail}"
    return BEGINNING.at(span, f"`{state}` must begin at its own sizes", label)


def model_twice(span: Span, first: Span) -> Diagnostic:
    return MODEL_TWICE.at(span, "the model is named twice", "here again", (Label(first, "first here"),))


def empty_model(span: Span, parts_only: bool) -> Diagnostic:
    needed = "a model has an output, a cost or a state at least"
    held = "it holds components, for other files to `use`; "
    return EMPTY_MODEL.at(span, "there is no model in this file", f"{held if parts_only else ''}{needed}")


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


def unknown_setting(span: Span, path: str, suggestion: Suggestion | None) -> Diagnostic:
    label, fix = _told(suggestion, span)
    return UNKNOWN_SETTING.at(span, f"there is no setting `{path}`", label, fix=fix)


def unknown_size(span: Span, name: str, suggestion: Suggestion | None) -> Diagnostic:
    return UNKNOWN_SETTING.at(span, f"there is no size `{name}` to set", suggestion.text if suggestion else "")


def setting_of(span: Span, path: str, name: str, kind: str, line: int, wanted: str) -> Diagnostic:
    return UNKNOWN_SETTING.at(
        span, f"there is no setting `{path}`", f"`{name}` is {a(kind)} (line {line}), not {wanted}"
    )


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


# Warnings -------------------------------------------------------------------------------------------------------------

UNUSED = register("unused", "something is declared that nothing reads", "warning")
NO_DYNAMICS = register("no-dynamics", "a state has no dynamics", "warning")
NO_COST = register("no-cost", "a param is not learned, for no cost depends on it", "warning")


def unused(span: Span, name: str, kind: str) -> Diagnostic:
    who = {"target": "no cost reads it", "dim": "no size is made of it"}.get(kind, "nothing reads it")
    return UNUSED.at(span, f"the {kind} `{name}` is not used", who)


def no_dynamics(span: Span, name: str) -> Diagnostic:
    return NO_DYNAMICS.at(
        span,
        f"the state `{name}` has no dynamics",
        f"it stays at its initial value; `{name}' = …` or `next {name} = …` moves it",
    )


def no_cost(span: Span, name: str) -> Diagnostic:
    return NO_COST.at(span, f"no cost depends on the param `{name}`", "it keeps its initial value")


def no_cost_at_all(span: Span, count: int) -> Diagnostic:
    kept = "this param keeps its initial value" if count == 1 else f"{count} params keep their initial values"
    return NO_COST.at(span, "the model has no cost, so nothing is learned", kept)
