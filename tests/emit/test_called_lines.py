"""`_learn` with its sums as calls, and with marks that are left out where no target is missing."""

import numpy as np
import pytest
import torch

import hdsl
from hdsl.runtime.reference import evaluate

HEAD = "ham 1\nmodel one\ndim n = 3, m = 2\ninput u[m]\ntarget v[n]\nstate h[n] = 0.1\n"
HEAD += "param W[n, n] = normal(0, 0.5)\nparam U[n, m] = normal(0, 0.5)\n"
TAIL = "learn\n    order = {order}\n    tau = 0.5\n    eta = 0.3\n    beta = 0.1\n"
MODELS = {
    "a number of each summand": "h' = -0.5*h + 0.3*tanh(W @ h) + U @ u\noutput y = 0.7*h - 0.2*tanh(h)\n",
    "products of two": "state g[n] = 0.2\nh' = 0.5*h*g - 2*h + U @ u\ng' = W @ g - 0.5*h*g\noutput y = h - 0.25*g*h\n",
    "a mean of products": "param k[n] = 0.3\nh' = k*(W @ h) - 0.5*k*h + U @ u\noutput y = h\n",
    "a constant beside": "h' = -h + 0.5*(W @ h) + 0.1\noutput y = 2*h + 0.5\n",
    "half of a matrix": "let A = 0.5*W - 0.5*W.T\nh' = A @ h + U @ u\noutput y = h\n",
}
COSTS = {
    "squared": "cost fit = squared(y - v)\n",
    "the error twice": "let e = y - v\ncost fit = squared(e)\ncost steep = sum(exp(e))\n",
    "the error within": "let e = y - v\ncost steep = sum(exp(tanh(e)))\n",
    "weighed": "cost fit = 0.3*squared(y - v)\n",
    "of numbers": "cost a = (y[0] - v[0])^2\ncost fit = squared(0.5*y - 0.5*v)\n",
}


def moved(net, sample, at_length):
    """What a step hands out and moves; ``at_length`` without a look at what is given."""
    if at_length:
        net._may_look = lambda value, lead=(): False
    y, costs = net.step(*sample)
    return [y, *costs.values(), *(cell.detach() for cell in net._cells())]


@pytest.mark.parametrize("name, costs", list(zip(MODELS, COSTS, strict=True)))
def test_a_step_without_marks_is_that_with_them_and_that_of_the_reference(name, costs):
    order = "semi-implicit" if "mean" in name else "sequential"
    made = hdsl.loads(HEAD + MODELS[name] + COSTS[costs] + TAIL.format(order=order)).compile(dtype=torch.float64)
    net, other = made(batch=2, seed=1), made(batch=2, seed=1)
    for k in range(2):
        sample = torch.full((2, 2), 0.3 + k, dtype=torch.float64), torch.full((2, 3), -0.4, dtype=torch.float64)
        expected = evaluate(net, "learn", net._sample(*sample), net.tau)
        found, wanted = moved(net, sample, False), moved(other, sample, True)
        assert all(torch.allclose(a, b, rtol=1e-13, atol=1e-15) for a, b in zip(found, wanted, strict=True))
        for cell, value in zip(net.cells, net._cells(), strict=True):
            if f"{cell}+" in expected:
                assert np.allclose(value.detach(), expected[f"{cell}+"], rtol=1e-12, atol=1e-12), cell


def test_no_number_is_made_a_tensor():
    text = hdsl.load("oscillators").product("torch").partition("def _learn(")[2].partition("def _observe(")[0]
    assert (
        ".addcmul_(omega, z_a, value=tau)" in text
        and "value=rate" in text
        and "tau * " not in text.partition("y = ")[2]
    )


def test_a_mark_is_asked_for_where_a_target_may_be_missing():
    text = hdsl.load("sunspots").product("torch").partition("def _learn(")[2].partition("def _observe(")[0]
    assert "e_bar_new = e_new\n        if has_v_column is not column:\n" in text
