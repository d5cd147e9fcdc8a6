"""Expressions that torch makes in one call: found where they stand, and only there."""

from __future__ import annotations

import pytest
import torch

from hdsl.emit.torch_forms import lerp, scaled_sum, tanh_pullback
from hdsl.terms.term import Definition, Elementwise, indices, size, slot, slot_name, slots

(ROW, COLUMN), N = indices(2), size("n")
TAU = slot("tau")


class Lines:
    """As much of a printer of lines as a form asks for."""

    def is_number(self, expression):
        return {slot_name(s) for s in slots(expression)} <= {"tau", "k"}

    def bare(self, occurrence):
        return slot_name(occurrence)

    def text(self, expression, line, around=0):
        return str(expression)


def x(name, at=(ROW,)):
    return slot(name, at)


def line(expression, sizes=(N,)):
    return Definition("y", Elementwise(expression), sizes)


def test_a_step_towards_a_value():
    assert lerp(Lines(), line(x("h") + TAU * (x("s") - x("h")))) == "torch.lerp(h, s, tau)"
    assert lerp(Lines(), line(x("h") + TAU * slot("k") * (x("s") - x("h")))) == "torch.lerp(h, s, k*tau)"


@pytest.mark.parametrize(
    "expression",
    [
        x("h") + TAU * (x("s") + x("h")),
        x("h") + TAU * (x("s") - x("g")),
        x("h") + x("w") * (x("s") - x("h")),
        x("h") + TAU * x("s"),
        x("h") + TAU * (x("s") - x("h")) + x("u"),
        x("h") + TAU * (slot("s") - x("h")),
        2 * x("h") + TAU * (x("s") - x("h")),
    ],
)
def test_nothing_else_is_taken_for_one(expression):
    assert lerp(Lines(), line(expression)) is None


def test_the_slope_of_tanh_times_an_adjoint():
    text = tanh_pullback(Lines(), line(x("z") * (1 - x("s") ** 2)))
    z, s = torch.tensor([0.3, -2.0]), torch.tensor([0.5, 0.9])
    assert torch.allclose(eval(text, {"torch": torch, "z": z, "s": s}), z * (1 - s**2))


@pytest.mark.parametrize(
    "expression",
    [
        x("z") * (1 + x("s") ** 2),
        x("z") * (2 - x("s") ** 2),
        x("z") * (1 - x("s") ** 3),
        x("z") * (1 - x("s")),
        2 * x("z") * (1 - x("s") ** 2),
        slot("z") * (1 - x("s") ** 2),
        x("z") + (1 - x("s") ** 2),
    ],
)
def test_no_other_product_is_taken_for_it(expression):
    assert tanh_pullback(Lines(), line(expression)) is None


def test_a_transposed_value_is_not_read_as_it_lies():
    turned = slot("s", (COLUMN, ROW))
    assert tanh_pullback(Lines(), line(x("z", (ROW, COLUMN)) * (1 - turned**2), (N, N))) is None


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        (x("h") + TAU * x("f") / 2, "torch.add(h[i], f[i], alpha=tau/2)"),
        (x("h") - TAU * slot("k") * x("f"), "torch.add(h[i], f[i], alpha=-k*tau)"),
        (x("h") + x("f"), None),  # no number: plain arithmetic is as short
        (x("h") - 2 * x("f"), None),
        (x("h") + TAU * x("f") * x("g"), None),
        (x("h") + TAU * slot("M", (COLUMN, ROW)), None),
        (x("h") + TAU, None),
        (TAU * x("h") + TAU * x("f"), None),
        (x("h") + TAU * x("f") + x("g"), None),
    ],
)
def test_a_number_of_one_thing_beside_another_is_one_call(expression, text):
    assert scaled_sum(Lines(), expression, Definition("a", Elementwise(expression), (N,))) == text
