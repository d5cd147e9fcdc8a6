"""Settings from outside the file: read as though they were written in it."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite

from hdsl.diagnostics import catalogue_model as catalogue
from hdsl.model.learning import LATER_PATHS, NUMBERS, WORDS, moved
from hdsl.model.scope import Scope
from hdsl.syntax.parse import parse
from hdsl.syntax.source import Source, Span
from hdsl.syntax.tree import Expression, Learn, ModelText, Setting


def read_overrides(
    text: ModelText, scope: Scope, settings: Mapping[str, str | float]
) -> tuple[dict[str, Expression], list[Setting]]:
    """New values of consts by name, and settings in place of those of the file. Mistakes are reported.

    They have no place in the file; messages about them point to its ``learn``, or to its start.
    """
    learn = next((s for s in text.statements if isinstance(s, Learn)), None)
    span = Span(learn.span.start, learn.span.start + len("learn")) if learn else Span(0, 0)
    consts: dict[str, Expression] = {}
    changed: list[Setting] = []
    for path, value in settings.items():
        head = path.split(".")[0]
        entry = scope.entries.get(path)
        if entry is None and head not in WORDS and head not in NUMBERS and head not in LATER_PATHS:
            scope.report(catalogue.unknown_setting(span, path, _suggest(scope, path)))
            continue
        if entry is not None and entry.kind != "const":
            line = scope.line(entry.span)
            scope.report(catalogue.setting_of(span, path, path, entry.kind, line, "a const or a setting"))
            continue
        setting = _read(path, value)
        if setting is None:
            scope.report(catalogue.setting_text(span, path, f"`{value}`"))
        elif entry is not None:
            consts[path] = moved(setting, span).value
        else:
            changed.append(moved(setting, span))
    return consts, changed


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
