from __future__ import annotations

from pathlib import Path

import pytest
from lsprotocol import types

from benchmarks.mangled import mangled
from hdsl.lsp import completion, findings, hover, navigation, renaming
from hdsl.lsp.analysis import Analysis, path_of
from hdsl.lsp.server import layout
from hdsl.resources import folder
from hdsl.syntax.source import Span
from tests.lsp.conftest import analysed

USES = 'ham 1\nuse "part.ham"\nuse "layers.ham"\ninput u[3]\noutput y = part(u)\n'


def test_places_in_a_document_and_in_the_files_that_it_uses(tmp_path: Path) -> None:
    part, main = tmp_path / "part.ham", tmp_path / "main.ham"
    part.write_text("# é\ncomponent part(x) {\n    return x + wrong\n}\n", encoding="utf-8")
    found = Analysis(main.as_uri(), USES)
    shipped = (folder("models") / "parts" / "layers.ham").resolve()
    assert [uri for _, uri, _ in found.files] == [main.as_uri(), part.as_uri(), shipped.as_uri()]
    assert [(start, lines.text) for start, _, lines in found.files[:1]] == [(0, USES)]
    (wrong,) = found.diagnostics
    assert found.location(wrong.span) == types.Location(
        part.as_uri(), types.Range(types.Position(2, 15), types.Position(2, 20))
    )
    assert found.location(Span(len(USES), len(USES))).range.start == types.Position(5, 0)
    layers = found.files[2][0]
    assert found.is_shipped(Span(layers, layers + 1)) and not found.is_shipped(wrong.span)
    assert found.depends_on(part.resolve()) and not found.depends_on(tmp_path / "other.ham")


def test_a_document_that_is_open_goes_before_its_file_under_the_name_that_the_editor_gives_it(tmp_path: Path) -> None:
    part, main = tmp_path / "part.ham", tmp_path / "main.ham"
    part.write_text("component part(x) { return x + wrong }\n", encoding="utf-8")
    odd = part.as_uri().replace("part", "%70art")
    found = Analysis(main.as_uri(), USES, opened={odd: "component part(x) { return 2*x }\n"})
    assert found.diagnostics == () and found.files[1][1] == odd


def test_files_of_components_only_are_no_models_and_need_not_be() -> None:
    parts = "ham 1\n## A part.\ncomponent part(x) { return x }\n"
    assert analysed(parts).diagnostics == ()
    for text in ("", "ham 1\n", 'ham 1\nuse "layers.ham"\n', "dim n = 3\n"):
        assert [found.code for found in analysed(text).diagnostics] == ["empty-model"]


def test_the_derivation_is_that_of_a_model_without_mistakes() -> None:
    assert analysed("input u\noutput y = 2*u\n").page is not None
    assert analysed("input u\noutput y = 2*w\n").page is None
    assert analysed("component c(x) { return x }\n").page is None


def test_paths_of_uris(tmp_path: Path) -> None:
    assert path_of((tmp_path / "a b.ham").as_uri()) == (tmp_path / "a b.ham").resolve()
    assert path_of("untitled:Untitled-1") is None and path_of("http://x/a.ham") is None


def everything(analysis: Analysis, offsets: list[int]) -> None:
    """Every answer that the server has."""
    for told in findings.findings(analysis).values():
        for one in told:
            assert one.range.start.line <= one.range.end.line and one.message
    navigation.symbols(analysis)
    navigation.foldings(analysis)
    assert min(navigation.semantic_tokens(analysis), default=0) >= 0
    layout(analysis)
    findings.actions(analysis, Span(0, len(analysis.text)), None)
    for offset in offsets:
        hover.hover(analysis, offset)
        navigation.definition(analysis, offset)
        navigation.references(analysis, offset, [])
        navigation.highlights(analysis, offset)
        completion.completions(analysis, offset)
        completion.signature_help(analysis, offset)
        try:
            renaming.renamed(analysis, offset, "another", [])
        except renaming.Refused as why:
            assert str(why)


def of_mangled(number: int) -> None:
    text = mangled(number).decode("utf-8", "surrogateescape")
    try:
        everything(Analysis("untitled:mangled", text), [len(text) * k // 4 for k in range(5)])
    except Exception as fault:
        raise AssertionError(f"mangled file {number}") from fault


def test_every_answer_on_mangled_files() -> None:
    for number in range(15):
        of_mangled(number)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(15, 615, 40))
def test_every_answer_on_many_mangled_files(first: int) -> None:
    for number in range(first, first + 40):
        of_mangled(number)


def test_every_answer_at_every_place_of_a_file_that_is_cut_off_anywhere() -> None:
    text = (folder("models") / "iris_mlp.ham").read_text(encoding="utf-8")
    for end in range(0, len(text), 23):
        everything(analysed(text[:end]), [end])
