from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lsprotocol import types

from hdsl.lsp.positions import Lines, changed
from hdsl.syntax.source import Span

# Ends of lines of the protocol, ends that only `str.splitlines` knows, Greek, letters of two units, a lone surrogate.
LETTERS = st.sampled_from([*"ab =", "\n", "\r", "\r\n", "\f", "\v", "\x85", "\u2028", "α", "₁", "漢", "𝔴", "😀", "\ud800"])
TEXTS = st.lists(LETTERS, max_size=30).map("".join)
ENCODINGS = st.sampled_from(["utf-8", "utf-16", "utf-32"])
UNITS = {"utf-8": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}
WIDTHS = {"utf-8": 1, "utf-16": 2, "utf-32": 4}


class Buffer:
    """A text as an editor might keep it: lists of encoded lines, each with its end; it shares nothing with the server."""

    def __init__(self, text: str, encoding: str) -> None:
        self.codec, self.width = UNITS[encoding], WIDTHS[encoding]
        self.lines = [b""]
        self._take(text)

    def _take(self, text: str) -> None:
        parts = text.replace("\r\n", "\0").replace("\r", "\1").replace("\n", "\2")
        line = ""
        self.lines = []
        for letter in parts:
            if letter in "\0\1\2":
                self.lines.append((line + {"\0": "\r\n", "\1": "\r", "\2": "\n"}[letter]).encode(self.codec, "surrogatepass"))
                line = ""
            else:
                line += letter
        self.lines.append(line.encode(self.codec, "surrogatepass"))

    @property
    def text(self) -> str:
        return b"".join(self.lines).decode(self.codec, "surrogatepass")

    def places(self) -> list[types.Position]:
        """Every position between two characters of a line."""
        found = []
        for number, line in enumerate(self.lines):
            letters = line.decode(self.codec, "surrogatepass").rstrip("\r\n")
            for end in range(len(letters) + 1):
                found.append(types.Position(number, len(letters[:end].encode(self.codec, "surrogatepass")) // self.width))
        return found

    def edit(self, place: types.Range, text: str) -> None:
        first, last = place.start, place.end
        head = self.lines[first.line][: first.character * self.width]
        tail = self.lines[last.line][last.character * self.width :]
        middle = text.encode(self.codec, "surrogatepass")
        whole = b"".join((*self.lines[: first.line], head, middle, tail, *self.lines[last.line + 1 :]))
        self._take(whole.decode(self.codec, "surrogatepass"))


@given(TEXTS, ENCODINGS, st.data())
def test_the_text_of_the_server_is_that_of_the_editor(text: str, encoding: str, data: st.DataObject) -> None:
    buffer, ours = Buffer(text, encoding), text
    for _ in range(data.draw(st.integers(1, 4))):
        told: list[types.TextDocumentContentChangeEvent] = []
        for _ in range(data.draw(st.integers(1, 3))):  # several changes at once, each in the text that the last one left
            places = buffer.places()
            ends = sorted((data.draw(st.integers(0, len(places) - 1)), data.draw(st.integers(0, len(places) - 1))))
            place, new = types.Range(places[ends[0]], places[ends[1]]), data.draw(TEXTS)
            told.append(types.TextDocumentContentChangePartial(place, new))
            buffer.edit(place, new)
        ours = changed(ours, told, encoding)
        assert ours == buffer.text


@given(TEXTS, ENCODINGS)
def test_a_place_there_and_back(text: str, encoding: str) -> None:
    lines = Lines(text, encoding)
    for offset in range(len(text) + 1):
        inside = text[offset - 1 : offset + 1] == "\r\n"
        assert lines.offset(lines.position(offset)) == offset - inside
    assert [lines.offset(place) for place in Buffer(text, encoding).places()] == sorted(
        lines.offset(place) for place in Buffer(text, encoding).places()
    )


@pytest.mark.parametrize(
    ("encoding", "column"),
    [("utf-16", 6), ("utf-8", 11), ("utf-32", 5)],
)
def test_greek_and_astral_letters(encoding: str, column: int) -> None:
    lines = Lines("x\n😀α₁ =w", encoding)
    assert lines.position(7) == types.Position(1, column)
    assert lines.offset(types.Position(1, column)) == 7


@pytest.mark.parametrize(
    ("line", "character", "offset"),
    [(0, 99, 2), (1, 1, 3), (1, 99, 5), (9, 0, 5), (1, 2, 4)],
)
def test_places_that_are_none_are_the_nearest_before(line: int, character: int, offset: int) -> None:
    # "𝔴" takes two units: what is between them is the letter itself.
    assert Lines("ab\n𝔴c", "utf-16").offset(types.Position(line, character)) == offset


def test_ranges_and_whole_texts() -> None:
    lines = Lines("ab\ncd\n")
    place = types.Range(types.Position(0, 1), types.Position(1, 1))
    assert lines.span(place) == Span(1, 4) and lines.range(Span(1, 4)) == place
    assert lines.span(types.Range(types.Position(1, 1), types.Position(0, 1))) == Span(4, 4)
    assert lines.range(Span(0, 6)) == types.Range(types.Position(0, 0), types.Position(2, 0))
    assert changed("old", [types.TextDocumentContentChangeWholeDocument("new")], "utf-16") == "new"
