from __future__ import annotations

from hdsl.model.sharing import depending_on, settle
from hdsl.terms.term import Contraction, Definition, Elementwise, indices, size, slot


def test_what_depends_on_the_stream_spreads_through_circles() -> None:
    reads = {"h": ["a"], "a": ["h", "b"], "b": ["u"], "clock": ["clock", "W"], "y": ["clock"]}
    assert depending_on(["u"], reads) == {"u", "b", "a", "h"}


def test_states_that_read_only_one_another_are_shared() -> None:
    assert depending_on(["u"], {"p": ["q"], "q": ["p", "W"]}) == {"u"}


def test_definitions_are_marked_by_what_they_read() -> None:
    (i,), n = indices(1), size("n")
    made = (
        Definition("c", Contraction((slot("W", (i,)), slot("h", (i,))), ((i, n),))),
        Definition("norm", Contraction((slot("W", (i,)), slot("W", (i,))), ((i, n),)), shared=False),
        Definition("f:h", Elementwise(slot("u", (i,)) * slot("c")), (n,), shared=True),
    )
    settled, own = settle(made, {"h": "f:h"}, ["u"], {})
    assert [definition.shared for definition in settled] == [False, True, False]
    assert own == {"u", "f:h", "h", "c"}


def test_what_is_written_counts_though_nothing_is_left_of_it() -> None:
    zero = Elementwise(indices(1)[0] * 0)
    made = (Definition("y", zero), Definition("f:g", zero), Definition("w", Elementwise(slot("g"))), Definition("one", zero))
    settled, own = settle(made, {"g": "f:g"}, ["u"], {"y": ("u",), "g": ("y",), "one": ("W",)})
    assert [definition.shared for definition in settled] == [False, True, False, True]
    assert own == {"u", "y", "g", "w"}
