from __future__ import annotations

import inspect

from hdsl.diagnostics import catalogue_learning as catalogue
from hdsl.diagnostics.catalogue import CODES
from hdsl.diagnostics.diagnostic import Diagnostic
from hdsl.syntax.source import Span

AT = Span(10, 12)


def test_every_message_has_a_code_of_the_register() -> None:
    functions = [f for _, f in inspect.getmembers(catalogue, inspect.isfunction) if f.__module__ == catalogue.__name__]
    assert len(functions) == 12
    for maker in functions:
        names = list(inspect.signature(maker).parameters)
        made = maker(AT, *(("rk4" if name == "step" else "x") for name in names[1:]))
        assert isinstance(made, Diagnostic)
        assert made.code in CODES and made.span == AT and not made.message.endswith(".")


def test_what_is_said_of_euler_steps_is_not_said_of_others() -> None:
    assert "curvature" in catalogue.no_dissipation(AT, "euler").label
    assert "curvature" not in catalogue.no_dissipation(AT, "rk4").label
    assert "`step = euler`" in catalogue.reset_order(AT, "h", "simultaneous", "rk4").label
    assert "`step" not in catalogue.reset_order(AT, "h", "simultaneous", "euler").label


def test_another_order_is_changed_where_it_stands() -> None:
    fix = catalogue.step_order(AT, "sequential", "rk4").fix
    assert fix is not None and [(edit.span, edit.text) for edit in fix.edits] == [(AT, "simultaneous")]
    assert not fix.safe  # the model learns otherwise then
