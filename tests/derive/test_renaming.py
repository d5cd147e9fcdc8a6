"""Renaming is tested with the step that uses it (tests/derive/test_step.py); here what it keeps."""

from __future__ import annotations

from hdsl.derive.renaming import rename
from hdsl.terms.term import Definition, Elementwise, Structured, indices, slot


def test_what_is_not_named_stays_as_it_is() -> None:
    (i,) = indices(1)
    line = Definition("a", Elementwise(slot("h", (i,)) + slot("u", (i,))), ())
    assert rename(line, {}) == line
    moved = rename(line, {"h": "h+", "a": "a+"})
    assert moved.name == "a+" and set(moved.reads()) == {"h+", "u"}


def test_operands_are_renamed() -> None:
    line = Definition("a", Structured("transpose", ("W",), ()), ())
    assert tuple(rename(line, {"W": "V"}).reads()) == ("V",)
