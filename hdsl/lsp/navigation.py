"""Navigation: where a name is declared and used, what a document holds, what of it can be folded, and its colours."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from lsprotocol import types
from pygments.token import Comment, Keyword, Name, Number, Operator, String

from hdsl.lsp.analysis import Analysis
from hdsl.lsp.hover import declaration
from hdsl.lsp.words import words
from hdsl.model.occurrences import Declared, Occurrence
from hdsl.syntax.control_tree import Constraint, Control, Costate
from hdsl.syntax.source import Span
from hdsl.syntax.tree import Component, Declare, Define, Dim, Dynamics, Learn, Setting, Statement, Use

_SYMBOLS = {
    **{"dim": types.SymbolKind.Constant, "const": types.SymbolKind.Constant, "state": types.SymbolKind.Property},
    **{"input": types.SymbolKind.Variable, "target": types.SymbolKind.Variable, "param": types.SymbolKind.Field},
    **{"let": types.SymbolKind.Variable, "output": types.SymbolKind.Variable, "cost": types.SymbolKind.Number},
    **{"control": types.SymbolKind.Property, "costate": types.SymbolKind.Property, "terminal": types.SymbolKind.Number},
    **{"constraint": types.SymbolKind.Number, "hamiltonian": types.SymbolKind.Number},
}

# Places of names -----------------------------------------------------------------------------------------------------


def declared_at(analysis: Analysis, offset: int) -> tuple[Occurrence, Declared] | None:
    """The name at a place, and where it is declared."""
    occurrence = analysis.occurrences.at(offset)
    return None if occurrence is None else (occurrence, analysis.occurrences.declared[occurrence.of])


def definition(analysis: Analysis, offset: int) -> types.Location | None:
    """Where the name at a place is declared, or the file that a `use` line names."""
    found = declared_at(analysis, offset)
    if found is not None:
        return analysis.location(found[1].span)
    for statement in analysis.statements:
        if isinstance(statement, Use) and statement.path_span.start <= offset <= statement.path_span.end:
            for (_, name), (_, uri, lines) in zip(analysis.source.used, analysis.files[1:], strict=True):
                if name == statement.path:
                    return types.Location(uri, lines.range(Span(0, 0)))
    return None


def references(
    analysis: Analysis, offset: int, others: Iterable[Analysis], *, declaration: bool = True
) -> list[types.Location]:
    """Every place of the name at a place, in the document and in all others that are open."""
    found = declared_at(analysis, offset)
    if found is None:
        return []
    target = analysis.location(found[1].span)
    places = [place for one in (analysis, *others) for place in places_of(one, target)]
    unique = {(place.uri, place.range.start.line, place.range.start.character): place for place in places}
    return [place for _, place in sorted(unique.items()) if declaration or place != target]


def places_of(analysis: Analysis, target: types.Location) -> Iterator[types.Location]:
    """The places, in a document and the files that it uses, of what is declared at a place."""
    for span in analysis.occurrences.declared:
        if analysis.location(span) == target:
            yield from (analysis.location(o.span) for o in analysis.occurrences.all if o.of == span)


def highlights(analysis: Analysis, offset: int) -> list[types.DocumentHighlight]:
    """The places of the name at a place in the document itself; where it is declared is a place of writing."""
    found = declared_at(analysis, offset)
    if found is None:
        return []
    read, write = types.DocumentHighlightKind.Read, types.DocumentHighlightKind.Write
    return [
        types.DocumentHighlight(analysis.range(one.span), write if one.span == found[1].span else read)
        for one in analysis.occurrences.of(found[1])
        if analysis.file_of(one.span.start)[0] == 0
    ]


# What a document holds -----------------------------------------------------------------------------------------------


def symbols(analysis: Analysis) -> list[types.DocumentSymbol]:
    """The outline: declarations and definitions, what moves, components with what is in them, settings."""
    return [symbol for statement in analysis.statements for symbol in _symbols(analysis, statement)]


def _symbols(analysis: Analysis, statement: Statement) -> Iterator[types.DocumentSymbol]:
    match statement:
        case Component():
            kind = types.SymbolKind.Function if statement.pure else types.SymbolKind.Class
            inner = [symbol for part in statement.body for symbol in _symbols(analysis, part)]
            yield _symbol(analysis, statement.name_span, statement.span, kind, statement, inner)
        case Dim():
            yield _symbol(analysis, statement.name_span, statement.span, _SYMBOLS["dim"], statement)
        case Declare() | Define() | Control() | Costate() | Constraint():
            yield _symbol(analysis, statement.name_span, statement.span, _SYMBOLS[_kind(statement)], statement)
        case Dynamics():
            yield _symbol(analysis, statement.name_span, statement.span, types.SymbolKind.Event, statement)
        case Learn():
            inner = [_setting(analysis, setting) for setting in statement.settings]
            head = Span(statement.span.start, statement.span.start + len("learn"))
            place = analysis.range(statement.span), analysis.range(head)
            yield types.DocumentSymbol("learn", types.SymbolKind.Namespace, *place, children=inner)


def _symbol(
    analysis: Analysis,
    name: Span,
    span: Span,
    kind: types.SymbolKind,
    statement: Dim | Declare | Define | Dynamics | Component | Control | Costate | Constraint,
    children: list[types.DocumentSymbol] | None = None,
) -> types.DocumentSymbol:
    text = analysis.source.text
    written = text[name.start : name.end]
    if isinstance(statement, Dynamics):
        head = " ".join(text[span.start : statement.value.span.start].split()).rstrip("= ")
        return types.DocumentSymbol(head, kind, analysis.range(span), analysis.range(name), children=children)
    declared = Declared(statement.name, _kind(statement), name, "", span, statement)
    detail = declaration(analysis, declared)
    return types.DocumentSymbol(written, kind, analysis.range(span), analysis.range(name), detail, children=children)


def _kind(statement: Dim | Declare | Define | Component | Control | Costate | Constraint) -> Any:
    if isinstance(statement, Component):
        return "function" if statement.pure else "component"
    words = {Dim: "dim", Control: "control", Costate: "costate", Constraint: "constraint"}
    return statement.role if isinstance(statement, Declare | Define) else words[type(statement)]


def _setting(analysis: Analysis, setting: Setting) -> types.DocumentSymbol:
    written = analysis.source.text[setting.span.start : setting.span.end]
    name = analysis.source.text[setting.path_span.start : setting.path_span.end]
    place = analysis.range(setting.span), analysis.range(setting.path_span)
    return types.DocumentSymbol(name, types.SymbolKind.Property, *place, detail=" ".join(written.split()))


def foldings(analysis: Analysis) -> list[types.FoldingRange]:
    """What can be folded: components, the settings below `learn`, statements of several lines, runs of comments."""
    spans: dict[tuple[int, int], types.FoldingRangeKind | None] = {}
    for statement in analysis.statements:
        spans[_lines(analysis, statement.span)] = None
    for row in analysis.rows:
        spans.setdefault(_lines(analysis, row.span), None)
    for span in _comments(analysis):
        spans.setdefault(_lines(analysis, span), types.FoldingRangeKind.Comment)
    found = sorted((first, last) for first, last in spans if first < last)
    return [types.FoldingRange(first, last, kind=spans[first, last]) for first, last in found]


def _lines(analysis: Analysis, span: Span) -> tuple[int, int]:
    place = analysis.lines.range(span)
    return place.start.line, place.end.line


def _comments(analysis: Analysis) -> Iterator[Span]:
    """Comments that fill lines one below another."""
    begin = end = -1
    for word in words(analysis.text):
        if word.kind not in Comment and word.kind not in String.Doc:
            begin = -1
            continue
        between = analysis.text[end : word.span.start] if begin >= 0 else ""
        if begin < 0 or between.count("\n") != 1:
            if begin >= 0:
                yield Span(begin, end)
            begin = word.span.start
        end = word.span.end
        if begin >= 0:
            yield Span(begin, end)


# Colours -------------------------------------------------------------------------------------------------------------

# The first of these that a token is in decides.
TOKENS: Mapping[Any, str] = {
    String.Doc: "comment",
    Comment: "comment",
    String: "string",
    Keyword: "keyword",
    Name.Function: "function",
    Name.Builtin.Pseudo: "macro",
    Name.Builtin: "function",
    Name.Constant: "enumMember",
    Name.Attribute: "property",
    Name: "variable",
    Number: "number",
    Operator: "operator",
}
LEGEND = types.SemanticTokensLegend(
    tuple(dict.fromkeys((*TOKENS.values(), "parameter", "class"))), ("declaration", "readonly")
)
_OF_NAMES = {"component": "class", "function": "function", "argument": "parameter", "param": "property", "state": "property"}
_DECLARATION, _READONLY = 1, 2


def semantic_tokens(analysis: Analysis) -> list[int]:
    """The colours of the document: those of the lexer, and of names what they mean."""
    data: list[int] = []
    line = column = 0
    for span, kind, modifiers in _coloured(analysis):
        place = analysis.lines.range(span)
        if place.start.line != place.end.line:  # a token stands on one line
            continue
        at, first = place.start.line, place.start.character
        data += [at - line, first - column if at == line else first]
        data += [place.end.character - first, LEGEND.token_types.index(kind), modifiers]
        line, column = at, first
    return data


def _coloured(analysis: Analysis) -> Iterator[tuple[Span, str, int]]:
    names = {o.span.start: o for o in analysis.occurrences.all if analysis.file_of(o.span.start)[0] == 0}
    taken = 0
    for word in words(analysis.text):
        kind = next((told for token, told in TOKENS.items() if word.kind in token), None)
        start = word.span.start + len(word.text) - len(word.text.lstrip())
        if word.kind in Name and not word.text.startswith("."):
            while start < word.span.end:  # a dotted name part by part
                occurrence = names.get(start)
                end = min(occurrence.span.end if occurrence else word.span.end, word.span.end)
                if start >= taken and kind:
                    yield Span(start, end), *_meant(analysis, occurrence, kind)
                    taken = end
                start = end + 1
        elif kind is not None and start >= taken:
            yield Span(start, word.span.end), kind, 0
            taken = word.span.end


def _meant(analysis: Analysis, occurrence: Occurrence | None, kind: str) -> tuple[str, int]:
    """The colour of a name, and what is more to be said of it."""
    if occurrence is None:
        return kind, 0
    declared = analysis.occurrences.declared[occurrence.of]
    modifiers = _DECLARATION * (occurrence.span == declared.span) | _READONLY * (declared.kind in ("dim", "const"))
    return _OF_NAMES.get(declared.kind, "variable"), modifiers
