"""The codes about syntax and their words: what a .ham file may not hold, whatever it means.

Each function makes one `Diagnostic` from facts. Messages speak of the language alone: what was being written, what was
found and what may follow.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from typing import Literal, TypeAlias

from hdsl.diagnostics.catalogue import register
from hdsl.diagnostics.diagnostic import Diagnostic, Label
from hdsl.syntax.source import Span

# --- the file --------------------------------------------------------------------------------------------------------

NOT_UTF8 = register("not-utf8", "the file is not UTF-8 text")
FILE_TOO_LARGE = register("file-too-large", "the file has more bytes than hdsl reads")
TOO_MANY_STATEMENTS = register("too-many-statements", "the file has more statements than hdsl reads")
TOO_MANY_MISTAKES = register("too-many-mistakes", "the file has more mistakes than hdsl reports at once")
CHARACTER = register("character", "a character stands where the language has no use for it")


def not_utf8(span: Span, what: str) -> Diagnostic:
    return NOT_UTF8.at(span, f"this file is not UTF-8 text ({what})", "save it as UTF-8")


def file_too_large(span: Span, size: int, most: int) -> Diagnostic:
    return FILE_TOO_LARGE.at(span, f"this file has {size} bytes; hdsl reads at most {most}")


def too_many_statements(span: Span, most: int) -> Diagnostic:
    return TOO_MANY_STATEMENTS.at(span, f"this file has more than {most} statements", f"number {most + 1} starts here")


def too_many_mistakes(span: Span, most: int) -> Diagnostic:
    return TOO_MANY_MISTAKES.at(span, f"this file has more than {most} mistakes", "those from here on are not shown")


# What people type, or an editor puts, in place of a character of the language.
_MEANT = dict.fromkeys("−–—", "-") | dict.fromkeys("×·∗⋅⊙", "*") | {"÷": "/", "≤": "<=", "≥": ">=", "≠": "!="}
_MEANT |= dict.fromkeys("（", "(") | dict.fromkeys("）", ")") | dict.fromkeys("，、", ",") | dict.fromkeys("＝", "=")
_POWERS = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789", strict=True))


def character(span: Span, found: str) -> Diagnostic:
    """``found`` is the one character."""
    if found in _POWERS:
        return CHARACTER.at(span, f"`{found}` cannot stand here", f"write the power as `^{_POWERS[found]}`")
    if found == "ᵀ":
        return CHARACTER.at(span, f"`{found}` cannot stand here", "write the transpose as `.T`")
    if found in _MEANT:
        return CHARACTER.at(span, f"`{found}` is not a sign of the language", f"write `{_MEANT[found]}`")
    if found == "\r":
        return CHARACTER.at(span, "a carriage return alone does not end a line", "end lines with a newline")
    if found == "\\":
        return CHARACTER.at(span, "`\\` has no meaning here", "a statement goes on to the next line inside ( or [")
    if not found.isprintable() or unicodedata.category(found)[0] in "CMZ":
        return CHARACTER.at(span, f"the invisible character U+{ord(found):04X} cannot stand in a .ham file")
    name = "" if found.isascii() else f" ({unicodedata.name(found, f'U+{ord(found):04X}').lower()})"
    return CHARACTER.at(span, f"`{found}`{name} has no meaning here")


# --- brackets --------------------------------------------------------------------------------------------------------

UNCLOSED = register("unclosed", "a bracket is never closed")
BRACKET = register("bracket", "a closing bracket has no opening one, or the wrong one")
NESTED_TOO_DEEP = register("nested-too-deep", "brackets or an expression are nested deeper than hdsl reads")


def unclosed(span: Span, bracket: str) -> Diagnostic:
    return UNCLOSED.at(span, f"`{bracket}` is never closed", f"a `{CLOSING[bracket]}` is missing")


CLOSING = {"(": ")", "[": "]", "{": "}"}


def closes_nothing(span: Span, bracket: str) -> Diagnostic:
    return BRACKET.at(span, f"`{bracket}` closes nothing", "no bracket is open here")


def closes_wrong(span: Span, bracket: str, opened: Span, opening: str) -> Diagnostic:
    return BRACKET.at(
        span,
        f"`{bracket}` does not close `{opening}`",
        f"expected `{CLOSING[opening]}`",
        (Label(opened, "opened here"),),
    )


def brackets_too_deep(span: Span, most: int) -> Diagnostic:
    return NESTED_TOO_DEEP.at(span, f"brackets are nested more than {most} deep", f"number {most + 1} opens here")


def expression_too_deep(span: Span, most: int) -> Diagnostic:
    return NESTED_TOO_DEEP.at(
        span, f"this expression is nested more than {most} operations deep", "split it with `let` definitions"
    )


# --- numbers and names -----------------------------------------------------------------------------------------------

NUMBER = register("number", "a number is not written as the language writes it")
TOO_MANY_DIGITS = register("too-many-digits", "a number has more digits than hdsl reads")
EXPONENT_TOO_LARGE = register("exponent-too-large", "a number's exponent is larger than hdsl reads")
NAME_TOO_LONG = register("name-too-long", "a name has more characters than hdsl reads")
DOTTED_NAME = register("dotted-name", "a name with a dot is declared")


def number_needs_digits(span: Span, found: str, meant: str) -> Diagnostic:
    return NUMBER.at(span, f"`{found}` needs digits on both sides of the point", f"write `{meant}`")


def number_runs_on(span: Span, number: str, rest: str) -> Diagnostic:
    return NUMBER.at(span, f"`{number}{rest}` is neither a number nor a name", f"a product is `{number}*{rest}`")


def number_has_underscore(span: Span, number: str, rest: str) -> Diagnostic:
    return NUMBER.at(span, f"`{number}{rest}` is not a number", "digits are written without `_`")


def too_many_digits(span: Span, digits: int, most: int) -> Diagnostic:
    return TOO_MANY_DIGITS.at(span, f"this number has {digits} digits; hdsl reads at most {most}")


def exponent_too_large(span: Span, most: int) -> Diagnostic:
    return EXPONENT_TOO_LARGE.at(span, f"the exponent of this number is beyond {most}")


def name_too_long(span: Span, length: int, most: int) -> Diagnostic:
    return NAME_TOO_LONG.at(span, f"this name has {length} characters; hdsl reads at most {most}")


def dotted_name(span: Span, name: str) -> Diagnostic:
    return DOTTED_NAME.at(span, f"`{name}` cannot be declared", "a name with a dot belongs to a component's instance")


# --- statements ------------------------------------------------------------------------------------------------------

UNKNOWN_STATEMENT = register("unknown-statement", "a line starts with a word that starts no statement")
MISSING_KEYWORD = register("missing-keyword", "a definition has no keyword in front")
OUTSIDE_LEARN = register("outside-learn", "a setting does not stand below `learn`")
RESERVED = register("reserved", "something of the language that this version of hdsl does not have")
VERSION = register("version", "the `ham` line is wrong, or not the first")
PYTHON = register("python", "a line of Python")


def unknown_statement(span: Span, word: str, near: str | None) -> Diagnostic:
    hint = f"did you mean `{near}`?" if near else "a line starts with a word such as `let`, or with `NAME' =`"
    return UNKNOWN_STATEMENT.at(span, f"`{clipped(word)}` does not start a statement", hint)


def missing_keyword(span: Span, name: str) -> Diagnostic:
    shown = clipped(name)
    hint = f"write `let {shown} =` for a definition, `{shown}' =` for dynamics"
    return MISSING_KEYWORD.at(span, f"`{shown} =` has no keyword in front", hint)


def outside_learn(span: Span, setting: str) -> Diagnostic:
    return OUTSIDE_LEARN.at(
        span, f"`{clipped(setting)}` is a setting", "it belongs below a line `learn`, before the next statement"
    )


def reserved(span: Span, word: str) -> Diagnostic:
    return RESERVED.at(span, f"`{word}` is part of the language but not of this version of hdsl")


def reserved_construct(span: Span, construct: str) -> Diagnostic:
    """``construct`` is a kind of expression or statement of the tree."""
    return RESERVED.at(span, f"{_CONSTRUCTS[construct]} part of the language but not of this version of hdsl")


# What this version reads and does not have yet.
_CONSTRUCTS: dict[str, str] = {
    "Index": "indexing is",
    "IndexSum": "a sum over named indices is",
    "Define": "a definition with named indices is",
    "Component": "components and `def` are",
    "Use": "`use` is",
    "Project": "`project` is",
    "Latex": "`latex` is",
}


COMPONENT = register("component", "a component, or its `return`, is not put together as it must be")


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


def wrong_version(span: Span, found: str) -> Diagnostic:
    return VERSION.at(span, f"`ham {clipped(found)}` is not a version that hdsl reads", "write `ham 1`")


def version_not_first(span: Span) -> Diagnostic:
    return VERSION.at(span, "the `ham` line stands before everything else, once")


def python(span: Span, word: str) -> Diagnostic:
    return PYTHON.at(span, f"`{word}` is Python; a .ham file has no such statement")


def python_block(colon: Span) -> Diagnostic:
    return PYTHON.at(colon, "a line ends with `:`, as in Python", "a .ham file has no such blocks")


# --- inside a statement ----------------------------------------------------------------------------------------------

SYNTAX = register("syntax", "something cannot stand where it does")
EQUALS = register("equals", "`=` is doubled, repeated or joined with another sign")
PRIME = register("prime", "a prime stands where it has no meaning")
UNARY_PLUS = register("unary-plus", "a plus has nothing on its left")
CHAINED_COMPARISON = register("chained-comparison", "two comparisons follow each other")
SEMICOLON = register("semicolon", "statements are separated by `;`")
ARGUMENT = register("argument", "the arguments of a call are in the wrong order, repeated, or no arguments of it")


def unexpected(
    span: Span,
    found: str,
    writing: str,
    expected: Iterable[str],
    *,
    size: bool = False,
    beside: Literal["", "operand", "statement"] = "",
) -> Diagnostic:
    """Whatever has no sentence of its own.

    ``found`` is the text that was met, empty at the end of a statement; ``writing`` is what was being written;
    ``expected`` are names of the grammar's words; ``size`` is true inside the brackets of a declaration; ``beside``
    tells what begins directly behind an operand.
    """
    message = f"`{clipped(found)}` cannot stand here, in {writing}" if found else f"{writing} ends too early"
    notes = {
        "": (),
        "operand": ("a product is written with `*` (elementwise) or `@` (contraction)",),
        "statement": ("write one statement a line",),
    }[beside]
    return SYNTAX.at(span, message, f"expected {alternatives(phrases(expected, size))}", notes=notes)


def double_equals(span: Span, found: str) -> Diagnostic:
    return EQUALS.at(span, f"`{found}` does not define", "write `=`")


def second_equals(span: Span) -> Diagnostic:
    return EQUALS.at(span, "a second `=` in one statement", "`=` only ever defines: one name, one expression")


def prime_in_expression(span: Span, name: str) -> Diagnostic:
    return PRIME.at(
        span,
        f"`{clipped(name)}'` cannot be used in an expression",
        "the prime marks dynamics, at the start of a line",
        notes=(f"the transpose is written `{clipped(name.removesuffix('.T'))}.T`",),
    )


def prime_misplaced(span: Span, name: str) -> Diagnostic:
    return PRIME.at(span, "the prime stands where it has no meaning", f"dynamics are written `{clipped(name)}' =`")


def derivative_quotient(span: Span, found: str, state: str) -> Diagnostic:
    hint = f"dynamics are written `{clipped(state)}' =`"
    return PRIME.at(span, f"`{clipped(found)}` does not start a statement", hint)


def unary_plus(span: Span) -> Diagnostic:
    return UNARY_PLUS.at(span, "there is no unary plus", "leave the `+` out")


def chained_comparison(span: Span, found: str) -> Diagnostic:
    return CHAINED_COMPARISON.at(span, "comparisons cannot be chained", f"a second comparison, `{found}`")


def semicolon(span: Span) -> Diagnostic:
    return SEMICOLON.at(span, "`;` does not separate statements", "write one statement a line")


def positional_after_keyword(span: Span, keyword: Span) -> Diagnostic:
    return ARGUMENT.at(
        span, "an argument without a name follows one with a name", others=(Label(keyword, "the one with a name"),)
    )


def keyword_twice(span: Span, name: str, first: Span) -> Diagnostic:
    return ARGUMENT.at(span, f"`{clipped(name)}` is given twice", others=(Label(first, "first given here"),))


def dotted_argument(span: Span, name: str) -> Diagnostic:
    return ARGUMENT.at(span, f"`{clipped(name)}` is not the name of an argument", "such names have no dot")


def calls_indexed(span: Span, is_sum: bool) -> Diagnostic:
    """``is_sum`` is true where the indices are at fault, not the function."""
    if is_sum:
        return ARGUMENT.at(span, "a sum over indices names them", "write `sum[i, j](…)` with plain names")
    return ARGUMENT.at(span, "only `sum` takes indices before its argument", "a product is written with `*`")


def index_sum_arguments(span: Span, found: int) -> Diagnostic:
    return ARGUMENT.at(span, f"a sum over indices takes one expression, not {found}")


# --- what may follow -------------------------------------------------------------------------------------------------

# The words of the grammar as people know them, in the order in which a message lists them.
PHRASES: dict[str, str] = {
    "NAME": "a name",
    "NUMBER": "a value",
    "PATH": "a name",
    "DERIVATIVE": "`NAME' =`",
    "HAM": "`ham`",
    "MODEL": "`model`",
    "DIM": "`dim`",
    "ROLE": "a declaration",
    "DEFINES": "a definition",
    "NEXT": "`next`",
    "RESET": "`reset`",
    "LEARN": "`learn`",
    "EACH": "`each sample`, `each sequence`",
    "NEVER": "`never`",
    "SAMPLE": "`sample`",
    "SEQUENCE": "`sequence`",
    "INDEX": "`index(…)`",
    "COMPONENT": "`component`",
    "DEF": "`def`",
    "RETURN": "`return`",
    "USE": "`use`",
    "PROJECT": "`project`",
    "LATEX": "`latex`",
    "EVERY": "`every`",
    "STRING": "a text in \"…\"",
    "PLUS": "an operator",
    "MINUS": "an operator",
    "TIMES": "an operator",
    "OVER": "an operator",
    "AT": "an operator",
    "POWER": "an operator",
    "TRANSPOSE": "an operator",
    "COMPARE": "an operator",
    "IF": "`if`",
    "ELSE": "`else`",
    "LSQB": "`[…]`",
    "COLON": "`: index(…)`",
    "EQUAL": "`=`",
    "LPAR": "`(`",
    "COMMA": "`,`",
    "RPAR": "`)`",
    "RSQB": "`]`",
    "$END": "the end of the line",
}

# Where a value may stand, these may start it; behind an operand, those may follow besides one more operator. Unnamed.
_STARTS_VALUE = frozenset({"PATH", "MINUS", "LPAR", "LSQB", "COLON"})
_FOLLOWS_OPERAND = frozenset({"IF", "LSQB", "LPAR", "COLON"})


def phrases(expected: Iterable[str], size: bool = False) -> list[str]:
    """What may follow, in people's words, each once. ``size`` is true where a value is the size of an axis."""
    words = set(expected)
    if "NUMBER" in words:
        words -= _STARTS_VALUE
    elif "PLUS" in words:
        words -= _FOLLOWS_OPERAND | ({"EQUAL"} if "COMMA" in words else set())
    elif words == {"LSQB", "EQUAL"}:  # behind the name of a definition, whose named indices are rare
        words = {"EQUAL"}
    said = dict.fromkeys(phrase for word, phrase in PHRASES.items() if word in words)
    return ["a size" if size and phrase == "a value" else phrase for phrase in said]


def alternatives(phrases: list[str]) -> str:
    """``a, b or c``"""
    return " or ".join(filter(None, (", ".join(phrases[:-1]), phrases[-1])))


def clipped(text: str, most: int = 40) -> str:
    """A piece of the file as a message quotes it: at most ``most`` characters."""
    return text if len(text) <= most else text[: most - 1] + "…"
