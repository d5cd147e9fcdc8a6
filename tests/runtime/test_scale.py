"""Scaling: what the past tells, and nothing else."""

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
from hdsl.runtime.columns import read_map
from hdsl.runtime.samples import Samples
from hdsl.runtime.scale import Running, known_rows, read_kind
from hdsl.runtime.source.block import StreamError
from hdsl.runtime.stream import Stream, read_stream

TEXT = """ham 1
input u[1]
target v[1]
param W[1, 1] = 0
output y = W @ u
cost fit = squared(y - v)
"""
SERIES = [5.0, 5.0, 8.0, 2.0, 11.0, -4.0, 7.5, 0.25]


@pytest.fixture(scope="module")
def model() -> Model:
    checked: Model = hdsl.loads(TEXT).product("model")
    return checked


def stream_of(model: Model, folder: Path, series: list[float], *told: str, scale: str = "none") -> Stream:
    path = folder / "s.csv"
    path.write_text("x,w\n" + "".join(f"{x!r},{2 * x!r}\n" for x in series))
    return read_stream(path, model, read_map(told or ("u=x", "v=x@+1")), scale=scale)


def by_hand(series: list[float], last: int) -> tuple[float, float]:
    """Mean and population deviation of the entries up to ``last``, that one included."""
    if last < 0:
        return 0.0, 1.0
    return float(np.mean(series[: last + 1])), float(np.std(series[: last + 1])) or 1.0


def test_the_input_and_the_next_value_are_scaled_by_the_past_and_the_present(model: Model, tmp_path: Path) -> None:
    scaled = stream_of(model, tmp_path, SERIES, scale="running").whole().scaled()
    for k in range(len(SERIES)):
        mean, deviation = by_hand(SERIES, k)
        assert scaled["u"][k].item() == pytest.approx((SERIES[k] - mean) / deviation, abs=1e-12)
        if k + 1 < len(SERIES):
            assert scaled["v"][k].item() == pytest.approx((SERIES[k + 1] - mean) / deviation, abs=1e-12)
    assert torch.isnan(scaled["v"][-1]).all()


def test_a_present_target_is_scaled_by_the_rows_before(model: Model, tmp_path: Path) -> None:
    means, deviations = stream_of(model, tmp_path, SERIES, "u=x", "v=w", scale="running").whole().scales["v"]
    for k in range(len(SERIES)):
        mean, deviation = by_hand([2 * x for x in SERIES], k - 1)
        assert means[k].item() == pytest.approx(mean, abs=1e-12)
        assert deviations[k].item() == pytest.approx(deviation, abs=1e-12)


@pytest.mark.parametrize(
    ("told", "known"),
    [
        (("u=x", "v=x@+1"), {"x": 0}),
        (("u=x", "v=w"), {"x": 0, "w": -1}),
        (("u=x@-2", "v=x"), {"x": -1}),
        (("u=x@-2", "v=w@+3"), {"x": -2, "w": 0}),
        (("u=x", "v=w@-1"), {"x": 0, "w": -2}),
    ],
)
def test_how_far_a_column_is_known(model: Model, tmp_path: Path, told: tuple[str, str], known: dict[str, int]) -> None:
    assert known_rows(stream_of(model, tmp_path, SERIES, *told).columns, model) == known


@pytest.mark.parametrize("kind", ["running", "first:4"])
@given(
    series=st.lists(st.floats(-1e6, 1e6), min_size=8, max_size=12),
    change=st.integers(4, 7),
    other=st.floats(-1e6, 1e6),
)
def test_nothing_leaks_from_the_future(model: Model, kind: str, series: list[float], change: int, other: float) -> None:
    """A change of row k changes no sample before the one that reads it, not in a single bit."""
    changed = [*series[:change], *(other + x for x in series[change:])]
    before, after = (made(model, told, kind).scaled() for told in (series, changed))
    assert torch.equal(before["u"][:change], after["u"][:change])
    assert torch.equal(before["v"][: change - 1], after["v"][: change - 1])


def made(model: Model, series: list[float], kind: str) -> Samples:
    with tempfile.TemporaryDirectory() as folder:
        return stream_of(model, Path(folder), series, scale=kind).whole()


@pytest.mark.parametrize("kind", ["running", "first:4", "whole"])
@given(series=st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30), size=st.integers(1, 7))
def test_the_cut_into_blocks_changes_no_bit(model: Model, kind: str, series: list[float], size: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        stream = stream_of(model, Path(folder), series, "u=x", "v=x@-2", scale=kind)
        whole, parts = stream.whole(), replace(stream, size=size).whole()
    for name in ("u", "v"):
        np.testing.assert_array_equal(whole.scales[name], parts.scales[name])


def test_the_whole_file_leaks_and_says_so(model: Model, tmp_path: Path) -> None:
    stream = stream_of(model, tmp_path, SERIES, scale="whole")
    assert stream.leaks and not stream_of(model, tmp_path, SERIES, scale="running").leaks
    mean, deviation = by_hand(SERIES, len(SERIES) - 1)
    scales = stream.whole().scales
    assert scales["u"][0].ravel().tolist() == pytest.approx([mean] * len(SERIES), abs=1e-12)
    assert scales["v"][1].ravel().tolist() == pytest.approx([deviation] * len(SERIES), abs=1e-12)


def test_first_is_running_until_it_is_held(model: Model, tmp_path: Path) -> None:
    means, deviations = stream_of(model, tmp_path, SERIES, scale="first:3").whole().scales["u"]
    for k in range(len(SERIES)):
        mean, deviation = by_hand(SERIES, min(k, 2))
        assert means[k].item() == pytest.approx(mean, abs=1e-12)
        assert deviations[k].item() == pytest.approx(deviation, abs=1e-12)


def test_predictions_come_back_to_the_units_of_the_file(model: Model, tmp_path: Path) -> None:
    samples = stream_of(model, tmp_path, SERIES, scale="running").whole()
    scaled = samples.scaled()["v"].numpy()
    restored = samples.unscaled("v", scaled)
    np.testing.assert_allclose(restored[:-1, 0, 0], SERIES[1:], atol=1e-12)
    np.testing.assert_array_equal(samples.cut(3, 5).unscaled("v", scaled[3:5]), restored[3:5])


def test_no_scaling_changes_nothing(model: Model, tmp_path: Path) -> None:
    samples = stream_of(model, tmp_path, SERIES).whole()
    assert samples.scales == {}
    assert samples.scaled()["u"] is samples.values["u"]


def test_missing_cells_count_for_nothing() -> None:
    mean, deviation = Running().add(np.array([np.nan, 4.0, np.nan, 8.0]))
    assert mean.tolist() == [0.0, 4.0, 4.0, 6.0]
    assert deviation.tolist() == [1.0, 1.0, 1.0, 2.0]


def test_a_small_deviation_about_a_large_mean_is_kept() -> None:
    series = 1e9 + np.tile([0.0, 1.0], 500)
    assert Running().add(series)[1][-1] == pytest.approx(0.5, rel=1e-6)


@pytest.mark.parametrize("text", ["", "first", "first:1", "first:x", "runing", "first:-3"])
def test_no_other_scaling(text: str) -> None:
    with pytest.raises(StreamError, match="there is no scaling"):
        read_kind(text)
