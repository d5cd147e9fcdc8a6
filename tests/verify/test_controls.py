"""The judge of controls: it meets what is known of H′ on paper."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from hdsl.syntax.parse import parse
from hdsl.syntax.source import Source
from hdsl.verify.walk import Walk

F64 = torch.float64
TEXT = """ham 1
input u
param w = 2
state x = 1
costate p of x
control a{bounds}
control b[2] given [1, 2]*p
control f in [0.1, inf] gradient
x' = -x + w*a + sum(b) + f
cost effort = 3*a^2 + f^2
output y = x + a
learn
    tau = 0.5
    beta.f = 0.2
"""


def walk(bounds: str = "") -> Walk:
    tree, found = parse(Source(TEXT.format(bounds=bounds)))
    assert found == ()
    return Walk(tree)


def cells(one: Walk, z: float, f: float = 0.4) -> dict[str, Any]:
    made = one.begin({"w": 2.0}, 2)
    made["costate"] = {"x": torch.tensor([z, -z], dtype=F64)}
    made["control"] = {"f": torch.tensor([f, f], dtype=F64)}
    return made


@pytest.mark.parametrize(("bounds", "low", "high"), [("", -9, 9), (" in [-0.25, 0.5]", -0.25, 0.5), (" in [-inf, 0]", -9, 0)])
def test_a_is_where_the_hamiltonian_is_least(bounds: str, low: float, high: float) -> None:
    one = walk(bounds)
    for z in (0.5, 1.5):
        new, outputs, costs = one.step(cells(one, z), [{"u": 0.0}, {"u": 0.0}])
        for b, sign in enumerate((1, -1)):
            a = min(max(-2 * sign * z / 6, low), high)  # 3 a² + z w a
            x = 1 + 0.5 * (-1 + 2 * a + 3 * sign * z + 0.4)
            assert float(new["state"]["x"][b]) == pytest.approx(x)
            assert float(outputs[b]["y"]) == pytest.approx(x + a)
            assert float(costs[b]["effort"]) == pytest.approx(3 * a**2 + 0.16)


def test_the_gradient_is_followed_within_the_bounds() -> None:
    one = walk()
    new = one.step(cells(one, 0.5), [{"u": 0.0}, {"u": 0.0}])[0]
    # f⁺ = f − τ β (2 f + z)
    assert new["control"]["f"].tolist() == pytest.approx([0.4 - 0.1 * (0.8 + 0.5), 0.4 - 0.1 * (0.8 - 0.5)])
    assert one.step(cells(one, 30.0), [{"u": 0.0}, {"u": 0.0}])[0]["control"]["f"].tolist() == pytest.approx([0.1, 3.32])


def test_it_begins_at_the_bound_nearest_to_0_and_does_so_anew() -> None:
    one = walk()
    assert one.begin({"w": 2.0}, 2)["control"]["f"].tolist() == [0.1, 0.1]
    after = one.step(cells(one, 0.5), [{"u": 0.0}] * 2, boundary=[True, False])[0]
    again = one.step(after, [{"u": 0.0}] * 2)[0]
    assert float(again["control"]["f"][0]) == pytest.approx(0.1)  # z is 0 again, and 2 f lowers it on to its bound
    assert float(again["control"]["f"][1]) != pytest.approx(0.1)


def test_partials_hold_the_control() -> None:
    """∂H′/∂x and ∂H′/∂w do not go through a: by the envelope theorem they need not inside bounds, at a bound they must not."""
    one = walk(" in [-0.1, 0.1]")
    values = {"x": torch.ones(1, dtype=F64), "w": torch.tensor(2.0, dtype=F64), "a": torch.full((1,), 0.3, dtype=F64)}
    values |= {"b": torch.zeros((1, 2), dtype=F64), "f": torch.zeros(1, dtype=F64)}
    found = one.gradients(values, {"x": torch.full((1,), 0.5, dtype=F64)}, [{"u": 0.0}], 0.0, 0.5)
    assert found["x"].tolist() == pytest.approx([-0.5]) and float(found["w"]) == pytest.approx(0.15)
