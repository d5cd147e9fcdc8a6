from __future__ import annotations

import inspect

from hdsl.diagnostics import catalogue_windows as catalogue
from hdsl.diagnostics.catalogue import CODES
from hdsl.diagnostics.diagnostic import Diagnostic
from hdsl.syntax.source import Span

AT = Span(10, 12)


def test_every_message_has_a_code_of_the_register() -> None:
    members = inspect.getmembers(catalogue, inspect.isfunction)
    makers = [f for _, f in members if f.__module__ == catalogue.__name__ and f is not catalogue.channels]
    assert len(makers) > 5
    facts = {"rank": 2, "least": 1, "pad": 2, "size": 3, "stride": 2}
    for maker in makers:
        names = list(inspect.signature(maker).parameters)
        assert names[0] == "span", maker.__name__
        made = maker(AT, *(facts.get(name, "x") for name in names[1:]))
        assert isinstance(made, Diagnostic)
        assert CODES[made.code].severity == "error"
        assert made.span == AT
        assert not made.message.endswith(".")


def test_a_matrix_is_told_how_it_becomes_an_image() -> None:
    assert catalogue.takes_image(AT, "conv2d", "[h, w]", 2).label == "this is [h, w]; `[None]` behind it gives it one channel"
    assert catalogue.takes_image(AT, "conv2d", "[h]", 1).label == "this is [h]"


def test_one_channel_is_one() -> None:
    assert catalogue.channels("1", "c") == "takes a kernel over 1 channel to an image of c"
    assert catalogue.channels("h", "c") == "takes a kernel over h channels to an image of c"
