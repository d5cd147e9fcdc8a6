"""Controls along a path: by stationarity, by rule, by the gradient, within their bounds, several at once."""

from __future__ import annotations

import numpy as np

import hdsl
from hdsl.runtime.boundary.numbers import numbered

TEXT = """ham 1
state x = 1
control a in [-1, 0.5]
control b given -2*x
control c[2] in [-1, 2] gradient
x' = a + b + sum(c)
cost run = x^2 + 2*a^2 + exp(c[0]) + c[1]^4 + b^2
horizon 1
learn
    schedule = boundary
"""


def test_each_control_is_chosen_by_its_own_rule() -> None:
    own = numbered(hdsl.loads(TEXT).compiler).functions
    x, z = np.array([1.0, -2.0, 0.5]), np.array([1.0, -4.0, 0.1])
    y = np.zeros((own.size, 3))
    y[own.places["x"]], y[own.places["z:x"]] = x, z
    made = own.choose(own.given(np.zeros(3), y))
    np.testing.assert_allclose(made["a"], np.clip(-z / 4, -1, 0.5))
    np.testing.assert_allclose(made["b"], -2 * x)
    with np.errstate(invalid="ignore", divide="ignore"):
        first = np.where(z < 0, np.log(-z), -1)  # e^c + z c
    np.testing.assert_allclose(made["c"][:, 0], np.clip(first, -1, 2), atol=1e-9)
    np.testing.assert_allclose(made["c"][:, 1], np.clip(np.cbrt(-z / 4), -1, 2), atol=1e-6)


def test_a_problem_with_the_gradient_has_the_solution_of_stationarity() -> None:
    text = TEXT.replace("control b given -2*x\n", "").replace("a + b +", "a +").replace(" + b^2", "")
    text = text.replace("exp(c[0]) + c[1]^4", "squared(c)")
    one, other = hdsl.loads(text).solve(), hdsl.loads(text.replace(" gradient", "")).solve()
    assert one.solved and other.solved
    np.testing.assert_allclose(one["c"], other["c"], atol=1e-6)
    assert abs(one.J - other.J) < 1e-9
