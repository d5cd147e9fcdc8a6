"""How matrices that are left where they lie move: by blocks of rows, and by how much."""

import pytest
import torch

from hdsl.emit import large, rows
from tests.emit.recurrent import LEAKY, PARAMETERS, recurrent
from tests.emit.test_stacks import steps
from tests.proofs.runs import moves_as_its_steps

ORDERS = ["sequential", "simultaneous", "semi-implicit"]


@pytest.fixture(autouse=True)
def _all_are_large(monkeypatch):
    monkeypatch.setattr(large, "MANY", 0)
    monkeypatch.setattr(rows, "BLOCK", 10)  # two rows of five


def model(order, dynamics=LEAKY, cost="1/2 * squared(y - v)"):
    """One of another name than those that lay out all: what is kept of a model does not tell what is large."""
    return recurrent(dynamics, cost=cost, order=order, name="apart")


def test_a_matrix_its_costate_and_the_product_back_are_one_loop():
    text = model("semi-implicit").product("torch")
    assert (
        "            for W_block, w_W_block, a_bar_t_block, a_bar_block in W_rows:\n"
        "                z_h.addmm_(a_bar_block, W_block, alpha=tau)\n"
        "                w_W_block.addmm_(a_bar_t_block, h, beta=keep, alpha=tau_mean)\n"
        "                W_block.add_(w_W_block, alpha=rate)\n"
    ) in steps(text)
    assert "z_h.addmm_(e_bar, C, beta=keep_state, alpha=tau)" in steps(text) and "_foreach_add_" not in steps(text)
    assert "block = max(1, 10 // W.shape[1])  # rows: of a MiB, with their costate's" in text
    assert "beside = ()" in text


def test_of_another_factor_the_product_back_stays_where_it_was():
    text = steps(model("sequential").product("torch"))
    assert ".addmm_(a_bar_new, W, alpha=tau)" in text and "for W_block, w_W_block, a_bar_t_block in W_rows:" in text


def test_where_parameters_move_by_old_costates_they_move_first():
    text = steps(model("simultaneous").product("torch"))
    assert text.index("W_block.add_(w_W_block") < text.index("w_W_block.addmm_(")
    assert text.index("z_h.addmm_(a_bar_block, W_block") < text.index("W_block.add_(w_W_block")


def test_the_factor_of_a_costate_goes_over_to_the_product_that_stays():
    made = model("semi-implicit", "next h = tanh(W @ h + U @ u + b)")
    text = steps(made.product("torch"))
    assert "z_h.addmm_(e_bar, C, beta=" in text and "z_h.addmm_(a_bar_block, W_block" in text
    moves_as_its_steps(made.compile(dtype=torch.float64))


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("cost", ["1/2 * squared(y - v)", "squared(y - v) + squared(W @ h)"])
def test_a_run_moves_what_its_steps_move(order, cost):
    made = model(order, cost=cost).compile(dtype=torch.float64)
    assert "_rows:" in made.source
    moves_as_its_steps(made)


@pytest.mark.parametrize("order", ORDERS)
def test_two_layers_move_what_their_steps_move(order):
    text = "param A[n, n] = normal(0, 0.3)\nlet g = tanh(A @ h + U @ u)\nh' = -h + tanh(W @ g + b)"
    moves_as_its_steps(model(order, text).compile(dtype=torch.float64))


def test_parameters_may_be_called_as_what_makes_the_blocks(monkeypatch):
    text = PARAMETERS.replace("W[", "zip[").replace("U[", "list[")
    monkeypatch.setattr("tests.emit.recurrent.PARAMETERS", text)
    made = model("semi-implicit", LEAKY.replace("W", "zip").replace("U", "list")).compile(dtype=torch.float64)
    assert "_rows = list(zip(zip_.split(block), " in made.source
    moves_as_its_steps(made)
