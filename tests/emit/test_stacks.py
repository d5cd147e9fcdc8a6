"""Which matrices lie below one another, and what one call then makes."""

import pytest
import torch

import hdsl
from tests.emit.recurrent import recurrent
from tests.proofs.runs import moves_as_its_steps

DRIVEN = """ham 1
dim n = 2, m = 3, d = 2
input u[m]
target v[d]
state a[n] = 1
state b[n] = 0
param U[n, m] = normal(0, 0.4)
param V[n, n] = normal(0, 0.3)
param W[n, n] = normal(0, 0.3)
param C[d, n] = normal(0, 0.4)
param D[d, n] = normal(0, 0.4)
a' = -a + U @ u
b' = V @ a + W @ b
output y = C @ a + D @ b
cost fit = 1/2 * squared(y - v)
learn
    order = simultaneous
    tau = 0.3
    eta = 2
"""


def steps(text):
    return text.split(" in samples:")[1].split("def _lay_out")[0]


def test_a_readout_lies_below_the_pack_that_meets_the_same_state():
    text = recurrent(order="semi-implicit").product("torch")
    assert "W_stack = share.new_zeros(n + d, -(-(n + m + 1) // 16) * 16)  # W_side above C" in text
    assert "torch.mm(row_h, W_t_stack, out=s_y_side)" in steps(text) and "y.copy_(y_side)" in steps(text)
    assert "z_h.addmm_(a_bar_e_bar, W_C, beta=keep_state, alpha=tau)" in steps(text)
    assert "W_stack.add_(w_W_stack, alpha=rate)" in steps(text)


def test_at_another_point_the_pack_is_met_alone():
    text = steps(recurrent().product("torch"))
    assert "torch.mm(row_h, W_t_side, out=s)" in text and "torch.mm(row_h, W_t_stack, out=s_new_y_side_new)" in text


def test_factors_that_differ_go_back_one_by_one():
    text = steps(recurrent(cost="squared(y - v)", order="semi-implicit").product("torch"))
    assert "W_t_stack" in text and "W_C" not in text


def test_two_readouts_of_a_state_lie_below_one_another():
    dynamics, cost = "param D[n, n] = normal(0, 0.3)\nnext h = tanh(u[1] * h)\noutput x = D @ h", "squared(y - v) + squared(x)"
    text = steps(recurrent(dynamics, cost=cost, order="simultaneous").product("torch"))
    assert text.count("torch.mm(h, ") == 1 and "y.copy_(y_side)" in text and "x.copy_(x_side)" in text


@pytest.mark.parametrize("order", ["sequential", "simultaneous", "semi-implicit"])
@pytest.mark.parametrize("cost", ["1/2 * squared(y - v)", "squared(y - v)"])
def test_a_run_moves_what_its_steps_move(order, cost):
    moves_as_its_steps(recurrent(cost=cost, order=order).compile(dtype=torch.float64))


def test_a_costate_that_has_its_value_already_lies_beside_nothing_else():
    """[ē | z_g] was new room, in which z_g was what lay there: a wrong run in simultaneous order."""
    moves_as_its_steps(hdsl.loads(DRIVEN).compile(dtype=torch.float64))


def test_of_a_row_and_its_first_values_the_outer_products_are_one():
    text = recurrent(order="semi-implicit").product("torch")
    assert "w_W_stack.addmm_(a_bar_e_bar_t, row_h, beta=keep, alpha=tau_mean)" in steps(text)
    assert "w_W_rest.zero_()  # C meets h alone" in steps(text) and "w_W_rest = w_W_stack[n:, n:]" in text
    assert "w_C.addmm_" in steps(recurrent(order="sequential").product("torch"))
