from __future__ import annotations

from pathlib import Path

from lsprotocol import types

from hdsl.lsp.analysis import Analysis
from hdsl.lsp.navigation import (
    LEGEND,
    declared_at,
    definition,
    foldings,
    highlights,
    places_of,
    references,
    semantic_tokens,
    symbols,
)
from hdsl.resources import folder
from tests.lsp.conftest import analysed, cursor

NET = """ham 1
# What the net is for,
# in two lines.
dim n = 3
input u[n]
component cell(x[m], n) {
    param K[n, m] = glorot
    return tanh(K @ x)
}
let c = cell(u,
             n)
output y = c + sum[i](c[i])
cost decay = squared(c.K)
learn
    tau = 1
    beta.c.K = 0.1
"""


def line(place: types.Location | None) -> int:
    assert place is not None
    return place.range.start.line


def at(piece: str, more: int = 0) -> tuple[Analysis, int]:
    return analysed(NET), NET.index(piece) + more


def test_definitions() -> None:
    assert line(definition(*at("u,"))) == 4
    assert line(definition(*at("cell(u"))) == 5
    assert line(definition(*at("squared(c.K", 8))) == 9
    assert line(definition(*at("squared(c.K", 10))) == 6
    assert line(definition(*at("beta.c.K", 7))) == 6
    assert line(definition(*at("c[i]", 2))) == 11
    assert line(definition(*at("n, m"))) == 5
    for piece in ("tanh", "learn", "ham", "= 3", "# What"):
        assert definition(*at(piece)) is None and declared_at(*at(piece)) is None


def test_a_use_line_leads_to_its_file() -> None:
    shipped = folder("models") / "parts" / "layers.ham"
    found = definition(*cursor('use "lay|ers.ham"\ninput u\noutput y = u\n'))
    assert found is not None and found.uri == shipped.resolve().as_uri() and line(found) == 0
    assert definition(*cursor('use "nowhere|.ham"\n')) is None


def test_references_in_all_documents_that_are_open(tmp_path: Path) -> None:
    part, one, two = (tmp_path / f"{name}.ham" for name in ("part", "one", "two"))
    texts = {
        part.as_uri(): "component part(x) { return x }\n",
        one.as_uri(): 'use "part.ham"\ninput u\noutput y = part(u) + part(u)\n',
        two.as_uri(): 'use "part.ham"\ninput u\n\n\noutput y = part(u)\n',
    }
    part.write_text(texts[part.as_uri()], encoding="utf-8")
    known = [Analysis(uri, text, opened=texts) for uri, text in texts.items()]
    for asked in range(3):
        others = [analysis for analysis in known if analysis is not known[asked]]
        found = references(known[asked], known[asked].text.index("part(x" if asked == 0 else "part(u"), others)
        assert [(Path(place.uri).name, line(place)) for place in found] == [
            ("one.ham", 2), ("one.ham", 2), ("part.ham", 0), ("two.ham", 4),
        ]  # fmt: skip
    target = known[0].location(next(iter(known[0].occurrences.declared)))
    assert [line(place) for place in places_of(known[2], target)] == [4, 0]
    assert len(references(known[0], known[0].text.index("part"), known[1:], declaration=False)) == 3
    assert references(*at("tanh"), []) == []


def test_highlights_are_of_the_document_only() -> None:
    assert [(mark.range.start.line, mark.kind) for mark in highlights(*at("c = cell"))] == [
        (9, types.DocumentHighlightKind.Write), *[(number, types.DocumentHighlightKind.Read) for number in (11, 11, 12, 15)]
    ]  # fmt: skip
    assert highlights(*at("tanh")) == []


