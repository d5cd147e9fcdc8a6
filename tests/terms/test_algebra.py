"""Values and pullbacks of these rows are judged in `tests/terms/test_row.py`; here what is special to them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import hdsl
from hdsl.terms.structured import STRUCTURED
from hdsl.terms.term import Definition, Elementwise, Structured, size
from hdsl.verify.interpret import Readings, interpret
from tests.terms.test_row import Making, spelt

N = size("n")
SOLVES = ("solve", [(N, N), (N,)], {"turned": 0})
SINGULAR = np.array([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [0.0, 0.0, 1.0]])


@pytest.mark.parametrize("backend", ["torch", "numpy"])
def test_a_singular_matrix_spoils_its_own_stream_alone(backend: str) -> None:
    each, right = np.stack([np.eye(3), SINGULAR]), np.ones((2, 3))
    inverse = spelt(backend, ("inv", [(N, N)], {}), (True,), True, [each], np.float64)
    solution = spelt(backend, SOLVES, (True, True), True, [each, right], np.float64)
    for found in (inverse, solution):
        assert np.isfinite(found[0]).all()
        assert not np.isfinite(found[1]).all()


def test_the_judge_has_no_solution_for_a_singular_matrix_either() -> None:
    definition = Definition("y", Structured("inv", ("x",)), (N, N))
    assert not np.isfinite(interpret([definition], Readings({}, ({"x": SINGULAR},)), {"n": 3}).of("y")).any()


def test_the_pullback_of_the_exponential_of_a_large_matrix_is_that_of_torch() -> None:
    source = np.random.default_rng(3)
    x, seed = source.normal(size=(4, 4)), source.normal(size=(4, 4))
    maker = Making({"x": (N, N)})
    definition = Definition("y", Structured("expm", ("x",)), (N, N))
    (pulled,) = STRUCTURED["expm"].pullback(definition, "adj", maker)
    maker.sizes["adj"] = (N, N)
    lines = [definition, *maker.added, Definition("answer", Elementwise(pulled), (N, N))]
    found = interpret(lines, Readings({}, ({"x": x, "adj": seed},)), {"n": 4})
    leaf = torch.from_numpy(x).requires_grad_()
    value = torch.linalg.matrix_exp(leaf)
    (wanted,) = torch.autograd.grad(value, leaf, torch.from_numpy(seed))
    assert np.allclose(found.of("y")[0], value.detach(), rtol=1e-12)
    assert np.allclose(found.of("answer")[0], wanted, rtol=1e-12)


def test_a_shared_matrix_is_factored_once_for_all_streams() -> None:
    text = "dim n = 3\ninput b[n]\nparam A[n, n] = eye\ntarget d[n]\noutput y = solve(A, b)\ncost e = squared(y - d)/2"
    printed = hdsl.loads(text).product("torch")
    assert ", left=False)[0]" in printed


def test_of_one_stream_and_one_row_a_vector_of_all_streams_is_no_row_of_streams():
    """y of a step is (batch, n) where both are 1, too; torch takes (1, 1) beside (1, 1, 1) for a vector of each stream."""
    text = "input u[1]\nparam b[1] = 3\ntarget d[1]\noutput y = solve(2*eye(1) + outer(u, u), b)\ncost e = squared(d - y)"
    net = hdsl.loads(text).compile(dtype=torch.float64)()
    first, _ = net.step(torch.ones(1, 1), torch.zeros(1, 1))
    assert first.tolist() == [[1.0]]
