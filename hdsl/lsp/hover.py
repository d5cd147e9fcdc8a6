"""Hover: what a name means, its sizes, its equations; what a word of the language means; what a diagnostic is about."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

import sympy
from lsprotocol import types

from hdsl.diagnostics.explanations import explanations
from hdsl.lsp import meanings
from hdsl.lsp.analysis import MOST_DERIVED, Analysis
from hdsl.lsp.words import SETTING, Word, word_at
from hdsl.model.occurrences import Declared, Occurrence
from hdsl.model.sizes import show_sizes
from hdsl.show.page import Row
from hdsl.show.text import beside
from hdsl.syntax.source import Span
from hdsl.syntax.tree import Component
from hdsl.terms.term import size

LONGEST = 160  # characters of a declaration that are shown
MOST_INSTANCES = 4  # of a component, of which sizes and equations are told
TOO_LONG = f"The model has more than {MOST_DERIVED} definitions: `hdsl derive` shows its equations."
_DERIVED = ("state", "param", "let", "output", "cost")
MOST_READ = 8  # definitions that are shown below an equation
Shown: TypeAlias = tuple[str, Span]  # Markdown, and the place that it is about


def hover(analysis: Analysis, offset: int) -> types.Hover | None:
    """What is shown at a place of the document."""
    told = list(_told(analysis, offset))
    if not told:
        return None
    text = "\n\n---\n\n".join(markdown for markdown, _ in told)
    return types.Hover(types.MarkupContent(types.MarkupKind.Markdown, text), analysis.range(told[0][1]))


def _told(analysis: Analysis, offset: int) -> Iterator[Shown]:
    occurrence = analysis.occurrences.at(offset)
    word = word_at(analysis.text, offset)
    if occurrence is not None:
        yield of_name(analysis, occurrence), occurrence.span
    elif word is not None and (text := of_word(analysis, word, offset)):
        yield text, word.span
    for diagnostic in analysis.diagnostics:
        if diagnostic.span.start <= offset <= diagnostic.span.end and analysis.file_of(diagnostic.span.start)[0] == 0:
            yield explained(diagnostic.code), diagnostic.span


# Words of the language ----------------------------------------------------------------------------------------------


def of_word(analysis: Analysis, word: Word, offset: int) -> str:
    """What the language means by a word; "" where it means nothing by it here."""
    name = word.text.strip()
    if word.kind is SETTING and name.startswith("."):
        return ""
    line = analysis.text.rfind("\n", 0, word.span.start) + 1
    begins = not analysis.text[line : word.span.start].strip(" \t{")
    if name in meanings.SETTINGS and word.kind is SETTING:
        return _coded(*meanings.SETTINGS[name])
    if begins and name in meanings.STATEMENTS:
        return _coded(*meanings.STATEMENTS[name])
    if name in meanings.FUNCTIONS:
        return _coded(meanings.signature(name), meanings.FUNCTIONS[name].gives)
    for table in (meanings.WORDS, meanings.VALUES):
        if name.strip(".") in table:
            return f"`{name.strip('.')}`: {table[name.strip('.')]}"
    return ""


def _coded(code: str, text: str) -> str:
    return f"```ham\n{code}\n```\n{text}"


def explained(code: str) -> str:
    """What the code of a message means, as `hdsl explain` tells it."""
    found = explanations().get(code)
    return f"**{code}**: {found.text}\n\n`hdsl explain {code}` has an example." if found else f"`hdsl explain {code}`"


# Names --------------------------------------------------------------------------------------------------------------


def of_name(analysis: Analysis, occurrence: Occurrence) -> str:
    """Markdown on a name: its declaration, its doc comment, where it stands, its sizes and its equations."""
    declared = analysis.occurrences.declared[occurrence.of]
    parts = [
        f"```ham\n{declaration(analysis, declared)}\n```",
        declared.doc,
        " · ".join(filter(None, (kind(declared), place(analysis, declared), *_shared(analysis, occurrence, declared)))),
        "\n".join(_sizes(analysis, occurrence, declared)),
        "\n\n".join(filter(None, (of_equations(analysis, name) for name in names(analysis, occurrence, declared)))),
        TOO_LONG if analysis.model is not None and analysis.page is None and declared.kind in _DERIVED else "",
        "\n\n".join(filter(None, (locality(analysis, name) for name in names(analysis, occurrence, declared)))),
    ]
    return "\n\n".join(filter(None, parts))


def locality(analysis: Analysis, name: str) -> str:
    """One line on how local the update of a parameter is, or that of a state's costate; "" for all else."""
    if analysis.page is None:
        return ""
    from hdsl.show.audit import locality_line

    told = locality_line(analysis.compiler.audit, name)
    return f"`{name}`: {told}" if told else ""


