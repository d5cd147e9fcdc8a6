"""Cells whose new values begin with one product."""

import pytest
import torch

import hdsl
from tests.proofs.runs import moves_as_its_steps

TEXT = """ham 1
model twins
dim n = 4, m = 3, d = 2
input u[m]
target v[d]
state p[n] = 0.3
state q[n] = -0.2
param A[n, m] = normal(0, 0.5)
param B[n, m] = normal(0, 0.5)
param C[d, n] = normal(0, 0.5)
param D[d, n] = normal(0, 0.5)
param w[n] = 0.7
p' = {p} + A @ u
q' = {q} + B @ u
output y = C @ p + D @ q
cost fit = 1/2 * squared(y - v)
learn
    order = {order}
    tau = 0.25
    eta = 1
    beta = 0.2
"""
ORDERS = ("sequential", "simultaneous", "semi-implicit")
COUPLINGS = {"both": ("-p + w*q", "-q - w*p"), "one": ("-p + w*q", "-q"), "none": ("-p", "-q"), "damped": ("-p + w*q", "-2*q")}


def model(order, coupling="both"):
    p, q = COUPLINGS[coupling]
    return hdsl.loads(TEXT.format(p=p, q=q, order=order))


def steps(order, coupling="both"):
    return model(order, coupling).product("torch").split(" in samples:")[1].split("def _lay_out")[0]


def test_cells_that_read_one_another_move_by_their_old_values_put_aside():
    text = steps("semi-implicit")
    assert text.index("p_q_old.copy_(p_q)") < text.index("p_q.addmm_(u, A_t_stack, beta=")
    assert "p.addcmul_(q_old, w, value=tau)" in text and "q.addcmul_(p_old, w, value=" in text
    assert "p_new" not in text and "p.copy_(" not in text


def test_their_costates_go_back_by_the_matrices_of_a_pack():
    text = steps("semi-implicit")
    assert "z_p_z_q.addmm_(e_bar, C_D, beta=" in text
    assert "w_A_stack.addmm_(z_p_z_q_t, u, beta=keep, alpha=tau_mean)" in text


def test_cells_that_do_not_read_one_another_move_in_place():
    assert "p_q.addmm_(u, A_t_stack, beta=" in steps("semi-implicit", "none")


def test_other_factors_are_not_one_product():
    assert "p_q" not in steps("semi-implicit", "damped")


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("coupling", COUPLINGS)
def test_a_run_moves_what_its_steps_move(order, coupling):
    moves_as_its_steps(model(order, coupling).compile(dtype=torch.float64))
