"""Renaming: another name at every place of one, where the file means the same afterwards."""

from __future__ import annotations

import re
from collections.abc import Iterable

from lsprotocol import types

from hdsl.diagnostics.catalogue_model import a
from hdsl.lsp.analysis import Analysis
from hdsl.lsp.navigation import declared_at, places_of
from hdsl.model.occurrences import Declared
from hdsl.model.scope import reserved_for
from hdsl.syntax.names import ascii_spelling, stray_character

_NAME = re.compile(r"[^\W\d]\w*")


class Refused(ValueError):
    """A name cannot be changed, or not to this; the message says why."""


def prepared(analysis: Analysis, offset: int) -> tuple[types.Range, str]:
    """The place of the name that would be changed, and its text. Raises Refused."""
    found = declared_at(analysis, offset)
    if found is None:
        raise Refused("there is no name here that this file declares")
    occurrence, declared = found
    if analysis.is_shipped(declared.span):
        raise Refused(f"`{declared.name}` is declared in a file that ships with hdsl")
    _whole(analysis, declared)
    return analysis.range(occurrence.span), analysis.source.text[occurrence.span.start : occurrence.span.end]


def renamed(analysis: Analysis, offset: int, name: str, others: Iterable[Analysis]) -> dict[str, list[types.TextEdit]]:
    """The edits that change a name, by file: in the document, the files that it uses, and all others that are open.

    Raises Refused: the new name is none, is kept by the language, or has a meaning already where the old one stands; the file
    has mistakes, so that places could be missed; with the new name something would mean another thing.
    """
    prepared(analysis, offset)
    found = declared_at(analysis, offset)
    assert found is not None
    target = analysis.location(found[1].span)
    others = list(others)
    old = found[1].name
    for one in (analysis, *others):
        for declared in one.occurrences.declared.values():
            if one.location(declared.span) == target:
                _whole(one, declared)
                if ascii_spelling(name) != old:
                    _check(one, declared, name)
    edits: dict[str, dict[tuple[int, int], types.TextEdit]] = {}
    for place in (place for one in (analysis, *others) for place in places_of(one, target)):
        at = place.range.start.line, place.range.start.character
        edits.setdefault(place.uri, {})[at] = types.TextEdit(place.range, name)
    found_edits = {uri: [edit for _, edit in sorted(made.items())] for uri, made in edits.items()}
    for one in (analysis, *others):
        if _shape(one) != _shape(_after(one, found_edits)):
            raise Refused(f"with the name `{name}` something in {one.source.name} would mean another thing")
    return found_edits


def _after(analysis: Analysis, edits: dict[str, list[types.TextEdit]]) -> Analysis:
    """A document after edits in it and in the files that it uses."""
    texts = dict(analysis.opened)
    for _, uri, lines in analysis.files:
        text = lines.text
        for edit in reversed(edits.get(uri, [])):
            span = lines.span(edit.range)
            text = text[: span.start] + edit.new_text + text[span.end :]
        if uri in edits:
            texts[uri] = text
    return Analysis(analysis.uri, texts.get(analysis.uri, analysis.text), analysis.encoding, texts)


def _shape(analysis: Analysis) -> object:
    """What a new name leaves as it is: the findings, and which occurrence is of which declaration."""
    order = {span: number for number, span in enumerate(sorted(analysis.occurrences.declared))}
    return [d.code for d in analysis.diagnostics], [order[occurrence.of] for occurrence in analysis.occurrences.all]


def _whole(analysis: Analysis, declared: Declared) -> None:
    """Mistakes may hide places: in the syntax those of any name, else those of dotted names."""
    parsed = analysis.tree
    if parsed.unread:
        raise Refused("something in the file cannot be read: places of the name there would be missed")
    if declared.within and declared.kind not in ("argument", "index") and analysis.has_errors:
        raise Refused("the file has mistakes: places of the name in instances of the component would be missed")


def _check(analysis: Analysis, declared: Declared, name: str) -> None:
    """Whether a name may stand in place of another."""
    spelt = ascii_spelling(name)
    if not _NAME.fullmatch(name) or stray_character(name) is not None:
        raise Refused(f"`{name}` is not a name: letters, digits and `_`, a letter first")
    if spelt in ("if", "else", "None"):
        raise Refused(f"`{name}` cannot be declared: it is a keyword")
    why = reserved_for(spelt)
    if why is not None:
        raise Refused(f"`{name}` cannot be declared: {why}")
    for other in analysis.occurrences.declared.values():
        if other.name == spelt and _meet(declared, other):
            line = analysis.source.line_of(other.span)
            raise Refused(f"`{name}` is declared already: {a(other.kind)}, line {line}")
    entries = analysis.occurrences.known.entries
    names = [declared.name] if not declared.within else analysis.occurrences.instances_of(declared)
    for path in names:  # an instance may have something of that name, made by hdsl
        new = ".".join((*path.split(".")[:-1], spelt))
        if new in entries and entries[new].span != declared.span:
            raise Refused(f"`{new}` is the name of something else already")


def _meet(one: Declared, other: Declared) -> bool:
    """Whether two things could not have one name."""
    if "index" in (one.kind, other.kind):
        # An index must not have the name of anything that its formula could read, nor of an index around it.
        if one.within != other.within:
            return False
        if one.kind == other.kind == "index":
            return one.reach.start <= other.reach.end and other.reach.start <= one.reach.end
        return True
    return one.within == other.within
