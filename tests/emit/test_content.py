"""The content hash: what a model says, not how it is written down."""

from __future__ import annotations

import pytest

import hdsl
from hdsl.emit.content import content_hash

TEXT = """
dim n = 2
input u[n]
target v[n]
state h[n] = 0
param W[n, n] = normal(0, 0.5)
h' = -h + tanh(W @ h + u)
output y = h
cost fit = squared(y - v)
learn
    order = sequential
    eta = 0.1
"""


def told(text):
    return content_hash(hdsl.loads(text).product("model"))


@pytest.mark.parametrize(
    "same",
    [
        TEXT.replace("dim n", "# a comment\n\n\ndim n"),
        TEXT.replace("tanh(W @ h + u)", "tanh( W@h+u )   # spaced"),
        TEXT.replace("h' = -h + tanh(W @ h + u)", "h' = -h + tanh(W @ h\n         + u)"),
        "ham 1\n" + TEXT,
    ],
)
def test_layout_and_comments_do_not_count(same):
    assert told(same) == told(TEXT)


@pytest.mark.parametrize(
    "was, becomes",
    [
        ("h' = -h +", "h' = h +"),
        ("0.5)", "0.6)"),
        ("normal", "uniform"),
        ("n = 2", "n = 3"),
        ("state h[n] = 0", "state h[n] = 1"),
        ("sequential", "simultaneous"),
        ("eta = 0.1", "eta = 0.2"),
        ("eta = 0.1", "eta = 0.1\n    phi = 2"),
        ("cost fit", "cost match"),
        ("h' = -h +", "next h = -h +"),
        ("output y = h\n", "output y = h\nreset h never\n"),
    ],
)
def test_what_the_model_says_does(was, becomes):
    assert TEXT.replace(was, becomes) != TEXT and told(TEXT.replace(was, becomes)) != told(TEXT)


def test_it_is_twelve_hexadecimal_digits():
    assert len(told(TEXT)) == 12 and int(told(TEXT), 16) >= 0
