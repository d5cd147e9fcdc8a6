"""The server: what of the protocol is answered, and by what. Everything is worked out elsewhere, from one text at a time."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any, TypeVar

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer

from hdsl.compiler import VERSION
from hdsl.diagnostics.diagnostic import ModelError
from hdsl.format.layout import formatted
from hdsl.lsp import completion, findings, hover, navigation, renaming
from hdsl.lsp.analysis import Analysis
from hdsl.lsp.documents import Documents
from hdsl.syntax.source import Source

_LOG = logging.getLogger(__name__)
PAUSE = 0.15  # seconds without a change after which a document is checked
Answer = TypeVar("Answer")


class Server(LanguageServer):
    """A language server for .ham files."""

    def __init__(self) -> None:
        super().__init__("hdsl", VERSION, types.TextDocumentSyncKind.Incremental)
        self.documents = Documents()
        self._waiting: dict[str, asyncio.TimerHandle] = {}
        self._found: dict[str, dict[str, list[types.Diagnostic]]] = {}  # by the document whose check found it, by file

    # --- diagnostics -------------------------------------------------------------------------------------------------

    def check_soon(self, uri: str, pause: float = PAUSE) -> None:
        """Check a document, and those that use it, once nobody has typed in it for a moment."""
        for one in (uri, *self.documents.depending_on(uri)):
            self._forget_check(one)
            self._waiting[one] = asyncio.get_running_loop().call_later(pause, self.check, one)

    def check(self, uri: str) -> None:
        """Check a document and tell the editor what is wrong with it and with the files that it uses."""
        self._forget_check(uri)
        analysis = self.documents.analysis(uri)
        try:
            found = {} if analysis is None else findings.findings(analysis)
        except Exception as fault:  # of ours: whatever a text holds has its own message
            _LOG.exception("hdsl could not check %s", uri)
            told = f"hdsl {VERSION} has a fault: {type(fault).__name__}: {fault}. Please report it with the model."
            self.window_show_message(types.ShowMessageParams(types.MessageType.Error, told))
            found = {uri: []}
        before = self._found.pop(uri, {})
        if found:
            self._found[uri] = found
        for file in dict.fromkeys((*found, *before)):
            self._publish(file)

    def _forget_check(self, uri: str) -> None:
        timer = self._waiting.pop(uri, None)
        if timer is not None:
            timer.cancel()

    def _publish(self, file: str) -> None:
        """Tell what all documents have found in a file, each thing once."""
        found = {
            (d.range.start.line, d.range.start.character, d.code, d.message): d
            for by_file in self._found.values()
            for d in by_file.get(file, ())
        }
        version = self.documents.versions.get(file)
        told = types.PublishDiagnosticsParams(file, [d for _, d in sorted(found.items(), key=lambda e: e[0][:2])], version)
        self.text_document_publish_diagnostics(told)

    # --- requests ----------------------------------------------------------------------------------------------------

    def at(self, params: Any) -> tuple[Analysis, int] | None:
        """What is known of the document that a request is about, and the place in it; None where it is not open."""
        analysis = self.documents.analysis(params.text_document.uri)
        return None if analysis is None else (analysis, analysis.lines.offset(params.position))

    def asked(self, params: Any, answer: Callable[[Analysis, int], Answer]) -> Answer | None:
        """The answer at the place that a request is about."""
        here = self.at(params)
        return None if here is None else answer(*here)

    def of(self, params: Any, answer: Callable[[Analysis], Answer]) -> Answer | None:
        """The answer on the document that a request is about."""
        analysis = self.documents.analysis(params.text_document.uri)
        return None if analysis is None else answer(analysis)


def build() -> Server:
    """The server with everything that it answers."""
    server = Server()
    for register in (_documents, _places, _renaming, _texts):
        register(server)
    return server


def _documents(server: Server) -> None:
    """Documents that are opened, changed, saved and closed."""

    @server.feature(types.INITIALIZE)
    def initialize(params: types.InitializeParams) -> None:
        agreed = types.PositionEncodingKind(server.workspace.position_encoding or "utf-16")
        server.documents.encoding = agreed.value

    @server.feature(types.TEXT_DOCUMENT_DID_OPEN)
    def opened(params: types.DidOpenTextDocumentParams) -> None:
        document = params.text_document
        server.documents.open(document.uri, document.text, document.version)
        server.check_soon(document.uri, 0)

    @server.feature(types.TEXT_DOCUMENT_DID_CHANGE)
    def changed(params: types.DidChangeTextDocumentParams) -> None:
        document = params.text_document
        server.documents.change(document.uri, params.content_changes, document.version)
        server.check_soon(document.uri)

    @server.feature(types.TEXT_DOCUMENT_DID_SAVE)
    def saved(params: types.DidSaveTextDocumentParams) -> None:
        server.check_soon(params.text_document.uri, 0)

    @server.feature(types.TEXT_DOCUMENT_DID_CLOSE)
    def closed(params: types.DidCloseTextDocumentParams) -> None:
        uri = params.text_document.uri
        depending = server.documents.depending_on(uri)
        server.documents.close(uri)
        server.check(uri)
        for other in depending:
            server.check_soon(other, 0)

    @server.feature(types.WORKSPACE_DID_CHANGE_WATCHED_FILES)
    def changed_on_disk(params: types.DidChangeWatchedFilesParams) -> None:
        server.documents.forget_all()
        for uri in server.documents.texts:
            server.check_soon(uri)


def _places(server: Server) -> None:
    """What is asked of a place."""

    @server.feature(types.TEXT_DOCUMENT_HOVER)
    def hovered(params: types.HoverParams) -> types.Hover | None:
        return server.asked(params, hover.hover)

    @server.feature(types.TEXT_DOCUMENT_DEFINITION)
    def defined(params: types.DefinitionParams) -> types.Location | None:
        return server.asked(params, navigation.definition)

    @server.feature(types.TEXT_DOCUMENT_REFERENCES)
    def referred(params: types.ReferenceParams) -> list[types.Location] | None:
        others = server.documents.others(params.text_document.uri)
        with_itself = params.context.include_declaration
        return server.asked(params, lambda a, at: navigation.references(a, at, others, declaration=with_itself))

    @server.feature(types.TEXT_DOCUMENT_DOCUMENT_HIGHLIGHT)
    def highlighted(params: types.DocumentHighlightParams) -> list[types.DocumentHighlight] | None:
        return server.asked(params, navigation.highlights)

    @server.feature(
        types.TEXT_DOCUMENT_COMPLETION, types.CompletionOptions(trigger_characters=list(completion.TRIGGERS))
    )
    def completed(params: types.CompletionParams) -> list[types.CompletionItem] | None:
        return server.asked(params, completion.completions)

    @server.feature(
        types.TEXT_DOCUMENT_SIGNATURE_HELP, types.SignatureHelpOptions(trigger_characters=["(", ","])
    )
    def signed(params: types.SignatureHelpParams) -> types.SignatureHelp | None:
        return server.asked(params, completion.signature_help)


def _renaming(server: Server) -> None:
    """Names that are changed. What is refused is an error of the request, whose message editors show."""

    @server.feature(types.TEXT_DOCUMENT_PREPARE_RENAME)
    def prepared(params: types.PrepareRenameParams) -> types.PrepareRenamePlaceholder | None:
        found = server.asked(params, _refusing(renaming.prepared))
        return None if found is None else types.PrepareRenamePlaceholder(*found)

    @server.feature(types.TEXT_DOCUMENT_RENAME, types.RenameOptions(prepare_provider=True))
    def renamed(params: types.RenameParams) -> types.WorkspaceEdit | None:
        others = server.documents.others(params.text_document.uri)
        rename = _refusing(lambda a, at: renaming.renamed(a, at, params.new_name, others))
        changes = server.asked(params, rename)
        return None if changes is None else types.WorkspaceEdit(changes=changes)


def _refusing(answer: Callable[[Analysis, int], Answer]) -> Callable[[Analysis, int], Answer]:
    """An answer whose refusal is told to the client in the protocol's own way."""

    def told(analysis: Analysis, offset: int) -> Answer:
        try:
            return answer(analysis, offset)
        except renaming.Refused as why:
            raise JsonRpcException(str(why), types.LSPErrorCodes.RequestFailed) from None

    return told


