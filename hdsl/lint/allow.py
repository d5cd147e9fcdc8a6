"""Warnings that a file allows: ``# ham: allow unused`` at the end of a line keeps what it says about that line quiet."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from hdsl.diagnostics import catalogue_model  # noqa: F401  its codes are registered
from hdsl.diagnostics.catalogue import CODES
from hdsl.diagnostics.catalogue_lint import unknown_allowed
from hdsl.diagnostics.diagnostic import Diagnostic
from hdsl.diagnostics.suggest import nearest
from hdsl.syntax.source import Source, Span

_ALLOW = re.compile(r"#[ \t]*ham:[ \t]*allow[ \t]+(?P<codes>[\w-]+(?:[ \t]*,[ \t]*[\w-]+)*)")
_CODE = re.compile(r"[\w-]+")


def allowed(source: Source, found: Iterable[Diagnostic]) -> Iterator[Diagnostic]:
    """The findings of a file without the warnings that its comments allow, and a warning for each code that there is not."""
    marks = [mark for mark in _ALLOW.finditer(source.text)] if "ham:" in source.text else []
    quiet = {(_line(source, mark.start()), code) for mark in marks for code in _CODE.findall(mark["codes"])}
    for one in found:
        if one.severity == "error" or (_line(source, one.span.start), one.code) not in quiet:
            yield one
    warnings = warning_codes()
    for mark in marks:
        for code in _CODE.finditer(source.text, mark.start("codes"), mark.end("codes")):
            if code[0] not in warnings:
                kind = CODES[code[0]].severity if code[0] in CODES else ""
                yield unknown_allowed(Span(*code.span()), code[0], kind, nearest(code[0], warnings) or "")


def warning_codes() -> tuple[str, ...]:
    """The codes of all warnings."""
    return tuple(name for name, code in CODES.items() if code.severity == "warning")


def _line(source: Source, offset: int) -> int:
    """The line of the whole text, that of files which it uses included."""
    return source.text.count("\n", 0, offset)
