"""The codes about syntax and their words: what a .ham file may not hold, whatever it means.

Each function makes one `Diagnostic` from facts. Messages speak of the language alone: what was being written, what was
found and what may follow.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable
from dataclasses import replace
from typing import Literal

from hdsl.diagnostics.catalogue import register, written
from hdsl.diagnostics.diagnostic import Diagnostic, Label
from hdsl.diagnostics.expected import alternatives, phrases
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


def character(span: Span, found: str, last: bool = True) -> Diagnostic:
    """``found`` is the one character; ``last`` is false where the name that it stands in goes on."""
    if found in _POWERS:
        power = f"^{_POWERS[found]}"
        label = f"write the power as `{power}`"
        return CHARACTER.at(span, f"`{found}` cannot stand here", label, fix=written(power, span, safe=last))
    if found == "ᵀ":
        label = "write the transpose as `.T`"
        return CHARACTER.at(span, f"`{found}` cannot stand here", label, fix=written(".T", span, safe=last))
    if found in _MEANT:
        sign = _MEANT[found]
        message = f"`{found}` is not a sign of the language"
        return CHARACTER.at(span, message, f"write `{sign}`", fix=written(sign, span))
    if found == "\r":
        fix = written("\n", span, title="write a newline")
        return CHARACTER.at(span, "a carriage return alone does not end a line", "end lines with a newline", fix=fix)
    if found == "\\":
        return CHARACTER.at(span, "`\\` has no meaning here", "a statement goes on to the next line inside ( or [")
    if not found.isprintable() or unicodedata.category(found)[0] in "CMZ":
        message = f"the invisible character U+{ord(found):04X} cannot stand in a .ham file"
        return CHARACTER.at(span, message, fix=written("", span) if found != "\0" else None)
    name = "" if found.isascii() else f" ({unicodedata.name(found, f'U+{ord(found):04X}').lower()})"
    return CHARACTER.at(span, f"`{found}`{name} has no meaning here")


# --- brackets --------------------------------------------------------------------------------------------------------

UNCLOSED = register("unclosed", "a bracket is never closed")
BRACKET = register("bracket", "a closing bracket has no opening one, or the wrong one")
NESTED_TOO_DEEP = register("nested-too-deep", "brackets or an expression are nested deeper than hdsl reads")


def unclosed(span: Span, bracket: str) -> Diagnostic:
    return UNCLOSED.at(span, f"`{bracket}` is never closed", f"a `{CLOSING[bracket]}` is missing")


CLOSING = {"(": ")", "[": "]", "{": "}"}


def text_unclosed(span: Span) -> Diagnostic:
    return UNCLOSED.at(span, "the text that `\"` begins never ends", "a `\"` is missing on this line")


def closes_nothing(span: Span, bracket: str) -> Diagnostic:
    fix = written("", span, safe=False)
    return BRACKET.at(span, f"`{bracket}` closes nothing", "no bracket is open here", fix=fix)


def closes_wrong(span: Span, bracket: str, opened: Span, opening: str) -> Diagnostic:
    return BRACKET.at(
        span,
        f"`{bracket}` does not close `{opening}`",
        f"expected `{CLOSING[opening]}`",
        (Label(opened, "opened here"),),
        fix=written(CLOSING[opening], span, safe=False),
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
    message = f"`{found}` needs digits on both sides of the point"
    return NUMBER.at(span, message, f"write `{meant}`", fix=written(meant, span))


def number_runs_on(span: Span, number: str, rest: str) -> Diagnostic:
    product = f"{number}*{rest}"
    message = f"`{number}{rest}` is neither a number nor a name"
    return NUMBER.at(span, message, f"a product is `{product}`", fix=written(product, span, safe=False))


def number_has_underscore(span: Span, number: str, rest: str) -> Diagnostic:
    digits = f"{number}{rest}".replace("_", "")
    fix = written(digits, span) if digits.isdecimal() else None
    return NUMBER.at(span, f"`{number}{rest}` is not a number", "digits are written without `_`", fix=fix)


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
    fix = written(near, span) if near else None
    return UNKNOWN_STATEMENT.at(span, f"`{clipped(word)}` does not start a statement", hint, fix=fix)


def continues_nothing(span: Span, found: str) -> Diagnostic:
    message = f"`{clipped(found)}` does not start a statement"
    return UNKNOWN_STATEMENT.at(span, message, "to go on from the line above, open a ( or [ there")


def missing_keyword(span: Span, name: str) -> Diagnostic:
    shown = clipped(name)
    hint = f"write `let {shown} =` for a definition, `{shown}' =` for dynamics"
    fix = written("let ", Span(span.start, span.start), safe=False, title=f"write `let {shown} =`")
    return MISSING_KEYWORD.at(span, f"`{shown} =` has no keyword in front", hint, fix=fix)


def outside_learn(span: Span, setting: str) -> Diagnostic:
    return OUTSIDE_LEARN.at(
        span, f"`{clipped(setting)}` is a setting", "it belongs below a line `learn`, before the next statement"
    )


def reserved(span: Span, word: str) -> Diagnostic:
    return RESERVED.at(span, f"`{word}` is part of the language but not of this version of hdsl")


def wrong_version(span: Span, found: str) -> Diagnostic:
    fix = written("1", span, safe=False, title="write `ham 1`")
    return VERSION.at(span, f"`ham {clipped(found)}` is not a version that hdsl reads", "write `ham 1`", fix=fix)


def version_not_first(span: Span) -> Diagnostic:
    return VERSION.at(span, "the `ham` line stands before everything else, once")


def python(span: Span, word: str) -> Diagnostic:
    return PYTHON.at(span, f"`{word}` is Python; a .ham file has no such statement")


def python_block(colon: Span, function: bool = False) -> Diagnostic:
    """``function`` is true for a line that starts with `def`."""
    hint = "a function is one line, `def f(x) = …`" if function else "a .ham file has no such blocks"
    return PYTHON.at(colon, "a line ends with `:`, as in Python", hint)


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


def goes_on(ending: Diagnostic) -> Diagnostic:
    """The message about a line that ends too early, where the line below is meant as the rest of it."""
    return replace(ending, notes=("a statement goes on to the next line inside ( or [",))


def double_equals(span: Span, found: str) -> Diagnostic:
    # `a += b` reads what it changes: there is no such thing here, and what was meant is not to be guessed.
    safe = found in ("==", ":=", "<-")
    return EQUALS.at(span, f"`{found}` does not define", "write `=`", fix=written("=", span, safe=safe))


def second_equals(span: Span) -> Diagnostic:
    return EQUALS.at(span, "a second `=` in one statement", "`=` only ever defines: one name, one expression")


def prime_in_expression(span: Span, name: str) -> Diagnostic:
    return PRIME.at(
        span,
        f"`{clipped(name)}'` cannot be used in an expression",
        "the prime marks dynamics, at the start of a line",
        notes=(f"the transpose is written `{clipped(name.removesuffix('.T'))}.T`",),
        fix=written(f"{name.removesuffix('.T')}.T", span, safe=False),
    )


def prime_misplaced(span: Span, name: str, apart: Span | None = None) -> Diagnostic:
    """``apart`` are the spaces between a name that starts a line and its prime, where they are all that is wrong."""
    fix = written("", apart, title=f"write `{name}'`") if apart else None
    hint = f"dynamics are written `{clipped(name)}' =`"
    return PRIME.at(span, "the prime stands where it has no meaning", hint, fix=fix)


def derivative_quotient(span: Span, found: str, state: str) -> Diagnostic:
    hint = f"dynamics are written `{clipped(state)}' =`"
    return PRIME.at(span, f"`{clipped(found)}` does not start a statement", hint, fix=written(f"{state}'", span))


def unary_plus(span: Span) -> Diagnostic:
    return UNARY_PLUS.at(span, "there is no unary plus", "leave the `+` out", fix=written("", span))


def chained_comparison(span: Span, found: str) -> Diagnostic:
    return CHAINED_COMPARISON.at(span, "comparisons cannot be chained", f"a second comparison, `{found}`")


def semicolon(span: Span, last: bool) -> Diagnostic:
    """``last`` is true where nothing follows on its line."""
    fix = written("", span) if last else written("\n", span, title="write one statement a line")
    return SEMICOLON.at(span, "`;` does not separate statements", "write one statement a line", fix=fix)


def comma(span: Span, kind: str) -> Diagnostic:
    return SYNTAX.at(span, f"`,` does not separate statements, in {kind}", "write one a line; only `dim` takes several")


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


def index_sum_arguments(span: Span) -> Diagnostic:
    return ARGUMENT.at(span, "a sum over indices takes one expression", "as in `sum[j](W[i, j]*x[j])`, and no axis")


def indices_here(span: Span, whole: Span, role: str) -> Diagnostic:
    """Named indices in front of the `=` of an `output` or a `cost`."""
    which = f"{'an' if role[0] in 'aeiou' else 'a'} `{role}`"
    message = f"only a `let` names the indices of what it defines, not {which}"
    return ARGUMENT.at(span, message, "leave the `[…]` out", fix=written("", whole, safe=False))


def clipped(text: str, most: int = 40) -> str:
    """A piece of the file as a message quotes it: at most ``most`` characters."""
    return text if len(text) <= most else text[: most - 1] + "…"