def _texts(server: Server) -> None:
    """What is asked of a whole document."""

    @server.feature(types.TEXT_DOCUMENT_DOCUMENT_SYMBOL)
    def outlined(params: types.DocumentSymbolParams) -> list[types.DocumentSymbol] | None:
        return server.of(params, navigation.symbols)

    @server.feature(types.TEXT_DOCUMENT_FOLDING_RANGE)
    def folded(params: types.FoldingRangeParams) -> list[types.FoldingRange] | None:
        return server.of(params, navigation.foldings)

    @server.feature(types.TEXT_DOCUMENT_SEMANTIC_TOKENS_FULL, navigation.LEGEND)
    def coloured(params: types.SemanticTokensParams) -> types.SemanticTokens | None:
        return server.of(params, lambda analysis: types.SemanticTokens(navigation.semantic_tokens(analysis)))

    @server.feature(types.TEXT_DOCUMENT_FORMATTING)
    def laid_out(params: types.DocumentFormattingParams) -> list[types.TextEdit] | None:
        return server.of(params, layout)

    @server.feature(
        types.TEXT_DOCUMENT_CODE_ACTION,
        types.CodeActionOptions(code_action_kinds=[types.CodeActionKind.QuickFix, findings.FIX_ALL]),
    )
    def mended(params: types.CodeActionParams) -> list[types.CodeAction] | None:
        only = params.context.only
        return server.of(params, lambda a: findings.actions(a, a.lines.span(params.range), only))


def layout(analysis: Analysis) -> list[types.TextEdit] | None:
    """What `hdsl fmt` would change; None for a text that it cannot read."""
    try:
        return findings.replacing(analysis, formatted(Source(analysis.text, analysis.source.name)))
    except ModelError:
        return None


def log() -> None:
    """Faults go to standard error, which editors keep; a refusal is an answer, and pygls would log it with a traceback."""
    handler = logging.StreamHandler()
    handler.addFilter(lambda record: not (record.exc_info and isinstance(record.exc_info[1], JsonRpcException)))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
