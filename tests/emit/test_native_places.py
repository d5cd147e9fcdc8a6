"""Where quantities lie: strides, views, room that overlaps nothing, and identifiers that C reads."""

from __future__ import annotations

import re

import pytest
import sympy

from hdsl.emit import native_crew
from hdsl.emit.native_functions import preamble
from hdsl.emit.native_held_functions import HELD
from hdsl.emit.native_places import Identifiers, Place, Sizes, WorkSpace, row_major, viewed
from hdsl.emit.native_step import FUNCTIONS
from hdsl.terms.term import Definition, Structured, size

WHOLE = Place("x", (3, 4), row_major((3, 4)), 12)


def test_an_entry_is_written_without_what_is_zero_or_one() -> None:
    assert WHOLE.at(["i", "j"]) == "x[b * 12 + i * 4 + j]"
    assert Place("x", (3, 4), (4, 1), 0).at(["0", "j"]) == "x[j]"
    assert Place("x", (), (), 0).at([]) == "x[0]"
    assert WHOLE.at(["i", "j"], "2") == "x[2 * 12 + i * 4 + j]"


def view(row: str, *attributes: tuple[str, object], sizes: tuple[int, ...]) -> Place | None:
    line = Definition("v", Structured(row, ("x",), attributes), tuple(map(sympy.Integer, sizes)))
    return viewed(line, WHOLE, Sizes({}))


def test_a_slice_and_a_diagonal_lie_in_what_they_are_of() -> None:
    one, two = sympy.Integer(1), sympy.Integer(3)
    found = view("slice", ("places", ((one,), (one, two, 2))), ("of", (3, 4)), sizes=(1,))
    assert found == Place("(x + 5)", (1,), (2,), 12)
    assert view("diagonal", sizes=(3,)) == Place("x", (3,), (5,), 12)
    assert view("reshape", ("sizes", (2, 6)), sizes=(2, 6)) == Place("x", (2, 6), (6, 1), 12)


def test_what_is_calculated_is_no_view() -> None:
    assert view("softmax", ("axis", -1), sizes=(3, 4)) is None


def test_room_begins_at_lines_of_the_cache_and_does_not_overlap() -> None:
    room = WorkSpace(4)
    starts = [room.take(n) for n in (1, 17, 16, 0, 5)]
    assert starts == [0, 16, 48, 64, 80]
    assert room.size == 96


@pytest.mark.parametrize("name", ["float", "tau", "h", "z:h", "w:a.W", "c", "α", "x₁", "T", "a+", "hi", "linux"])
def test_identifiers_are_plain_and_end_as_no_words_of_c(name: str) -> None:
    names = Identifiers()
    assert re.fullmatch(r"[A-Za-z]\w*_", names[name], re.ASCII)
    assert names[name] == names[name]


def test_no_word_of_the_fixed_text_ends_as_identifiers_do() -> None:
    texts = [*map(preamble, ("float", "double")), native_crew.FUNCTIONS, HELD, FUNCTIONS]
    assert not [word for word in re.findall(r"\w+", "\n".join(texts)) if re.fullmatch(r"[A-Za-z]\w*_", word)]


def test_letters_beyond_ascii_are_told_from_what_they_are_spelt_as() -> None:
    names = Identifiers()
    assert len({names[name] for name in ("é", "ue9_", "ue9", "ue9__")}) == 4


def test_sizes_are_worked_out() -> None:
    n, m = size("n"), size("m")
    assert Sizes({"n": 3, "m": 2}).of((n, 2 * n + m, sympy.Integer(7))) == (3, 8, 7)
