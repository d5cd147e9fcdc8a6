"""A model in numbers: the same beginnings as the generated module has, and every number known or asked for."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import hdsl
from hdsl.runtime.boundary.numbers import horizon_of, known_numbers, numbered
from hdsl.terms.term import setting_name, slot

DRAWS = """
ham 1
dim n = 3, m = n + 1
const a = 2
const b = a^2 + n
const w[m] = [1, a, 3, b]
state h[n] = [1, a, b]
state g[n] = a
param W[n, n] = normal(0, 1/sqrt(n))
param O[n, n] = orthogonal(2)
param G[m, n] = glorot
param K[n, m] = he
param I[n, n] = eye
param z[n] = zeros
param V[n] = uniform(-a, a)
param o = ones
h' = W @ h + O @ h + G.T @ w + K @ w + I @ h + z * o + V
g' = -g
cost c = squared(h) + squared(g)
horizon a
learn
    schedule = boundary
    tau = 0.5
    eta = a/4
"""


def test_beginnings_are_those_of_the_generated_module() -> None:
    model = hdsl.loads(DRAWS)
    found = numbered(model.compiler, seed=7).functions
    online = hdsl.loads(DRAWS.replace("schedule = boundary", "schedule = online"))
    net = online.compile(dtype=torch.float64)(batch=1, seed=7)
    for name, value in net.named_parameters():
        np.testing.assert_allclose(found.first[name], value.detach().numpy(), rtol=1e-15, err_msg=name)
    for name in ("h", "g"):
        np.testing.assert_array_equal(found.first[name], getattr(net.initial, name).numpy(), err_msg=name)
    np.testing.assert_array_equal(found.numbers["w"], [1, 2, 3, 7])


def test_numbers_are_worked_out_from_one_another() -> None:
    model = hdsl.loads(DRAWS).product("model")
    known = known_numbers(model)
    assert known[slot("b")] == 7 and known[slot(setting_name("eta"))] == 0.5
    problem = numbered(hdsl.loads(DRAWS).compiler)
    assert problem.settings["m"] == 4 and problem.settings["tau"] == 0.5
    assert problem.ends.guess == 2 and not problem.ends.free and problem.functions.eta == 0.5
    assert horizon_of(model) == (0.5, 2.0)


def test_given_parameters_take_the_place_of_those_of_the_file() -> None:
    found = numbered(hdsl.loads(DRAWS).compiler, parameters={"o": 5.0}).functions
    assert found.first["o"] == 5


def test_a_size_without_a_number_is_asked_for() -> None:
    text = DRAWS.replace("dim n = 3,", "dim n,").replace("[1, a, b]", "0").replace("[1, a, 3, b]", "1")
    with pytest.raises(ValueError, match=r"`n` has no number; give one by --dim n=… or --set n=…"):
        numbered(hdsl.loads(text).compiler)
    assert numbered(hdsl.loads(text, n=2).compiler).settings["m"] == 3


def test_bounds_of_a_free_end_are_read() -> None:
    text = DRAWS.replace("horizon a", "horizon free = a in [1, a + 2]")
    ends = numbered(hdsl.loads(text).compiler).ends
    assert (ends.guess, ends.free, ends.lower, ends.upper) == (2, True, 1, 4)
    assert horizon_of(hdsl.loads(text).product("model")) == (0.5, 4.0)


def test_a_model_without_an_end_is_refused() -> None:
    with pytest.raises(ValueError, match="has no horizon"):
        numbered(hdsl.loads("ham 1\nmodel m\nstate x = 1\nx' = -x\ncost c = x^2\n").compiler)
