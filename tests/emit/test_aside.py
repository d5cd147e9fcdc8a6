"""Old values put aside."""

import pytest
import torch

import hdsl
from tests.emit.test_twins import model as twins
from tests.proofs.runs import moves_as_its_steps

TEXT = """ham 1
model aside
dim n = 4, m = 3, d = 2
input u[m]
target v[d]
state h[n] = 0.3
param W[n, n] = normal(0, 0.5)
param U[n, m] = normal(0, 0.5)
param C[d, n] = normal(0, 0.5)
param D[d, m] = normal(0, 0.5)
h' = {h}
output y = {y}
cost fit = 1/2 * squared(y - v)
learn
    order = {order}
    tau = 0.25
    eta = 1
    beta = 0.2
"""
DYNAMICS = {"met": "-h + tanh(W @ h + U @ u)", "left": "-h + W @ h + U @ u", "driven": "-h + tanh(W @ (h * h)) + U @ u"}
OUTPUTS = {"state": "C @ h", "both": "C @ h + D @ u", "same": "C @ h + W[0, 0] * D @ u"}


def model(order, h="met", y="state"):
    return hdsl.loads(TEXT.format(order=order, h=DYNAMICS[h], y=OUTPUTS[y]))


def texts(*given):
    return texts_of(model(*given).product("torch"))


def texts_of(text):
    return text.split(" in samples:")[1].split("def ")[0], text.split("def _lay_out")[1].split("def _take_back")[0]


def test_of_two_rows_the_old_one_is_put_aside_whole():
    step, layout = texts("sequential")
    assert step.index("torch.mm(row_h, W_t_side") < step.index("row_h_old.copy_(row_h)") < step.index("h.lerp_(s, tau)")
    assert step.count(".copy_(u)") == 1 and "h_new" not in step
    assert "w_W_side.addmm_(a_bar_t, row_h_old, beta=" in step and "w_C.addmm_(e_bar_new_t, h, beta=" in step
    assert "u2_part" not in layout and "# [h_old | u]" in layout


def test_cells_move_to_the_row_that_only_their_new_values_lay_in():
    step, layout = texts_of(twins("sequential").product("torch"))
    assert step.index("p_q_old.copy_(p_q)") < step.index("p_q.addmm_(u, ") < step.index("torch.mm(row_p, C_t_side, out=y_new)")
    assert "p_old = p_q_old[:, :n]\n" in layout and "p = row_p[:, :n].copy_(p)" in layout and "# [p | q]" in layout
    step, layout = texts_of(twins("sequential", "one").product("torch"))
    assert "q_old = torch.empty_like(q)" in layout and "q = row_p[:, n:n + n].copy_(q)" in layout


def test_what_is_read_as_a_row_later_is_not_put_aside_alone():
    assert "torch.addmm(h, row_h, W_t_side, beta=keep_state, alpha=tau, out=h_new)" in texts("sequential", "left")[0]


def test_a_copy_that_is_not_less_is_not_moved():
    assert "torch.lerp(h, s, tau, out=h_new)" in hdsl.loads(TEXT.format(
        order="sequential", h="-h + tanh(W @ h)", y="C @ h").replace("param U", "param V")
    ).product("torch")  # fmt: skip


@pytest.mark.parametrize("given", [
    ("sequential", "met", "both"), ("sequential", "left", "same"), ("simultaneous", "driven", "both"),
])  # fmt: skip
def test_a_run_moves_what_its_steps_move(given):
    moves_as_its_steps(model(*given).compile(dtype=torch.float64))


def test_no_bit_tells_how_a_run_was_cut():
    ran, cut = (model("sequential", "driven", "both").compile()(batch=2, seed=1) for _ in range(2))
    u, v = torch.sin(torch.arange(42.0)).reshape(7, 2, 3), torch.cos(torch.arange(28.0)).reshape(7, 2, 2)
    whole = ran.run({"u": u, "v": v})["y"]
    parts = [cut.run({"u": u[k : k + 3], "v": v[k : k + 3]})["y"] for k in (0, 3, 6)]
    assert torch.equal(torch.cat(parts), whole)
    assert all(torch.equal(a, b) for a, b in zip(ran.state_dict().values(), cut.state_dict().values(), strict=True))


@pytest.mark.parametrize("name", ["alpha", "out", "lerp"])
def test_a_state_may_have_the_name_of_an_argument_or_a_call(name):
    """`h.add_(w, alpha=tau)` became `…, alpha_old=tau` of a state `alpha`."""
    lines = [line.replace(" h", f" {name}").replace("h' =", f"{name}' =") for line in TEXT.splitlines()]
    text = "\n".join(lines).format(order="sequential", h=f"-{name} + tanh(W @ {name} + U @ u)", y=f"C @ {name}")
    net = hdsl.loads(text).compile()(batch=1)
    assert net.run({"u": torch.ones(3, 1, 3), "v": torch.ones(3, 1, 2)})["fit"].isfinite().all()
