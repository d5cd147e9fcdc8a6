"""Random models with controls, in every order, through the whole pipe and against the judge, which minimises H′ itself."""

from __future__ import annotations

import functools
import random
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import hdsl
from hdsl.verify.continuous import judge_equations
from hdsl.verify.judgement import Errors
from hdsl.verify.points import sized
from tests.proofs.streams import distance
from tests.proofs.test_random_models import (
    CLOSE,
    Case,
    against_numpy,
    against_the_judge,
    cases,
    of_the_module,
    run_against_the_judge,
)

DAILY = 14
SLOW = 600
ORDERS = ("sequential", "simultaneous", "semi-implicit")


def draw_text(seed: int) -> str:
    """A model in which H′ is convex and quadratic in each control that stationarity chooses."""
    rng = random.Random(seed)

    def one(*choices: str) -> str:
        return rng.choice(choices)

    lines = ["ham 1", "dim n = 3, k = 2", "input u[n]", "input s", "target v", "const r = 0.5", "const d[k] = [1, 2]"]
    lines += ["const R[k, k] = [[2, 1], [0, 3]]", "param W[n, k] = 0.3", "param c = 0.7"]
    lines += ["state x[n] = 0.5", "state y = 0", f"state h[k] = {one('0', '[1, 2]')}", "costate p of x", "costate q of y"]
    by_x, by_y, by_h, costs = ["-x"], ["-y"], ["-h"], ["squared(h)"]
    if rng.random() < 0.8:  # a scalar
        lines.append(f"control a{one('', ' in [-0.3, 0.4]', ' in [-0.2, inf]', ' in [-inf, r]')}")
        by_y.append(one("a", "c*a", "a*sin(y)", "a*s"))
        by_x.append(one("a*u", "a*x", "0*x"))
        costs.append(one("r*a^2", "(1 + y^2)*a^2", "squared(a*u) + a^2 + a*s", "exp(s)*a^2"))
    if rng.random() < 0.7:  # a vector, entry by entry, perhaps through a definition
        lines.append(f"control b[k]{one('', ' in [-0.2, 0.3]', ' in [0, inf]')}")
        lines.append(f"let e = {one('h - b', 'b + d', '2*b - c*d')}")
        by_x.append(one("W @ b", "0.5*W @ e", "tanh(W @ h)"))
        by_h.append(one("b", "e", "tanh(h)*b"))
        costs.append(one("squared(e)", "squared(e) + dot(d, b)", "dot(b, d*b)"))
    if rng.random() < 0.4:  # a vector whose entries are coupled
        lines.append("control m[k]")
        by_h.append(one("m", "R @ m"))
        costs.append(one("dot(m, R @ m)", "r*squared(R @ m + h)"))
    if rng.random() < 0.5:
        bounds = one("", " in [-0.5, 0.5]")
        lines.append(f"control g[n]{bounds} given {one('-p', 'tanh(u - p)', 'W @ h + q', 'u*(t + tau)')}")
        by_x.append("g")
    followed = rng.random() < 0.6
    if followed:
        lines.append(f"control f{one('', ' in [-0.5, 0.5]', ' in [0.1, inf]')} gradient")
        by_y.append(one("f", "tanh(f)*c"))
        costs.append(one("f^4 + f^2", "(f - s)^2", "(guess - f - v)^2"))
    if rng.random() < 0.4:
        costs.append(one("(guess - v)^2", "(y - v)^2*c^2"))
    lines += [f"x' = {' + '.join(by_x)}", f"""{one("y'", "next y")} = {' + '.join(by_y)}"""]
    lines += [f"h' = {' + '.join(by_h)}", f"output guess = sum(x) + y{one('', ' + sum(h)')}"]
    lines += [f"cost c{number} = {cost}" for number, cost in enumerate(costs)]
    if rng.random() < 0.3:
        lines.append("constraint cap = x <= 0.2 soft 3")
    if rng.random() < 0.3:
        lines += ["terminal goal = squared(x) + T*c", "final y == t", "horizon 5"]
    if rng.random() < 0.3:
        lines.append(f"reset {one('x', 'y')} {one('never', 'each sequence')}")
    lines += ["learn", f"    order = {ORDERS[seed % 3]}", f"    tau = {one('1', '0.5')}", "    eta = 0.2"]
    lines += [one("    phi = 1", "    phi = 0.7", "    phi = exp(-t)", "    first = undamped")]
    return "\n".join([*lines, *(["    beta.f = 0.3"] if followed else [])]) + "\n"


@functools.lru_cache(maxsize=8)
def model_of(seed: int) -> hdsl.api.Model:
    return hdsl.loads(draw_text(seed))


def worst_of(seed: int, compared: Callable[[Case], Iterator[tuple[str, Any, Any]]]) -> tuple[float, str]:
    found = [(distance(one, other), what) for case in cases(model_of(seed), seed) for what, one, other in compared(case)]
    return max(found)


@pytest.mark.parametrize("compared", [against_the_judge, run_against_the_judge, against_numpy, of_the_module])
@pytest.mark.parametrize("seed", range(DAILY))
def test_a_step(seed: int, compared: Callable[[Case], Iterator[tuple[str, Any, Any]]]) -> None:
    worst, what = worst_of(seed, compared)
    assert worst < CLOSE, f"{what}: {worst}\n{draw_text(seed)}"


@pytest.mark.parametrize("seed", range(DAILY))
def test_the_equations(seed: int) -> None:
    compiler = model_of(seed).compiler
    errors = Errors()
    found = sized(compiler.model, compiler.model.written, {}, {})
    judge_equations(found, compiler.equations, errors, seed, 1)
    rows = errors.rows("equations", {})
    assert {row.name for row in rows} >= {f"choice:{name}" for name in compiler.equations.control}
    assert [row for row in rows if not row.ok] == []


@pytest.mark.slow
@pytest.mark.parametrize("block", range(SLOW // 50))
def test_many_steps(block: int) -> None:
    for seed in range(DAILY + 50 * block, DAILY + 50 * block + 50):
        worst, what = worst_of(seed, against_the_judge)
        assert worst < CLOSE, f"{seed} {what}: {worst}\n{draw_text(seed)}"


def test_every_kind_is_drawn() -> None:
    texts = [draw_text(seed) for seed in range(DAILY)]
    kinds = ("control a", "control b[k]", "control m[k]", "given", "gradient", "soft", "terminal", "in [-0.2, inf]")
    for kind in (*kinds, *ORDERS):
        assert any(kind in text for text in texts), kind
