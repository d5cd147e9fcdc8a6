"""The feed of a run: pieces on a fixed grid, over passes, from any step."""

from __future__ import annotations

from pathlib import Path

import pytest

import hdsl
from hdsl.model.model import Model
from hdsl.runtime import feed as feed_module
from hdsl.runtime.feed import PIECE, Feed, Piece
from hdsl.runtime.source.block import StreamError
from hdsl.runtime.stream import Stream, read_stream

TEXT = """ham 1
input u
target v
param W = 0
output y = W * u
cost fit = squared(y - v)
"""


@pytest.fixture(scope="module")
def model() -> Model:
    checked: Model = hdsl.loads(TEXT).product("model")
    return checked


def stream(model: Model, folder: Path, rows: int) -> Stream:
    path = folder / "s.csv"
    path.write_text("u,v\n" + "".join(f"{k},{k + 0.5}\n" for k in range(rows)))
    return read_stream(path, model, {}, scale="running")


def pieces(feed: Feed, start: int = 0, every: int | None = None) -> list[Piece]:
    return [piece for piece in feed.pieces(start, every) if piece is not None]


@pytest.fixture(params=["held", "read again"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A stream that is in memory before the run, and one that is longer than what is read ahead."""
    if request.param == "read again":
        monkeypatch.setattr(feed_module, "AHEAD", 1)
    return str(request.param)


def test_pieces_lie_on_a_grid(model: Model, tmp_path: Path, way: str) -> None:
    feed = Feed(stream(model, tmp_path, 600), epochs=2)
    assert feed.length == (600 if way == "held" else None)
    found = pieces(feed)
    assert [len(p.samples) for p in found] == [PIECE, PIECE, 600 - 2 * PIECE] * 2
    assert [(p.epoch, p.row) for p in found] == [(e, k * PIECE) for e in (0, 1) for k in range(3)]
    assert [p.last for p in found] == [False, False, True] * 2
    assert (feed.length, feed.total, feed.expected()) == (600, 1200, 1200)
    values = [value for p in found for value in p.samples.values["u"].ravel().tolist()]
    assert values == [*map(float, range(600))] * 2


def test_pieces_are_cut_where_checkpoints_fall_and_where_the_run_ends(model: Model, tmp_path: Path, way: str) -> None:
    feed = Feed(stream(model, tmp_path, 300), epochs=3, steps=350)
    assert [len(p.samples) for p in pieces(feed, every=100)] == [100, 100, 56, 44, 50]


@pytest.mark.parametrize("start", [0, 10, PIECE, 300, 450])
def test_going_on_gives_the_rest_and_knows_what_was_before(model: Model, tmp_path: Path, way: str, start: int) -> None:
    given = stream(model, tmp_path, 300)
    whole, rest = Feed(given, epochs=2), Feed(given, epochs=2)
    values = [value for p in pieces(whole) for value in p.samples.values["v"].ravel().tolist()]
    todo = rest.pieces(start)
    before = rest.digest
    assert [value for p in todo if p is not None for value in p.samples.values["v"].ravel().tolist()] == values[start:]
    short = Feed(given, steps=max(1, min(start, 300)))
    pieces(short)
    assert before == (short.digest if start else Feed(given).digest)
    assert rest.digest == whole.digest != before or start >= 300


def test_a_run_that_was_further_than_its_steps_has_nothing_to_do(model: Model, tmp_path: Path) -> None:
    assert pieces(Feed(stream(model, tmp_path, 30), steps=10), start=20) == []


def test_a_pass_ends_a_sequence_where_that_is_wanted(model: Model, tmp_path: Path, way: str) -> None:
    found = pieces(Feed(stream(model, tmp_path, 300), epochs=2, ends=True))
    ends = [None if p.samples.boundary is None else p.samples.boundary[:, 0].nonzero().ravel().tolist() for p in found]
    assert ends == [None, [43], None, [43]]


def test_about_how_long_it_is(model: Model, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feed_module, "AHEAD", 1)
    feed = Feed(stream(model, tmp_path, 20_000), epochs=2, steps=30_000)
    assert (feed.total, feed.expected()) == (None, 30_000)
    assert Feed(stream(model, tmp_path, 20_000), epochs=2).expected() == pytest.approx(40_000, rel=0.2)


def test_a_stream_without_samples_says_so(model: Model, tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_text("u,v\n1,2\n")
    with pytest.raises(StreamError, match="no row is left in which every input has a value"):
        Feed(read_stream(path, model, {"u": "u@-1"}))
