"""The boundary problem as definitions, judged by torch.autograd on a walk of the text, each point of a path by itself."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import sympy
import torch

import hdsl
from hdsl.compiler import Compiler
from hdsl.derive.boundary import ROBUST, RUNNING, WHOLE, Boundary, Endless, derive_boundary, penalised
from hdsl.emit.numpy_module import emit_numpy
from hdsl.model.model import Horizon
from hdsl.optimise.boundary import lower_boundary
from hdsl.resources import folder
from hdsl.runtime.text import load_text
from hdsl.syntax.source import Source, Span
from hdsl.verify.points import Sized, draw_point, readings, sized, smallest, smooth_point

SHIPPED = {path: path.read_text() for path in sorted(folder("models").glob("*.ham"))}
ONLINE = [path for path, text in SHIPPED.items() if "schedule" not in text and "\nhamiltonian " not in text]
FIVE = Horizon(sympy.Integer(5), None, None, None, Span(0, 0))
POINTS = 3


def compiled(text: str, name: str = "net.ham") -> Compiler:
    return Compiler(Source(text, name))


def boundary_of(compiler: Compiler) -> Boundary:
    """The boundary problem of a model, with a horizon where it has none."""
    model = compiler.model
    made = derive_boundary(model if model.horizon is not None else replace(model, horizon=FIVE))
    assert isinstance(made, Boundary)
    return made


def functions(boundary: Boundary) -> Any:
    return load_text(emit_numpy(lower_boundary(boundary), "0"), boundary.model.name)


def at_points(found: Sized, drawn: list[Any], phi: float = 1.0) -> dict[str, Any]:
    """Several points of one path as the functions read them: every cell differs, parameters and the time too."""
    each = [readings(found, point) for point in drawn]
    consts = {q.name for q in found.model.of_role("const")}
    given: dict[str, Any] = {":batch": len(drawn), ":share": np.zeros(1)}
    for name in each[0].shared:
        whole = [one.shared[name] for one in each]
        given[name] = whole[0] if name in consts or name.startswith(("learn:", "tau")) else np.stack(whole)
    given |= {name: np.stack([one.streams[0][name] for one in each]) for name in each[0].streams[0]}
    return {**given, **{f"size:{name}": value for name, value in found.sizes.items()}}


@pytest.mark.parametrize("path", ONLINE, ids=lambda path: path.stem)
def test_slopes_are_those_of_each_point_by_itself(path: Any) -> None:
    compiler = hdsl.load(str(path)).compiler
    found = smallest(compiler.model, compiler.model.written, {}) or sized(compiler.model, compiler.model.written, {}, {})
    generator = torch.Generator().manual_seed(3)
    drawn = [smooth_point(found, 1, generator) for _ in range(POINTS)]
    made = functions(boundary_of(compiler)).flow(at_points(found, drawn))
    model, walk = compiler.model, found.walk
    for place, point in enumerate(drawn):
        own = {n: v if model.quantities[n].shared else v[0] for n, v in point.values.items()}
        values = walk.forward(own, point.samples[0], point.t, point.tau)
        costates = point.of(walk.written.states)
        gradients = walk.gradients(point.values, costates, point.samples, point.t, point.tau)
        for name in model.dynamics:
            near(made[f"dot:{name}"][place], values[f"{name}'"])
        for name, gradient in gradients.items():
            costate = f"z:{name}" if name in model.dynamics else f"w:{name}"
            eta = walk.written.rate("eta", name, point.tau)
            wanted = -gradient - eta * point.costates[name]
            near(made[f"dot:{costate}"][place], wanted.reshape(made[f"dot:{costate}"][place].shape))
        for param in model.of_role("param"):
            beta = walk.written.rate("beta", param.name, point.tau)
            near(made[f"dot:{param.name}"][place], -beta * point.costates[param.name])
        one = {n: v if model.quantities[n].shared else v[0] for n, v in point.costates.items() if n in model.dynamics}
        near(made[ROBUST][place], walk.hamiltonian(own, one, point.samples[0], point.t, point.tau))


def near(found: Any, wanted: Any) -> None:
    wanted = np.asarray(wanted)
    np.testing.assert_allclose(np.asarray(found), wanted, rtol=1e-9, atol=1e-10 * (1 + np.abs(wanted).max(initial=0)))


LEARNS = """
ham 1
dim n = 3
state h[n] = W @ s
const s[n] = [1, 2, 3]
param W[n, n] = free
param q = 2
h' = tanh(W @ h) - q*h
cost fit = squared(h)*(1 + t)
terminal goal = T^2 * squared(h) + q^3 + sum(W @ h)
final h[0] == q * T
final h[1:3] == h[0]
constraint cap = h <= 1/2 penalty
horizon free = 2
learn
    schedule = boundary
    phi = 2 + t
    eta = 1/4
    beta.W = 0.3
    beta.q = 0.7
