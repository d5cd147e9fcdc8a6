"""Plots: means and points by hand; SVG that is the page's own."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from hdsl.show.plots import COLOURS, MOST_POINTS, curves_plot, error_plot, loss_plot, running_mean, series_plot, thinned

WAVE = np.sin(np.arange(300) / 10)


def test_running_means_by_hand():
    steps, means = running_mean(np.array([1.0, 2.0, np.nan, 4.0, np.nan, np.nan]), 2)
    assert steps.tolist() == [1, 2, 3, 4, 5]
    assert means[:4].tolist() == [1.5, 2.0, 4.0, 4.0] and np.isnan(means[4])
    steps, means = running_mean(np.array([1.0, 3.0]), 10)
    assert steps.tolist() == [1] and means.tolist() == [2.0]


def test_thinning_keeps_every_peak():
    values = np.zeros(50_000)
    values[[17, 31_234]] = 5.0, -7.0
    at, kept = thinned(np.arange(50_000.0), values)
    assert len(kept) <= MOST_POINTS
    assert {(17.0, 5.0), (31_234.0, -7.0)} <= set(zip(at.tolist(), kept.tolist(), strict=True))
    assert (np.diff(at) > 0).all()
    assert thinned(np.arange(3.0), np.ones(3))[1].tolist() == [1, 1, 1]


@pytest.fixture(scope="module")
def plots():
    at = np.arange(300.0)
    return {
        "a": loss_plot("a", {"fit": WAVE**2 + 1e-3, "decay": WAVE**2 + 10}, 10),
        "b": series_plot("b", at, WAVE, WAVE + 0.1, "year", "number"),
        "c": error_plot("c", {"model": WAVE**2, "last value": WAVE**2 + 1}, at, "year", 10),
    }


def test_colours_are_those_of_the_style_sheet(plots):
    for svg in plots.values():
        assert set(re.findall(r"#[0-9a-f]{6}\b", svg)) <= {"#000000", "#ffffff"}
        assert not re.search(r"stroke: #|fill: #", svg)
        assert "var(--accent)" in svg and "var(--quiet)" in svg
    assert all(shown.startswith("var(--") for shown in COLOURS.values())


def test_every_plot_is_well_formed_and_has_ids_of_its_own(plots):
    seen: set[str] = set()
    for name, svg in plots.items():
        tree = ElementTree.fromstring(svg)
        ids = {e.attrib["id"] for e in tree.iter() if "id" in e.attrib}
        assert all(i.startswith(f"{name}-") for i in ids) and not ids & seen
        seen |= ids
        used = set(re.findall(r"url\(#([^)]*)\)", svg)) | set(re.findall(r'href="#([^"]*)"', svg))
        assert used <= ids
        assert "width" not in tree.attrib and "viewBox" in tree.attrib
        assert "metadata" not in svg and "DOCTYPE" not in svg


def test_words_stay_words(plots):
    assert all("mathdefault" not in svg for svg in plots.values())
    assert ">0.1<" in plots["a"] and ">10<" in plots["a"]  # a logarithmic axis: the costs lie far apart
    assert "fit" in plots["a"] and "decay" in plots["a"] and ">step<" in plots["a"]
    assert ">year<" in plots["b"] and ">number<" in plots["b"]
    assert "last value" in plots["c"]


def test_a_plot_is_the_same_each_time(plots):
    at = np.arange(300.0)
    assert series_plot("b", at, WAVE, WAVE + 0.1, "year", "number") == plots["b"]


def test_labels_are_not_formulas():
    svg = series_plot("d", np.arange(3.0), np.ones(3), np.ones(3), "$x_1 & <t>", "$")
    assert "$x_1 &amp; &lt;t&gt;" in svg


def test_curves_far_apart_stand_on_a_logarithmic_axis():
    steps = np.arange(50.0)
    svg = curves_plot("far", {"a": np.r_[0.0, 10.0 ** steps[1:40], np.full(10, np.inf)], "b": steps}, steps, "norm")
    assert re.search(r">1e\+\d\d<", svg) and ">a<" in svg
    assert ">40<" in curves_plot("near", {"b": steps}, steps, "norm")
