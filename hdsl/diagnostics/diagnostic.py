"""Diagnostic: one finding in a .ham file, as a value. Its wording stands in `hdsl.diagnostics.catalogue` alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hdsl.syntax.source import Source, Span


@dataclass(frozen=True, slots=True)
class Label:
    """A second place that a message points to."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Edit:
    """Put ``text`` in place of a span."""

    span: Span
    text: str


@dataclass(frozen=True, slots=True)
class Fix:
    """Edits that put a mistake right. ``safe`` is true where nothing else can have been meant."""

    title: str
    edits: tuple[Edit, ...]
    safe: bool


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """``message`` is the headline, ``label`` stands behind the caret, ``others`` are further places, ``notes`` free lines.

    ``fix`` puts it right, where a message makes a suggestion that can be written down.
    """

    code: str
    severity: Literal["error", "warning"]
    message: str
    span: Span
    label: str = ""
    others: tuple[Label, ...] = ()
    notes: tuple[str, ...] = ()
    fix: Fix | None = None


class ModelError(Exception):
    """A .ham text is wrong. ``diagnostics`` holds every finding; ``str()`` shows them with their places."""

    def __init__(self, source: Source, diagnostics: tuple[Diagnostic, ...]) -> None:
        self.source = source
        self.diagnostics = diagnostics
        from hdsl.diagnostics.render import render_all

        super().__init__(render_all(source, diagnostics))
