"""Make the edits of fixes in a text."""

from __future__ import annotations

from collections.abc import Iterable

from hdsl.diagnostics.diagnostic import Diagnostic, Edit
from hdsl.diagnostics.render import in_order


def mended(text: str, diagnostics: Iterable[Diagnostic]) -> tuple[str, tuple[Diagnostic, ...]]:
    """The text with the safe fixes of diagnostics made, and the diagnostics whose fix was.

    Of fixes that overlap, the first in the text is made alone: the others may be wrong by then.
    """
    taken: list[Diagnostic] = []
    edits: list[Edit] = []
    for diagnostic in in_order(diagnostics):
        fix = diagnostic.fix
        if fix and fix.safe and not any(_overlap(new, old) for new in fix.edits for old in edits):
            taken.append(diagnostic)
            edits += fix.edits
    return edited(text, edits), tuple(taken)


def edited(text: str, edits: Iterable[Edit]) -> str:
    """The text with edits that do not overlap made at once."""
    for edit in sorted(edits, key=lambda edit: edit.span, reverse=True):
        text = text[: edit.span.start] + edit.text + text[edit.span.end :]
    return text


def _overlap(one: Edit, other: Edit) -> bool:
    """True where two edits share a character or a place."""
    first, second = sorted((one.span, other.span))
    return second.start < first.end or first == second
