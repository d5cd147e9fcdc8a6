"""The register of every code that hdsl can report.

A code is registered once, with `register`; a function beside it makes the `Diagnostic` from facts::

    UNKNOWN_NAME = register("unknown-name", "a name is used that nothing declares")

    def unknown_name(span: Span, name: str) -> Diagnostic:
        return UNKNOWN_NAME.at(span, f"`{name}` is not declared in this model")

Nowhere else does a message have text: the codes and words about syntax stand in `hdsl.diagnostics.catalogue_syntax`,
those about what a model means in `hdsl.diagnostics.catalogue_model`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from hdsl.diagnostics.diagnostic import Diagnostic, Edit, Fix, Label
from hdsl.syntax.source import Span


@dataclass(frozen=True, slots=True)
class Code:
    """A kind of finding: its stable name, how grave it is, and what it says in one line."""

    name: str
    severity: Literal["error", "warning"]
    summary: str

    def at(
        self,
        span: Span,
        message: str,
        label: str = "",
        others: tuple[Label, ...] = (),
        notes: tuple[str, ...] = (),
        fix: Fix | None = None,
    ) -> Diagnostic:
        """A finding of this kind at a place."""
        return Diagnostic(self.name, self.severity, message, span, label, others, notes, fix)


def written(text: str, *spans: Span, safe: bool = True, title: str = "") -> Fix:
    """The fix that puts ``text`` in place of each span; with an empty one it takes them out."""
    title = title or (f"write `{text}`" if text else "leave it out")
    return Fix(title, tuple(Edit(span, text) for span in spans), safe)


CODES: dict[str, Code] = {}


def register(name: str, summary: str, severity: Literal["error", "warning"] = "error") -> Code:
    """Add a code to `CODES`. Raises ValueError for a name that another code has."""
    if name in CODES:
        raise ValueError(f"the code {name} is registered twice")
    CODES[name] = Code(name, severity, summary)
    return CODES[name]
