"""Exact steps against scipy's exponential and closed forms; what they come to before anything is derived."""

from __future__ import annotations

import cmath
from math import cos, exp, expm1, factorial, sin
from typing import Any

import numpy as np
import pytest
import torch
from scipy.linalg import expm

import hdsl
from hdsl.derive.exact import map_of, set_exact
from hdsl.derive.seeds import TAU
from hdsl.derive.workspace import Workspace
from hdsl.terms.term import keep_needed
from hdsl.verify.interpret import Readings, interpret

LINEAR = """ham 1
dim n = 3, m = 2
input u[m]
target v[n]
param A[n, n] = normal(0, 1)
param B[n, m] = normal(0, 1)
state h[n] = 0
h' = A @ h + B @ u
output y = h
cost fit = squared(y - v)
learn
    step.h = exact
    eta = 0.1
"""
ALONE = LINEAR.replace("input u[m]\n", "").replace("param B[n, m] = normal(0, 1)\n", "").replace(" + B @ u", "")
ALONE = ALONE.replace(", m = 2", "")
ENTRIES = LINEAR.replace("A[n, n]", "A[n]").replace("A @ h", "A*h")
NUMBER = LINEAR.replace("param A[n, n] = normal(0, 1)", "const A = 0.7").replace("A @ h", "(-A)*h")

PAIR = """ham 1
input u
target v[4]
state x[2] = 0
state y[2] = 0
param omega[2] = 1
param alpha = 0.1
x' = -alpha*x + omega*y + u
y' = -omega*x - alpha*y
output o = concat(x, y)
cost fit = squared(o - v)
learn
    step.x = exact
    step.y = exact
    eta = 0.1
"""

BOTH = "    step.h = exact\n    step.k = exact\n"

RANDOM = np.random.default_rng(3).normal(size=(3, 3))
MATRICES = {
    "any": RANDOM,
    "skew": RANDOM - RANDOM.T,
    "singular": RANDOM * [0, 1, 1],
    "nilpotent": np.triu(RANDOM, 1),
    "zero": np.zeros((3, 3)),
    "small": 1e-9 * RANDOM,
    "stiff": -np.diag([1e-3, 1.0, 1e3]),
}
TAUS = (1e-6, 0.1, 10.0)


def net_of(text: str, **parameters: Any) -> Any:
    net = hdsl.loads(text).compile(dtype=torch.float64)(batch=1, seed=0)
    with torch.no_grad():
        for name, value in parameters.items():
            getattr(net, name).copy_(torch.as_tensor(value, dtype=torch.float64))
    return net


def stepped(net: Any, tau: float, start: Any, **inputs: Any) -> np.ndarray[Any, Any]:
    """The state after one step from a state."""
    net.state.h.copy_(torch.as_tensor(start, dtype=torch.float64).expand_as(net.state.h))
    y, _ = net.step(**{name: torch.as_tensor(value, dtype=torch.float64)[None] for name, value in inputs.items()}, tau=tau)
    return y.reshape(-1).numpy()


def held(matrix: Any, rest: Any, start: Any, tau: float) -> Any:
    """The solution of ḣ = A h + r by scipy: h, r and all as one matrix."""
    n = len(start)
    whole = np.zeros((n + 1, n + 1))
    whole[:n, :n], whole[:n, n] = matrix, rest
    return (expm(tau * whole) @ [*start, 1.0])[:n]


START, GIVEN = np.array([0.3, -1.2, 0.8]), np.array([0.5, -2.0])


@pytest.mark.parametrize("tau", TAUS)
@pytest.mark.parametrize("kind", MATRICES)
def test_a_matrix_with_what_is_held_is_the_solution(kind: str, tau: float) -> None:
    net = net_of(LINEAR, A=MATRICES[kind])
    rest = net.B.detach().numpy() @ GIVEN
    expected = held(MATRICES[kind], rest, START, tau)
    found = stepped(net, tau, START, u=GIVEN)
    scale = max(1.0, abs(tau * MATRICES[kind]).sum(1).max())  # by which e^X is worse known than X
    assert np.abs(found - expected).max() <= 1e-14 * scale * max(1.0, np.abs(expected).max())


