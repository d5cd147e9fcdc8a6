"""Controls by stationarity: H′, by the definitions of the model, is least at what was derived. Finite differences judge."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from hdsl.compiler import Compiler
from hdsl.derive.stationarity import derive_stationarity
from hdsl.model.model import Model
from hdsl.syntax.source import Source
from hdsl.terms.term import size
from hdsl.verify.interpret import value

HEAD = """ham 1
dim n = 3, k = 2
input u[n]
const r = 0.5
const d[k] = [1, 2]
const R[k, k] = [[2, 1], [0, 3]]
const B[n, k] = [[1, 0], [2, 1], [0, -1]]
param W[n, k] = 1
state x[n] = 0
state y = 0
costate p of y
"""
MODELS = {
    "scalar": "control a\nx' = -x\ny' = -y + a*sin(y)\ncost c = r/2*a^2 + y^2\n",
    "clipped": "control a in [-0.2, 0.1]\nx' = -x\ny' = a*y\ncost c = a^2 + a*y\n",
    "below": "control a in [-0.2, inf]\nx' = -x\ny' = a*y\ncost c = a^2 + a*y\n",
    "above": "control a in [-inf, 0.1]\nx' = -x\ny' = a*y\ncost c = a^2 + a*y\n",
    "vector": "control a[k] in [-1, 1]\nx' = -x + W @ a + u\ny' = -y\ncost c = squared(a) + squared(x)\n",
    "through": "control a[n]\nlet e = u - a\nx' = -x + a*tanh(x)\ny' = -y\ncost c = squared(e) + sum(exp(x)*a^2)\n",
    "weighed": "control a[k]\nx' = -x + B @ a\ny' = -y\ncost c = dot(a, d*a) + squared(a)*y^2\n",
    "coupled": "control a[k]\nx' = -x + B @ a\ny' = -y\ncost c = r*dot(a, R @ a) + squared(x + B @ a)\n",
    "two": "control a\ncontrol b in [0, 1]\nx' = -x*b\ny' = -y + a\ncost c = (1 + y^2)*a^2 + b^2 - b\n",
    "broadcast": "control a\nx' = -x + a*u\ny' = -y\ncost c = squared(a*u + x) + a^2\n",
    "matrix": "control a[n, k]\nx' = -x + sum(a, axis=1)\ny' = -y\ncost c = squared(a) + sum(a*W)\n",
    "next": "control a\nnext x = tanh(u)*a\ny' = -y\ncost c = a^2\nlearn\n    tau = 0.5\n",
    "phi": "control a\nx' = -x\ny' = -y + a\ncost c = a^2\nlearn\n    phi = exp(-t)\n",
}


def model(text: str) -> Model:
    return Compiler(Source(text, "m.ham")).model


def drawn(made: Model, seed: int = 0) -> tuple[dict[str, Any], dict[str, int]]:
    rng = np.random.default_rng(seed)
    sizes = {name: int(number) for name, number in made.dims.items() if number is not None}
    known: dict[str, Any] = {"t": np.asarray(0.3), "tau": np.asarray(0.5), "learn:phi": np.asarray(0.7)}
    for quantity in made.quantities.values():
        shape = tuple(int(n.subs({size(k): v for k, v in sizes.items()})) for n in quantity.sizes)
        known[quantity.name] = rng.normal(size=shape)
        if quantity.role == "state":
            known[f"z:{quantity.name}"] = rng.normal(size=shape)
        if quantity.role == "const" and quantity.initial is not None:
            given = quantity.initial.values or quantity.initial.arguments[0]
            known[quantity.name] = np.asarray(np.array(given, float))
    return known, sizes


def robust(made: Model, known: dict[str, Any], sizes: dict[str, int]) -> float:
    """H′ in numbers, by the model's own definitions."""
    now = dict(known)
    for definition in made.definitions:
        now[definition.name] = value(definition, now, sizes)
    whole = now["learn:phi"] * sum(now[cost] for cost in made.costs)
    for name, dynamics in made.dynamics.items():
        moved = now[dynamics.definition]
        moved = (moved - now[name]) / now["tau"] if dynamics.kind == "next" else moved
        whole = whole + np.sum(now[f"z:{name}"] * moved)
    return float(whole)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("seed", range(3))
def test_it_is_where_the_hamiltonian_is_least(name: str, seed: int) -> None:
    made = model(HEAD + MODELS[name])
    found = derive_stationarity(made)
    assert {form.kind for form in found.forms.values()} == {"closed"}
    known, sizes = drawn(made, seed)
    now = dict(known)
    for line in found.definitions:
        if not line.name.startswith("slope:"):
            now[line.name] = value(line, now, sizes)
    chosen = {control: np.array(np.broadcast_to(now[line], known[control].shape)) for control, line in found.choices.items()}
    least = robust(made, known | chosen, sizes)
    rng = np.random.default_rng(seed + 100)
    for control, at in chosen.items():
        low, high = (made.controls[control].lower, made.controls[control].upper)
        bounds = (-np.inf if low is None else float(low), np.inf if high is None else float(high))
        assert np.all(at >= bounds[0]) and np.all(at <= bounds[1])
        for far in (1e-3, 0.1, 3.0):
            other = np.clip(at + far * rng.normal(size=at.shape), *bounds)
            assert robust(made, known | chosen | {control: other}, sizes) >= least - 1e-12


@pytest.mark.parametrize("name", MODELS)
def test_the_slope_is_that_of_the_hamiltonian(name: str) -> None:
    made = model(HEAD + MODELS[name])
    found = derive_stationarity(made)
    known, sizes = drawn(made, 7)
    now = dict(known)
    for line in found.definitions:
        now[line.name] = value(line, now, sizes)
    for control, slope in found.slopes.items():
        told = np.broadcast_to(now[slope.name], known[control].shape)
        for place in np.ndindex(known[control].shape):
            step = np.zeros(known[control].shape)
            step[place] = 1e-5
            up, down = (robust(made, known | {control: known[control] + sign * step}, sizes) for sign in (1, -1))
            assert told[place] == pytest.approx((up - down) / 2e-5, rel=1e-6, abs=1e-7)


def test_a_rule_is_within_the_bounds() -> None:
    made = model(HEAD + "control a in [-1, 1] given 3*p\nx' = -x\ny' = a\ncost c = y^2\n")
    found = derive_stationarity(made)
    assert found.forms == {} and found.choices == {"a": "choice:a"}
    known = {"z:y": np.asarray(0.5)}
    for line in found.definitions[:2]:
        known[line.name] = value(line, known, {})
    assert known["choice:a"] == 1.0


def test_what_follows_the_gradient_has_a_slope_and_no_line() -> None:
    made = model(HEAD + "control a gradient\ncontrol b\nx' = -x\ny' = a*b\ncost c = a^4 + b^2\n")
    found = derive_stationarity(made)
    assert set(found.slopes) == {"a", "b"} and set(found.choices) == {"b"}
    assert "a" in {read for line in found.definitions if line.name == "choice:b" for read in line.reads()}
