"""The longest chain of delays from an input to a cost."""

from __future__ import annotations

import pytest

import hdsl
from hdsl.model.chains import Endless, longest_chain, read_by_costs

HEAD = "ham 1\ndim n = 2\ninput u[n]\ntarget v[n]\nparam W[n, n] = glorot\nparam V[n, n] = glorot\n"
TAIL = "cost fit = squared(y - v)\nlearn\n    eta = 1\n"


@pytest.mark.parametrize(
    ("body", "wanted"),
    [
        ("output y = W @ u + V @ u\n", 0),
        ("output y = W @ delay(V @ u)\n", 1),
        ("let a = delay(V @ u)\noutput y = delay(W @ a) + V @ u\n", 2),  # the longest way counts
        ("output y = delay(W @ V @ u, 7)\n", 7),
        ("state h[n] = 0\nnext h = W @ u\noutput y = V @ h\n", 1),  # what `delay` is, written by hand
        ("output y = delay(W @ u) + V @ previous(u)\n", 1),
        ("let slow = delay(delay(delay(V)))\noutput y = slow @ delay(W @ u)\n", 1),  # no input is behind the slow copy
        ("output x = delay(delay(V @ u))\noutput y = W @ u\n", 0),  # no cost is behind `x`
        ("state p[n] = 0\nnext p = p + u\noutput y = delay(W @ u) + V @ u\n", 1),  # a memory that is on no way
    ],
)
def test_the_longest_way_from_an_input_to_a_cost_counts(body: str, wanted: int) -> None:
    assert longest_chain(hdsl.loads(HEAD + body + TAIL).product("model")) == wanted


@pytest.mark.parametrize(
    "body",
    [
        "state h[n] = 0\nnext h = tanh(W @ h + V @ u)\noutput y = delay(h)\n",
        "state h[n] = 0\nh' = V @ u - W @ W @ u\noutput y = h\n",
        "state g[n] = 0\nstate h[n] = 0\nnext g = W @ h\nnext h = V @ g + u\noutput y = g\n",
    ],
)
def test_a_memory_on_the_way_is_named(body: str) -> None:
    with pytest.raises(Endless, match=r"`[gh]` has a memory of its own") as caught:
        longest_chain(hdsl.loads(HEAD + body + TAIL).product("model"))
    assert caught.value.state in ("g", "h")


def test_costs_read_states_as_they_are() -> None:
    body = "state a[n] = 0\nstate b[n] = 0\nnext a = W @ u\nnext b = V @ a\nlet half = b/2\noutput y = half + W @ u\n"
    assert read_by_costs(hdsl.loads(HEAD + body + TAIL).product("model")) == ("b",)