@pytest.mark.parametrize("tau", TAUS)
@pytest.mark.parametrize("kind", MATRICES)
def test_a_matrix_alone_is_its_exponential(kind: str, tau: float) -> None:
    expected = expm(tau * MATRICES[kind]) @ START
    found = stepped(net_of(ALONE, A=MATRICES[kind]), tau, START)
    scale = max(1.0, abs(tau * MATRICES[kind]).sum(1).max())
    assert np.abs(found - expected).max() <= 1e-14 * scale * max(1.0, np.abs(expected).max())


@pytest.mark.parametrize("turn", [0.0, 1e-8, 0.7, 40.0])
def test_a_skew_matrix_turns_by_its_angle(turn: float) -> None:
    net = net_of(ALONE.replace("n = 3", "n = 2"), A=[[0.0, turn], [-turn, 0.0]])
    found = stepped(net, 0.5, [0.6, 0.8])
    c, s = cos(0.5 * turn), sin(0.5 * turn)
    assert found == pytest.approx([0.6 * c + 0.8 * s, -0.6 * s + 0.8 * c], abs=2e-14)


@pytest.mark.parametrize("tau", TAUS)
def test_entries_by_themselves_are_their_solutions(tau: float) -> None:
    rates = np.array([-2.0, 0.0, 1e-9])
    net = net_of(ENTRIES, A=rates)
    rest = net.B.detach().numpy() @ GIVEN
    grown = [exp(tau * a) * h + (expm1(tau * a) / a if a else tau) * r for a, h, r in zip(rates, START, rest, strict=True)]
    assert stepped(net, tau, START, u=GIVEN) == pytest.approx(grown, rel=1e-14)


@pytest.mark.parametrize("tau", TAUS)
def test_one_rate_of_the_file_holds_for_every_entry(tau: float) -> None:
    net = net_of(NUMBER)
    rest = net.B.detach().numpy() @ GIVEN
    expected = exp(-0.7 * tau) * START - expm1(-0.7 * tau) / 0.7 * rest
    assert stepped(net, tau, START, u=GIVEN) == pytest.approx(expected, rel=1e-14)


def test_a_rate_without_anything_held_is_an_exponential_alone() -> None:
    net = net_of(ALONE.replace("A[n, n]", "A[n]").replace("A @ h", "A*h"), A=[-2.0, 0.0, 3.0])
    assert stepped(net, 0.5, START) == pytest.approx(np.exp([-1.0, 0.0, 1.5]) * START, rel=1e-15)


def pair_of(damping: float, turn: float, pushed: bool = True) -> Any:
    net = net_of(PAIR if pushed else PAIR.replace(" + u", "").replace("input u\n", ""), omega=[turn, -turn], alpha=damping)
    net.state.y.copy_(torch.full_like(net.state.y, 0.8))
    net.state.x.copy_(torch.full_like(net.state.x, -0.3))
    return net


def turned(damping: float, turn: float, tau: float, pushed: bool = True) -> list[float]:
    """x + iy of rate −(α + iω), pushed by 2 along x: in closed form, and near 0 by its series."""
    made = []
    for omega in (turn, -turn):
        rate = complex(-damping, -omega)
        z = rate * tau
        far = (cmath.exp(z) - 1) / z if abs(z) > 0.1 else sum(z**k / factorial(k + 1) for k in range(12))
        made.append(cmath.exp(z) * complex(-0.3, 0.8) + tau * far * (2.0 if pushed else 0.0))
    return [one.real for one in made] + [one.imag for one in made]


@pytest.mark.parametrize("tau", TAUS)
@pytest.mark.parametrize(("damping", "turn"), [(0.0, 0.0), (0.0, 1e-8), (0.0, 3.0), (0.2, 0.0), (0.5, 1.5), (-0.1, 1e-9)])
def test_a_pair_turns_by_its_angle_while_it_fades(damping: float, turn: float, tau: float) -> None:
    for pushed in (True, False):
        net = pair_of(damping, turn, pushed)
        y, _ = net.step(**({"u": torch.tensor([2.0], dtype=torch.float64)} if pushed else {}), tau=tau)
        assert y.reshape(-1).tolist() == pytest.approx(turned(damping, turn, tau, pushed), rel=1e-13, abs=1e-14)


def test_a_pair_that_only_turns_keeps_its_length() -> None:
    net, steps = pair_of(0.0, 2.9, pushed=False), 2000
    net.beta = 0.0
    found = net.run({"v": torch.full((steps, 1, 4), torch.nan, dtype=torch.float64)})["o"].reshape(steps, 4)
    assert float((found[:, :2] ** 2 + found[:, 2:] ** 2 - 0.73).abs().max()) <= steps * 1e-15


