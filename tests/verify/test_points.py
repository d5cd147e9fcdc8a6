"""Sizes and random points: as the file has them, never zero, never at a kink."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from hdsl.compiler import Compiler
from hdsl.syntax.source import Source
from hdsl.syntax.tree import Name
from hdsl.verify.interpret import distance_to_kinks, interpret
from hdsl.verify.points import (
    MARGIN,
    NoPoint,
    always_read,
    as_read,
    draw_point,
    readings,
    sized,
    smallest,
    smooth_point,
)

MODEL = """
dim n = 4, m, q = 2*n
input u[m]
input k : index(3)
target v
target c : index(n)
state h[n] = 0
state s = 1
param W[n, m] = 0
param r[q] = 0
const B[3] = [1, 2, 3]
const alpha = 0.5
h' = -h + relu(W @ u) + alpha*s
s' = -0.1*s
output y = sum(h) + sum(B) + sum(r)
cost fit = (y - v)^2
cost class = cross_entropy(h, c)
learn
    tau = 0.5
    eta = alpha/2
    eta.h = 0.3
    phi = 1 + t
    beta = 0.1
""".replace("input k : index(3)\n", "")


def made(text=MODEL, dims=None, **settings):
    compiler = Compiler(Source(text, "points.ham"), dims=dims, settings=settings)
    return sized(compiler.model, compiler.text, compiler.dims, compiler.settings), compiler


def generator():
    return torch.Generator().manual_seed(5)


def test_sizes_of_the_file_and_a_number_for_those_that_have_none():
    found, _ = made()
    assert (found.sizes, found.changed) == ({"n": 4, "m": 3, "q": 8}, {"m": 3})
    found, _ = made(dims={"m": 7})
    assert (found.sizes, found.changed) == ({"n": 4, "m": 7, "q": 8}, {})


def test_a_large_model_gets_small_sizes_that_differ():
    found, _ = made(MODEL.replace("n = 4, m", "n = 3000, m = 2000"))
    assert found.changed == {"n": 5, "m": 6}
    assert found.sizes["q"] == 10


def test_the_smallest_sizes_respect_lists():
    _, compiler = made()
    small = smallest(compiler.model, compiler.text, {})
    assert small is not None and small.sizes == {"n": 2, "m": 3, "q": 4}
    listed = MODEL.replace("B[3]", "B[m]").replace("n = 4, m", "n = 4, m = 3").replace("[1, 2, 3]", "[1, 2, 3]")
    _, compiler = made(listed.replace("dim n = 4, m = 3", "dim m = 3, n = 4"))
    assert smallest(compiler.model, compiler.text, {}) is None


def test_settings_from_outside_as_the_walk_takes_them():
    read = as_read({"beta": "1/4", "eta.h": "-2", "order": "semi-implicit", "tau": 0.5, "phi": "t"})
    assert isinstance(read["phi"], Name) and read.pop("phi").name == "t"
    assert read == {"beta": 0.25, "eta.h": -2.0, "order": "semi-implicit", "tau": 0.5}


def test_points_have_no_zero_and_the_right_shapes():
    found, _ = made()
    point = draw_point(found, 3, generator())
    shapes = {name: tuple(value.shape) for name, value in point.values.items()}
    assert shapes == {"h": (3, 4), "s": (), "W": (4, 3), "r": (8,)}
    assert shapes == {name: tuple(value.shape) for name, value in point.costates.items()}
    assert all(bool((value != 0).all()) for value in (*point.values.values(), *point.costates.values()))
    assert len({float(sample["v"]) for sample in point.samples}) == 3
    assert all(0 <= sample["c"] < 4 for sample in point.samples)
    again = draw_point(found, 3, generator())
    assert all(torch.equal(point.values[name], again.values[name]) for name in shapes)


def test_a_smooth_point_is_away_from_kinks_and_in_the_domain():
    found, _ = made(MODEL.replace("alpha*s", "alpha*s + log(h + 0.05)"))
    random = generator()
    for _ in range(5):
        point = smooth_point(found, 3, random)
        values = interpret(found.model.definitions, readings(found, point), found.sizes)
        assert distance_to_kinks(found.model.definitions, values, found.sizes) > MARGIN
        assert all(np.isfinite(values.of(d.name)).all() for d in found.model.definitions)


def test_no_point_is_said():
    found, _ = made(MODEL.replace("alpha*s", "alpha*s + log(-h^2)"))
    with pytest.raises(NoPoint, match="none of 60 random points"):
        smooth_point(found, 1, generator())


def test_readings_are_by_the_names_of_the_derivation():
    found, _ = made(alpha=0.8)
    point = draw_point(found, 2, generator())
    given = readings(found, point)
    assert given.shared["alpha"] == 0.8
    assert given.shared["learn:eta"] == pytest.approx(0.4)
    assert given.shared["learn:eta.h"] == pytest.approx(0.3)
    assert given.shared["learn:phi"] == pytest.approx(1 + point.t)
    assert given.shared["w:W"].shape == (4, 3) and given.shared["s"].shape == () == given.shared["z:s"].shape
    assert given.streams[1]["h"].tolist() == point.values["h"][1].tolist()
    assert given.streams[1]["z:h"].tolist() == point.costates["h"][1].tolist()
    assert given.streams[0]["present:v"] == 1 and given.streams[0]["c"] == point.samples[0]["c"]


def test_what_stands_in_a_branch_may_have_no_value_where_it_is_not_chosen():
    found, compiler = made("input u[3]\nlet a = -u\nlet b = sqrt(a)\noutput y = sqrt(u) if u > 0 else -b\noutput o = u > 0\n")
    read = always_read(compiler.model.definitions)
    assert {"y", "o"} <= set(read) and not {"a", "b"} & set(read)
    point = smooth_point(found, 2, generator())
    made_here = interpret(compiler.model.definitions, readings(found, point), found.sizes)
    assert np.isnan(made_here.of("b")).any() and np.isfinite(made_here.of("y")).all()
