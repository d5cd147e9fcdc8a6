"""What a run without a stream reads."""

from __future__ import annotations

import torch

import hdsl
from hdsl.runtime.feed import PIECE, Feed
from hdsl.runtime.source.block import ROWS
from hdsl.runtime.ticks import Ticks

MODEL = hdsl.load("pendulum").product("model")


def test_there_are_as_many_as_are_asked_for() -> None:
    ticks = Ticks(MODEL, ROWS + 5)
    assert [len(part) for part in ticks.samples() if part is not None] == [ROWS, 5]
    assert ticks.known() == ticks.expected() == ROWS + 5 and not ticks.live and ticks.batch == 1


def test_a_chunk_says_how_many_steps_there_are_in_double_precision() -> None:
    (samples,) = (part for part in Ticks(MODEL, 3).samples() if part is not None)
    chunk = samples.chunk(0.1, torch.float32, "cpu")
    assert list(chunk) == ["tau"] and chunk["tau"].tolist() == [0.1, 0.1, 0.1]


def test_a_feed_cuts_them_like_a_stream() -> None:
    pieces = [piece for piece in Feed(Ticks(MODEL, PIECE + 1)).pieces() if piece is not None]
    assert [(len(piece.samples), piece.row, piece.last) for piece in pieces] == [(PIECE, 0, False), (1, PIECE, True)]
