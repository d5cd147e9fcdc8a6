"""Calls with windows, against numpy on numbers; what they refuse is pinned in tests/bad/window*.ham."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hdsl.model import scope
from hdsl.model.sizes import show_sizes
from hdsl.model.windows import WINDOWED
from hdsl.terms.term import Structured
from tests.model.conftest import Checked, Found, Numbers

HEAD = "dim c = 2, h = 4, w = 5, q = 2\ninput x[c, h, w]\ninput z[1, 2*q, 3]\ninput K[3, c, 2, 2]\n"
source = np.random.default_rng(0)
x, z, K = source.normal(size=(2, 4, 5)), source.normal(size=(1, 4, 3)), source.normal(size=(3, 2, 2, 2))
GIVEN = {"x": x, "z": z, "K": K, "t": 0.0, "tau": 1.0}


def slid(image: Any, size: tuple[int, int], stride: int, pad: int, fill: float = 0.0) -> Any:
    image = np.pad(image, [(0, 0), (pad, pad), (pad, pad)], constant_values=fill)
    return np.lib.stride_tricks.sliding_window_view(image, size, (1, 2))[:, ::stride, ::stride]


def convolved(image: Any, kernel: Any, stride: int = 1, pad: int = 0) -> Any:
    return np.einsum("cijpq,ocpq->oij", slid(image, kernel.shape[2:], stride, pad), kernel)


ROW = np.array([[[[0.5, -1.0, 2.0]]]])
CASES: dict[str, tuple[str, Any]] = {
    "conv2d(x, K)": ("[3, h - 1, w - 1]", convolved(x, K)),
    "conv2d(x, K, pad=1)": ("[3, h + 1, w + 1]", convolved(x, K, 1, 1)),
    "conv2d(2*x, tanh(K), pad=4 - 2)": ("[3, h + 3, w + 3]", convolved(2 * x, np.tanh(K), 1, 2)),
    "conv2d(x[:1], [[[[0.5, -1, 2]]]])": ("[1, h, w - 2]", convolved(x[:1], ROW)),
    "conv2d([[[1, 2, 3]]], [[[[0.5, -1, 2]]]])": ("[1, 1, 1]", np.array([[[4.5]]])),
    "conv2d(z, [[[[0.5], [1]]]], stride=2)": ("[1, q, 2]", convolved(z, np.array([[[[0.5], [1.0]]]]), 2)),
    "avgpool2d(z, 2)": ("[1, q, 1]", slid(z, (2, 2), 2, 0).mean((3, 4))),
    "avgpool2d(z, 2, pad=2/2)": ("[1, q + 1, 2]", slid(z, (2, 2), 2, 1).mean((3, 4))),
    "avgpool2d(x, 3, stride=1)": ("[c, h - 2, w - 2]", slid(x, (3, 3), 1, 0).mean((3, 4))),
    "maxpool2d(z, 2)": ("[1, q, 1]", slid(z, (2, 2), 2, 0).max((3, 4))),
    "maxpool2d(x, 3, stride=1, pad=1)": ("[c, h, w]", slid(x, (3, 3), 1, 1, -np.inf).max((3, 4))),
}


@pytest.mark.parametrize("formula", CASES)
def test_a_call_has_the_sizes_and_the_numbers_of_numpy(formula: str, checked: Checked, numbers: Numbers) -> None:
    model = checked(f"{HEAD}let y = {formula}\noutput o = sum(y) + sum(x) + sum(z) + sum(K)\n")
    definition = next(d for d in model.definitions if d.name == "y")
    sizes, wanted = CASES[formula]
    assert show_sizes(definition.sizes) == sizes
    assert np.allclose(numbers(model, GIVEN)["y"], wanted)


def test_the_names_of_these_calls_are_those_of_the_scope() -> None:
    assert WINDOWED.keys() == set(scope.SLIDING)


def test_a_pool_moves_by_its_size_unless_it_is_told_otherwise(checked: Checked) -> None:
    model = checked("input x[1, 9, 9]\noutput y = maxpool2d(x, 3)\n")
    body = next(d for d in model.definitions if d.name == "y").body
    assert isinstance(body, Structured)
    assert dict(body.attributes) == {"size": 3, "stride": 3, "pad": 0}


def test_sizes_that_are_set_from_outside_are_held_against_the_windows(found: Found) -> None:
    text = "dim h\ninput x[1, h, 9]\noutput y = maxpool2d(x, 3, stride=1)\n"
    assert [d.code for d in found(text)] == []
    assert [d.code for d in found(text, dims={"h": 2})] == ["window"]
