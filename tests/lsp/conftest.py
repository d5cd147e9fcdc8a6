"""An editor for tests: pygls' own client, which talks to `python -m hdsl lsp` in a process of its own."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types
from pygls.lsp.client import LanguageClient

from hdsl.lsp.analysis import Analysis

CHECKOUT = Path(__file__).resolve().parents[2]
LONGEST = 30  # seconds that a test waits for an answer


class Editor:
    """A client with its own event loop, used from plain tests. ``published`` are the diagnostics of each file, newest last."""

    def __init__(self, encodings: list[str] | None = None) -> None:
        self.loop = asyncio.new_event_loop()
        self.client = LanguageClient("tests", "1")
        self.published: dict[str, list[types.PublishDiagnosticsParams]] = {}
        self.messages: list[str] = []
        self.versions: dict[str, int] = {}
        self.asked: set[str] = set()
        for way in ("send_request_async", "notify"):
            self._note(way)

        @self.client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
        def published(params: types.PublishDiagnosticsParams) -> None:
            self.published.setdefault(params.uri, []).append(params)

        @self.client.feature(types.WINDOW_SHOW_MESSAGE)
        def shown(params: types.ShowMessageParams) -> None:
            self.messages.append(params.message)

        self.run(self.client.start_io(sys.executable, "-m", "hdsl", "lsp", cwd=CHECKOUT))
        general = types.GeneralClientCapabilities(position_encodings=encodings)  # type: ignore[arg-type]
        texts = types.TextDocumentClientCapabilities(rename=types.RenameClientCapabilities(prepare_support=True))
        asked = types.InitializeParams(types.ClientCapabilities(general=general, text_document=texts))
        self.capabilities = self.run(self.client.initialize_async(asked)).capabilities
        self.client.initialized(types.InitializedParams())

    def _note(self, way: str) -> None:
        """Keep the methods by which the server is asked."""
        send = getattr(self.client.protocol, way)

        def noted(method: str, *more: Any, **named: Any) -> Any:
            self.asked.add(method)
            return send(method, *more, **named)

        setattr(self.client.protocol, way, noted)

    def run(self, asked: Awaitable[Any]) -> Any:
        return self.loop.run_until_complete(asyncio.wait_for(asked, LONGEST))

    def open(self, uri: str, text: str) -> None:
        self.versions[uri] = 1
        item = types.TextDocumentItem(uri, "ham", 1, text)
        self.client.text_document_did_open(types.DidOpenTextDocumentParams(item))

    def change(self, uri: str, *changes: types.TextDocumentContentChangeEvent) -> None:
        self.versions[uri] += 1
        name = types.VersionedTextDocumentIdentifier(self.versions[uri], uri)
        self.client.text_document_did_change(types.DidChangeTextDocumentParams(name, list(changes)))

    def replace(self, uri: str, text: str) -> None:
        self.change(uri, types.TextDocumentContentChangeWholeDocument(text))

    def save(self, uri: str) -> None:
        name = types.TextDocumentIdentifier(uri)
        self.client.text_document_did_save(types.DidSaveTextDocumentParams(name))

    def close(self, uri: str) -> None:
        name = types.TextDocumentIdentifier(uri)
        self.client.text_document_did_close(types.DidCloseTextDocumentParams(name))

    def diagnostics(self, uri: str, fits: Callable[[types.PublishDiagnosticsParams], bool] | None = None) -> list[Any]:
        """The newest diagnostics of a file at its newest version, once they are as they should be."""

        async def wait() -> list[Any]:
            while True:
                for told in self.published.get(uri, [])[-1:]:
                    newest = told.version in (None, self.versions.get(uri))
                    if newest and (fits is None or fits(told)):
                        return list(told.diagnostics)
                await asyncio.sleep(0.01)

        return list(self.run(wait()))

    def stop(self) -> int:
        """Say goodbye; the exit code of the server."""
        self.run(self.client.shutdown_async(None))
        self.client.exit(None)
        self.run(self.client.stop())
        process = self.client._server
        assert process is not None
        code = process.returncode
        self.loop.run_until_complete(self.loop.shutdown_default_executor())
        self.loop.close()
        assert code is not None
        return code


@pytest.fixture(scope="module")
def editor() -> Iterator[Editor]:
    """One editor for the tests of a file."""
    made = Editor()
    yield made
    made.stop()


@cache
def analysed(text: str, uri: str = "untitled:one") -> Analysis:
    """What is known of a text."""
    return Analysis(uri, text)


def cursor(marked: str, mark: str = "|") -> tuple[Analysis, int]:
    """What is known of a text without its mark, and the place of that."""
    place = marked.index(mark)
    return analysed(marked[:place] + marked[place + len(mark) :]), place
