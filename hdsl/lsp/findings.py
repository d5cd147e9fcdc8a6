"""Findings: diagnostics as editors show them, each in the file that it is about, and what puts them right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lsprotocol import types

from hdsl.diagnostics.diagnostic import Diagnostic, Edit
from hdsl.diagnostics.render import in_order
from hdsl.lsp.analysis import Analysis
from hdsl.repair import repaired
from hdsl.syntax.source import Source, Span

SOURCE = "hdsl"
FIX_ALL = "source.fixAll.hdsl"
_SEVERITIES = {"error": types.DiagnosticSeverity.Error, "warning": types.DiagnosticSeverity.Warning}


def findings(analysis: Analysis) -> dict[str, list[types.Diagnostic]]:
    """What is wrong with a document and with the files that it uses, by their URIs; the document's own is always there."""
    found: dict[str, list[types.Diagnostic]] = {analysis.uri: []}
    for diagnostic in in_order(analysis.diagnostics):
        found.setdefault(analysis.location(diagnostic.span).uri, []).append(finding(analysis, diagnostic))
    return found


def finding(analysis: Analysis, diagnostic: Diagnostic) -> types.Diagnostic:
    """One diagnostic: what stands behind the caret and the notes are lines of its message, second places are related ones."""
    related = [
        types.DiagnosticRelatedInformation(analysis.location(other.span), other.text or diagnostic.message)
        for other in diagnostic.others
    ]
    return types.Diagnostic(
        range=analysis.range(diagnostic.span),
        message="\n".join(filter(None, (diagnostic.message, diagnostic.label, *diagnostic.notes))),
        severity=_SEVERITIES[diagnostic.severity],
        code=diagnostic.code,
        source=SOURCE,
        related_information=related or None,
    )


# What puts them right -----------------------------------------------------------------------------------------------


def actions(analysis: Analysis, span: Span, only: Sequence[str] | None) -> list[types.CodeAction]:
    """The fixes of what is found at a place of the document, and one that makes all that are certain."""
    found = list(_quick_fixes(analysis, span)) if _wanted(types.CodeActionKind.QuickFix, only) else []
    whole = _fix_all(analysis) if _wanted(FIX_ALL, only) else None
    return found + ([whole] if whole else [])


def _wanted(kind: str, only: Sequence[str] | None) -> bool:
    """Whether an editor that asks for some kinds, or for any, wants this one: ``source`` takes in ``source.fixAll``."""
    return only is None or any(kind == one or kind.startswith(f"{one}.") for one in map(str, only))


def _quick_fixes(analysis: Analysis, span: Span) -> Iterator[types.CodeAction]:
    for diagnostic in in_order(analysis.diagnostics):
        fix, at = diagnostic.fix, diagnostic.span
        if fix is None or analysis.location(at).uri != analysis.uri or at.end < span.start or span.end < at.start:
            continue
        yield types.CodeAction(
            title=fix.title[:1].upper() + fix.title[1:],
            kind=types.CodeActionKind.QuickFix,
            diagnostics=[finding(analysis, diagnostic)],
            is_preferred=fix.safe,
            edit=types.WorkspaceEdit(changes=changes(analysis, fix.edits)),
        )


def _fix_all(analysis: Analysis) -> types.CodeAction | None:
    """What `hdsl check --fix` does to the text as it is now; None where that is nothing."""
    text = repaired(Source(analysis.text, analysis.source.name), analysis.gather).text
    if text == analysis.text:
        return None
    edit = types.WorkspaceEdit(changes={analysis.uri: replacing(analysis, text)})
    return types.CodeAction(title="Fix all that can only be meant in one way", kind=FIX_ALL, edit=edit)


def changes(analysis: Analysis, edits: Sequence[Edit]) -> dict[str, list[types.TextEdit]]:
    """Edits of the source as editors make them, file by file."""
    made: dict[str, list[types.TextEdit]] = {}
    for edit in edits:
        place = analysis.location(edit.span)
        made.setdefault(place.uri, []).append(types.TextEdit(place.range, edit.text))
    return made


def replacing(analysis: Analysis, text: str) -> list[types.TextEdit]:
    """The edits that make the document another text, as few lines as may be, so that the cursor stays where it is."""
    old, new = analysis.text.splitlines(keepends=True), text.splitlines(keepends=True)
    first = next((k for k, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    room = min(len(old), len(new)) - first
    last = next((k for k in range(room) if old[-1 - k] != new[-1 - k]), room)
    start, end = sum(map(len, old[:first])), len(analysis.text) - sum(map(len, old[len(old) - last :]))
    between = "".join(new[first : len(new) - last])
    if start == end and not between:
        return []
    return [types.TextEdit(analysis.lines.range(Span(start, end)), between)]
