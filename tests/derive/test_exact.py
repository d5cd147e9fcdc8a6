"""Exact steps against scipy's exponential and closed forms; what they come to before anything is derived."""

from __future__ import annotations

from math import cos, exp, expm1, sin
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
    assert model.exact["h"].flow == "flow:h"
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
        return {name: made.of(name).reshape(3) for name in ("F:h", exact.flow) if name in {line.name for line in needed}}

    new = at(START)["F:h"]
    lines = map_of(workspace, exact, "h", exact.flow, -TAU, "back:h")
    known = {**given, "h": new, **{name: value for name, value in at(new).items() if name == exact.flow}}
    back = interpret(lines, Readings({}, (known,)), {"n": 3, "m": 2}).of("back:h").reshape(3)
    assert back == pytest.approx(START, rel=1e-13)
