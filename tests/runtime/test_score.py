"""The judge of a run: predictions in the units of the stream, scored over the right samples."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import hdsl
from hdsl.runtime.scale import scale_stream
from hdsl.runtime.score import Judge
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


@pytest.fixture
def judge(tmp_path: Path) -> Judge:
    model = hdsl.loads(TEXT).product("model")
    path = tmp_path / "s.csv"
    path.write_text("x,c\n" + "".join(f"{x},{k % 2}\n" for k, x in enumerate(SERIES)))
    stream = read_stream(path, model, {"u": "x", "v": "x@+1", "c": "c"})
    return Judge(model, stream, scale_stream(stream, model, "running"))


def test_outputs_are_paired_and_restored(judge: Judge) -> None:
    assert judge.pairs == {"v": "y", "c": "p"}
    made = np.array([0.5, -1.0, 2.0, 0.0, 1.0, 0.0])
    restored = judge.predictions({"y": made, "p": np.zeros((6, 2))})["v"]
    for k in range(6):
        past = np.array(SERIES[: k + 1])
        assert restored[k, 0] == pytest.approx(made[k] * (past.std() or 1.0) + past.mean(), abs=1e-12)
    assert made.tolist() == [0.5, -1.0, 2.0, 0.0, 1.0, 0.0]  # what the module gave stays as it was


def test_a_second_pass_is_restored_by_the_same_rows(judge: Judge) -> None:
    made = np.arange(9.0)
    outputs = {"y": made, "p": np.zeros((9, 2))}
    first = judge.predictions({"y": made[6:], "p": np.zeros((3, 2))})["v"]
    np.testing.assert_array_equal(judge.predictions(outputs)["v"][6:], first)


def test_pieces_score_as_the_whole(judge: Judge) -> None:
    outputs = {"y": np.array([0.1, 0.2, -0.3, 0.4, 0.0, 9.0]), "p": np.tile([[0.0, 1.0]], (6, 1))}
    judge.add(0, {name: value[:4] for name, value in outputs.items()})
    judge.add(4, {name: value[4:] for name, value in outputs.items()})
    mine = [m for m in judge.metrics(outputs, 6) if m.part == "all" and m.predictor == judge.model.name]
    whole = {(m.target, m.kind): m.value for m in mine}
    assert judge.scores["v"].value == pytest.approx(whole["v", "error/var"])
    assert judge.scores["c"].value == pytest.approx(whole["c", "accuracy"]) == pytest.approx(0.5)
    assert judge.afresh().scores == {}
    assert judge.scores["c"].value == pytest.approx(0.5)


def test_later_passes_are_told_apart(judge: Judge) -> None:
    outputs = {"y": np.zeros(12), "p": np.zeros((12, 2))}
    parts = [m.part for m in judge.metrics(outputs, 12) if (m.target, m.predictor) == ("v", judge.model.name)]
    assert parts == ["all", "second half", "pass 2"]
    assert "pass 2" not in [m.part for m in judge.metrics({n: v[:11] for n, v in outputs.items()}, 11)]


def test_what_a_file_of_predictions_holds(judge: Judge) -> None:
    class Net:
        outputs = ("y", "p")
        costs = ("fit", "class")

    assert judge.columns(Net()) == {"y": (), "p": (2,), "v": (), "c": (), "fit": (), "class": ()}
    results = {"y": np.array([0.0, 0.0]), "p": np.ones((2, 2)), "fit": np.ones(2), "class": np.ones(2)}
    told = judge.told(2, results)
    assert told["y"][:, 0].tolist() == [4.0, 5.0]  # the means of 3 5 4 and of 3 5 4 8
    assert told["v"][:, 0].tolist() == [8.0, 1.0]
    assert told["c"].tolist() == [0, 1]
    assert told["p"].tolist() == [[1, 1], [1, 1]]


def test_every_output_that_predicts_a_target_is_scored_and_the_first_counts(judge: Judge) -> None:
    text = TEXT + "output twice = 2 * y\ncost more = squared(twice - v)\n"
    model = hdsl.loads(text).product("model")
    two = Judge(model, judge.stream, judge.scaling)
    assert (two.pairs, two.others) == ({"v": "y", "c": "p"}, {"v": ("twice",), "c": ()})
    outputs = {"y": np.array([0.1, 0.2, -0.3, 0.4, 0.0, 9.0]), "twice": np.zeros(6), "p": np.zeros((6, 2))}
    found = {(m.predictor, m.part): m.value for m in two.metrics(outputs, 6) if m.target == "v"}
    alone = {(m.predictor, m.part): m.value for m in judge.metrics(outputs, 6) if m.target == "v"}
    assert {key: value for key, value in found.items() if key[0] != "output twice"} == alone
    # It says the mean of the past each time, in the units of the stream.
    means = np.array([np.mean(SERIES[: k + 1]) for k in range(1, 5)])
    wanted = np.array(SERIES[2:6])
    error = ((means - wanted) ** 2).sum() / ((wanted - wanted.mean()) ** 2).sum()
    assert found["output twice", "all"] == pytest.approx(error)
    assert two.told(0, {**outputs, "fit": np.ones(6)})["twice"][1:5, 0] == pytest.approx(means)
