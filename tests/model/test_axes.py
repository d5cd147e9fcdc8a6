from __future__ import annotations

from fractions import Fraction

import pytest

from hdsl.diagnostics.diagnostic import Diagnostic
from hdsl.model.axes import axis_of, whole_number
from hdsl.syntax.source import Span
from hdsl.syntax.tree import Name, Negate, Number
from hdsl.terms.term import size

AT = Span(3, 4)
n, m = size("n"), size("m")


def number(value: int) -> Number | Negate:
    return Negate(number(-value), AT) if value < 0 else Number(Fraction(value), AT)


def test_whole_numbers_are_read_with_their_sign() -> None:
    assert [whole_number(number(value)) for value in (0, 2, -1)] == [0, 2, -1]
    assert whole_number(Number(Fraction(1, 2), AT)) is None
    assert whole_number(Name("n", AT)) is None


@pytest.mark.parametrize(("written", "axis"), [(0, 0), (1, 1), (-1, 1), (-2, 0)])
def test_axes_count_from_both_ends(written: int, axis: int) -> None:
    assert axis_of(number(written), (n, m)) == axis


def test_a_new_axis_may_stand_behind_the_last() -> None:
    assert axis_of(number(2), (n, m), 3) == 2
    found = axis_of(number(2), (n, m))
    assert isinstance(found, Diagnostic) and found.code == "axis"
