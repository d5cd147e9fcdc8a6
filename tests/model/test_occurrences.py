from __future__ import annotations

import re
from collections import defaultdict

import pytest

from benchmarks.mangled import mangled
from hdsl.model.occurrences import Declared, Occurrences, occurrences
from hdsl.resources import folder
from hdsl.syntax.gather import gather
from hdsl.syntax.parse import parse
from hdsl.syntax.read import read
from hdsl.syntax.source import Source, Span

# Every name between ⟨ and ⟩, behind a mark that says which one it is.
MARKED = """ham 1
dim ⟨d|d⟩ = 4, ⟨n|n⟩ = 30
input  ⟨u|u⟩[⟨d|d⟩]
input  ⟨q|q⟩ : index(⟨d|d⟩)
target ⟨v|v⟩[⟨n|n⟩]
const  ⟨k|k⟩ = 2
component ⟨dense|dense⟩(⟨dx|x⟩[⟨dm|m⟩], ⟨dn|n⟩, ⟨gain|gain⟩ = 1) {
    param ⟨dW|W⟩[⟨dn|n⟩, ⟨dm|m⟩] = normal(0, ⟨gain|gain⟩)
    state ⟨dh|h⟩[⟨dn|n⟩] = 0
    ⟨dh|h⟩' = -⟨dh|h⟩ + ⟨dW|W⟩ @ (⟨dx|x⟩)
    project ⟨dW|W⟩ = ⟨dW|W⟩ / norm2(⟨dW|W⟩) every 10
    return (⟨dh|h⟩)
}
component ⟨two|two⟩(⟨tx|x⟩[⟨tn|n⟩]) {
    let ⟨r|r⟩ = ⟨dense|dense⟩(⟨tx|x⟩, ⟨tn|n⟩, ⟨gain|gain⟩=2)
    return ⟨r|r⟩ + squared(⟨r|r⟩.⟨dW|W⟩) + ⟨dense|dense⟩(⟨tx|x⟩, ⟨tn|n⟩)
}
def ⟨swish|swish⟩(⟨sx|x⟩, ⟨sk|k⟩ = 1) = ⟨sx|x⟩ * sigmoid(⟨sk|k⟩*⟨sx|x⟩)
let ⟨a|α⟩ = ⟨two|two⟩(⟨dense|dense⟩(⟨u|u⟩, ⟨n|n⟩)) + ⟨dense|dense⟩(⟨swish|swish⟩(⟨u|u⟩, ⟨sk|k⟩=⟨k|k⟩), ⟨n|n⟩)
let ⟨b|b⟩ = repeat(2, ⟨two|two⟩, ⟨a|alpha⟩)
let ⟨y|y⟩[⟨yi|i⟩, ⟨yk|k⟩] = sum[⟨yj|j⟩](⟨a|α⟩.⟨r|r⟩.⟨dW|W⟩[⟨yi|i⟩, ⟨yj|j⟩]*⟨a|α⟩.⟨r|r⟩.⟨dW|W⟩[⟨yk|k⟩, ⟨yj|j⟩])
let ⟨w|w⟩ = sum[⟨wi|i⟩](⟨b|b⟩[⟨wi|i⟩]*⟨k|k⟩)
output ⟨o|o⟩ = ⟨b|b⟩ + ⟨w|w⟩
cost ⟨c|c⟩ = squared(⟨o|o⟩ - ⟨v|v⟩) + squared(⟨a|α⟩.⟨dense|dense⟩_2.⟨dW|W⟩) + sum(⟨y|y⟩) + 0*⟨q|q⟩
latex ⟨a|α⟩ "a"
reset ⟨b|b⟩.1.⟨r|r⟩.⟨dh|h⟩ never
local ⟨a|α⟩.⟨r|r⟩.⟨dW|W⟩, ⟨b|b⟩
local all
learn
    beta.⟨a|α⟩.⟨r|r⟩.⟨dW|W⟩ = ⟨k|k⟩
    eta.state = 1
    eta.⟨b|b⟩.2.⟨r|r⟩.⟨dh|h⟩ = 0.5
"""


