"""Notes on a mistake inside a component or a function: where it comes from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from hdsl.diagnostics.diagnostic import Diagnostic


def of_instances(finding: Diagnostic, made: Sequence[tuple[str, str, int]]) -> Diagnostic:
    """The finding with each instance that it may come from: its name (empty for a function's), its call and its line."""
    told = (f"{f'`{name}` = {call}' if name else f'`{call}`'}, line {line}" for name, call, line in made)
    return replace(finding, notes=(*finding.notes, f"in {' or '.join(told)}"))


def of_unused(finding: Diagnostic, name: str) -> Diagnostic:
    """The finding on a component of which there is no instance but one that hdsl tries, which nobody has written."""
    notes = (note for note in finding.notes if not note.startswith(f"in `{name}`"))
    return replace(finding, notes=(*notes, f"nothing uses `{name}`: each of its sizes is free here"))
