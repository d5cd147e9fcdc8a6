"""Named features in their places: by first appearance, whatever the order in a sample, never silently dropped."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import hdsl
from hdsl.adapters.features import Places


def places(inputs: str) -> Places:
    return Places(hdsl.loads(f"model m\n{inputs}\nparam w = 1\noutput y = w").product("model"))


def test_places_are_given_by_first_appearance_and_by_name_within_a_sample() -> None:
    here, there = places("input u[4]"), places("input u[4]")
    for one, order in ((here, "ba"), (there, "ab")):
        one.learn({name: 1 for name in order}, 4)
        one.learn({"c": 1, "a": 2}, 4)
    assert here.of == there.of == {"a": 0, "b": 1, "c": 2}
    assert here.sample({"c": 3, "a": 1.5}, 4) == {"u": [[1.5, 0.0, 3.0, 0.0]]}


def test_names_of_several_types_have_an_order() -> None:
    one = places("input u[3]")
    one.learn({"b": 1, 2: 1, ("x", 1): 1}, 3)
    assert one.of == {2: 0, "b": 1, ("x", 1): 2}


def test_scalars_are_fed_by_name_and_the_rest_goes_to_the_vector() -> None:
    one = places("input gain\ninput k : index(3)\ninput u[2]")
    x = {"gain": 2, "k": 1, "a": True, "b": np.float32(0.5)}
    one.learn(x, 2)
    assert one.sample(x, 2) == {"gain": [2.0], "k": [1], "u": [[1.0, 0.5]]}
    assert one.sample({"k": 0}, 2) == {"gain": [0.0], "k": [0], "u": [[0.0, 0.0]]}


def test_what_was_never_learned_from_is_left_out() -> None:
    one = places("input u[2]")
    one.learn({"a": 1}, 2)
    assert one.sample({"a": None, "b": "text"}, 2) == {"u": [[0.0, 0.0]]}
    assert one.of == {"a": 0}


@pytest.mark.parametrize(
    ("inputs", "x", "message"),
    [
        ("input u[1]", {"a": 1, "b": 1}, "the feature `b` is one more than the 1 that `u` of m takes; make the input larger"),
        ("input a\ninput b", {"c": 1}, "the feature `c` is no input of m, which reads a, b"),
        ("input u[1]", {"a": "red"}, "the feature `a` is 'red', and a number is wanted; encode or drop it before the model"),
        ("input u[1]", {"a": np.nan}, "the feature `a` is nan, and a number is wanted; encode or drop it before the model"),
        ("input u[1]", {"a": [1]}, "the feature `a` is [1], and a number is wanted; encode or drop it before the model"),
        ("input k : index(2)", {}, "the feature `k` is missing; it is an index, and no number stands for none"),
    ],
)
def test_what_does_not_fit_is_told(inputs: str, x: dict[Any, Any], message: str) -> None:
    one = places(inputs)
    with pytest.raises(ValueError) as caught:
        one.learn(x, 1)
        one.sample(x, 1)
    assert str(caught.value) == message


@pytest.mark.parametrize("inputs", ["input u[2]\ninput w2[3]", "input u[2, 2]"])
def test_a_model_with_several_vectors_is_refused(inputs: str) -> None:
    with pytest.raises(ValueError, match=r"features go to one vector and to scalars; the model m has the inputs u\[2"):
        places(inputs)
