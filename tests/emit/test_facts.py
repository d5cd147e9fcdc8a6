"""What the text of a module knows of its model: cells and samples in order, shapes, places and tables."""

from __future__ import annotations

import pytest
import sympy
import torch

import hdsl
from hdsl.emit.facts import Facts
from hdsl.terms.term import size

TEXT = """
dim n = 3, m = 2
## what comes in
input u[m]
input k : index(n)
target v[n]
state h[n] = 0
state g[n] = 1
param W[n, m] = 0
param class[n] = 0
const table[n, n] = eye
const gain = 2
h' = -h + W @ u
next g = table @ h
reset g each sample
output y = gain * g + class
cost fit = squared(y - v)
cost decay = squared(W)
learn
    eta.h = 0.5
    beta = 0.1*tau
    {more}
"""


def facts(more=""):
    return Facts(hdsl.loads(TEXT.format(more=more), name="folder/two.ham").product("program"))


def test_cells_are_unpacked_in_the_order_in_which_they_are_packed():
    found = facts()
    names = [name for name, _ in found.cells]
    assert names[:8] == ["h", "g", "z:h", "z:g", "w:W", "w:class", "W", "class"]
    assert names[-1] == ":share" and "table" in names and "initial:g" in names and "initial:h" not in names
    assert len(found.unpack_cells().split(", ")) == len(names)
    assert len(set(found.unpack_cells().split(", "))) == len(names)


def test_a_sample_holds_inputs_targets_and_their_marks():
    assert facts().sample[:4] == ["u", "k", "v", "present:v"]
    assert not {"t", "learn:first"} & set(facts().sample)
    assert {"t", "learn:first"} <= set(facts("phi = 1 + t\n    first = undamped").sample)


@pytest.mark.parametrize(
    "name, shared",
    [
        ("W", True),
        ("w:W", True),
        ("h", False),
        ("z:h", False),
        ("initial:g", False),
        ("present:v", False),
        ("tau", True),
    ],
)
def test_layouts_of_what_comes_from_outside(name, shared):
    assert facts().shared(name) is shared


def test_a_setting_that_reads_tau_is_no_number_of_the_module():
    found = facts()
    assert "learn:beta" not in found.settings and "learn:eta.h" in found.settings and {"gain", "tau"} <= found.numbers


def test_sizes_and_scalars_are_printed_by_their_identifiers():
    found = facts()
    assert found.size(size("n") + 2 * size("m")) in ("2 * m + n", "n + 2 * m")
    assert found.scalar(sympy.Symbol("gain") / 2, "self.") == "0.5 * self.gain"
    assert found.shape(found.model.quantities["W"]) == "n, m"


def test_a_line_is_placed_by_its_file_and_lines():
    found = facts()
    by_name = {d.name: d for d in found.model.definitions}
    notation = found.notation(found.programs.learn, ())
    assert found.place((by_name["y"], by_name["fit"]), notation) == "   two.ham:16, 17"
    assert found.place((), notation) == ""


def test_programs_of_the_same_equations_have_one_notation():
    """Of an output network a step of a run is a step: its equations are written once, and those of other programs apart."""
    made = Facts(hdsl.loads("input u\ntarget v\nparam w = 1\noutput y = tanh(w*u)\ncost c = (y - v)^2\n").product("program"))
    learn, advance, predict = made.programs.learn, made.programs.advance, made.programs.predict
    told = made.notation(learn, made.lines(learn).folded)
    assert made.notation(advance, made.lines(advance).folded) is told
    assert made.notation(predict, made.lines(predict).folded) is not told
    assert made.notation(learn, {learn.lines[0].name}) is not told


def test_shapes_are_told_with_what_the_doc_comment_says():
    told = facts().shapes()
    assert "input   u (batch, m): what comes in" in told and "input   k (batch) below n" in told
    assert "param   W (n, m)" in told and "state   h (batch, n)" in told


def test_a_runtime_finds_everything_in_the_tables():
    net = hdsl.loads(TEXT.format(more="")).compile()
    assert (net.inputs, net.targets, net.outputs) == (("u", "k"), ("v",), ("y",))
    assert dict(net.costs) == {"fit": ("v",), "decay": ()} and net.shared_costs == ("decay",)
    made = net()
    assert {name: getattr(made, attribute) for name, attribute in net.numbers.items()}["size:n"] == 3
    assert len(net.cells) == len(made._cells())


def test_scalars_that_a_step_moves_are_worked_on_by_an_alias():
    """Compiled by inductor, torch 2.13 loses what is done in place to a 0-d input of float64."""
    text = "input u\ntarget v\nstate g = 1\nstate h = 0\nparam w = 0.5\nparam W[2] = 1\nnext g = w*g\nnext h = w*u\n"
    model = hdsl.loads(text + "output y = sum(W)*h + g\ncost c = (y - v)^2\nlearn\n    phi = 1 + t\n")
    net = model.compile(dtype=torch.float64)(batch=2)
    own = {"g": net.state.g, "z:g": net.costate.g, "w:w": net.costate.w, "w": net.w}
    cells = dict(zip(net.cells, net._cells(), strict=True))
    moved = [name for name in model.product("step").cells if not cells[name].shape]
    assert sorted(moved) == sorted(own)
    for name, value in own.items():
        assert cells[name] is not value and cells[name].data_ptr() == value.data_ptr() and not cells[name].requires_grad
    assert cells["h"] is net.state.h and cells["W"] is net.W
    assert "self.offset.detach().add_(" in model.product("torch")
