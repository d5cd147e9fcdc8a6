"""Latex: how names look by the ``latex NAME "…"`` lines of a file. A text is read token by token and never trusted.

What is taken is a small part of LaTeX's mathematics that every reader of it shows (LaTeX, KaTeX, MathML): letters, digits
and signs, groups, one subscript and one superscript, and the commands of three tables. Whatever passes here compiles.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from hdsl.diagnostics import catalogue_latex as catalogue
from hdsl.diagnostics.diagnostic import Diagnostic
from hdsl.diagnostics.suggest import nearest
from hdsl.model.scope import Scope
from hdsl.syntax.source import Span
from hdsl.syntax.tree import Latex, ModelText
from hdsl.terms.naming import Naming
from hdsl.terms.spelling import GREEK, LATEX

LONGEST = 80  # characters of a text
DEEPEST = 8  # groups within groups

_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|.", re.DOTALL)
_SIGNS = frozenset("+-*/=()[]|,.:;!' ")
_SPACES = frozenset((r"\,", r"\:", r"\;", r"\!", r"\ ", r"\quad"))

_FONTS = """
    mathrm mathbf mathit mathsf mathtt mathcal mathbb mathfrak boldsymbol text operatorname
    bar hat tilde dot ddot vec check breve acute grave overline underline widehat widetilde sqrt
"""
FONTS = frozenset(f"\\{name}" for name in _FONTS.split())
"""Commands with one argument: fonts and accents."""

_SYMBOLS = """
    varepsilon vartheta varpi varrho varsigma varphi
    ell hbar imath jmath wp Re Im aleph partial nabla infty emptyset forall exists top bot dagger ddagger prime star ast
    circ bullet cdot times div pm mp oplus ominus otimes odot wedge vee cup cap sim simeq approx equiv neq ne le leq ge geq
    ll gg in subset supset to rightarrow leftarrow uparrow downarrow mapsto langle rangle lVert rVert lvert rvert
    cdots ldots dots sum prod int min max log exp sin cos tanh triangle square perp parallel mid propto flat sharp natural
    colon
