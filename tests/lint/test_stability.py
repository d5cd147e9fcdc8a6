"""What is told of steps, each judged by running the generated module: what is told grows, and what is not settles."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import hdsl
from hdsl.lint.stability import unstable

TURN = """state a = 1
state b = 0
const omega = {omega}
const alpha = {alpha}
a' = -alpha*a + omega*b
b' = -omega*a - alpha*b
output y = a
learn
    tau = {tau}
"""
LEAK = "state h = 1\nconst k = {k}\nh' = -k*h + tanh(sin(t))\noutput y = h\nlearn\n    tau = {tau}\n"
MATRIX = """dim n = 3
state h[n] = [1, 0.5, -1]
const A[n, n] = [[-1, {x}, 0], [{y}, -1, 0], [0, 0, -0.5]]
h' = A @ h
output y = h
learn
    tau = {tau}
"""
SKEW = """dim n = 3
state h[n] = [1, 0.5, -1]
param W[n, n] = normal(0, 1)
let A = (W - W.T)/2
h' = A @ h{leak}
output y = h
learn
    tau = 0.1
"""
DECAY = """param w[2] = ones
cost decay = {weight}*squared(w)
learn
    order = {order}
    tau = {tau}
    eta = {eta}
    beta = {beta}
"""
COSTATE = """input u
target v
state h = 0
param w = 0
h' = -1.5*h + w
output y = h
cost fit = 1/2*squared(y - v)
learn
    tau = 1
    eta = {eta}
    beta = 0
"""


CURVED = """dim n = 2
const S[n] = [3, 1]
const X[n, n] = [[1, 2], [3, 4]]
param w[n] = ones
{cost}learn
    tau = 1
    beta = {beta}
    eta = 1
"""
PULLED = """dim n = 2
const c[n] = [1, {c}]
state h[n] = 1
h' = {dynamics}
output y = h
learn
    tau = 1
