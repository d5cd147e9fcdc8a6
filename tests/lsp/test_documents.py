from __future__ import annotations

from pathlib import Path

from lsprotocol import types

from hdsl.lsp.documents import Documents


def test_a_document_is_analysed_once_a_version() -> None:
    documents = Documents()
    documents.open("untitled:a", "input u\n", 1)
    first = documents.analysis("untitled:a")
    assert first is not None and documents.analysis("untitled:a") is first
    place = types.Range(types.Position(0, 6), types.Position(0, 7))
    documents.change("untitled:a", [types.TextDocumentContentChangePartial(place, "w")], 2)
    second = documents.analysis("untitled:a")
    assert second is not None and second.text == "input w\n" and documents.versions == {"untitled:a": 2}
    documents.close("untitled:a")
    assert documents.analysis("untitled:a") is None and documents.texts == {}


def test_changes_of_what_is_not_open_change_nothing() -> None:
    documents = Documents()
    documents.change("untitled:a", [types.TextDocumentContentChangeWholeDocument("x")], 2)
    documents.close("untitled:a")
    assert documents.texts == {}


def test_a_change_reaches_the_documents_that_use_the_file(tmp_path: Path) -> None:
    part, main, other = ((tmp_path / f"{name}.ham").as_uri() for name in ("part", "main", "other"))
    documents = Documents()
    documents.open(main, 'use "part.ham"\ninput u\noutput y = part(u)\n', 1)
    documents.open(other, "input u\noutput y = 2*u\n", 1)
    alone = documents.analysis(other)
    before = documents.analysis(main)
    assert before is not None and [found.code for found in before.diagnostics] == ["use"]
    documents.open(part, "component part(x) { return x }\n", 1)
    assert documents.depending_on(part) == [main]
    # The file itself is wanted on the disk, beside the document; what it says is what the editor has.
    Path(tmp_path / "part.ham").write_text("", encoding="utf-8")
    documents.forget_all()
    after = documents.analysis(main)
    assert after is not None and after.diagnostics == ()
    documents.change(part, [types.TextDocumentContentChangeWholeDocument("def part(x) = wrong\n")], 2)
    again = documents.analysis(main)
    assert again is not None and [found.code for found in again.diagnostics] == ["unknown-name"]
    documents.open(other, "input u\noutput y = 3*u\n", 2)
    assert documents.analysis(main) is again and documents.analysis(other) is not alone
    assert [one.uri for one in documents.others(main)] == [other, part]
