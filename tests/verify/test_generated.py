"""One generated step under its judges: cases that each part of a step needs, and each judge by itself."""

from __future__ import annotations

import pytest
import torch

from hdsl.compiler import Compiler
from hdsl.syntax.source import Source
from hdsl.verify.generated import CASES, Case, cells_of, judge_step, module_of, step_of
from hdsl.verify.judgement import TOLERANCES, Errors
from hdsl.verify.points import draw_point, sized

MODEL = """
dim n = 3, m = 2
input u[m]
target v
target c : index(n)
state h[n] = 0.5
state g[n] = 0.1
param W[n, n] = 0
param U[n, m] = 0
param C[n] = 0
next g = tanh(W @ h + U @ u)
h' = -h + g
output y = C @ h
output twice = 2*h
cost fit = (y - v)^2 / 2
cost class = cross_entropy(twice, c)
reset g never
learn
    order = simultaneous
    first = undamped
    tau = 0.4
    eta = 0.6
    phi = 1 + t/2
    beta = 0.2
"""


@pytest.fixture(scope="module")
def compiler():
    return Compiler(Source(MODEL, "generated.ham"))


@pytest.fixture(scope="module")
def found(compiler):
    return sized(compiler.model, compiler.text, {}, {})


def judged(found, torch_text, numpy_text):
    errors = Errors()
    judge_step(found, torch_text, numpy_text, errors, 2)
    return errors


def wrong(errors):
    return {key for key, error in errors.largest.items() if error > TOLERANCES[key[1]]}


def after(text, method, statement):
    """A text with a statement put before the first return of a method."""
    head, mark, tail = text.partition(f"    def {method}(")
    body, returned, rest = tail.partition("\n        return ")
    assert mark and returned
    return f"{head}{mark}{body}\n        {statement}{returned}{rest}"


def test_a_step_is_judged_by_all(found, compiler):
    errors = judged(found, compiler.torch, compiler.numpy)
    assert not wrong(errors)
    cells = {f"{mark}{name}+" for name in ("h", "g") for mark in ("", "z:")}
    cells |= {f"{mark}{name}+" for name in ("W", "U", "C") for mark in ("", "w:")}
    told = {"output y", "output twice", "cost fit", "cost class"}
    for name in cells | told:
        expected = {"walk", "numpy"} | ({"streams"} if name in cells else set())
        assert {judge for other, judge in errors.largest if other == name} == expected, name
    assert {name for name, _ in errors.largest} == cells | told | {"clock+", "time+", "ended+", "reset", "sample"}


def test_the_cases_reach_what_a_step_can_meet():
    assert {case.clock == 0 for case in CASES} == {True, False}
    assert any(case.missing is None for case in CASES)
    assert any(case.missing and any(case.missing) and not all(case.missing) for case in CASES)
    assert any(any(case.ended) and not all(case.ended) for case in CASES)
    assert any(case.stretch != 1 for case in CASES)
    assert {case.learns for case in CASES} == {True, False}
    assert any(case.last is not None and any(case.last) for case in CASES)
    assert any(any(case.ended) and case.last is not None and not any(case.last) for case in CASES)


def test_cells_are_put_where_they_belong(found, compiler):
    point = draw_point(found, 3, torch.Generator().manual_seed(1))
    case = Case(clock=4, ended=(True, False, True))
    net = module_of(found, compiler.torch, point, case)
    assert torch.equal(net.W.data, point.values["W"]) and torch.equal(net.costate.W, point.costates["W"])
    assert torch.equal(net.state.g, point.values["g"]) and torch.equal(net.costate.g, point.costates["g"])
    assert int(net.clock) == 4 and net.ended.tolist() == [True, False, True] and net.sequences
    walked = cells_of(found, point, case)
    assert walked["clock"] == 4 and walked["time"].tolist() == pytest.approx([1.6] * 3)


def test_a_step_does_not_touch_its_point(found, compiler):
    point = draw_point(found, 2, torch.Generator().manual_seed(1))
    before = {name: value.clone() for name, value in {**point.values}.items()}
    first, second = (step_of(found, compiler.torch, point, Case(), compiler.numpy) for _ in range(2))
    assert all(torch.equal(point.values[name], value) for name, value in before.items())
    assert all((first.cells[name] == second.cells[name]).all() for name in first.cells)
    assert set(first.outputs) == {"y", "twice", "y returned", "y predicted"}
    assert first.cells["h"].shape == (2, 3)


