from __future__ import annotations

from pathlib import Path

import pytest
from lsprotocol import types

from hdsl.compiler import Compiler
from hdsl.lsp.analysis import Analysis
from hdsl.lsp.renaming import Refused, prepared, renamed
from hdsl.resources import folder
from tests.lsp.conftest import analysed, cursor
from tests.lsp.test_findings import edited

GOOD = """ham 1
dim n = 3
input u[n]
component cell(x[m], n, gain = 1) {
    param K[n, m] = normal(0, gain)
    return tanh(K @ x)
}
let α = cell(u, n, gain = 2) + cell(u, n)
let y[i] = sum[j](α.K[i, j]*u[j])
let z[i] = u[i]
output o = α + y + z
cost decay = squared(alpha.K) + squared(α.cell_2.K)
latex α "a"
learn
    beta.α.K = 0.1
"""


def after(text: str, place: str, name: str, more: int = 0) -> str:
    """A text in which the name where a piece begins has become another."""
    analysis = analysed(text)
    edits = renamed(analysis, text.index(place) + more, name, [])
    return edited(text, edits[analysis.uri])


@pytest.mark.parametrize(
    ("place", "more", "name", "old", "new"),
    [
        ("α = cell", 0, "b", ("let α", "(α.K", "o = α", "(alpha.K", "(α.cell", "latex α", "beta.α"), "α alpha b"),
        ("K[n", 0, "Q", ("param K", "tanh(K", "α.K[", "alpha.K", "cell_2.K", "α.K = 0.1"), "K Q"),
        ("gain = 1", 0, "g", ("gain = 1", "0, gain", "gain = 2"), "gain g"),
        ("cell(x", 0, "part", ("component cell", "= cell", "+ cell", "α.cell_2"), "cell part"),
        ("i, j", 0, "k", ("y[i", "K[i"), "i k"),
        ("u[j]", 2, "k", ("sum[j", "i, j]*", "u[j"), "j k"),
    ],
)
def test_all_places_of_a_name(place: str, more: int, name: str, old: tuple[str, ...], new: str) -> None:
    expected = GOOD
    *before, becomes = new.split()
    for piece in old:
        changed = piece
        for word in before:
            head, found, tail = changed.rpartition(word)
            if found:
                changed = head + becomes + tail
                break
        assert piece in expected and changed != piece
        expected = expected.replace(piece, changed)
    assert after(GOOD, place, name, more) == expected


def test_sizes_of_the_file_and_of_a_component_are_apart() -> None:
    assert after(GOOD, "n = 3", "w") == GOOD.replace("dim n", "dim w").replace("u[n]", "u[w]").replace("cell(u, n", "cell(u, w")
    assert after(GOOD, "m], n", "w") == GOOD.replace("x[m]", "x[w]").replace("K[n, m]", "K[n, w]")


@pytest.mark.parametrize(
    ("place", "name", "why"),
    [
        ("u[n]", "2u", "is not a name"),
        ("u[n]", "a b", "is not a name"),
        ("u[n]", "u²", "is not a name"),
        ("u[n]", "", "is not a name"),
        ("u[n]", "tanh", "the name of a function"),
        ("u[n]", "tau", "the language keeps this name for itself"),
        ("u[n]", "param", "it is a keyword"),
        ("u[n]", "if", "it is a keyword"),
        ("u[n]", "alpha", "`alpha` is declared already: a let, line 8"),
        ("u[n]", "cell", "`cell` is declared already: a component, line 4"),
        ("u[n]", "i", "`i` is declared already: an index, line 9"),
        ("y[i]", "α", "`α` is declared already"),
        ("i] = sum", "j", "`j` is declared already"),
        ("i] = sum", "u", "`u` is declared already"),
        ("K[n", "gain", "`gain` is declared already: an argument, line 4"),
        ("tanh", "f", "there is no name here"),
        ("learn", "f", "there is no name here"),
    ],
)
def test_names_that_cannot_be(place: str, name: str, why: str) -> None:
    with pytest.raises(Refused) as refused:
        after(GOOD, place, name)
    assert why in str(refused.value)


