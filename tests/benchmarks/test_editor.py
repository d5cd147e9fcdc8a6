from __future__ import annotations

from benchmarks.editor import LONG, MEASURED, first_input, milliseconds, opened, texts

SUNSPOTS = texts()["sunspots"]


def test_each_document_is_another() -> None:
    one, two = opened(SUNSPOTS), opened(SUNSPOTS)
    assert one.text != two.text and one.diagnostics == two.diagnostics == ()
    assert one.text[first_input(one) :].startswith("u[1]")


def test_every_request_is_measured() -> None:
    found = milliseconds(SUNSPOTS, 1)
    assert set(found) == set(MEASURED) and min(found.values()) > 0


def test_the_long_model_is_right() -> None:
    assert opened(texts()[LONG]).diagnostics == ()
