"""The judge of a run: predictions in the units of the stream, scored over the right samples."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import hdsl
from hdsl.runtime.feed import Piece
from hdsl.runtime.samples import Samples
from hdsl.runtime.score import Judge, Judged
from hdsl.runtime.stream import read_stream

TEXT = """ham 1
dim k = 2
input u
target v
target c : index(k)
param w = 0
param E[k] = 0
output y = w * u
output p = E * u
cost fit = squared(y - v)
cost class = cross_entropy(p, c)
"""
SERIES = [3.0, 5.0, 4.0, 8.0, 1.0, 7.0]
OUTPUTS = {"y": np.array([0.1, 0.2, -0.3, 0.4, 0.0, 9.0]), "p": np.tile([[0.0, 1.0]], (6, 1))}


@pytest.fixture
def samples(tmp_path: Path) -> Samples:
    model = hdsl.loads(TEXT).product("model")
    path = tmp_path / "s.csv"
    path.write_text("x,c\n" + "".join(f"{x},{k % 2}\n" for k, x in enumerate(SERIES)))
    stream = read_stream(path, model, {"u": "x", "v": "x@+1", "c": "c"}, scale="running")
    return stream.whole()


@pytest.fixture
def judge(tmp_path: Path, samples: Samples) -> Judge:
    model = hdsl.loads(TEXT).product("model")
    return Judge(model, read_stream(tmp_path / "s.csv", model, {"u": "x", "v": "x@+1"}).columns)


def take(judge: Judge, samples: Samples, start: int, end: int, epoch: int = 0, **outputs: np.ndarray) -> Judged:
    piece = Piece(samples.cut(start, end), epoch, start, end == len(samples))
    return judge.take(piece, {name: value[start:end, None] for name, value in (outputs or OUTPUTS).items()})


def test_outputs_are_paired_and_restored(judge: Judge, samples: Samples) -> None:
    assert judge.pairs == {"v": "y", "c": "p"}
    made = np.array([0.5, -1.0, 2.0, 0.0, 1.0, 0.0])
    judged = take(judge, samples, 0, 6, y=made, p=np.zeros((6, 2)))
    for k in range(6):
        past = np.array(SERIES[: k + 1])
        assert judged.predictions["v"][k, 0, 0] == pytest.approx(made[k] * (past.std() or 1.0) + past.mean(), abs=1e-12)
    assert made.tolist() == [0.5, -1.0, 2.0, 0.0, 1.0, 0.0]  # what the module gave stays as it was
    assert judged.truth["v"][:5, 0, 0].tolist() == SERIES[1:]
    assert judged.baselines["v"]["last value"][1:, 0, 0].tolist() == SERIES[1:]


def test_pieces_score_as_the_whole(judge: Judge, samples: Samples) -> None:
    take(judge, samples, 0, 4)
    take(judge, samples, 4, 6)
    mine = [m for m in judge.metrics(6) if m.part == "all" and m.predictor == judge.model.name]
    whole = {(m.target, m.kind): m.value for m in mine}
    assert judge.scores["v"].value == pytest.approx(whole["v", "error/var"])
    assert judge.scores["c"].value == pytest.approx(whole["c", "accuracy"]) == pytest.approx(0.5)
    other = Judge(judge.model, judge.columns)
    assert other.scores == {}
    take(other, samples, 0, 6)
    assert [m.value for m in other.metrics(6)] == pytest.approx([m.value for m in judge.metrics(6)], nan_ok=True)


def test_what_was_gathered_is_put_back(judge: Judge, samples: Samples) -> None:
    again = Judge(judge.model, judge.columns)
    for epoch in range(3):
        take(judge, samples, 0, 2, epoch)
        again.put_back(judge.state())
        take(judge, samples, 2, 6, epoch)
        take(again, samples, 2, 6, epoch)
        assert str(again.metrics(6)) == str(judge.metrics(6))
        assert str(again.scores) == str(judge.scores)
    assert again.metrics(6)[-1].part == "pass 3"
    third = Judge(judge.model, judge.columns)
    third.put_back(judge.state())
    assert str(third.metrics(6)) == str(judge.metrics(6))


def test_later_passes_are_told_apart(judge: Judge, samples: Samples) -> None:
    take(judge, samples, 0, 6)
    take(judge, samples, 0, 5, 1)
    assert "pass 2" not in [m.part for m in judge.metrics(6)]
    take(judge, samples, 5, 6, 1)
    parts = [m.part for m in judge.metrics(6) if (m.target, m.predictor) == ("v", judge.model.name)]
    assert parts == ["all", "second half", "pass 2"]


def test_streams_beside_one_another_are_scored_together(judge: Judge, samples: Samples) -> None:
    """Two streams of three samples, each with baselines of its own, against sums by hand."""
    two = Judge(judge.model, judge.columns, streams=2)
    pair = {n: np.stack([v[:3], v[3:]], 1) for n, v in (("y", OUTPUTS["y"]), ("p", OUTPUTS["p"]))}
    first, second = samples.cut(0, 3), samples.cut(3, 6)
    both = Samples(
        {n: np_pair(first.values[n], second.values[n]) for n in first.values}, None, None,
        np.stack([first.rows[:, 0], second.rows[:, 0]], 1), np.stack([first.places[:, 0], second.places[:, 0]], 1),
    )  # fmt: skip
    judged = two.take(Piece(both, 0, 0, True), pair)
    assert judged.baselines["v"]["last value"][:, :, 0].tolist()[1:] == [[5, 1], [4, 7]]
    mine, last = (m for m in two.metrics(3)[:2])
    truth, made = np.array([4.0, 8.0, 7.0]), np.array([0.2, -0.3, 0.0])  # those with a last value; one target is missing
    spread = ((truth - truth.mean()) ** 2).sum()
    assert mine.value == pytest.approx(((made - truth) ** 2).sum() / spread)
    assert last.value == pytest.approx((1 + 16 + 36) / spread)
    assert mine.samples == 3


def np_pair(first: object, second: object) -> object:
    import torch

    return torch.cat([first, second], dim=1)  # type: ignore[list-item]


def test_what_a_file_of_predictions_holds(judge: Judge, samples: Samples) -> None:
    class Net:
        outputs = ("y", "p")
        costs = ("fit", "class")

    assert judge.shapes(Net()) == {"y": (), "p": (2,), "v": (), "c": (), "fit": (), "class": ()}
    results = {"y": np.zeros((2, 1)), "p": np.ones((2, 1, 2)), "fit": np.ones((2, 1)), "class": np.ones((2, 1))}
    piece = Piece(samples.cut(2, 4), 0, 2, False)
    told = judge.told(judge.take(piece, results), results)
    assert told["y"].ravel().tolist() == [4.0, 5.0]  # the means of 3 5 4 and of 3 5 4 8
    assert told["v"].ravel().tolist() == [8.0, 1.0]
    assert told["c"].ravel().tolist() == [0, 1]
    assert told["p"].tolist() == [[[1, 1]], [[1, 1]]]


def test_every_output_that_predicts_a_target_is_scored_and_the_first_counts(samples: Samples, judge: Judge) -> None:
    model = hdsl.loads(TEXT + "output twice = 2 * y\ncost more = squared(twice - v)\n").product("model")
    two = Judge(model, judge.columns)
    assert (two.pairs, two.others) == ({"v": "y", "c": "p"}, {"v": ("twice",), "c": ()})
    take(judge, samples, 0, 6)
    judged = take(two, samples, 0, 6, **OUTPUTS, twice=np.zeros(6))
    found = {(m.predictor, m.part): m.value for m in two.metrics(6) if m.target == "v"}
    alone = {(m.predictor, m.part): m.value for m in judge.metrics(6) if m.target == "v"}
    assert {key: value for key, value in found.items() if key[0] != "output twice"} == alone
    # It says the mean of the past each time, in the units of the stream.
    means = np.array([np.mean(SERIES[: k + 1]) for k in range(1, 5)])
    wanted = np.array(SERIES[2:6])
    error = ((means - wanted) ** 2).sum() / ((wanted - wanted.mean()) ** 2).sum()
    assert found["output twice", "all"] == pytest.approx(error)
    assert two.told(judged, {"fit": np.ones((6, 1))})["twice"][1:5].ravel() == pytest.approx(means)


def test_later_passes_of_every_output_are_told_after_a_checkpoint(samples: Samples, judge: Judge) -> None:
    model = hdsl.loads(TEXT + "output twice = 2 * y\ncost more = squared(twice - v)\n").product("model")
    two, other = Judge(model, judge.columns), Judge(model, judge.columns)
    for epoch in (0, 1):
        take(two, samples, 0, 6, epoch, **OUTPUTS, twice=np.zeros(6))
    other.put_back(two.state())
    assert other.metrics(6) == two.metrics(6)
    later = [(m.predictor, m.kind) for m in two.metrics(6) if m.part == "pass 2"]
    name = model.name
    kinds = [(name, "error/var"), ("output twice", "error/var"), (name, "accuracy"), (name, "log loss")]
    assert later == kinds


TOKENS = """ham 1
dim v = 3, k = 3
input token : index(v)
target follows : index(v)
target kind : index(k)
param E[v, v] = 0
param F[k, v] = 0
output y = embed(E, token)
cost ahead = cross_entropy(y, follows)
cost other = cross_entropy(F @ y, kind)
"""


def test_pairs_stand_beside_a_target_of_the_kind_of_an_input(tmp_path: Path) -> None:
    model = hdsl.loads(TOKENS).product("model")
    path = tmp_path / "t.csv"
    path.write_text("k,c\n" + "0,1\n1,2\n2,0\n" * 3)
    judge = Judge(model, read_stream(path, model, {"token": "k", "follows": "k@+1", "kind": "c"}).columns)
    assert judge.is_token("follows")
    assert not judge.is_token("kind")  # as large, but by another size
