"""The way back from a class to its compiler: the same products, kept for the next call."""

from __future__ import annotations

import hdsl

MODEL = hdsl.load("oscillators", n=3, settings={"eta": 0.5})


def test_the_origin_compiles_to_the_same_text():
    made = MODEL.compile()
    assert made.origin.compiler().torch == made.source
    assert made.origin.dims == (("n", 3),) and made.origin.settings == (("eta", 0.5),)


def test_its_compiler_is_kept():
    origin = MODEL.compile().origin
    assert origin.compiler() is origin.compiler()


def test_origins_of_the_same_model_are_equal_and_of_another_are_not():
    again = hdsl.load("oscillators", n=3, settings={"eta": 0.5}).compile().origin
    assert again == MODEL.compile().origin and hash(again) == hash(MODEL.compile().origin)
    assert hdsl.load("oscillators", n=4).compile().origin != again
