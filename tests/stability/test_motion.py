"""Motions against the Jacobian that sympy takes of the model written out, and what turns against what does not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import sympy

import hdsl
from hdsl.stability.motion import Motion, eigenvalues, motions, turning
from hdsl.stability.numbers import Numbers

HEAD = """dim n = 2
input u[n]
const k = 3
const c[n] = [1, 2]
const d[n] = [-1, 0.5]
const A[n, n] = [[0, 1], [-1, 0.5]]
const B[n, n] = ones
const I[n, n] = eye
param W[n, n] = normal(0, 1)
param g0 = 2
state h[n] = 0
state g[n] = 0
state p = 1
state q = 1
"""


def found(dynamics: str, begun: bool = False) -> tuple[Motion, ...]:
    numbers = Numbers(hdsl.loads(f"{HEAD}{dynamics}\noutput y = h\n").product("model"))
    return motions(numbers, numbers.begins if begun else None).all


def poles(every: tuple[Motion, ...]) -> list[complex]:
    """The eigenvalues of all entries: those of a matrix that stands for every entry of its states, once for each."""
    numbers = []
    for one in every:
        whole = len(one.entries) > len(one.states) or set(one.states) <= {"p", "q"}
        numbers += [*one.poles] * (1 if whole else 2)
    return sorted(numbers, key=lambda z: (round(z.real, 9), round(z.imag, 9)))


LINEAR = [
    "h' = -k*h",
    "h' = u - 2*(h - g)\ng' = W @ u - c*g",
    "h' = -c*h + A @ g\ng' = -h - d*g",
    "h' = A.T @ (2*h)\ng' = A @ (A @ g) - sum(h)*d",
    "h' = B @ h - k*h",
    "h' = I @ h - mean(h)",
    "h' = -h + p*c\np' = sum(c*h) - q\nq' = h[0] - p",
    "h' = concat(h[1:], -h[:1])\ng' = diag(c) @ g",
    "let M = (A - A.T)/2 - 0.1*outer(c, d)\nh' = M @ h + M.T @ g\ng' = (M + B) @ g",
    "h' = g - outer(c, c) @ h\nnext g = 0.5*h - g\nnext p = 2*q\nq' = -p",
    "h' = delay(A @ h)\ng' = -g + h",
    "h' = clip(-k, -2, 0)*exp(-k)*h + 2*c*h",
]


@pytest.mark.parametrize("dynamics", LINEAR)
def test_the_poles_are_the_eigenvalues_of_what_sympy_derives(dynamics: str, written_out: Any) -> None:
    model, values, given = written_out(f"{HEAD}{dynamics}\noutput y = h\n")
    states = list(model.dynamics)
    entries = [entry for name in states for entry in sympy.flatten(values.get(name, sympy.Array([])))]
    read = [name for name in states if name in values]
    moved = [value for name in read for value in sympy.flatten(values[model.dynamics[name].definition])]
    jacobian = sympy.Matrix(moved).jacobian(sympy.Matrix(entries)).subs(given)
    wanted = list(np.linalg.eigvals(np.array(jacobian, dtype=float)))
    every = found(dynamics)
    assert all(one.matrix is not None and one.within and one.whole for one in every)
    told = [one for one in every if set(one.states) & set(read)]
    order = sorted(wanted, key=lambda z: (round(z.real, 9), round(z.imag, 9)))
    assert np.allclose(np.poly(poles(tuple(told))), np.poly(order), atol=1e-9)


@pytest.mark.parametrize("formula", ["relu(h)", "h*h", "h*g - h", "exp(-h) - h", "p*u + h*p", "h^-1", "W @ relu(h)", "h^3"])
def test_what_grows_with_a_state_is_no_bounded_rest(formula: str) -> None:
    one = next(one for one in found(f"h' = {formula}\ng' = h\np' = sum(h)") if "h" in one.states)
    assert not one.within and not one.whole


BOUNDED = [
    "clip(h, -1, 1) - h", "softmax(h)*tanh(h) - h", "W @ tanh(h) - h", "concat(tanh(h)[:1], sin(h)[1:]) - h",
    "(-h + tanh(W @ h)) / k", "u*tanh(h)^3 - h", "min(tanh(h), u) - h",
]  # fmt: skip


@pytest.mark.parametrize("formula", BOUNDED)
def test_what_is_bounded_is_and_leaves_the_linear_part(formula: str) -> None:
    one = next(one for one in found(f"h' = {formula}") if "h" in one.states)
    assert one.within and not one.whole
    assert set(one.poles) == ({-1 / 3} if "k" in formula else {-1.0})


@pytest.mark.parametrize("formula", ["u*h", "W @ h", "A @ (u*h)", "g0*h", "W[0] @ h * c"])
def test_what_moves_with_what_has_no_number_has_no_matrix(formula: str) -> None:
    assert found(f"h' = {formula}")[0].matrix is None


def test_parameters_count_where_they_are_given() -> None:
    assert found("h' = -g0*h", begun=True)[0].poles == (-2.0,)
    assert found("h' = -g0*(W @ h)", begun=True)[0].matrix is None


def test_why_entries_were_not_worked_out() -> None:
    def told(text: str) -> tuple[str, int | None]:
        model = hdsl.loads(text).product("model")
        numbers = Numbers(model)
        every = motions(numbers)
        return every.untold, every.bends and model.source.line_of(every.bends.spans[0])

    assert told("dim n\nstate h[n] = 1\nh' = -mean(h) - h\noutput y = h\n") == ("a size has no number", None)
    assert told("dim n = 65\nstate h[n] = 1\nh' = mean(h) - h\noutput y = h\n") == ("there are more than 64 entries", None)
    assert told("dim n = 65\nstate h[n] = 1\nlet a = 2*h\nlet b = a*a\nh' = b - h\noutput y = h\n") == ("", 4)


def test_many_states_that_bind_one_another_are_not_told_at_length() -> None:
    """A chain of 600 is read in about as many steps as it has; no matrix of 600 rows is made of it."""
    lines = "".join(f"state s{k} = 1\ns{k}' = s{(k + 1) % 600} - s{k}\n" for k in range(600))
    numbers = Numbers(hdsl.loads(f"{lines}output y = s0\n").product("model"))
    found = motions(numbers)
    assert [len(one.states) for one in found.all] == [600]
    assert (found.all[0].matrix, found.untold) == (None, "there are more than 64 entries")
    assert turning(numbers, found.all[0].states) is None


TURNS = {
    "h' = g0*g - h\ng' = -g0*h - g": (True, [-1, -1], 2),
    "let S = (W - W.T)/2\nh' = S @ h": (False, [0, 0], None),
    "let S = W - W.T\nlet R = S\nh' = 2*(R @ h) - c*h": (False, [-1, -2], None),
}


@pytest.mark.parametrize("dynamics", TURNS)
def test_what_turns_whatever_the_parameters_are(dynamics: str) -> None:
    certain, leaks, turn = TURNS[dynamics]
    numbers = Numbers(hdsl.loads(f"{HEAD}{dynamics}\noutput y = h\n").product("model"))
    one = next(one for one in motions(numbers).all if "h" in one.states)
    assert one.matrix is None
    turned = turning(numbers, one.states)
    assert turned is not None and turned[1] is certain
    rows = np.array(turned[0].matrix)
    assert np.allclose(np.diag(rows)[: len(leaks)], leaks)
    assert np.allclose(rows - np.diag(np.diag(rows)), -(rows - np.diag(np.diag(rows))).T)
    assert turn is None or max(pole.imag for pole in turned[0].poles) == pytest.approx(turn)


@pytest.mark.parametrize(
    "dynamics",
    [
        "h' = g0*g\ng' = -k*h",
        "h' = g0*g - g0*h\ng' = -g0*h - g0*g",
        "let S = W + W.T\nh' = S @ h",
        "let S = W.T - A\nh' = S @ h",
        "h' = u*g\ng' = -u*h",
        "let S = W - W.T\nh' = (u*h) + S @ h",
    ],
)  # fmt: skip
def test_what_does_not_turn_for_some_parameters(dynamics: str) -> None:
    numbers = Numbers(hdsl.loads(f"{HEAD}{dynamics}\noutput y = h\n").product("model"))
    one = next(one for one in motions(numbers).all if "h" in one.states)
    assert turning(numbers, one.states) is None


def test_a_step_of_flows_and_of_what_moves_by_next() -> None:
    one = Motion(("a", "b"), ("a", "b"), (True, False), ((1.0, 2.0), (3.0, 4.0)), True, True)
    assert one.step(0.5) == [[1.5, 1.0], [3.0, 4.0]]


@pytest.mark.parametrize(
    ("rows", "wanted"),
    [([[-2.0]], [-2]), ([[0.0, 2.0], [-2.0, 0.0]], [-2j, 2j]), ([[1.0, 2, 0], [0, 3, 0], [0, 0, -1]], [-1, 1, 3])],
)
def test_eigenvalues(rows: list[list[float]], wanted: list[complex]) -> None:
    assert sorted(eigenvalues(rows), key=lambda z: (z.real, z.imag)) == pytest.approx(wanted)
