"""Lines as torch statements: in place where the old value is done with, one call where one will do, and never a wrong value."""

from __future__ import annotations

import re

import numpy as np
import pytest
import sympy
import torch

import hdsl
from hdsl.emit.torch_lines import lacks_axes
from hdsl.runtime.reference import evaluate
from hdsl.terms.term import Definition, Elementwise, indices, size, slot

HEAD = "dim n = 3, m = 2\ninput u[m]\ntarget v[n]\n"
TAIL = "cost fit = squared(y - v)\nlearn\n    order = {order}\n    tau = 0.3\n    eta = 0.5\n    beta = 0.1\n"
STATE = "state h[n] = 0.1\nparam W[n, n] = normal(0, 1)\nparam U[n, m] = normal(0, 1)\nparam b[n] = normal(0, 1)\n"
MODELS = {
    "a state that moves by its own product": STATE + "h' = W @ h + U @ u\noutput y = h\n",
    "a state that is its own product": STATE + "next h = W @ h + U @ u\noutput y = h\n",
    "a number beside a product": STATE + "h' = -h + tanh(W @ h + 1) + U @ u\noutput y = h\n",
    "a product twice in one line": STATE + "h' = -h + U @ u\noutput y = W @ h + (W @ h)^2\n",
    "a sum of what has no index": STATE + "h' = -h + U @ u\noutput y = W @ h\ncost total = sum(y)^2\n",
    "a matrix beside a transpose": STATE + "let M = W @ W + W.T\nh' = M @ tanh(b) - h + U @ u\noutput y = h\n",
    "a matrix used both ways": STATE + "h' = W @ h - W.T @ tanh(W @ h) + U @ u\noutput y = W.T @ h\n",
    "names like those that a body makes": (
        STATE + "param z_h_t[n] = 0\nparam e_bar_t[n] = 0\nparam keep = 1\nparam rate = 1\nlet a = U @ u + z_h_t\n"
        "let e = h - e_bar_t\nh' = -h + a + W @ h\noutput y = tanh(e)*keep + rate\n"
    ),
    "a scalar of each stream that weighs a parameter": (
        STATE + "param k = 1\nh' = -h + U @ u\noutput y = W @ h\ncost each = k*squared(u)\n"
    ),
    "states that read one another": (
        STATE + "state g[n] = 0.2\nstate k[n] = 0\nh' = U @ u\ng' = 2*h\nk' = g - W @ h\noutput y = h + k\n"
    ),
    "one right side for two states": STATE
    + "state g[n] = 0\nlet f = tanh(W @ h + U @ u)\nnext h = f\nnext g = f\noutput y = g\n",
    "a shared state": STATE + "state g[n] = 0.1\ng' = -g + tanh(W @ g) + 0.1\nh' = g*h - h + U @ u\noutput y = h + g\n",
    "begun anew beside one that goes on": (
        STATE + "state g[n] = 0.1\nh' = -h + W @ g\nnext g = tanh(U @ u) + h\nreset g each sample\noutput y = h + g\n"
    ),
    "whole numbers too long for torch": STATE
    + "h' = -h + U @ u\noutput y = (W @ h + b)*1e30 - 1e30*tanh(h)\ncost c = squared(h)\n",
    "functions of numbers": STATE
    + "const a = 0.5\nh' = exp(a)*(W @ h)/9 - h*exp(2)^2/50 + U @ u\noutput y = h*max(a, 0.1) + min(h, a)\n",
    "rows of a matrix": STATE
    + "h' = softmax(W, 0) @ h + softmax(W, 1) @ softmax(h) + U @ u\noutput y = h + logsumexp(W, 0)\n",
    "functions in one another": STATE
    + "let x = W @ h\nh' = -h + U @ u\noutput y = tanh(sigmoid(exp(x))) + abs(sin(x)) + relu(x)*x\n",
}


def built(name, order="sequential", **keywords):
    text = HEAD + MODELS[name] + TAIL.format(order=order)
    return hdsl.loads(text).compile(dtype=torch.float64)(batch=3, **keywords)