def test_what_a_state_reads_of_others_is_held() -> None:
    text = "ham 1\nstate k = 2\nstate h = 1\nk' = -k\nh' = -3*h + k^2\noutput y = stack(h, k)\ncost e = squared(y)\nlearn\n"
    net = hdsl.loads(f"{text}    eta = 1\n    tau = 0.5\n{BOTH}").compile(dtype=torch.float64)()
    y, _ = net.step()
    assert y.tolist() == pytest.approx([exp(-1.5) - 4 * expm1(-1.5) / 3, 2 * exp(-0.5)], rel=1e-15)


@pytest.mark.parametrize("lines", ["h' = k\nk' = h", "h' = k*k\nk' = -h", "h' = k - h\nk' = -h + tanh(h)", "h' = k\nk' = -2*h"])
def test_two_that_read_one_another_and_do_not_turn_are_refused(lines: str) -> None:
    text = f"ham 1\nstate h = 1\nstate k = 0\n{lines}\noutput y = h\ncost e = y^2\nlearn\n{BOTH}"
    with pytest.raises(hdsl.ModelError) as raised:
        hdsl.loads(text)
    assert [one.code for one in raised.value.diagnostics] == ["exact-step"]


def test_a_turning_state_keeps_its_length() -> None:
    text = ALONE.replace("h' = A @ h", "h' = (A - A.T) @ h").replace("eta = 0.1", "beta = 0").replace("= 0\nh'", "= 1\nh'")
    net = net_of(text + "    tau = 0.3\n")
    steps = 2000
    result = net.run({"v": torch.full((steps, 1, 3), torch.nan, dtype=torch.float64)})
    lengths = result["y"].norm(dim=-1)
    assert float((lengths / 3**0.5 - 1).abs().max()) <= steps * 1e-15


# The rewritten model ------------------------------------------------------------------------------------------------


def test_an_exact_state_moves_at_once_and_all_else_stays() -> None:
    model = hdsl.loads(LINEAR).product("model")
    assert model.dynamics["h"].kind == "next"
    assert model.exact["h"].flows == ("flow:h",)
    names = [d.name for d in model.definitions]
    assert names.index("flow:h") < names.index("F:h")
    plain = hdsl.loads(LINEAR.replace("    step.h = exact\n", "")).product("model")
    assert set_exact(plain) == (plain, ())


def test_a_boundary_problem_has_no_steps() -> None:
    text = LINEAR.replace("target v[n]\n", "").replace("y - v", "y").replace("eta = 0.1", "schedule = boundary") + "horizon 1\n"
    assert hdsl.loads(text).product("model").dynamics["h"].kind == "flow"


def test_what_is_not_linear_is_refused() -> None:
    with pytest.raises(hdsl.ModelError) as raised:
        hdsl.loads(LINEAR.replace("A @ h", "A @ tanh(h)"))
    assert [one.code for one in raised.value.diagnostics] == ["exact-step"]


@pytest.mark.parametrize("text", [LINEAR, ALONE, ENTRIES], ids=["matrix", "alone", "entries"])
def test_the_same_map_over_a_time_below_zero_goes_back(text: str) -> None:
    model = hdsl.loads(text).product("model")
    exact, workspace = model.exact["h"], Workspace(model)
    rates = {"A": RANDOM if "A[n, n]" in text else RANDOM[0], "B": np.random.default_rng(1).normal(size=(3, 2))}
    given = {**rates, "u": GIVEN, "h": START, "tau": np.array(0.8)}

    def at(state: np.ndarray[Any, Any]) -> dict[str, Any]:
        needed = keep_needed(model.definitions, ["F:h"])
        made = interpret(needed, Readings({}, ({**given, "h": state},)), {"n": 3, "m": 2})
        return {name: made.of(name).reshape(3) for name in ("F:h", *exact.flows) if name in {line.name for line in needed}}

    new = at(START)["F:h"]
    lines = map_of(workspace, exact, ["h"], exact.flows, -TAU, ["back:h"])
    known = {**given, "h": new, **{name: value for name, value in at(new).items() if name in exact.flows}}
    back = interpret(lines, Readings({}, (known,)), {"n": 3, "m": 2}).of("back:h").reshape(3)
    assert back == pytest.approx(START, rel=1e-13)
