from __future__ import annotations

import inspect

from hdsl.diagnostics import catalogue_component as catalogue
from hdsl.diagnostics.catalogue import CODES
from hdsl.diagnostics.diagnostic import Diagnostic
from hdsl.syntax.source import Span

AT, OTHER = Span(10, 12), Span(2, 4)
OWN = {f for _, f in inspect.getmembers(catalogue, inspect.isfunction) if f.__module__ == catalogue.__name__}


def test_every_message_has_a_code_of_the_register() -> None:
    assert len(OWN) > 18
    for maker in OWN:
        signature = inspect.signature(maker)
        assert next(iter(signature.parameters)) == "span", maker.__name__
        facts = {"Span": OTHER, "str": "x", "int": 3, "Sequence[str]": ["x", "y", "x"]}
        given = [AT if p.name == "span" else facts[p.annotation] for p in signature.parameters.values()]
        made = maker(*given)
        assert isinstance(made, Diagnostic) and made.code in CODES and made.span == AT
        assert not made.message.endswith(".") and all(label.span == OTHER for label in made.others)


def test_a_way_is_told_where_it_is_longer_than_one() -> None:
    assert catalogue.calls_itself(AT, ["f", "f"]).label == ""
    assert catalogue.calls_itself(AT, ["f", "g", "f"]).label == "f → g → f"


def test_arguments_that_there_are() -> None:
    assert catalogue.unknown_argument(AT, "c", "w", ["x", "y", "z"]).label == "it takes `x`, `y` and `z`"
    assert catalogue.unknown_argument(AT, "c", "w", []).label == "it takes none"
