"""A certificate as text: one line an equation, a column a judge."""

from __future__ import annotations

import math

import pytest

from hdsl.verify.certificate import Certificate
from hdsl.verify.judgement import TOLERANCES, Row
from hdsl.verify.lines import bound, by_equation, certificate_lines, columns


def row(error, judge="autograd", name="dot:z:h", remark="", measured=""):
    return Row("equations", name, "ż = −η z", judge, error, remark, measured)


def test_text_is_a_line_an_equation():
    rows = (row(2e-16), row(3e-10, "differences"), row(0.0, "walk", "dot:W"))
    lines = certificate_lines(Certificate("net", "sequential", {"n": 3}, 0, 1, rows))
    shown = [line.split() for line in lines]
    assert lines[0] == "net: sequential order, n = 3"
    assert ["Hamilton's", "equations", "walk", "autograd", "differences"] in shown
    assert ["ż", "=", "−η", "z", "·", "2e-16", "3e-10"] in shown
    assert ["ż", "=", "−η", "z", "0", "·", "·"] in shown
    assert lines[-1] == "net: all 2 equations hold"


def test_what_is_wrong_is_told():
    rows = (row(2e-16), row(0.5, "differences"), row(math.inf, "walk", "dot:W", "ValueError: shapes"))
    certificate = Certificate("net", "sequential", {}, 0, 1, rows)
    assert not certificate.ok
    assert "  wrong: ż = −η z  by differences 5e-01" in certificate_lines(certificate)
    assert "  wrong: ż = −η z  by walk no value: ValueError: shapes" in certificate_lines(certificate)
    assert certificate_lines(certificate)[-1] == "net: 2 of 2 equations do not hold"


def test_an_exponent_stands_as_it_was_measured():
    rows = (row(0.0, "remainder", measured="exact"), row(0.0, "order", "h+", measured="1.00"))
    lines = certificate_lines(Certificate("net", "sequential", {}, 0, 1, rows, ("a note",), ("no point",)))
    shown = [line.split() for line in lines]
    assert ["ż", "=", "−η", "z", "exact", "·"] in shown
    assert ["ż", "=", "−η", "z", "·", "1.00"] in shown
    assert "  a note" in lines and "  not judged: no point" in lines
    assert lines[-1] == "net: not all equations were judged"
    missed = Certificate("net", "sequential", {}, 0, 1, (row(1.0, "remainder", measured="1.00"),))
    assert "  wrong: ż = −η z  by remainder 1.00" in certificate_lines(missed)


@pytest.mark.parametrize("judge", TOLERANCES)
def test_every_judge_has_a_bound(judge):
    told = bound(judge)
    assert float(told.rpartition(" ")[2]) == TOLERANCES[judge]


def test_rows_by_equation_and_columns_in_the_order_of_the_judges():
    rows = (row(0.0, "order", "h+"), row(0.0, "walk", "h+"), row(0.0, "walk", "z:h+"))
    assert columns(rows) == ["walk", "order"]
    assert {name: list(found) for name, found in by_equation(rows).items()} == {"h+": ["order", "walk"], "z:h+": ["walk"]}
