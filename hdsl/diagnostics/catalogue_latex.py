"""What the pass ``check`` can say about `latex` lines. Functions take facts as text, places as spans."""

from __future__ import annotations

from hdsl.diagnostics.catalogue import register, written
from hdsl.diagnostics.diagnostic import Diagnostic, Label
from hdsl.syntax.source import Span

LATEX_TEXT = register("latex-text", "the text of a `latex` line is no formula that LaTeX could set")
LATEX_COMMAND = register("latex-command", "a `latex` line has a command that hdsl does not take from a file")
LATEX_TWICE = register("latex-twice", "a name has two `latex` lines")
LATEX_LOOK = register("latex-look", "a `latex` line makes two names look the same")

_ALLOWED = "letters, digits, `_`, `^`, braces, Greek letters, accents, fonts (`\\mathrm{…}`) and the usual signs may"


def latex_text(span: Span, what: str) -> Diagnostic:
    return LATEX_TEXT.at(span, "this is no symbol in LaTeX", what)


def latex_character(span: Span, character: str) -> Diagnostic:
    shown = character if character.isprintable() else f"U+{ord(character):04X}"
    return LATEX_TEXT.at(span, "this is no symbol in LaTeX", f"`{shown}` may not stand in it", notes=(_ALLOWED,))


def latex_command(span: Span, command: str, near: str | None) -> Diagnostic:
    message, hint = f"`{command}` may not stand in a `latex` line", f"did you mean `{near}`?" if near else ""
    return LATEX_COMMAND.at(span, message, hint, notes=(_ALLOWED,), fix=written(near, span) if near else None)


def latex_twice(span: Span, name: str, first: Span) -> Diagnostic:
    return LATEX_TWICE.at(span, f"`{name}` has two `latex` lines", "here again", (Label(first, "first here"),))


def latex_look(span: Span, name: str, other: str) -> Diagnostic:
    return LATEX_LOOK.at(span, f"`{name}` would look like `{other}`", f"`{other}` looks like this in LaTeX")
