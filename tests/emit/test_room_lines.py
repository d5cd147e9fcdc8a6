"""Where the values of a run's step are written."""

import pytest
import torch

import hdsl
from tests.emit.recurrent import recurrent
from tests.proofs.runs import moves_as_its_steps


def test_nothing_is_made_anew():
    text = recurrent().product("torch").split("def _advance")[1].split("def _lay_out")[0]
    steps = text.split(" in samples:")[1]
    assert not any(" = " in line.split("#")[0] for line in steps.splitlines())
    assert "torch.mm(row_h, W_t_side, out=s)" in text and "s.tanh_()" in text


def test_a_mark_is_asked_for_where_only_a_product_reads_it():
    text = recurrent().product("torch")
    assert "if has_v_column is not None:" in text and "advance_marks = ('column:present:v',)" in text
    text = "ham 1\ndim n = 3\ninput u[n]\ntarget v[n]\nstate h[n] = 0\nparam b[n] = 0\nh' = -h + tanh(b + u)\noutput y = h\n"
    assert "advance_marks = ()" in hdsl.loads(text + "cost fit = squared(y - v)\n").product("torch")


def test_the_tensors_of_a_step_are_those_of_the_step_before():
    net = recurrent().compile()()
    room, cells = net._lay_out(net._cells())
    places = [value.data_ptr() for value in room]
    with torch.no_grad():
        u, v, _, has_v = net._sample(torch.ones(1, 3), torch.ones(1, 2))
        (y,) = net._columns(1)
        for _ in range(3):
            net._advance(room, cells, [(u, v, has_v, y[0])], 0.5)
    assert places == [value.data_ptr() for value in room]


def test_a_class_is_taken_off_where_its_index_says():
    text = "ham 1\nmodel one\ndim n = 3\ninput u[n]\ntarget c : index(n)\nparam W[n, n] = normal(0, 0.3)\noutput y = W @ u\n"
    made = hdsl.loads(text + "cost fit = cross_entropy(y, c)\nlearn\n    eta = 1\n").compile(dtype=torch.float64)
    assert "torch.softmax(y, -1, out=y_bar)" in made.source
    assert "y_bar.scatter_add_(1, c.unsqueeze(1), minus_one)" in made.source
    ran, stepped = made(batch=2), made(batch=2)
    u, c = torch.sin(torch.arange(18.0)).reshape(3, 2, 3), torch.tensor([[0, 2], [-1, 1], [2, 2]])
    ran.run({"u": u, "c": c})
    for k in range(3):
        stepped.step(u[k], c[k])
    torch.testing.assert_close(ran.W, stepped.W, rtol=1e-12, atol=1e-12)


def test_a_row_holds_this_samples_input_wherever_it_is_read():
    # In semi-implicit order the outer product with [u | 1] stands before the sum that reads it.
    moves_as_its_steps(recurrent("h' = U @ u + b", order="semi-implicit").compile(dtype=torch.float64))


# The call that would take Wᵀh in is that of [U | b].
PACKED_TO_A_PRODUCT = "h' = -h + tanh(W.T @ h + U @ u + b)"
# What tanh is of is made where h⁺ lies, which is handed out of a step, but is no column.
COST_OF_A_NEW_VALUE = "next h = tanh(0.5*(W @ h) + 0.5*(U @ u))\ncost act = 0.1 * squared(h)"


@pytest.mark.parametrize("dynamics", [PACKED_TO_A_PRODUCT, COST_OF_A_NEW_VALUE])
def test_what_a_step_reads_has_been_made(dynamics):
    moves_as_its_steps(recurrent(dynamics).compile(dtype=torch.float64))