"""

# What only one of two ways told, when there were two; the audit has these as well.
EDGES = [
    (CURVED.format(cost="cost size = 0.5*sum(S*w^2)\n", beta=0.65), "w", None),
    (CURVED.format(cost="cost size = 0.5*sum(S*w^2)\n", beta=0.68), "w", "unstable-step"),
    (CURVED.format(cost="cost fit = 1/2*squared(X @ w - S)\n", beta=0.066), "w", None),
    (CURVED.format(cost="cost fit = 1/2*squared(X @ w - S)\n", beta=0.068), "w", "unstable-step"),
    (CURVED.format(cost="cost size = w[0]*w[1] + squared(w)\n", beta=0.65), "w", None),
    (CURVED.format(cost="cost size = w[0]*w[1] + squared(w)\n", beta=0.68), "w", "unstable-step"),
    (CURVED.format(cost="input u\noutput y = tanh(w[0]*u)\ncost both = y^2 + squared(w)\n", beta=0.95), "w", None),
    (CURVED.format(cost="input u\noutput y = tanh(w[0]*u)\ncost both = y^2 + squared(w)\n", beta=1.05), "w", "unstable-step"),
    (PULLED.format(dynamics="-c*h", c=1.9), "state.h", None),
    (PULLED.format(dynamics="-c*h", c=2.1), "state.h", "unstable-step"),
    (PULLED.format(dynamics="-(diag(c) @ h) + tanh(sin(t) + h)/9", c=1.8), "state.h", None),
    (PULLED.format(dynamics="-(diag(c) @ h) + tanh(sin(t) + h)/9", c=2.2), "state.h", "unstable-step"),
    (PULLED.format(dynamics="c*concat(h[1:], -h[:1])", c=1), "state.h", "euler-skew"),
    (PULLED.format(dynamics="c*concat(h[1:], -h[:1]) - h", c=0.5), "state.h", None),
]  # fmt: skip


def size_after(text: str, steps: int, cell: str, **given: Any) -> float:
    net = hdsl.loads(text).compile(dtype=torch.float64)(batch=1, seed=0)
    for _ in range(steps):
        net.step(**given)
    return float(net.state_dict()[cell].abs().max())


@pytest.mark.parametrize(
    ("text", "cell", "wanted"),
    [
        (TURN.format(omega=2, alpha=0, tau=0.1), "state.a", "euler-skew"),
        (TURN.format(omega=2, alpha=0.12, tau=0.1), "state.a", "euler-skew"),
        (TURN.format(omega=2, alpha=0.21, tau=0.1), "state.a", None),
        (TURN.format(omega=0.5, alpha=0, tau=1), "state.a", "euler-skew"),
        (LEAK.format(k=2.1, tau=1), "state.h", "unstable-step"),
        (LEAK.format(k=1.9, tau=1), "state.h", None),
        (LEAK.format(k=25, tau=0.1), "state.h", "unstable-step"),
        (MATRIX.format(x=0.5, y=0.5, tau=1.2), "state.h", None),
        (MATRIX.format(x=0.9, y=0.9, tau=1.2), "state.h", "unstable-step"),
        (MATRIX.format(x=1.5, y=-1.5, tau=0.5), "state.h", None),
        (MATRIX.format(x=3, y=-3, tau=0.5), "state.h", "euler-skew"),
        (SKEW.format(leak=""), "state.h", "euler-skew"),
        (SKEW.format(leak=" - 0.5*h"), "state.h", None),
        (DECAY.format(weight=0.5, order="sequential", tau=1, eta=1, beta=1.9), "w", None),
        (DECAY.format(weight=0.5, order="sequential", tau=1, eta=1, beta=2.1), "w", "unstable-step"),
        (DECAY.format(weight=0.5, order="semi-implicit", tau=0.5, eta=1, beta=12.5), "w", "unstable-step"),
        (DECAY.format(weight=0.5, order="semi-implicit", tau=0.5, eta=1, beta=11.5), "w", None),
        (DECAY.format(weight=2, order="simultaneous", tau=0.5, eta=1, beta=0.45), "w", None),
        (DECAY.format(weight=2, order="simultaneous", tau=0.5, eta=1, beta=0.55), "w", "unstable-step"),
        (DECAY.format(weight=0.5, order="sequential", tau=1, eta=2.1, beta=0.01), "w", "unstable-step"),
    ],
)  # fmt: skip
def test_what_is_told_grows_and_what_is_not_settles(text: str, cell: str, wanted: str | None, told: Any) -> None:
    assert [code for code, _, _ in told(unstable, text)] == ([wanted] if wanted else [])
    assert (size_after(text, 900, cell) > 50) is (wanted is not None)


@pytest.mark.parametrize(("text", "cell", "wanted"), EDGES)
def test_what_lists_sums_and_cuts_make_is_told(text: str, cell: str, wanted: str | None, told: Any) -> None:
    assert [code for code, _, _ in told(unstable, text)] == ([wanted] if wanted else [])
    given = {"u": torch.zeros(1, dtype=torch.float64)} if "input u" in text else {}
    assert (size_after(text, 900, cell, **given) > 50) is (wanted is not None)


@pytest.mark.parametrize(("eta", "wanted"), [(0.6, ["unstable-step"]), (0.4, [])])
def test_a_costate_may_grow_where_its_state_settles(eta: float, wanted: list[str], told: Any) -> None:
    text = COSTATE.format(eta=eta)
    given = {"u": torch.zeros(1, dtype=torch.float64), "v": torch.ones(1, dtype=torch.float64)}
    assert [code for code, _, _ in told(unstable, text)] == wanted
    assert (size_after(text, 300, "costate.h", **given) > 50) is bool(wanted)
    assert size_after(text, 300, "state.h", **given) < 1


@pytest.mark.parametrize(
    "text",
    [
        "state h = 1\nparam k = 3\nh' = -k*h\noutput y = h\n",  # a param learns
        "state h = 1\nconst k = 3\nnext h = -k*h\noutput y = h\n",  # a step of its own
        "state h = 1\nh' = 0.1*h\noutput y = h\n",  # grows by itself, whatever the step
        "state h = 1\nh' = -3*h + 2.5*relu(h)\noutput y = h\n",
        "state h = 1\ninput k\nh' = -3*k*h\noutput y = h\n",
        "state a = 1\nstate b = 0\na' = b - a^3\nb' = -a\noutput y = a\n",  # what is not linear may hold it
        "state h = 1\ndim n\nh' = -h/n*3\noutput y = h\n",
        "param w = 1\ninput u\ncost c = 100*squared(w*u)\n",
    ],
)
def test_what_numbers_do_not_tell_is_not_told(text: str, told: Any) -> None:
    assert told(unstable, text) == []


def test_one_dissipation_is_told_once(told: Any) -> None:
    text = "param w = 1\nparam b = 1\nstate h = 0\nh' = w - 0.5*h\ncost c = squared(h + b)\nlearn\n    eta = 2\n"
    assert told(unstable, text) == [("unstable-step", 7, "`eta` is so large that costates do not settle")]


def test_limits_that_dissipation_has_part_in_are_those_of_its_euler_factor(told: Any) -> None:
    text = "target v\nparam w = 1\nstate h = 1\nh' = -h\noutput y = w*h\ncost fit = (y - v)^2\nlearn\n    eta = 3\n"
    assert [finding.code for finding in unstable(hdsl.loads(text).product("model"))]
    assert not [*unstable(hdsl.loads(text, settings={"dissipation": "exact"}).product("model"))]
    fast = text.replace("h' = -h", "h' = -3*h").replace("eta = 3", "eta = 3\n    dissipation = exact")
    assert [finding.code for finding in unstable(hdsl.loads(fast).product("model"))] == ["unstable-step"]
    for step in ("midpoint", "rk4"):
        settings = {"step": step, "order": "simultaneous"}
        assert not [*unstable(hdsl.loads(fast, settings=settings).product("model"))]