def test_a_name_may_be_that_of_another_component_or_formula() -> None:
    assert "let z[j] = u[j]" in after(GOOD, "z[i]", "j", 2)
    assert "param u[n, m]" in after(GOOD, "K[n", "u")
    assert after(GOOD, "α = cell", "α") == GOOD.replace("alpha.K", "α.K")


def test_files_with_mistakes_are_left_alone() -> None:
    with pytest.raises(Refused, match="cannot be read"):
        after(GOOD + "let q = (\n", "u[n]", "w")
    unknown = GOOD + "let q = nowhere\n"
    assert "input w[n]" in after(unknown, "u[n]", "w")
    with pytest.raises(Refused, match="in instances of the component would be missed"):
        after(unknown, "K[n", "Q")


def test_what_would_come_to_mean_another_thing_is_refused() -> None:
    # With the name `W` the outer part would have what the inner one has: the instance in it would be called otherwise.
    text = "component a(x) {\n    param W = 1\n    return W*x\n}\ncomponent b(x) {\n    param Q = 1\n    return a(Q*x)\n}\n"
    text += "input u\noutput y = b(u)\ncost c = squared(y.W)\n"
    with pytest.raises(Refused, match="W"):
        after(text, "Q = 1", "W")


def test_the_name_where_it_stands() -> None:
    place, name = prepared(*cursor(GOOD.replace("o = α", "o = |α")))
    assert (place.start, place.end, name) == (types.Position(10, 11), types.Position(10, 12), "α")
    with pytest.raises(Refused, match="ships with hdsl"):
        prepared(*cursor('use "layers.ham"\ninput u[3]\noutput y = den|se(u, 3)\n'))


def test_in_files_that_are_used_and_in_others_that_are_open(tmp_path: Path) -> None:
    part, one, two = (tmp_path / f"{name}.ham" for name in ("part", "one", "two"))
    texts = {
        part.as_uri(): "component part(x) { return x }\n",
        one.as_uri(): 'use "part.ham"\ninput u\noutput y = part(u)\n',
        two.as_uri(): 'use "part.ham"\ninput u\n\noutput y = part(u)\n',
    }
    part.write_text(texts[part.as_uri()], encoding="utf-8")
    known = [Analysis(uri, text, opened=texts) for uri, text in texts.items()]
    made = renamed(known[1], texts[one.as_uri()].index("part(u"), "bit", [known[0], known[2]])
    assert {uri: edited(texts[uri], edits) for uri, edits in made.items()} == {
        uri: text.replace("part(", "bit(") for uri, text in texts.items()
    }
    with pytest.raises(Refused, match="`u` is declared already"):  # in a document that uses the file
        renamed(known[0], texts[part.as_uri()].index("part"), "u", known[1:])


@pytest.mark.parametrize("name", ["sunspots", "iris_mlp"])
def test_every_name_of_a_model_can_be_another_and_comes_back(name: str, tmp_path: Path) -> None:
    text = (folder("models") / f"{name}.ham").read_text(encoding="utf-8")
    uri = (tmp_path / "copy.ham").as_uri()  # what ships cannot be changed where it is
    analysis = Analysis(uri, text)
    before = Compiler(analysis.source).model
    for declared in analysis.occurrences.declared.values():
        if analysis.file_of(declared.span.start)[0] == 0:
            edits = renamed(analysis, declared.span.start, "another", [])[uri]
            again = Analysis(uri, edited(text, edits))
            model = Compiler(again.source).model
            assert len(model.definitions) == len(before.definitions) and len(model.quantities) == len(before.quantities)
            first = min(edits, key=lambda edit: (edit.range.start.line, edit.range.start.character))
            written = text[declared.span.start : declared.span.end]
            back = renamed(again, again.lines.offset(first.range.start), written, [])[uri]
            assert edited(again.text, back) == text
