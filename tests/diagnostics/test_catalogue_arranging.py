from __future__ import annotations

import inspect

from hdsl.diagnostics import catalogue_arranging as catalogue
from hdsl.diagnostics.catalogue import CODES
from hdsl.diagnostics.diagnostic import Diagnostic
from hdsl.syntax.source import Span

AT = Span(10, 12)


def test_every_message_has_a_code_of_the_register() -> None:
    members = inspect.getmembers(catalogue, inspect.isfunction)
    makers = [f for _, f in members if f.__module__ == catalogue.__name__]
    assert len(makers) > 20
    facts = {"count": 3, "step": 2, "line": 4, "rank": 2, "by_name": True, "first": Span(1, 2)}
    for maker in makers:
        names = list(inspect.signature(maker).parameters)
        assert names[0] == "span", maker.__name__
        made = maker(AT, *(facts.get(name, "x") for name in names[1:]))
        assert isinstance(made, Diagnostic)
        assert CODES[made.code].severity == "error"
        assert made.span == AT
        assert not made.message.endswith(".")


def test_numbers_are_told_where_sizes_have_some() -> None:
    assert catalogue.range_beyond(AT, "1:5", "n", "n = 4").label == "the axis has n entries for n = 4"
    assert catalogue.range_beyond(AT, "1:5", "4", "").label == "the axis has 4 entries"


def test_one_subscript_is_and_two_are() -> None:
    assert catalogue.too_many_subscripts(AT, 1, "a scalar").message == "1 subscript is more than there are axes"
    assert catalogue.too_many_subscripts(AT, 2, "[n]").message == "2 subscripts are more than there are axes"
