from __future__ import annotations

from benchmarks.programs import program
from hdsl.compiler import Compiler
from hdsl.syntax.source import Source


def test_a_number_is_one_text() -> None:
    assert [program(number) for number in range(50)] == [program(number) for number in range(50)]
    assert len({program(number) for number in range(50)}) == 50


def test_a_third_of_the_programs_have_no_mistake() -> None:
    found = [Compiler(Source(program(number))).diagnostics for number in range(60)]
    right = [each for each in found if all(diagnostic.severity == "warning" for diagnostic in each)]
    assert 20 <= len(right) <= 45
    assert {"shape", "no-value"} & {diagnostic.code for each in found for diagnostic in each}
