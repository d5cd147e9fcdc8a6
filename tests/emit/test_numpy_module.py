"""The numpy reference is plain: a line an equation, nothing in place, and every value under hdsl's own name."""

from __future__ import annotations

import numpy as np
import pytest

import hdsl
from hdsl.emit.names import TAKEN
from hdsl.emit.numpy_module import FUNCTIONS
from hdsl.verify.interpret import Readings, interpret

TEXT = """
dim n = 3, m = 2
input u[m]
target v[n]
target c : index(n)
state h[n] = 0
param W[n, n] = 0
param U[n, m] = 0
param k = 0
h' = -h + tanh(W @ h + U @ u + 1) * k
output y = W.T @ h + sum(W, 1) + silu(h)^2 / silu(h - 2)
cost fit = sum(y - v)^2
cost right = cross_entropy(y, c)
cost decay = squared(W) * k
learn
    order = {order}
"""
SHAPES = {"h": (3,), "z:h": (3,), "u": (2,), "v": (3,), "W": (3, 3), "U": (3, 2), "k": ()}


def numbers(streams):
    draw = np.random.default_rng(2)
    shared = {name: draw.normal(size=SHAPES[name]) for name in ("W", "U", "k")}
    shared |= {f"w:{name}": draw.normal(size=SHAPES[name]) for name in ("W", "U", "k")}
    shared |= {"tau": np.array(0.5), "learn:eta": np.array(0.2), "learn:beta": np.array(0.1)}
    own = [{name: draw.normal(size=SHAPES[name]) for name in ("h", "z:h", "u", "v")} for _ in range(streams)]
    for k, stream in enumerate(own):
        stream |= {"c": np.array(k % 3), "present:v": np.array(1.0), "present:c": np.array(float(k != 1))}
    return Readings(shared, tuple(own))


@pytest.mark.parametrize("order", ["sequential", "simultaneous", "semi-implicit"])
@pytest.mark.parametrize("streams", [1, 3])
def test_every_line_has_the_value_that_its_definition_means(order, streams):
    model = hdsl.loads(TEXT.format(order=order))
    program, reference, given = model.product("program").learn, model.compile(backend="numpy"), numbers(streams)
    expected = interpret(program.lines, given, {"n": 3, "m": 2})
    names = {*given.shared, *given.streams[0]}
    read = {name: given.of(name) for name in names} | {"size:n": 3, "size:m": 2}
    read |= {":batch": streams, ":share": np.full(streams, 1 / streams)}
    before = {name: np.copy(value) for name, value in read.items()}
    made = reference.learn(read)
    assert [name for name in made if name != ":results"] == [line.name for line in program.lines]
    for line in program.lines:
        found = np.asarray(made[line.name])
        assert found.shape == expected.of(line.name).shape and np.allclose(found, expected.of(line.name)), line.name
    assert len(made[":results"]) == len(program.results)
    assert all(np.array_equal(before[name], value) for name, value in read.items())


def test_each_line_stands_below_its_equation_and_its_place():
    text = hdsl.load("sunspots").product("numpy")
    lines = text.splitlines()
    (below,) = (lines[k + 1] for k, line in enumerate(lines) if line.strip().startswith("# s = tanh(a)") and k < 90)
    assert below.strip().startswith('s = made["s"] = np.tanh(a)')
    assert "sunspots.ham:17" in text and "torch" not in text


def test_no_name_of_a_user_hides_a_function_of_the_text() -> None:
    assert set(FUNCTIONS) <= TAKEN
