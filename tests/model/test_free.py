"""Beginnings that are free."""

from __future__ import annotations

from typing import Any

from hdsl.diagnostics.catalogue_control import free_forward

TEXT = """ham 1
state x[2] = free
state y = 1
param k = free
x' = -k*x
y' = -y
cost c = squared(x) + y^2
final x == [1, 0]
horizon 2
learn
    schedule = boundary
"""


def test_a_model_knows_what_is_free(checked: Any) -> None:
    model = checked(TEXT)
    assert model.free == {"x", "k"}
    assert model.quantities["x"].initial == model.quantities["k"].initial
    assert model.quantities["x"].initial.arguments == (0,)


def test_only_a_solver_chooses(found: Any) -> None:
    said = found(TEXT.replace("boundary", "online"))
    assert [one.code for one in said] == ["free", "free"]
    assert said[0] == free_forward(said[0].span, "state", "x")


def test_the_word_is_no_name(found: Any) -> None:
    said = found(TEXT + "let a = free + y\ncost d = a\n")
    assert [one.code for one in said] == ["unknown-name"]
