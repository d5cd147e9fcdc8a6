"""Settings from outside the file: read as though they were written in it."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite

from hdsl.diagnostics import catalogue_model as catalogue
from hdsl.model.learning import NUMBERS, WORDS, moved
from hdsl.model.scope import Scope
from hdsl.syntax.parse import parse
from hdsl.syntax.source import Source, Span
from hdsl.syntax.tree import Expression, Learn, ModelText, Setting


def read_consts(text: ModelText, scope: Scope, settings: Mapping[str, str | float]) -> dict[str, Expression]:
    """New values of consts by name, among them those of what may come to be the const of an instance (``a.gain``).

    Values from outside have no place in the file; messages about them point to its ``learn``, or to its start.
    """
    span = _place(text)
    consts: dict[str, Expression] = {}
    for path, value in settings.items():
        entry = scope.entries.get(path)
        if (entry is not None and entry.kind == "const") or (entry is None and not _is_setting(path)):
            setting = _read(path, value)
            if setting is not None:
                consts[path] = moved(setting, span).value
            elif entry is not None:
                scope.report(catalogue.setting_text(span, path, f"`{value}`"))
    return consts


def read_settings(text: ModelText, scope: Scope, settings: Mapping[str, str | float]) -> list[Setting]:
    """Settings in place of those of the file. What names neither a setting nor a const is reported."""
    span = _place(text)
    changed: list[Setting] = []
    for path, value in settings.items():
        entry = scope.entries.get(path)
        if entry is not None and entry.kind == "const":
            continue
        if entry is None and not _is_setting(path):
            scope.report(catalogue.unknown_setting(span, path, _suggest(scope, path)))
            continue
        if entry is not None:
            line = scope.line(entry.span)
            scope.report(catalogue.setting_of(span, path, path, entry.kind, line, "a const or a setting"))
            continue
        setting = _read(path, value)
        if setting is None:
            scope.report(catalogue.setting_text(span, path, f"`{value}`"))
        else:
            changed.append(moved(setting, span))
    return changed


def _place(text: ModelText) -> Span:
    learn = next((s for s in text.statements if isinstance(s, Learn)), None)
    return Span(learn.span.start, learn.span.start + len("learn")) if learn else Span(0, 0)


def is_outside(text: str, span: Span) -> bool:
    """Whether a setting's place is the one that values from outside have, which is no line to be told of."""
    return text[span.start : span.end] in ("", "learn")


def _is_setting(path: str) -> bool:
    head = path.split(".")[0]
    return head in WORDS or head in NUMBERS


def _read(path: str, value: str | float) -> Setting | None:
    """One line below ``learn``, or None where the text is no one expression."""
    if isinstance(value, bool) or (isinstance(value, float) and not isfinite(value)):
        return None
    written = value if isinstance(value, str) else repr(value)
    text, findings = parse(Source(f"learn\n    {path} = {written}"))
    if findings or len(text.statements) != 1 or not isinstance(text.statements[0], Learn):
        return None
    settings = text.statements[0].settings
    return settings[0] if len(settings) == 1 else None


def _suggest(scope: Scope, path: str) -> catalogue.Suggestion | None:
    consts = [entry.name for entry in scope.entries.values() if entry.kind == "const"]
    found = scope.nearest(path, [*consts, *WORDS, *NUMBERS])
    return None if found is None else catalogue.did_you_mean(found, "", None)