def statements(net, body="_learn"):
    text = net.source.partition(f"    def {body}(")[2].partition("    def _")[0]
    return [line.partition("  #")[0].strip() for line in text.splitlines()]


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("order", ["sequential", "simultaneous", "semi-implicit"])
def test_a_step_in_place_gives_what_the_plain_reference_gives(name, order):
    net, draw = built(name, order), torch.Generator().manual_seed(4)
    with torch.no_grad():
        for cell in (*net.parameters(), *net.state.buffers(), *net.costate.buffers()):
            cell.copy_(torch.randn(cell.shape, generator=draw, dtype=torch.float64) / 2)
    for _ in range(2):
        u = torch.randn(3, 2, generator=draw, dtype=torch.float64)
        v = torch.randn(3, 3, generator=draw, dtype=torch.float64)
        expected = evaluate(net, "learn", net._sample(u, v), net.tau)
        y, _ = net.step(u, v)
        assert np.allclose(y, np.broadcast_to(expected[":results"][0], y.shape), rtol=1e-10, atol=1e-10)
        for cell, value in zip(net.cells, net._cells(), strict=True):
            if f"{cell}+" in expected:
                assert np.allclose(value.detach(), expected[f"{cell}+"], rtol=1e-10, atol=1e-10), cell


def test_sunspots_runs_by_the_calls_that_a_person_would_write():
    lines = statements(hdsl.load("sunspots").compile()())
    assert "s = a.tanh_()" in lines and "h.copy_(h_new)" in lines
    assert "a_half = torch.addmm(b, u, U_t)" in lines
    assert any(line.startswith("z_h.addmm_(e_bar_new, C, beta=") for line in lines)
    assert (
        sum(line.startswith(("w_W.addmm_", "w_U.addmm_", "w_b.addmv_", "w_C.addmm_", "w_D.addmm_")) for line in lines)
        == 5
    )
    assert sum("torch._foreach_add_((W, U, b, C, D), " in line for line in lines) == 1
    assert not any(".clone()" in line for line in lines)


def test_without_learning_the_state_moves_where_it_lies():
    lines = statements(hdsl.load("sunspots").compile()(), "_observe")
    assert "h.lerp_(s, tau)" in lines and not any(line.startswith(("w_", "z_")) for line in lines)


def test_a_product_is_not_read_while_it_is_written():
    for order in ("sequential", "simultaneous"):
        for line in statements(built("a state that is its own product", order)):
            cell, _, rest = line.partition(".addmm_(")
            assert not cell.isidentifier() or cell not in rest.replace(",", " ").replace("(", " ").split()


def test_a_line_lacks_an_axis_that_nothing_it_reads_has():
    row, column = indices(2)
    n = size("n")
    assert lacks_axes(Definition("x", Elementwise(slot("b", (row,))), (n, n)))
    assert lacks_axes(Definition("x", Elementwise(sympy.Integer(2)), (n,)))
    assert not lacks_axes(Definition("x", Elementwise(slot("b", (row,)) * slot("c", (column,))), (n, n)))
    assert not lacks_axes(Definition("x", Elementwise(slot("s"))))


def test_parameters_of_a_stage_are_released_after_their_last_reader():
    text = HEAD + STATE + "h' = -h + tanh(W @ h + U @ u)\noutput y = h\n"
    model = hdsl.loads(text + TAIL.format(order="simultaneous\n    step = rk4"))
    body = model.compiler.torch.partition("def _learn(")[2].partition("def _observe(")[0]
    for name in ("W_2", "U_2", "W_3", "U_3"):
        before, released, after = body.partition(f"del {name}  #")
        assert released and re.search(rf"\b{name} = ", before) and not re.search(rf"\b{name}\b", re.sub("#.*", "", after))
    assert not re.search("del (W_4|U_4|b_2|h_2)", body)  # the last stage; what is no matrix
