"""Analysis: everything that the server knows of one version of one text, each part worked out when first asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from lsprotocol import types
from pygls.uris import from_fs_path, to_fs_path

from hdsl.compiler import Compiler
from hdsl.diagnostics.diagnostic import Diagnostic
from hdsl.lsp.positions import Lines
from hdsl.model.occurrences import Occurrences, occurrences
from hdsl.resources import folder
from hdsl.syntax.gather import Gathered, gathered
from hdsl.syntax.lines import Line, cut
from hdsl.syntax.source import Source, Span
from hdsl.syntax.tree import ModelText, Statement

MOST_DERIVED = 300  # definitions of a model whose equations are worked out for a hover: about a second

if TYPE_CHECKING:
    from hdsl.model.model import Model
    from hdsl.show.page import Page


@dataclass(frozen=True)
class Analysis:
    """One text with the files that it uses. ``opened`` are the texts that are open in the editor, by their URIs."""

    uri: str
    text: str
    encoding: str = "utf-16"
    opened: Mapping[str, str] = field(default_factory=dict)

    @cached_property
    def path(self) -> Path | None:
        """Where the document stands; None for one that was never saved."""
        return path_of(self.uri)

    @cached_property
    def gathered(self) -> Gathered:
        return self._gather(Source(self.text, self.path.name if self.path else "<text>"))

    def gather(self, source: Source) -> Source:
        """Another text of the document with the files that it uses."""
        return self._gather(source).source

    def _gather(self, source: Source) -> Gathered:
        texts = {path: self.opened[uri] for path, uri in self._uris.items()}
        return gathered(source, self.path.parent if self.path else None, texts)

    @cached_property
    def _uris(self) -> dict[Path, str]:
        """The URIs of the files that are open: as the editor writes them, which may be another way than ours."""
        return {path: uri for uri in self.opened if (path := path_of(uri)) is not None}

    @property
    def source(self) -> Source:
        return self.gathered.source

    @cached_property
    def compiler(self) -> Compiler:
        return Compiler(self.source)

    @property
    def tree(self) -> ModelText:
        return self.compiler.text

    @cached_property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """What `hdsl check` finds."""
        return self.compiler.findings

    @property
    def has_errors(self) -> bool:
        return any(d.severity == "error" for d in self.diagnostics)

    @cached_property
    def occurrences(self) -> Occurrences:
        return occurrences(self.tree, self.compiler.known)

    @cached_property
    def model(self) -> Model | None:
        """The checked model; None where there are mistakes."""
        wrong = any(d.severity == "error" for d in self.compiler.diagnostics)
        return None if wrong else self.compiler.model

    @cached_property
    def page(self) -> Page | None:
        """The derivation; None for a model with mistakes, and for one that is so long that an editor would wait for it."""
        if self.model is None or len(self.model.definitions) > MOST_DERIVED:
            return None
        from hdsl.show.derivation import derivation_page

        return derivation_page(self.compiler.equations, self.compiler.step)

    # --- the document itself -----------------------------------------------------------------------------------------

    @property
    def statements(self) -> tuple[Statement, ...]:
        """What the document itself says, in its order, those of its components among it that have mistakes."""
        own = (s for s in (*self.tree.statements, *self.tree.broken) if s.span.start < len(self.text) or not self.text)
        return tuple(sorted(own, key=lambda statement: statement.span))

    @cached_property
    def rows(self) -> tuple[Line, ...]:
        """The logical lines of the document."""
        return cut(Source(self.text))[0]

    @cached_property
    def lines(self) -> Lines:
        return Lines(self.text, self.encoding)

    # --- places ------------------------------------------------------------------------------------------------------

    @cached_property
    def files(self) -> tuple[tuple[int, str, Lines], ...]:
        """Where in the source each file begins, its URI and its lines: the document's first, then those that it uses."""
        (_, end, _), *used = self.source.regions
        # What parts two files is a line end that neither of them has.
        own = self.source.text[: end - 1] if used else self.source.text
        more = [
            (start, self._uris.get(path) or from_fs_path(str(path)) or "", Lines(self.source.text[start:end], self.encoding))
            for (start, end, _), path in zip(used, self.gathered.places, strict=True)
        ]
        return ((0, self.uri, Lines(own, self.encoding)), *more)

    def file_of(self, offset: int) -> tuple[int, str, Lines]:
        """The file that a place of the source lies in."""
        return max((file for file in self.files if file[0] <= offset), key=lambda file: file[0])

    def location(self, span: Span) -> types.Location:
        """A place of the source as editors have it."""
        start, uri, lines = self.file_of(span.start)
        return types.Location(uri, lines.range(Span(span.start - start, span.end - start)))

    def range(self, span: Span) -> types.Range:
        return self.location(span).range

    def is_shipped(self, span: Span) -> bool:
        """Whether a place lies in a file that ships with hdsl."""
        path = path_of(self.file_of(span.start)[1])
        return path is not None and path.is_relative_to(folder("models").resolve())

    def depends_on(self, path: Path) -> bool:
        """Whether the document uses a file, or one would now be found that was missing."""
        return path in self.gathered.places or bool(self.source.missing)


def path_of(uri: str) -> Path | None:
    """The path of a file's URI; None for what is no file."""
    path = to_fs_path(uri) if uri.startswith("file:") else None
    return Path(path).resolve() if path else None
