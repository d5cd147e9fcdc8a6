from __future__ import annotations

from benchmarks.mangled import MORE, bases, mangled
from hdsl.compiler import Compiler
from hdsl.syntax.source import Source


def test_a_number_is_one_text() -> None:
    assert [mangled(number) for number in range(50)] == [mangled(number) for number in range(50)]
    assert len({mangled(number) for number in range(50)}) == 50


def test_what_is_mangled_was_whole() -> None:
    assert len(bases()) > 8
    assert not [found for found in Compiler(Source(MORE)).diagnostics if found.severity == "error"]
