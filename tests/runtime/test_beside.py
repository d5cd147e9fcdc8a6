"""Streams beside one another: each lane sees what it would see alone, and idle ones move nothing."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import hdsl
from hdsl.model.model import Model
from hdsl.runtime.beside import Beside
from hdsl.runtime.columns import read_map
from hdsl.runtime.samples import Samples, joined
from hdsl.runtime.session import Plan, run_session
from hdsl.runtime.source.block import StreamError
from hdsl.runtime.stream import Stream, read_stream

TEXT = """ham 1
dim n = 3
input u[1]
target v[1]
state h[n] = 0
param W[n, n] = normal(0, 0.3)
param U[n, 1] = normal(0, 1)
param C[1, n] = normal(0, 1)
h' = -h + tanh(W @ h + U @ u)
output y = C @ h
cost fit = 1/2 * squared(y - v)
learn
    tau = 0.5
    eta = 1
    beta = 0.1
"""
LENGTHS = st.lists(st.integers(2, 9), min_size=1, max_size=7)


@pytest.fixture(scope="module")
def model() -> Model:
    checked: Model = hdsl.loads(TEXT).product("model")
    return checked


def files(folder: Path, lengths: list[int]) -> tuple[list[Path], Path]:
    """A file a sequence, and all of them in one file with their ends."""
    draw = np.random.default_rng(sum(lengths))
    series = [draw.normal(size=length).tolist() for length in lengths]
    paths = []
    for k, values in enumerate(series):
        paths.append(folder / f"s{k}.csv")
        paths[-1].write_text("x\n" + "".join(f"{value!r}\n" for value in values))
    whole = folder / "all.csv"
    rows = [f"{value!r},{int(k == len(values) - 1)}\n" for values in series for k, value in enumerate(values)]
    whole.write_text("x,boundary\n" + "".join(rows))
    return paths, whole


def stream(path: Path, model: Model, scale: str = "none", size: int = 4096) -> Stream:
    return replace(read_stream(path, model, read_map(["u=x", "v=x@+1"]), scale=scale), size=size)


def lanes(reading: Beside) -> list[list[list[float]]]:
    """For each lane its sequences, as the inputs that it saw."""
    whole = joined([part for part in reading.samples() if part is not None])
    assert whole.boundary is not None
    found = []
    for k in range(reading.batch):
        there = whole.rows[:, k] >= 0
        assert not np.diff(there.astype(int)).clip(0).any()  # a lane that is idle stays idle
        assert bool(torch.isnan(whole.values["v"][~torch.from_numpy(there), k]).all())
        assert not whole.values["u"][~torch.from_numpy(there), k].any()
        sequences: list[list[float]] = [[]]
        for value, end in zip(whole.values["u"][there, k, 0].tolist(), whole.boundary[there, k].tolist(), strict=True):
            sequences[-1].append(value)
            sequences += [[]] if end else []
        assert sequences.pop() == []  # the last one ends too
        found.append(sequences)
    return found


def shared_out(lengths: list[int], batch: int) -> list[list[int]]:
    """Which sequences each lane goes through: the next one goes to the lane that is free first."""
    free, found = [0] * batch, [[] for _ in range(batch)]
    for number, length in enumerate(lengths):
        lane = min(range(batch), key=lambda k: (free[k], k))
        found[lane].append(number)
        free[lane] += length
    return found


@given(LENGTHS, st.integers(1, 4), st.integers(1, 8))
def test_each_lane_goes_through_sequences_of_its_own(model: Model, lengths: list[int], batch: int, size: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        paths, whole = files(Path(folder), lengths)
        series = [stream(path, model).whole().values["u"][:, 0, 0].tolist() for path in paths]
        wanted = [[series[number] for number in lane] for lane in shared_out(lengths, batch)]
        assert lanes(Beside([stream(whole, model, size=size)], batch)) == wanted
        if len(paths) > 1:
            assert lanes(Beside([stream(path, model, size=size) for path in paths], batch)) == wanted


@given(LENGTHS, st.sampled_from(["none", "running", "first:3"]))
def test_a_lane_is_scaled_by_its_own_past(model: Model, lengths: list[int], scale: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        paths, whole = files(Path(folder), lengths)
        parts = joined([part for part in Beside([stream(whole, model, scale)], len(lengths)).samples() if part is not None])
        for k, path in enumerate(paths):
            alone = stream(path, model, scale).whole()
            for name, value in alone.scaled().items():
                assert torch.equal(parts.scaled()[name][: len(value), k].nan_to_num(9), value[:, 0].nan_to_num(9))


def session(model: Model, reading: object, **changes: object):  # type: ignore[no-untyped-def]
    net_class = hdsl.loads(TEXT).compile()
    return run_session(Plan(model, net_class, reading, dtype="float64", **changes))  # type: ignore[arg-type]


def test_without_learning_a_batch_is_its_single_runs(model: Model, tmp_path: Path) -> None:
    paths, whole = files(tmp_path, [7, 3, 12, 1, 5])
    text = TEXT.replace("beta = 0.1", "beta = 0")
    net_class = hdsl.loads(text).compile()
    frozen = hdsl.loads(text).product("model")
    beside = run_session(Plan(frozen, net_class, Beside([stream(whole, frozen)], 5), dtype="float64"))
    for k, path in enumerate(paths):
        alone = run_session(Plan(frozen, net_class, stream(path, frozen), dtype="float64"))
        steps = alone.steps
        np.testing.assert_allclose(beside.outputs["y"][:steps, k], alone.outputs["y"], atol=1e-14)
        np.testing.assert_allclose(beside.costs["fit"][:steps, k], alone.costs["fit"], atol=1e-14)
        assert np.isnan(beside.costs["fit"][steps:, k]).all()
    assert beside.steps == 12


def test_idle_lanes_move_nothing_but_the_mean(model: Model, tmp_path: Path) -> None:
    """A lane that has ended adds nothing: beside three idle ones a stream learns with a quarter of its beta."""
    paths, _ = files(tmp_path, [40])
    one = session(model, Beside([stream(paths[0], model)], 1))
    quarter = hdsl.loads(TEXT, settings={"beta": 0.025})
    many = session(model, Beside([stream(paths[0], model)], 4))
    small = run_session(Plan(quarter.product("model"), quarter.compile(), stream(paths[0], model), dtype="float64"))
    np.testing.assert_allclose(many.outputs["y"][:, 0], small.outputs["y"], atol=1e-12)
    assert not np.allclose(many.outputs["y"][:, 0], one.outputs["y"][:, 0] if one.outputs["y"].ndim == 3 else one.outputs["y"])
    assert not many.net.state_dict()["costate.h"][1:].any()


def test_figures_are_of_all_streams_and_of_no_idle_step(model: Model, tmp_path: Path) -> None:
    _, whole = files(tmp_path, [30, 10, 25])
    run = session(model, Beside([stream(whole, model)], 2), predict=tmp_path / "p.csv")
    (mine, *_) = run.metrics
    assert mine.samples == (30 - 2) + (10 - 2 + 25 - 1)  # each lane's first has no last value, each sequence's last no target
    assert run.steps == 35
    rows = (tmp_path / "p.csv").read_text().splitlines()
    assert len(rows) == 1 + 30 + 35 and rows[0].startswith("step,stream,")


@pytest.mark.parametrize("stop", [1, 2])
def test_a_batch_resumes_to_the_bit(model: Model, tmp_path: Path, stop: int) -> None:
    _, whole = files(tmp_path, [30, 10, 25, 18, 5])
    reading = Beside([stream(whole, model, "running")], 2)
    full = session(model, reading, predict=tmp_path / "a.csv", epochs=2)
    told = {"checkpoint": tmp_path / "c", "predict": tmp_path / "b.csv", "epochs": 2, "every": 7}
    session(model, reading, steps=11 * stop, **told)
    again = session(model, reading, resume=True, **told)
    assert again.first == 11 * stop
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    assert str(again.metrics) == str(full.metrics)


def test_what_cannot_stand_beside_one_another(model: Model, tmp_path: Path) -> None:
    path = tmp_path / "s.csv"
    path.write_text("u,v,t\n1,2,0\n")
    with pytest.raises(StreamError, match="streams beside one another share the time of a step"):
        Beside([read_stream(path, model, {})], 2)
    other = tmp_path / "other.csv"
    other.write_text("u[0],v\n1,2\n")
    with pytest.raises(StreamError, match=r"other\.csv has not the columns that s\.csv is read from; name them with --map"):
        Beside([read_stream(each, model, {"t": ""}) for each in (path, other)], 2)


def test_what_is_told_of_several(model: Model, tmp_path: Path) -> None:
    paths, _ = files(tmp_path, [5, 6, 7, 8])
    several = Beside([stream(path, model, "whole") for path in paths], 3)
    assert several.name == "s0.csv, … s3.csv (4 streams)"
    assert Beside([stream(path, model) for path in paths[:2]], 2).name == "s0.csv, s1.csv"
    assert several.leaks and not several.live
    samples: Samples = joined([part for part in several.samples() if part is not None])
    everything = np.concatenate([stream(path, model).whole().values["u"][:, 0, 0].numpy() for path in paths])
    there = samples.rows[:, 1] >= 0
    np.testing.assert_allclose(samples.scales["u"][0][there, 1, 0], everything.mean(), atol=1e-12)


def test_a_cell_that_lacks_is_told_with_its_own_file(model: Model, tmp_path: Path) -> None:
    for name, rows in (("a", "1\n2\n3\n"), ("b", '1\n""\n3\n4\n')):
        (tmp_path / f"{name}.csv").write_text("x\n" + rows)
    read = [read_stream(tmp_path / f"{name}.csv", model, read_map(["u=x@-1", "v=x"])) for name in "ab"]
    for lanes in (1, 2):
        with pytest.raises(StreamError, match=r"/b\.csv:3"):
            list(Beside(read, lanes).samples())


# Where the model replays ------------------------------------------------------------------------------------------------------

REPLAYS = TEXT.replace("    tau = 0.5\n    eta = 1\n", "    schedule = replay\n    phi = 1/tau\n    eta.param = 1/tau\n")


@given(LENGTHS, st.integers(2, 4), st.integers(1, 7))
def test_lanes_of_a_model_that_replays_begin_their_sequences_together(lengths: list[int], batch: int, size: int) -> None:
    told: Model = hdsl.loads(REPLAYS).product("model")
    with tempfile.TemporaryDirectory() as folder:
        _, whole = files(Path(folder), lengths)
        found = joined([p for p in Beside([stream(whole, told, size=size)], batch).samples() if p is not None])
    assert found.boundary is not None
    there = torch.from_numpy(found.rows >= 0)
    assert bool(found.values["v"][~there].isnan().all())
    assert int(there.sum()) == sum(lengths)  # the last of each has no target
    waits = torch.zeros(batch, dtype=torch.bool)
    for k in range(len(found)):
        assert not bool((waits & there[k]).any())  # a lane that waits is idle
        waits |= found.boundary[k]
        if bool(waits.all()):
            waits[:] = False
    assert not bool(waits.any())  # nobody waits at the end


def test_files_beside_one_another_are_replayed_as_sequences_of_uneven_length(tmp_path: Path) -> None:
    told: Model = hdsl.loads(REPLAYS).product("model")
    lengths = [3, 7, 5, 4]
    paths, whole = files(tmp_path, lengths)
    reading = Beside([stream(whole, told)], 2)
    net_class = hdsl.loads(REPLAYS).compile()
    session = run_session(Plan(told, net_class, reading, dtype="float64"))
    by_hand = net_class(batch=2, dtype=torch.float64)
    columns = [torch.tensor([float(x) for x in path.read_text().split()[1:]], dtype=torch.float64) for path in paths]
    for pair in ((0, 1), (2, 3)):
        longest = max(lengths[k] for k in pair) - 1
        u = torch.zeros((longest, 2, 1), dtype=torch.float64)
        v = torch.full((longest, 2, 1), torch.nan, dtype=torch.float64)
        ends = torch.zeros((longest, 2), dtype=torch.bool)
        for lane, k in enumerate(pair):
            u[: lengths[k] - 1, lane, 0], v[: lengths[k] - 1, lane, 0] = columns[k][:-1], columns[k][1:]
            ends[lengths[k] - 2, lane] = True
        by_hand.run({"u": u, "v": v, "boundary": ends})
    assert int(session.net.replays) == int(by_hand.replays) == 2
    for name, value in by_hand.named_parameters():
        torch.testing.assert_close(session.net.get_parameter(name), value, rtol=1e-12, atol=0)
