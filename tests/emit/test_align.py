"""Views by which a value of one layout broadcasts against another: what einsum would say of the same axes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from hdsl.emit.align import BATCH, Layout, slot_layout, view
from hdsl.terms.term import indices, slot

AXES = (BATCH, *indices(3))
LENGTH = dict(zip(AXES, (2, 3, 4, 5), strict=True))
LETTER = dict(zip(AXES, "bijk", strict=True))


def spread(array, source, target):
    """The array with every axis of the target, by einsum with ones."""
    missing = [axis for axis in target.axes if axis not in source.axes]
    pattern = ",".join(["".join(LETTER[a] for a in source.axes), *(LETTER[a] for a in missing)])
    wanted = "".join(LETTER[a] for a in target.axes)
    return np.einsum(f"{pattern}->{wanted}", array, *(np.ones(LENGTH[a]) for a in missing))


@st.composite
def layouts(draw):
    shared = draw(st.booleans())
    own = draw(st.permutations(AXES[1:]))[: draw(st.integers(0, 3))]
    target = tuple(draw(st.permutations(AXES[1:])))
    return Layout.of(tuple(own), shared), Layout.of(target, shared and draw(st.booleans()))


@given(layouts())
def test_a_view_broadcasts_as_its_indices_say(pair):
    source, target = pair
    array = np.random.default_rng(0).normal(size=[LENGTH[a] for a in source.axes])
    shape = [LENGTH[a] for a in target.axes]
    expected = spread(array, source, target)
    in_torch = eval(view("x", source, target), {"x": torch.from_numpy(array)})
    in_numpy = eval(
        view("x", source, target, batched_transpose=".swapaxes(-1, -2)", permute=".transpose"), {"x": array}
    )
    assert np.array_equal(np.broadcast_to(in_torch.numpy(), shape), expected)
    assert np.array_equal(np.broadcast_to(in_numpy, shape), expected)


@pytest.mark.parametrize(
    "at, shared, target, text",
    [
        (AXES[1:2], True, AXES[:2], "x"),
        (AXES[1:2], False, AXES[:2], "x"),
        (AXES[1:2], True, AXES[1:3], "x.unsqueeze(-1)"),
        (AXES[2:0:-1], True, AXES[1:3], "x.T"),
        (AXES[2:0:-1], False, AXES[:3], "x.mT"),
        ((), False, AXES[:2], "x.unsqueeze(-1)"),
        ((), True, AXES[:3], "x"),
    ],
)
def test_views_read_as_a_person_would_write_them(at, shared, target, text):
    assert view("x", Layout.of(at, shared), Layout(target)) == text


def test_a_slots_layout_leads_with_the_batch_unless_it_is_shared():
    at = AXES[1:3]
    assert slot_layout(slot("W", at), lambda name: name == "W").axes == at
    assert slot_layout(slot("X", at), lambda name: name == "W").axes == (BATCH, *at)
