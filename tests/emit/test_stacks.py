"""Which matrices lie below one another, and what one call then makes."""

import pytest
import torch

import hdsl
from tests.proofs.runs import moves_as_its_steps

HEAD = """ham 1
model stacked
dim n = 5, m = 3, d = 2
input u[m]
target v[d]
state h[n] = 0.1
param W[n, n] = normal(0, 0.3)
param U[n, m] = normal(0, 0.3)
param b[n] = 0.1
param C[d, n] = normal(0, 0.3)
"""
DYNAMICS = "h' = -h + tanh(W @ h + U @ u + b)\n"
LEARN = """cost fit = {cost}
learn
    step = euler
    order = {order}
    tau = 0.5
    eta = 1
    beta = 0.1
"""


def model(order="sequential", text=f"{DYNAMICS}output y = C @ h\n", cost="1/2 * squared(y - v)"):
    return hdsl.loads(HEAD + text + LEARN.format(order=order, cost=cost))


def steps(text):
    return text.split(" in samples:")[1].split("def _lay_out")[0]


def test_a_readout_lies_below_the_pack_that_meets_the_same_state():
    text = model("semi-implicit").product("torch")
    assert "W_stack = share.new_zeros(n + d, -(-(n + m + 1) // 16) * 16)  # W_side above C" in text
    assert "torch.mm(row_h, W_t_stack, out=s_y_side)" in steps(text) and "y.copy_(y_side)" in steps(text)
    assert "z_h.addmm_(a_bar_e_bar, W_C, beta=keep_state, alpha=tau)" in steps(text)
    assert "W_stack.add_(w_W_stack, alpha=rate)" in steps(text)


def test_at_another_point_the_pack_is_met_alone():
    text = steps(model("sequential").product("torch"))
    assert "torch.mm(row_h, W_t_side, out=s)" in text and "torch.mm(row_h, W_t_stack, out=s_new_y_side_new)" in text


def test_factors_that_differ_go_back_one_by_one():
    text = steps(model("semi-implicit", cost="squared(y - v)").product("torch"))
    assert "W_t_stack" in text and "W_C" not in text


def test_two_readouts_of_a_state_lie_below_one_another():
    text = "param D[n, n] = normal(0, 0.3)\nnext h = tanh(u[1] * h)\noutput y = C @ h\noutput x = D @ h\n"
    text = steps(model("simultaneous", text, "squared(y - v) + squared(x)").product("torch"))
    assert text.count("torch.mm(h, ") == 1 and "y.copy_(y_side)" in text and "x.copy_(x_side)" in text


@pytest.mark.parametrize("order", ["sequential", "simultaneous", "semi-implicit"])
@pytest.mark.parametrize("cost", ["1/2 * squared(y - v)", "squared(y - v)"])
def test_a_run_moves_what_its_steps_move(order, cost):
    moves_as_its_steps(model(order, cost=cost).compile(dtype=torch.float64))