"""


@pytest.fixture(scope="module")
def problem() -> tuple[Boundary, Any, dict[str, Any]]:
    boundary = boundary_of(compiled(LEARNS))
    rng = np.random.default_rng(1)
    given: dict[str, Any] = {":batch": 4, ":share": np.zeros(1), "size:n": 3, "tau": 1.0, "learn:eta": 0.25}
    given |= {"learn:beta.W": 0.3, "learn:beta.q": 0.7, "s": np.array([1.0, 2.0, 3.0]), "weight:cap": 50.0}
    shapes = {"h": (3,), "z:h": (3,), "W": (3, 3), "w:W": (3, 3), "q": (), "w:q": (), "t": (), "T": ()}
    shapes |= {"mu:0": (), "mu:1": (2,)}
    given |= {name: rng.normal(size=(4, *shape)) for name, shape in shapes.items()}
    return boundary, functions(boundary), given


def torches(given: dict[str, Any], place: int) -> dict[str, torch.Tensor]:
    kept = {n: v for n, v in given.items() if isinstance(v, np.ndarray) and v.ndim and len(v) == 4}
    return {n: torch.tensor(v[place], dtype=torch.float64, requires_grad=True) for n, v in kept.items()}


def test_the_end_gradients_are_those_of_autograd(problem: tuple[Boundary, Any, dict[str, Any]]) -> None:
    boundary, made, given = problem
    assert dict(boundary.mus) == {"mu:0": (), "mu:1": (2,)}
    end = made.end(given)
    for place in range(4):
        x = torches(given, place)
        h, W, q, T = x["h"], x["W"], x["q"], x["T"]
        goal = T**2 * (h**2).sum() + q**3 + (W @ h).sum()
        psi0, psi1 = h[0] - q * T, h[1:3] - h[0]
        whole = goal + x["mu:0"] * psi0 + (x["mu:1"] * psi1).sum()
        by_h, by_W, by_q, by_T = torch.autograd.grad(whole, (h, W, q, T))
        decay = torch.exp(-0.25 * T).detach()
        near(end["end:z:h"][place], (decay * by_h).detach())
        near(end["end:w:W"][place], (decay * by_W).detach())
        near(end["end:w:q"][place], (decay * by_q).detach())
        near(end["end:T"][place], (decay * by_T).detach())
        near(end["goal"][place], goal.detach())


def test_the_rates_of_the_cost_and_what_h_is_at_a_free_end(problem: tuple[Boundary, Any, dict[str, Any]]) -> None:
    _, made, given = problem
    flow = made.flow(given)
    for place in range(4):
        x = {name: value.detach() for name, value in torches(given, place).items()}
        f = torch.tanh(x["W"] @ x["h"]) - x["q"] * x["h"]
        L = (x["h"] ** 2).sum() * (1 + x["t"])
        motion = 0.5 * 0.3 * (x["w:W"] ** 2).sum() + 0.5 * 0.7 * x["w:q"] ** 2
        penalty = 25.0 * (torch.relu(x["h"] - 0.5) ** 2).sum()
        phi = 2 + x["t"]
        near(flow[RUNNING][place], torch.exp(0.25 * x["t"]) * (phi * L + motion))  # what is asked for, no penalty in it
        robust = phi * (L + penalty) + (x["z:h"] * f).sum()
        near(flow[ROBUST][place], robust)
        near(flow[WHOLE][place], robust - motion)


def test_costates_of_a_penalty_are_those_of_autograd(problem: tuple[Boundary, Any, dict[str, Any]]) -> None:
    _, made, given = problem
    flow = made.flow(given)
    for place in range(4):
        x = torches(given, place)
        f = torch.tanh(x["W"] @ x["h"]) - x["q"] * x["h"]
        cost = (x["h"] ** 2).sum() * (1 + x["t"]) + 25.0 * (torch.relu(x["h"] - 0.5) ** 2).sum()
        whole = (2 + x["t"]) * cost + (x["z:h"].detach() * f).sum()
        by_h, by_W, by_q = torch.autograd.grad(whole, (x["h"], x["W"], x["q"]))
        for name, by in {"z:h": by_h, "w:W": by_W, "w:q": by_q}.items():
            near(flow[f"dot:{name}"][place], (-by - 0.25 * x[name]).detach())


def test_what_a_beginning_passes_to_what_is_free(problem: tuple[Boundary, Any, dict[str, Any]]) -> None:
    _, made, given = problem
    begin = made.begin(given)
    for place in range(4):
        x = torches(given, place)
        h = x["W"] @ torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64)
        near(begin["initial:h"][place], h.detach())
        (by_W,) = torch.autograd.grad((x["z:h"].detach() * h).sum(), x["W"])
        near(begin["begin:w:W"][place], by_W)


def test_a_model_without_an_end_has_no_problem() -> None:
    model = compiled("ham 1\nstate x = 1\nx' = -x\ncost c = x^2\n").model
    assert derive_boundary(model) == Endless(model)


def test_a_model_without_penalties_stays_as_it_is() -> None:
    model = compiled("ham 1\nstate x = 1\nx' = -x\ncost c = x^2\nconstraint cap = x <= 1 soft 10\n").model
    assert penalised(model) == model


def test_one_point_is_drawn_apart_from_another() -> None:
    compiler = compiled("ham 1\nstate x = 1\nparam k = 1\nx' = -k*x\ncost c = x^2\n")
    found = sized(compiler.model, compiler.model.written, {}, {})
    generator = torch.Generator().manual_seed(0)
    given = at_points(found, [draw_point(found, 1, generator) for _ in range(2)])
    assert given["k"].shape == given["t"].shape == (2,) and given["k"][0] != given["k"][1]