def declaration(analysis: Analysis, declared: Declared) -> str:
    """How a name was declared, on one line."""
    node, text = declared.node, analysis.source.text
    if node is None:
        return f"{declared.kind} {declared.name}"
    written = text[node.span.start : node.span.end]
    if isinstance(node, Component) and not node.pure:  # the head alone
        written = written.partition("{")[0]
    written = " ".join(written.split())
    written = f"dim {written}" if declared.kind == "dim" else written
    return written if len(written) <= LONGEST else f"{written[: LONGEST - 1]}…"


def kind(declared: Declared) -> str:
    """What kind of thing a name is, and of which component."""
    word = {"dim": "size", "let": "definition", "index": "named index"}.get(declared.kind, declared.kind)
    return f"{word} of `{declared.within}`" if declared.within else word


def place(analysis: Analysis, declared: Declared) -> str:
    """The line of a declaration, with its file where that is another one."""
    line = analysis.source.line_of(declared.span)
    start, name = analysis.source.region(declared.span.start)
    return f"{name}:{line}" if start else f"line {line}"


def names(analysis: Analysis, occurrence: Occurrence, declared: Declared) -> tuple[str, ...]:
    """The names that a thing has in the model: one for a name of the file, those of its instances for one of a component."""
    if not declared.within:
        return (declared.name,)
    found = analysis.occurrences.instances_of(declared)
    return (occurrence.path,) if occurrence.path in found else found[:MOST_INSTANCES]


def _sizes(analysis: Analysis, occurrence: Occurrence, declared: Declared) -> Iterator[str]:
    """The sizes of a thing, with their numbers where these are known; of a size that is worked out its number."""
    known = analysis.occurrences.known
    values = {size(name): sympy.Integer(number) for name, number in known.numbers.items()}
    for name in names(analysis, occurrence, declared):
        if name in known.sizes:
            written = show_sizes(known.sizes[name])
            worked_out = show_sizes(tuple(one.xreplace(values) for one in known.sizes[name]))
            yield f"- `{name}`: {written}" + (f" = {worked_out}" if worked_out != written else "")
        elif declared.kind == "dim" and name in known.numbers:
            yield f"- `{name}` = {known.numbers[name]}"


def _shared(analysis: Analysis, occurrence: Occurrence, declared: Declared) -> Iterator[str]:
    """Whether all streams have a thing together, which is known of a model without mistakes."""
    model = analysis.model
    if model is None:
        return
    shared = {q.name: q.shared for q in model.quantities.values()} | {d.name: d.shared for d in model.definitions}
    for name in names(analysis, occurrence, declared)[:1]:
        if name in shared:
            yield "shared by all streams" if shared[name] else "one for each stream"


def of_equations(analysis: Analysis, name: str) -> str:
    """What was derived of a name: how it moves, its costate, its adjoint, with what these read; "" where there is nothing."""
    found = list(_rows(analysis, name))
    # What a projection reads has names of its own, which may be those of other definitions.
    reads = {read for row in found if f"project.{name}" not in row.paths for read in row.reads}
    more = [row for row in _defining(analysis) if row not in found and row.equations[0].name in reads]
    lines = [f"{equation}{_lines_of(row)}" for row in found for equation in row.equations]
    lines += ["where"] if more else []
    lines += [f"    {row.equations[0]}{_lines_of(row)}" for row in more[:MOST_READ]]
    lines += ["    …"] if len(more) > MOST_READ else []
    return "```text\n" + "\n".join(lines) + "\n```" if found else ""


def _lines_of(row: Row) -> str:
    lines = beside(row)
    return f"    # {lines}" if lines else ""


def _rows(analysis: Analysis, name: str) -> Iterator[Row]:
    """The rows of the derivation that are about a name."""
    wanted = {f"{group}.{name}" for group in ("state", "costate", "parameter", "project")}
    for row in _defining(analysis):
        left = row.equations[0].name
        if left == name or (left.startswith("adj:") and left.removeprefix("adj:").partition("~")[0] == name):
            yield row
    for row in () if analysis.page is None else analysis.page.rows:
        if wanted.intersection(row.paths):
            yield row


def _defining(analysis: Analysis) -> Iterator[Row]:
    """The rows that define what equations read: the model's own definitions and their adjoints."""
    if analysis.page is not None:
        yield from analysis.page.of(("where", "adjoint")).rows