def test_the_outline() -> None:
    outline = symbols(analysed(NET))
    assert [(one.name, one.kind) for one in outline] == [
        ("n", types.SymbolKind.Constant),
        ("u", types.SymbolKind.Variable),
        ("cell", types.SymbolKind.Class),
        ("c", types.SymbolKind.Variable),
        ("y", types.SymbolKind.Variable),
        ("decay", types.SymbolKind.Number),
        ("learn", types.SymbolKind.Namespace),
    ]
    cell, learn = outline[2], outline[-1]
    assert [one.name for one in cell.children or ()] == ["K"] and cell.detail == "component cell(x[m], n)"
    assert (cell.range.start.line, cell.range.end.line) == (5, 8)
    assert [one.detail for one in learn.children or ()] == ["tau = 1", "beta.c.K = 0.1"]
    moved = symbols(analysed("state h = 0\nstate g = 0\nh' = -h\nnext g = h\n"))
    assert [one.name for one in moved] == ["h", "g", "h'", "next g"]


def test_every_range_of_the_outline_holds_its_name() -> None:
    for path in sorted(folder("models").rglob("*.ham")):
        waiting = symbols(Analysis(path.as_uri(), path.read_text(encoding="utf-8")))
        assert waiting
        while waiting:
            one = waiting.pop()
            first, last = (one.range.start, one.selection_range.start), (one.selection_range.end, one.range.end)
            for before, after in (first, last):
                assert (before.line, before.character) <= (after.line, after.character)
            waiting += one.children or ()


def test_a_component_with_a_mistake_is_still_in_the_outline() -> None:
    broken = symbols(analysed(NET.replace("return tanh(", "return tanh((")))
    assert "cell" in [one.name for one in broken]


def test_what_can_be_folded() -> None:
    assert [(fold.start_line, fold.end_line, fold.kind) for fold in foldings(analysed(NET))] == [
        (1, 2, types.FoldingRangeKind.Comment),
        (5, 8, None),
        (9, 10, None),
        (13, 15, None),
    ]


def colours(text: str) -> list[tuple[str, str, int]]:
    """Every coloured piece of a text, its colour and its modifiers."""
    data, lines = semantic_tokens(analysed(text)), text.split("\n")
    found, at_line, column = [], 0, 0
    for k in range(0, len(data), 5):
        down, right, length, kind, modifiers = data[k : k + 5]
        at_line, column = at_line + down, right if down else column + right
        found.append((lines[at_line][column : column + length], LEGEND.token_types[kind], modifiers))
    return found


def test_colours() -> None:
    found = colours(NET)
    for piece in (
        *(("ham", "keyword", 0), ("n", "variable", 3), ("n", "variable", 2), ("u", "variable", 1), ("u", "variable", 0)),
        *(("cell", "class", 1), ("cell", "class", 0), ("x", "parameter", 1), ("K", "property", 1), ("K", "property", 0)),
        *(("tanh", "function", 0), ("glorot", "function", 0), ("tau", "property", 0), ("0.1", "number", 0)),
        ("# What the net is for,", "comment", 0),
    ):
        assert piece in found
    assert colours("learn\n    order = sequential\n")[-1] == ("sequential", "enumMember", 0)


def test_colours_never_overlap() -> None:
    for path in sorted(folder("models").rglob("*.ham")):
        data = semantic_tokens(Analysis(path.as_uri(), path.read_text(encoding="utf-8")))
        length = 0
        for k in range(0, len(data), 5):
            assert data[k] > 0 or data[k + 1] >= length
            length = data[k + 2]


CONTROL = """ham 1
state x = 1
costate p of x
control a in [-1, 1] given -p
x' = a
constraint cap = x <= 1 soft 10
terminal goal = x^2
horizon 5
"""


def test_names_of_optimal_control() -> None:
    analysis = analysed(CONTROL)
    assert [(one.name, one.detail) for one in symbols(analysis)] == [
        ("x", "state x = 1"),
        ("p", "costate p of x"),
        ("a", "control a in [-1, 1] given -p"),
        ("x'", None),
        ("cap", "constraint cap = x <= 1 soft 10"),
        ("goal", "terminal goal = x^2"),
    ]
    assert line(definition(analysis, CONTROL.index("given -p") + 7)) == 2
    assert line(definition(analysis, CONTROL.index("= a") + 2)) == 3
    assert line(definition(analysis, CONTROL.index("of x") + 3)) == 1
