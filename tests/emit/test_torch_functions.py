"""The functions of generated torch text, and that a module holds those that it calls."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import sympy
import torch

import hdsl
from hdsl.emit.torch_functions import FUNCTIONS, used

MADE: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {}
PLACE: dict[str, object] = {"torch": torch, "math": math}
exec("".join(FUNCTIONS.values()), PLACE)
MADE.update((name, PLACE[name]) for name in FUNCTIONS)  # type: ignore[misc]

LEAK = "ham 1\ninput u\nparam a = 1\nstate h = 0\nh' = u - a*h\noutput y = h\ncost fit = y^2\nlearn\n    step.h = exact\n"


@pytest.mark.parametrize("x", [0.0, 1e-12, -1e-5, 0.3, -0.999, 0.999, 1.0, -1.001, 5.0, -40.0])
def test_the_slope_is_right_near_zero_and_far_away(x: float) -> None:
    at = sympy.Float(x, 60)
    expected = (sympy.exp(at) * (at - 1) + 1) / at**2 if x else 0.5
    assert float(MADE["phi1_slope"](torch.tensor(x, dtype=torch.float64))) == pytest.approx(float(expected), rel=2e-15)


@pytest.mark.parametrize("z", [0j, 1e-9j, 1e-7 + 1e-8j, 0.02 - 0.3j, 0.99j, -1.01 + 0j, 2 + 3j, -30 + 7j, 40j])
def test_a_turning_rate_is_right_near_zero_and_far_away(z: complex) -> None:
    at = sympy.Float(z.real, 60) + sympy.I * sympy.Float(z.imag, 60)
    value = (sympy.exp(at) - 1) / at if z else sympy.Integer(1)
    slope = (sympy.exp(at) * (at - 1) + 1) / at**2 if z else sympy.Rational(1, 2)
    given = [torch.tensor(part, dtype=torch.float64) for part in (z.real, z.imag)]
    for name, expected in (("phi1", value), ("phi1_slope", slope)):
        found = complex(float(MADE[f"{name}_re"](*given)), float(MADE[f"{name}_im"](*given)))
        assert abs(found - complex(expected.evalf(30))) <= 1e-15 * max(1.0, abs(complex(expected)))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_integral_of_a_matrix_needs_no_inverse(dtype: torch.dtype) -> None:
    turning = torch.tensor([[0.0, 2.0], [-2.0, 0.0]], dtype=dtype)
    falling = torch.tensor([[0.0, 3.0], [0.0, 0.0]], dtype=dtype)
    found = MADE["matrix_phi1"](torch.stack((turning, falling, torch.zeros(2, 2, dtype=dtype))))
    s, c = math.sin(2) / 2, (1 - math.cos(2)) / 2
    expected = torch.tensor([[[s, c], [-c, s]], [[1, 1.5], [0, 1]], [[1, 0], [0, 1]]], dtype=dtype)
    assert found.dtype == dtype
    assert torch.allclose(found, expected, atol=4 * torch.finfo(dtype).eps, rtol=0)


def test_a_module_holds_the_functions_that_it_calls() -> None:
    assert used("phi1_slope(x)") == FUNCTIONS["phi1_slope"]
    assert used("my_phi1_slope(x)") == used("x = 1") == ""
    assert "def phi1_slope(x)" in hdsl.loads(LEAK).product("torch")
    assert "def phi1_slope(x)" not in hdsl.loads(LEAK.replace("param a", "const a")).product("torch")