def unmarked(marked: str) -> tuple[str, dict[str, list[Span]]]:
    """A text without its marks, and the places of each name in it."""
    text, places, at = "", defaultdict(list), 0
    for mark in re.finditer(r"⟨(\w+)\|(\w+)⟩", marked):
        text += marked[at : mark.start()]
        places[mark[1]].append(Span(len(text), len(text) + len(mark[2])))
        text += mark[2]
        at = mark.end()
    return text + marked[at:], places


def of(text: str) -> Occurrences:
    return occurrences(parse(Source(text))[0])


def places_of(found: Occurrences, declared: Declared) -> list[Span]:
    return [occurrence.span for occurrence in found.of(declared)]


def test_every_place_of_every_name() -> None:
    text, places = unmarked(MARKED.replace("0*⟨q|q⟩", "1"))
    assert not [found for found in parse(Source(text))[1] if found.severity == "error"]
    found = of(text)
    assert {declared: places_of(found, found.declared[declared]) for declared in found.declared} == {
        spans[0]: spans for spans in places.values()
    }
    assert all(found.at(span.start) == found.at(span.end - 1) for spans in places.values() for span in spans)


def test_what_can_be_read_is_told_whatever_else_is_wrong() -> None:
    text, places = unmarked(MARKED.replace("return (⟨dh|h⟩)", "return (("))
    found = of(text)
    for name in ("dense", "dx", "gain", "swish", "u", "k"):
        assert places_of(found, found.declared[places[name][0]]) == places[name]


def test_a_name_is_found_where_it_ends_and_nothing_between_names() -> None:
    text = "input u\noutput y = u + 2\n"
    found = of(text)
    (_, read) = found.of(found.declared[Span(6, 7)])
    assert found.at(text.index("u + 2")) == found.at(text.index(" + 2")) == read
    assert found.at(text.index("+ 2")) is None and found.at(0) is None


@pytest.mark.parametrize(
    ("place", "names"),
    [
        ("param", {"dense", "two", "swish", "x", "n", "gain", "m", "W", "h"}),
        ("output", {"d", "n", "u", "q", "v", "k", "dense", "two", "swish", "alpha", "b", "y", "w", "o", "c"}),
        ("b[i]", {"d", "n", "u", "q", "v", "k", "dense", "two", "swish", "alpha", "b", "y", "w", "o", "c", "i"}),
    ],
)
def test_names_in_scope(place: str, names: set[str]) -> None:
    text, _ = unmarked(MARKED)
    assert {declared.name for declared in of(text).in_scope(text.index(place))} == names


def test_the_names_of_a_part_in_its_instances() -> None:
    text, places = unmarked(MARKED)
    found = of(text)
    copies = {f"{instance}{own}" for instance in ("alpha", "b.1", "b.2") for own in (".r.W", ".W")}
    assert set(found.instances_of(found.declared[places["dW"][0]])) == copies | {"alpha.dense_2.W", "alpha.dense_3.W"}


def test_files_that_ship_have_every_name_at_a_place_that_bears_it() -> None:
    for path in sorted(folder("models").rglob("*.ham")):
        source = gather(Source(path.read_text(encoding="utf-8"), path.name), path.parent)
        found = occurrences(parse(source)[0])
        assert found.declared
        for occurrence in found.all:
            written = source.text[occurrence.span.start : occurrence.span.end]
            declared = source.text[occurrence.of.start : occurrence.of.end]
            assert written == declared


def test_a_mangled_file_has_occurrences_too() -> None:
    for number in range(60):
        source, wrong = read(mangled(number))
        if not wrong:
            found = of(source.text)
            assert all(occurrence.of in found.declared for occurrence in found.all)