"""
SYMBOLS = frozenset(f"\\{name}" for name in (*GREEK, *_SYMBOLS.split())) | _SPACES | {r"\{", r"\}", r"\|", r"\_"}
"""Commands without arguments."""

TWO = frozenset((r"\frac", r"\tfrac", r"\binom"))
"""Commands with two arguments."""


_SUGGESTED = FONTS | {f"\\{name}" for name in GREEK}


class _Wrong(Exception):
    """What is wrong with a text."""

    def __init__(self, finding: Diagnostic) -> None:
        self.finding = finding


class _Reader:
    """Reads one text; raises _Wrong at its first mistake."""

    def __init__(self, text: str, span: Span) -> None:
        self.tokens: list[str] = _TOKEN.findall(text)
        self.span, self.place = span, 0

    def read(self) -> None:
        self.sequence(0)
        if self.place < len(self.tokens):
            raise _Wrong(catalogue.latex_text(self.span, "a `}` closes nothing"))

    def sequence(self, depth: int) -> None:
        """Atoms with their scripts, up to a closing brace or to the end."""
        if depth > DEEPEST:
            raise _Wrong(catalogue.latex_text(self.span, f"groups stand more than {DEEPEST} deep"))
        while self.place < len(self.tokens) and self.tokens[self.place] != "}":
            if self.tokens[self.place] not in "_^'":
                self.atom(depth)
            self.scripts(depth)

    def scripts(self, depth: int) -> None:
        """At most one subscript and one superscript; primes are superscripts, one of which a written one may follow."""
        met = ""
        while mark := self.mark():
            if (mark != "'" and mark in met) or (mark == "'" and "^" in met) or (mark == "^" and met.count("'") > 1):
                doubled = "subscripts" if mark == "_" else "superscripts"
                raise _Wrong(catalogue.latex_text(self.span, f"two {doubled} stand at one place"))
            met += mark
            self.place += 1
            if mark != "'":
                self.atom(depth, f"`{mark}`")
                last = self.tokens[self.place - 1]
                if last == "." or (last.isdigit() and self.peek() == "."):  # MathML's reader takes the whole number
                    raise _Wrong(catalogue.latex_text(self.span, f"a number with a point after `{mark}` wants braces"))

    def mark(self) -> str:
        """What begins a script, or a prime, where that comes next; spaces before it mean nothing."""
        place = self.place
        while self.tokens[place : place + 1] == [" "]:
            place += 1
        found = "".join(self.tokens[place : place + 1])
        if not found or found not in "_^'":
            return ""
        self.place = place
        return found

    def atom(self, depth: int, after: str = "") -> None:
        """One token, one group, or one command with its arguments."""
        token = self.peek()
        while token == " " and after:
            self.place += 1
            token = self.peek()
        if not token or token in "}_^" or (after and token == "'"):
            raise _Wrong(catalogue.latex_text(self.span, f"nothing stands after {after or 'it'}"))
        self.place += 1
        if token == "{":
            self.sequence(depth + 1)
            if not self.peek():
                raise _Wrong(catalogue.latex_text(self.span, "a `{` is never closed"))
            self.place += 1
        elif token in FONTS or token in TWO:
            for _ in range(1 + (token in TWO)):
                self.group(depth, token)
        elif not (token in SYMBOLS or token in _SIGNS or (token.isascii() and token.isalnum())):
            raise _Wrong(self.refused(token))

    def group(self, depth: int, command: str) -> None:
        """The argument of a command; in braces, so that \\mathrm\\bar a cannot be."""
        while self.peek() == " ":
            self.place += 1
        if self.peek() != "{":
            raise _Wrong(catalogue.latex_text(self.span, f"`{command}` wants an argument in braces"))
        self.atom(depth, f"`{command}`")

    def refused(self, token: str) -> Diagnostic:
        if not token.startswith("\\") or len(token) == 1:
            return catalogue.latex_character(self.here(), token)
        found = nearest(token, _SUGGESTED)
        meant = found if found and abs(len(found) - len(token)) <= 1 else ""
        return catalogue.latex_command(self.here(), token, meant)

    def here(self) -> Span:
        """The place of the token that was read last; the text stands between quotation marks."""
        start = self.span.start + 1 + sum(map(len, self.tokens[: self.place - 1]))
        return Span(start, start + len(self.tokens[self.place - 1]))

    def peek(self) -> str:
        return self.tokens[self.place] if self.place < len(self.tokens) else ""


def mistake(text: str, span: Span) -> Diagnostic | None:
    """What is wrong with a text, or None."""
    if not text.strip():
        return catalogue.latex_text(span, "there is nothing in it")
    if len(text) > LONGEST:
        return catalogue.latex_text(span, f"it is {len(text)} characters long, and {LONGEST} are the most")
    try:
        _Reader(text, span).read()
    except _Wrong as wrong:
        return wrong.finding
    return None


def read_latex(text: ModelText, scope: Scope) -> dict[str, str]:
    """The looks of a file by name; their mistakes go to the scope."""
    lines: dict[str, Latex] = {}
    for line in (s for s in text.statements if isinstance(s, Latex)):
        if not _is_known(line, scope):
            continue
        if line.name in lines:
            scope.report(catalogue.latex_twice(line.name_span, line.name, lines[line.name].name_span))
            continue
        found = mistake(line.text, text_span(line))
        if found is None:
            lines[line.name] = line
        else:
            scope.report(found)
    looks = {name: line.text.strip() for name, line in lines.items()}
    for name, other in clashes(looks, scope.entries):
        scope.report(catalogue.latex_look(text_span(lines[name]), name, other))
    return looks


def _is_known(line: Latex, scope: Scope) -> bool:
    """A declared name, or a dotted name whose first part is one."""
    head = line.name.partition(".")[0]
    return scope.find(head if head in scope.entries else line.name, line.name_span) is not None


def text_span(line: Latex) -> Span:
    """The place of the text with its quotation marks."""
    return Span(line.span.end - len(line.text) - 2, line.span.end)


def clashes(looks: Mapping[str, str], names: Iterable[str]) -> list[tuple[str, str]]:
    """Names with a look that another name of the model has too, with that other."""
    everything = sorted({*names, *looks})
    naming = Naming(everything, (), latex=looks)
    plain: dict[str, str] = {}
    for name in everything:
        if name not in looks:
            plain.setdefault(naming.plain(name).spell(LATEX), name)
    found = []
    for name in looks:
        mine = naming.plain(name).spell(LATEX)
        if mine in plain:
            found.append((name, plain[mine]))
        plain.setdefault(mine, name)
    return found
