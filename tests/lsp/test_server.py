"""Every feature over the wire, as an editor asks for it: a client of pygls and `python -m hdsl lsp` in its own process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException

from hdsl.lsp import findings
from hdsl.lsp.server import build
from tests.lsp.conftest import Editor

NET = """ham 1
dim n = 3
input u[n]
target v[n]
use "layers.ham"
## How fast it forgets.
const α = 0.5
param W[n, n] = glorot
state h[n] = 0
h' = -α*h + tanh(W @ h + u)
output y = dense(h, n)
cost fit = squared(y - v)
learn
    beta.y.W = 0.1
"""


class Document:
    """One document in an editor, and the requests about it."""

    def __init__(self, editor: Editor, uri: str, text: str) -> None:
        self.editor, self.uri, self.text = editor, uri, text
        self.name = types.TextDocumentIdentifier(uri)
        editor.open(uri, text)

    def at(self, place: str, more: int = 0) -> types.Position:
        """The position of a piece of the text, which holds no character that takes two units before it on its line."""
        before = self.text[: self.text.index(place) + more]
        return types.Position(before.count("\n"), len(before) - before.rfind("\n") - 1)

    def ask(self, method: str, params: type[Any], place: str = "", **more: Any) -> Any:
        here = {"position": self.at(place)} if place else {}
        request = getattr(self.editor.client, f"text_document_{method}_async")
        return self.editor.run(request(params(text_document=self.name, **here, **more)))

    def edited(self, edits: list[types.TextEdit]) -> str:
        """The text after edits, which are in its order."""
        lines = self.text.split("\n")
        starts = [sum(len(line) + 1 for line in lines[:k]) for k in range(len(lines))]
        text = self.text
        for edit in reversed(edits):
            first, last = (starts[p.line] + p.character for p in (edit.range.start, edit.range.end))
            text = text[:first] + edit.new_text + text[last:]
        return text


@pytest.fixture(scope="module")
def net(editor: Editor) -> Document:
    return Document(editor, "untitled:net", NET)


def test_what_the_server_says_that_it_can(editor: Editor) -> None:
    told = editor.capabilities
    assert told.position_encoding == "utf-16"
    assert told.text_document_sync.change == types.TextDocumentSyncKind.Incremental
    assert told.rename_provider.prepare_provider is True
    assert told.completion_provider.trigger_characters == (".", '"')
    assert told.code_action_provider.code_action_kinds == ("quickfix", "source.fixAll.hdsl")
    for one in ("hover", "definition", "references", "document_highlight", "document_symbol", "document_formatting"):
        assert getattr(told, f"{one}_provider")
    assert told.folding_range_provider and told.signature_help_provider and told.semantic_tokens_provider.full


def test_diagnostics_as_one_types(editor: Editor) -> None:
    uri = "untitled:typing"
    editor.open(uri, "ham 1\ninput u\noutput y = 2*w\n")
    (found,) = editor.diagnostics(uri, lambda told: bool(told.diagnostics))
    assert (found.code, found.severity, found.source) == ("unknown-name", types.DiagnosticSeverity.Error, "hdsl")
    assert found.message.startswith("`w` is not declared")
    assert found.range == types.Range(types.Position(2, 13), types.Position(2, 14))
    editor.change(uri, types.TextDocumentContentChangePartial(found.range, "u"))
    assert editor.diagnostics(uri, lambda told: told.version == 2) == []
    editor.replace(uri, "ham 1\ninput u\ninput u\noutput y = u\n")
    (found,) = editor.diagnostics(uri, lambda told: bool(told.diagnostics))
    (other,) = found.related_information
    assert (found.code, other.location.uri, other.location.range.start) == ("duplicate-name", uri, types.Position(1, 6))
    editor.close(uri)
    assert editor.diagnostics(uri, lambda told: not told.diagnostics) == []


def test_many_changes_are_checked_once(editor: Editor) -> None:
    uri = "untitled:pause"
    editor.open(uri, "")
    editor.diagnostics(uri, lambda told: bool(told.diagnostics))
    for length in range(1, 30):
        editor.replace(uri, "ham 1\ninput u\noutput y = 2*u\n" + "#" * length)
    assert editor.diagnostics(uri) == []
    assert {told.version for told in editor.published[uri]} <= {1, *range(25, 31)} and len(editor.published[uri]) <= 4


def test_files_that_are_used_have_their_own_diagnostics(editor: Editor, tmp_path: Path) -> None:
    used, main = (tmp_path / name for name in ("part.ham", "main.ham"))
    used.write_text("component part(x) {\n    return x\n}\n", encoding="utf-8")
    text = 'ham 1\nuse "part.ham"\ninput u\noutput y = part(u)\n'
    main.write_text(text, encoding="utf-8")
    editor.open(main.as_uri(), text)
    assert editor.diagnostics(main.as_uri()) == []
    # In the editor the part is another than on the disk, and wrong.
    editor.open(used.as_uri(), "component part(x) {\n    return x + q\n}\n")
    (found,) = editor.diagnostics(used.as_uri(), lambda told: bool(told.diagnostics))
    assert (found.code, found.range.start) == ("unknown-name", types.Position(1, 15))
    editor.replace(used.as_uri(), "component part(x, k) {\n    return k*x\n}\n")
    (found,) = editor.diagnostics(main.as_uri(), lambda told: bool(told.diagnostics))
    assert found.related_information[0].location.uri == used.as_uri()
    assert editor.diagnostics(used.as_uri(), lambda told: not told.diagnostics) == []
    editor.close(used.as_uri())
    assert editor.diagnostics(main.as_uri(), lambda told: not told.diagnostics) == []
    used.write_text("component part(x) {\n    return x + q\n}\n", encoding="utf-8")
    event = types.FileEvent(used.as_uri(), types.FileChangeType.Changed)
    editor.client.workspace_did_change_watched_files(types.DidChangeWatchedFilesParams([event]))
    assert [d.code for d in editor.diagnostics(used.as_uri(), lambda told: bool(told.diagnostics))] == ["unknown-name"]
    used.write_text("component part(x) {\n    return x\n}\n", encoding="utf-8")
    editor.replace(main.as_uri(), text + "\n")
    editor.save(main.as_uri())
    assert editor.diagnostics(used.as_uri(), lambda told: not told.diagnostics) == []
    used.write_text("component part(x) {\n    return x + q\n}\n", encoding="utf-8")
    editor.replace(main.as_uri(), text)
    assert editor.diagnostics(used.as_uri(), lambda told: bool(told.diagnostics))
    editor.close(main.as_uri())
    assert editor.diagnostics(used.as_uri(), lambda told: not told.diagnostics) == []


def test_hover(net: Document) -> None:
    told = net.ask("hover", types.HoverParams, "h[n]")
    assert told.range == types.Range(net.at("h[n]"), net.at("h[n]", 1))
    assert "state h[n] = 0" in told.contents.value and "line 9" in told.contents.value
    assert "- `h`: [n]" in told.contents.value and "ḣ = " in told.contents.value and "ż = " in told.contents.value
    assert "How fast it forgets." in net.ask("hover", types.HoverParams, "α*h").contents.value
    assert net.ask("hover", types.HoverParams, "= 3") is None


def test_definition_references_and_highlights(net: Document) -> None:
    assert net.ask("definition", types.DefinitionParams, "W @").range.start == net.at("W[n, n]")
    part = net.ask("definition", types.DefinitionParams, "dense")
    assert part.uri.endswith("/layers.ham") and part.uri.startswith("file:")
    asked = {"context": types.ReferenceContext(include_declaration=True)}
    places = net.ask("references", types.ReferenceParams, "α = 0.5", **asked)
    assert [place.range.start for place in places] == [net.at("α = 0.5"), net.at("α*h")]
    asked = {"context": types.ReferenceContext(include_declaration=False)}
    assert [p.range.start for p in net.ask("references", types.ReferenceParams, "α*h", **asked)] == [net.at("α*h")]
    marks = net.ask("document_highlight", types.DocumentHighlightParams, "α*h")
    assert [mark.kind for mark in marks] == [types.DocumentHighlightKind.Write, types.DocumentHighlightKind.Read]


def test_rename(net: Document) -> None:
    ready = net.ask("prepare_rename", types.PrepareRenameParams, "α*h")
    assert (ready.placeholder, ready.range.start) == ("α", net.at("α*h"))
    made = net.ask("rename", types.RenameParams, "α*h", new_name="rate")
    assert net.edited(made.changes[net.uri]) == NET.replace("α", "rate")
    for place, name, why in [
        ("α*h", "W", "`W` is declared already: a param, line 8"),
        ("α*h", "tanh", "`tanh` cannot be declared: it is the name of a function"),
        ("dense", "other", "`dense` is declared in a file that ships with hdsl"),
        ("tanh", "other", "there is no name here that this file declares"),
    ]:
        with pytest.raises(JsonRpcException) as refused:
            net.ask("rename", types.RenameParams, place, new_name=name)
        assert refused.value.message == why and refused.value.code == types.LSPErrorCodes.RequestFailed


def test_completion_and_signature(editor: Editor) -> None:
    text = NET.replace("tanh(W @ h + u)", "tanh(W @ h + ")
    document = Document(editor, "untitled:completion", text)
    here = text.index("h + \n") + 4
    position = types.Position(text[:here].count("\n"), here - text.rfind("\n", 0, here) - 1)
    asked = types.CompletionParams(document.name, position)
    items = editor.run(editor.client.text_document_completion_async(asked))
    labels = {item.label: item for item in items}
    assert {"u", "h", "W", "α", "dense", "tanh", "softmax", "pi"} <= set(labels)
    assert labels["W"].detail == "param [n, n]" and labels["α"].documentation.value == "How fast it forgets."
    assert labels["h"].text_edit.range == types.Range(position, position)
    help_ = types.SignatureHelpParams(document.name, document.at("h, n)"))
    told = editor.run(editor.client.text_document_signature_help_async(help_))
    assert told.signatures[0].label == "dense(x[m], n)" and told.active_parameter == 0


def test_outline_folding_and_colours(net: Document) -> None:
    outline = net.ask("document_symbol", types.DocumentSymbolParams)
    assert [symbol.name for symbol in outline] == ["n", "u", "v", "α", "W", "h", "h'", "y", "fit", "learn"]
    assert [symbol.name for symbol in outline[-1].children] == ["beta.y.W"]
    (fold,) = net.ask("folding_range", types.FoldingRangeParams)
    assert (fold.start_line, fold.end_line) == (net.at("learn").line, net.at("beta").line)
    tokens = net.ask("semantic_tokens_full", types.SemanticTokensParams).data
    kinds = net.editor.capabilities.semantic_tokens_provider.legend.token_types
    assert len(tokens) % 5 == 0 and (*tokens[:3], kinds[tokens[3]]) == (0, 0, 3, "keyword")


def test_formatting_and_fixes(editor: Editor) -> None:
    document = Document(editor, "untitled:form", "ham 1\ninput  u\noutput y=2*u\n")
    edits = document.ask("formatting", types.DocumentFormattingParams, options=types.FormattingOptions(4, True))
    assert document.edited(edits) == "ham 1\ninput u\noutput y = 2*u\n"
    wrong = Document(editor, "untitled:fix", "ham 1\ninput u\noutput y = tahn(u) − u²\n")
    assert wrong.ask("formatting", types.DocumentFormattingParams, options=types.FormattingOptions(4, True)) is None
    everything = types.Range(types.Position(0, 0), types.Position(3, 0))
    asked = {"range": everything, "context": types.CodeActionContext([])}
    actions = {action.title: action for action in wrong.ask("code_action", types.CodeActionParams, **asked)}
    whole = actions.pop("Fix all that can only be meant in one way")
    assert whole.kind == "source.fixAll.hdsl" and "−" not in wrong.edited(whole.edit.changes[wrong.uri])
    assert actions and all(action.kind == "quickfix" and action.diagnostics for action in actions.values())


def test_positions_in_units_that_the_client_has_chosen(editor: Editor) -> None:
    text = "ham 1\ninput u\noutput y = u + 𝔴\n"  # a letter outside the basic plane, NFKC w
    columns = {"utf-16": 17, "utf-8": 19, "utf-32": 16}
    for encoding, end in columns.items():
        other = editor if encoding == "utf-16" else Editor([encoding, "utf-16"])
        assert other.capabilities.position_encoding == encoding
        other.open("untitled:units", text)
        (found,) = other.diagnostics("untitled:units", lambda told: bool(told.diagnostics))
        assert found.range == types.Range(types.Position(2, 15), types.Position(2, end))
        other.change("untitled:units", types.TextDocumentContentChangePartial(found.range, "2"))
        assert other.diagnostics("untitled:units", lambda told: told.version == 2) == []
        if other is not editor:
            assert other.stop() == 0


def test_what_is_not_open_is_answered_with_nothing(editor: Editor) -> None:
    name = types.TextDocumentIdentifier("untitled:nowhere")
    asked = types.HoverParams(name, types.Position(3, 3))
    assert editor.run(editor.client.text_document_hover_async(asked)) is None
    assert editor.run(editor.client.text_document_document_symbol_async(types.DocumentSymbolParams(name))) is None


def test_a_fault_of_ours_is_told_and_the_server_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    server = build()
    told: list[Any] = []
    monkeypatch.setattr(server, "window_show_message", told.append)
    monkeypatch.setattr(server, "text_document_publish_diagnostics", told.append)
    server.documents.open("untitled:fault", "input w\n", 1)
    server.check("untitled:fault")
    monkeypatch.setattr(findings, "findings", lambda analysis: 1 / 0)
    server.check("untitled:fault")
    wrong, fault, none = told
    assert [d.code for d in wrong.diagnostics] == ["empty-model"] and none.diagnostics == []
    assert fault.type == types.MessageType.Error and "has a fault: ZeroDivisionError: division by zero" in fault.message


def test_no_message_of_a_fault_came(editor: Editor) -> None:
    assert editor.messages == []


def test_every_feature_has_been_asked_for(editor: Editor) -> None:
    features = set(build().protocol.fm.features)
    assert len(features) > 15 and features <= editor.asked
