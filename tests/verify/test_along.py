"""The derived slope along directions: differences and remainders each find what is off, and nothing else."""

from __future__ import annotations

import pytest
import torch

from hdsl.compiler import Compiler
from hdsl.syntax.source import Source
from hdsl.verify.along import direction, judge_along
from hdsl.verify.judgement import TOLERANCES, Errors
from hdsl.verify.points import sized, smooth_point

TEXT = """
input u[2]
target v[3]
state h[3] = 0
param W[3, 3] = 0
param b[3] = 0
h' = -h + relu(W @ h) + u[0]
cost fit = 1/2 * squared(h + b - v)
"""


@pytest.fixture(scope="module")
def found():
    compiler = Compiler(Source(TEXT, "along.ham"))
    return sized(compiler.model, compiler.text, {}, {})


def judged(found, name, factor=1.0, batch=3):
    generator = torch.Generator().manual_seed(0)
    point = smooth_point(found, batch, generator)
    states = point.of(found.walk.written.states)
    pull = found.walk.gradients(point.values, states, point.samples, point.t, point.tau)[name].numpy()
    errors = Errors()
    judge_along(found, point, name, factor * pull, "x", errors, generator)
    return errors


@pytest.mark.parametrize("batch", [1, 3])
@pytest.mark.parametrize(("name", "remainder"), [("h", 2), ("W", None), ("b", 2)])
def test_what_is_right_passes(found, name, remainder, batch):
    errors = judged(found, name, batch=batch)
    (told,) = (row for row in errors.rows("equations", {}) if row.judge == "remainder")
    # Behind relu the dynamics are linear in W: no remainder is left.
    assert told.shown == "exact" if remainder is None else float(told.shown) == pytest.approx(remainder, abs=0.05)
    assert all(error <= TOLERANCES[judge] for (_, judge), error in errors.largest.items())


@pytest.mark.parametrize("factor", [-1.0, 0.0, 1 / 3, 1.001])
@pytest.mark.parametrize("name", ["h", "W", "b"])
def test_what_is_off_by_a_factor_is_found_by_both(found, name, factor):
    errors = judged(found, name, factor)
    assert {judge for (_, judge), error in errors.largest.items() if error > TOLERANCES[judge]} == {"differences", "remainder"}


def test_directions_have_length_one_in_each_stream(found):
    generator = torch.Generator().manual_seed(0)
    point = smooth_point(found, 3, generator)
    assert float(direction(found, point, "W", generator).norm()) == pytest.approx(1)
    assert float(direction(found, point, "h", generator).norm()) == pytest.approx(3**0.5)