def test_the_reference_alone_is_wrong(found, compiler):
    text = compiler.numpy.replace("np.tanh(", "np.arctan(")
    assert text != compiler.numpy
    found_wrong = wrong(judged(found, compiler.torch, text))
    assert found_wrong and {judge for _, judge in found_wrong} == {"numpy"}


@pytest.mark.parametrize(
    ("method", "statement", "names"),
    [
        ("_learn", "self.costate.h.div_(self.batch)", {"z:h+"}),
        ("_learn", "self.W.copy_(self.W.t().clone())", {"W+"}),
        ("_observe", "self.state.h.mul_(2)", {"h+"}),
        ("_observe", "self.U.mul_(2)", {"U+"}),
        ("_predict", "h.add_(1)", {"h+"}),
        ("_finish", "", None),
    ],
)
def test_a_planted_statement_is_found_where_it_acts(found, compiler, method, statement, names):
    if names is None:
        text = compiler.torch.replace("if steps == 1 else steps", "if steps == 0 else 2 * steps")
        assert text != compiler.torch
        assert wrong(judged(found, text, compiler.numpy)) == {("clock+", "walk"), ("time+", "walk")}
        return
    got = wrong(judged(found, after(compiler.torch, method, statement), compiler.numpy))
    assert names <= {name for name, _ in got}
    if method != "_predict":
        assert {name for name, _ in got} == names


BEGIN = "                cells = self._begun(cells)\n"
TEXT = {
    "a boundary is not remembered": ("ended.copy_(", "ended.logical_or_(", {"ended+"}),
    "a τ of its own is forgotten": ("self.offset.detach().add_(tau - self.tau)", "pass", {"time+"}),
    "costs take one another's targets": ("sample[4]", "sample[3]", {"cost class"}),
    "what ended stays ended": ("self.ended.zero_()", "pass", {"ended+"}),
    "reset leaves the cells where they are": ("for cell, initial in zip", "for cell, initial in () and zip", {"reset"}),
    "what is predicted forgets who begins": (BEGIN, "                pass\n", {"output y"}),
}


@pytest.mark.parametrize("fault", TEXT)
def test_a_fault_in_what_stands_around_the_bodies_is_found(found, compiler, fault):
    old, new, names = TEXT[fault]
    text = compiler.torch.replace(old, new)
    assert text != compiler.torch
    assert {name for name, _ in wrong(judged(found, text, compiler.numpy))} == names


def test_one_number_that_is_missing_is_enough_also_in_a_stream():
    text = MODEL.replace("target v\n", "target v[2]\n").replace("(y - v)^2 / 2", "squared(y - v)")
    wide = Compiler(Source(text))
    at = sized(wide.model, wide.text, {}, {})
    assert not wrong(judged(at, wide.torch, wide.numpy))
    changed = wide.torch.replace(".any(-1)", ".all(-1)")
    assert changed != wide.torch
    assert wrong(judged(at, changed, wide.numpy))
    changed = wide.torch.replace("has_v.unsqueeze(-1)", "has_v.unsqueeze(1)")  # one sample stays, a stream stops
    assert changed != wide.torch
    assert wrong(judged(at, changed, wide.numpy)) == {("the generated step", "walk")}


def test_a_fault_in_what_a_run_alone_does_is_found(found, compiler):
    last = "            g.copy_(g_new)\n"
    text = compiler.torch.replace(last, f"{last}            z_h.div_(self.batch)\n")
    assert text != compiler.torch
    assert {name for name, _ in wrong(judged(found, text, compiler.numpy))} == {"z:h+"}


def test_a_fault_in_what_a_run_tells_of_its_costs_is_found(found, compiler):
    head, rest = compiler.torch.split("def _handed")
    text = f"{head}def _handed{rest.replace('return (y, twice, y,', 'return (y, twice, 2 * y,', 1)}"
    assert text != compiler.torch
    assert {name for name, _ in wrong(judged(found, text, compiler.numpy))} == {"cost fit"}


def test_what_the_reference_predicts_is_judged(found, compiler):
    head, mark, tail = compiler.numpy.partition("def predict(")
    text = head + mark + tail.replace("2 * h", "3 * h", 1)
    assert text != compiler.numpy
    assert wrong(judged(found, compiler.torch, text)) == {("output twice", "numpy")}


def test_text_that_stops_is_a_finding(found, compiler):
    errors = judged(found, after(compiler.torch, "_learn", "h.matmul(W.flatten())"), compiler.numpy)
    assert ("the generated step", "walk") in wrong(errors)
    assert "RuntimeError" in errors.remarks["the generated step", "walk"]
