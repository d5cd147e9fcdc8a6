"""Completion: what may be written at a place, and the arguments of the function whose call is being written."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lsprotocol import types

from hdsl.lsp import meanings
from hdsl.lsp.analysis import Analysis
from hdsl.lsp.hover import declaration, kind
from hdsl.lsp.words import Place, call_at, place
from hdsl.model.learning import GROUPED, NUMBERS, WORDS
from hdsl.model.occurrences import Declared
from hdsl.model.scope import INITIALS, RESERVED
from hdsl.model.sizes import show_sizes
from hdsl.resources import folder
from hdsl.syntax.gather import SHIPPED
from hdsl.syntax.names import ascii_spelling
from hdsl.syntax.source import Span
from hdsl.syntax.tree import Component
from hdsl.syntax.words import CLAUSES, OF_COMPONENTS

TRIGGERS = (".", '"')
_KINDS = {
    **dict.fromkeys(("dim", "const"), types.CompletionItemKind.Constant),
    **dict.fromkeys(("input", "target", "argument", "index"), types.CompletionItemKind.Variable),
    **dict.fromkeys(("let", "output", "cost", "terminal", "constraint", "hamiltonian"), types.CompletionItemKind.Value),
    **dict.fromkeys(("state", "control", "costate"), types.CompletionItemKind.Property),
    **{"param": types.CompletionItemKind.Field},
    **{"component": types.CompletionItemKind.Class, "function": types.CompletionItemKind.Function},
}
# What follows the word of these statements, by kind.
_NAMED = {"next": ("state",), "reset": ("state",), "project": ("param",), "latex": tuple(_KINDS)}
_WHEN = ("each sample", "each sequence", "never")  # of a `reset` line


def completions(analysis: Analysis, offset: int) -> list[types.CompletionItem]:
    """What may be written at a place of the document; nothing in comments, and where a new name is declared."""
    here = place(analysis, offset)
    if here.quiet is not None:
        return list(_files(analysis)) if here.quiet.text.startswith('"') and here.first == "use" else []
    span = Span(offset - len(here.typed), offset)
    return [_placed(analysis, item, span) for item in _items(analysis, here, offset)]


def _items(analysis: Analysis, here: Place, offset: int) -> Iterator[types.CompletionItem]:
    if not here.before:
        yield from _beginning(analysis, here, offset)
    elif here.learning and here.first in meanings.SETTINGS:
        yield from _values(analysis, here, offset)
    elif len(here.before) == 1 and here.first in _NAMED:
        yield from _names(analysis, offset, _NAMED[here.first], here.typed)
    elif len(here.before) == 2 and here.first == "reset":
        yield from (_word(word) for word in _WHEN)
    elif here.first == "costate" and len(here.before) == 2:
        yield _word("of")
    elif here.first == "costate" and len(here.before) == 3:
        yield from _names(analysis, offset, ("state",), here.typed)
    elif len(here.before) == 1 and here.first in meanings.STATEMENTS and here.first != "return":
        return  # a new name is being written
    else:
        yield from _in_expression(analysis, here, offset)


def _placed(analysis: Analysis, item: types.CompletionItem, span: Span) -> types.CompletionItem:
    """An item that takes the place of what has been typed: editors do not agree on where a dotted name begins."""
    item.text_edit = types.TextEdit(analysis.range(span), item.insert_text or item.label)
    item.filter_text = item.label
    item.insert_text = None
    return item


# What begins a line -------------------------------------------------------------------------------------------------


def _beginning(analysis: Analysis, here: Place, offset: int) -> Iterator[types.CompletionItem]:
    if here.learning:
        yield from _settings(analysis, offset, here.typed)
    if "." in here.typed:
        return
    for word, (written, told) in meanings.STATEMENTS.items():
        if (not here.component and word != "return") or (here.component and word in OF_COMPONENTS):
            yield _item(word, types.CompletionItemKind.Keyword, written, told)
    for declared in _in_scope(analysis, offset):
        if declared.kind == "state":
            name = _written(analysis, declared)
            yield _item(f"{name}' =", types.CompletionItemKind.Keyword, f"the dynamics of {name}", "", f"{name}' = ")


def _settings(analysis: Analysis, offset: int, typed: str) -> Iterator[types.CompletionItem]:
    """Settings; behind ``beta.`` and ``eta.`` the groups and names for which they may hold."""
    head, dot, _ = typed.partition(".")
    if dot:
        groups = GROUPED.get(head, ())
        for group in groups if head == "eta" else ():
            yield _item(f"{head}.{group}", types.CompletionItemKind.Property, f"all {group}s", "")
        for name, entry in analysis.occurrences.known.entries.items():
            if entry.kind in groups:
                yield _item(f"{head}.{name}", types.CompletionItemKind.Property, _detail(analysis, name, entry.kind), "")
        return
    for name, (written, told) in meanings.SETTINGS.items():
        yield _item(name, types.CompletionItemKind.Property, written, told, f"{name} = ")


def _values(analysis: Analysis, here: Place, offset: int) -> Iterator[types.CompletionItem]:
    """What a setting may be set to: one of its words, or a number, in which names of consts and sizes may stand."""
    if here.first in WORDS:
        for word in WORDS[here.first]:
            yield _item(word, types.CompletionItemKind.EnumMember, here.first, meanings.VALUES[word])
        return
    yield from (_word(word) for word in NUMBERS[here.first][1])
    yield from _names(analysis, offset, ("const", "dim"), here.typed)


# What stands in an expression ---------------------------------------------------------------------------------------


def _in_expression(analysis: Analysis, here: Place, offset: int) -> Iterator[types.CompletionItem]:
    yield from _names(analysis, offset, tuple(_KINDS), here.typed)
    if "." in here.typed:
        return
    begins = here.first in ("param", "state", "const") and here.before[-1].text == "="
    for name, function in meanings.FUNCTIONS.items():
        if begins or name not in INITIALS or name == "eye":
            insert = name if not function.arguments or (begins and name == "eye") else f"{name}("
            yield _item(name, types.CompletionItemKind.Function, meanings.signature(name), function.gives, insert)
    yield from (_word(word) for word in RESERVED if word not in ("T", "boundary"))
    call = call_at(here.before)
    for argument in _arguments(analysis, call[0]) if call else ():
        name, equals, _ = argument.partition("=")
        if equals:
            yield _item(f"{name.strip()}=", types.CompletionItemKind.Property, f"argument of {call[0] if call else ''}", "")
    yield from (_word(word) for word in sorted(CLAUSES.get(here.first, ())))
    if here.first in ("terminal", "final"):
        yield _word("T")


def _in_scope(analysis: Analysis, offset: int) -> Iterator[Declared]:
    """The names that may stand at a place of the document, each once."""
    seen: set[str] = set()
    for declared in analysis.occurrences.in_scope(offset):
        if declared.name not in seen:
            seen.add(declared.name)
            yield declared


def _names(analysis: Analysis, offset: int, kinds: Iterable[str], typed: str) -> Iterator[types.CompletionItem]:
    """Names in scope; behind a dot those of the instance before it."""
    wanted = set(kinds)
    head, dot, _ = ascii_spelling(typed).rpartition(".")
    if dot:
        seen = set()
        for name, entry in analysis.occurrences.known.entries.items():
            if name.startswith(f"{head}.") and entry.kind in wanted | {"let"}:
                part = name[len(head) + 1 :].partition(".")[0]
                label = f"{typed.rpartition('.')[0]}.{part}"
                if part not in seen:
                    seen.add(part)
                    whole = f"{head}.{part}"
                    yield _item(label, _KINDS[entry.kind], _detail(analysis, whole, entry.kind if whole == name else ""), "")
        return
    for declared in _in_scope(analysis, offset):
        if declared.kind in wanted:
            called = isinstance(declared.node, Component)
            name = _written(analysis, declared)
            insert = f"{name}(" if called else ""
            yield _item(name, _KINDS[declared.kind], _told(analysis, declared), declared.doc, insert)


def _written(analysis: Analysis, declared: Declared) -> str:
    """A name as it is written where it is declared."""
    return analysis.source.text[declared.span.start : declared.span.end]


def _told(analysis: Analysis, declared: Declared) -> str:
    if declared.kind in ("component", "function", "dim", "argument"):
        return declaration(analysis, declared)
    return _detail(analysis, declared.name if not declared.within else "", kind(declared))


def _detail(analysis: Analysis, name: str, told: str) -> str:
    sizes = analysis.occurrences.known.sizes.get(name)
    return f"{told} {show_sizes(sizes)}".strip() if sizes else told


def _files(analysis: Analysis) -> Iterator[types.CompletionItem]:
    """The files that a `use` line may name: beside the document, and those that ship."""
    found = {path.name: "ships with hdsl" for path in sorted((folder("models") / SHIPPED).glob("*.ham"))}
    if analysis.path is not None:
        beside = sorted(path.name for path in analysis.path.parent.glob("*.ham") if path != analysis.path)
        found |= dict.fromkeys(beside, "beside this file")
    for name, told in found.items():
        yield types.CompletionItem(name, kind=types.CompletionItemKind.File, detail=told)


def _item(
    label: str, kind: types.CompletionItemKind, detail: str, told: str, insert: str = ""
) -> types.CompletionItem:
    documentation = types.MarkupContent(types.MarkupKind.Markdown, told) if told else None
    return types.CompletionItem(label, kind=kind, detail=detail, documentation=documentation, insert_text=insert or None)


def _word(word: str) -> types.CompletionItem:
    told = meanings.WORDS.get(word.split()[0], "")
    return _item(word, types.CompletionItemKind.Keyword, "", told)


# The call that is being written -------------------------------------------------------------------------------------


def signature_help(analysis: Analysis, offset: int) -> types.SignatureHelp | None:
    """The function whose arguments a cursor stands in, and which of them."""
    here = place(analysis, offset)
    call = None if here.quiet is not None else call_at(here.before)
    if call is None:
        return None
    arguments = _arguments(analysis, call[0])
    if not arguments:
        return None
    parameters = [types.ParameterInformation(argument) for argument in arguments]
    gives = meanings.FUNCTIONS[call[0]].gives if call[0] in meanings.FUNCTIONS else ""
    label = f"{call[0]}({', '.join(arguments)})"
    documentation = types.MarkupContent(types.MarkupKind.Markdown, gives) if gives else None
    told = types.SignatureInformation(label, documentation, parameters, min(call[1], len(arguments) - 1))
    return types.SignatureHelp([told], 0, min(call[1], len(arguments) - 1))


def _arguments(analysis: Analysis, function: str) -> tuple[str, ...]:
    """The arguments of a function, of the language's or of the file's own, as they are declared."""
    if function in meanings.FUNCTIONS:
        return meanings.FUNCTIONS[function].arguments
    spelt = ascii_spelling(function)
    for declared in analysis.occurrences.declared.values():
        if declared.name == spelt and not declared.within and isinstance(declared.node, Component):
            text = analysis.source.text
            return tuple(" ".join(text[p.span.start : p.span.end].split()) for p in declared.node.parameters)
    return ()
