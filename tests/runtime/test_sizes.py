"""The sizes of inputs and targets as the numbers of an instance."""

from __future__ import annotations

import hdsl
from hdsl.runtime.sizes import below_of, sizes_of


def test_they_are_those_of_the_instance() -> None:
    text = "dim m = 2, k = 3\ninput u[m, m+k]\ninput x\ntarget c : index(2*k)\nparam w = 1\noutput y = w"
    net = hdsl.loads(text).compile()(m=4)
    assert (sizes_of(net, "u"), sizes_of(net, "x"), sizes_of(net, "c")) == ((4, 7), (), ())
    assert (below_of(net, "u"), below_of(net, "c")) == (None, 6)
