"""The program of a pullback: it returns the gradients, moves nothing, and is refused where there is nothing to pull back."""

from __future__ import annotations

import pytest

import hdsl
from hdsl.optimise.pullback import with_pullback


def test_it_moves_nothing_and_returns_a_gradient_for_each_input_that_the_output_reads() -> None:
    model = hdsl.loads("input u[2]\ninput x[3]\ninput rest\nparam a = 1\noutput y = a*sum(u)*sum(x)\ncost c = y^2")
    programs = with_pullback(model.product("program"), model.product("pullback"))
    assert programs.pullback is not None and programs.all[-1] is programs.pullback
    assert programs.pullback.results == ("adj:u", "adj:x") and programs.pullback.cells == ()
    assert "adj:y" in programs.pullback.reads()


def test_what_the_gradient_does_not_read_is_left_out() -> None:
    model = hdsl.load("sunspots")
    program = with_pullback(model.product("program"), model.product("pullback")).pullback
    assert program is not None and not {"y+", "h+"} & {line.name for line in program.lines}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "model a\ninput u\nparam w = 1\ncost c = (w - u)^2",
            "the model a has no output, so nothing can be pulled back from it",
        ),
        (
            "model a\ninput k : index(3)\nparam w[3, 2] = 1\noutput y = embed(w, k)\ncost c = squared(y)",
            "the output `y` of a depends on no real input, so nothing is pulled back",
        ),
    ],
)
def test_a_model_with_nothing_to_pull_back_is_told_so(text: str, message: str) -> None:
    model = hdsl.loads(text)
    with pytest.raises(ValueError) as caught:
        model.compile(pullback=True)
    assert str(caught.value) == message
