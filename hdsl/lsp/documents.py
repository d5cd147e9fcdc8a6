"""Documents: the texts that are open in an editor, kept as it has them, and what is known of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from lsprotocol import types

from hdsl.lsp.analysis import Analysis, path_of
from hdsl.lsp.positions import changed


@dataclass
class Documents:
    """The open documents by their URIs. ``encoding`` is that of positions."""

    encoding: str = "utf-16"
    texts: dict[str, str] = field(default_factory=dict)
    versions: dict[str, int] = field(default_factory=dict)
    _known: dict[str, Analysis] = field(default_factory=dict)

    def open(self, uri: str, text: str, version: int) -> None:
        """Take in a document."""
        self.texts[uri] = text
        self.versions[uri] = version
        self._forget(uri)

    def change(self, uri: str, changes: Sequence[types.TextDocumentContentChangeEvent], version: int) -> None:
        """Make the changes that an editor has made to a document; to one that is not open nothing can be done."""
        if uri in self.texts:
            self.open(uri, changed(self.texts[uri], changes, self.encoding), version)

    def close(self, uri: str) -> None:
        """Let a document go: from here on its file is what it says."""
        self.texts.pop(uri, None)
        self.versions.pop(uri, None)
        self._forget(uri)

    def forget_all(self) -> None:
        """Files have changed on the disk: nothing that is known of what uses them holds."""
        self._known.clear()

    def analysis(self, uri: str) -> Analysis | None:
        """What is known of a document; None for one that is not open."""
        if uri not in self.texts:
            return None
        if uri not in self._known:
            self._known[uri] = Analysis(uri, self.texts[uri], self.encoding, dict(self.texts))
        return self._known[uri]

    def others(self, uri: str) -> Iterator[Analysis]:
        """What is known of all other documents that are open."""
        for other in self.texts:
            if other != uri and (found := self.analysis(other)) is not None:
                yield found

    def depending_on(self, uri: str) -> list[str]:
        """The other open documents that use the file of one."""
        path = path_of(uri)
        return [] if path is None else [other.uri for other in self.others(uri) if other.depends_on(path)]

    def _forget(self, uri: str) -> None:
        """Drop what is known of a document and of those that use it."""
        path = path_of(uri)
        for other, known in list(self._known.items()):
            if other == uri or (path is not None and known.depends_on(path)):
                del self._known[other]
