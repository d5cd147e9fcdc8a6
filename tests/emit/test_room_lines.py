"""Where the values of a run's step are written."""

import pytest
import torch

import hdsl
from hdsl.emit.room_lines import OUT, put_into

MODEL = """ham 1
model several
dim n = 3, m = 2
input u[m]
target v[n]
state h[n] = 0
param W[n, n] = normal(0, 0.3)
param U[n, m] = normal(0, 0.3)
param b[n] = 0.1
h' = -h + tanh(W @ h + U @ u + b)
output y = h
cost fit = 1/2 * squared(y - v)
learn
    step = euler
    order = sequential
    tau = 0.5
    eta = 1
    beta = 0.1
"""


@pytest.mark.parametrize(
    "text, wanted",
    [
        ("torch.mm(x, W_t)", "torch.mm(x, W_t, out=a)"),
        ("torch.mm(x, f(y, z)).addmm_(u, U_t, alpha=(2))", "torch.mm(x, f(y, z), out=a).addmm_(u, U_t, alpha=(2))"),
        ("torch.mm(x, W_t).clone()", None),
        ("torch.mm(x, W_t) * mean", None),
        ("torch.einsum('ab->b', x)", None),
        ("x + y", None),
    ],
)
def test_a_call_is_told_where_to_write(text, wanted):
    assert put_into(text, "a") == wanted


@pytest.mark.parametrize("name", sorted(OUT))
def test_every_call_that_is_told_where_to_write_can_be(name):
    x = torch.rand(2, 2)
    given = {"mv": (x, x[0]), "addmv": (x[0], x, x[0]), "lerp": (x, x, 0.5), "softmax": (x, -1)}
    given |= dict.fromkeys(("addmm", "addcmul"), (x, x, x)) | dict.fromkeys(("mm", "add", "sub", "mul"), (x, x))
    arguments = given.get(name, (x,))
    call = getattr(torch, name)
    wanted = call(*arguments)
    out = torch.empty_like(wanted)
    assert call(*arguments, out=out) is out and torch.equal(out, wanted)


def test_nothing_is_made_anew_but_what_is_returned():
    text = hdsl.loads(MODEL).product("torch").split("def _advance")[1].split("def _lay_out")[0]
    made = [line.split("#")[0].strip().split(" = ") for line in text.splitlines()]
    fresh = {each[0] for each in made if len(each) > 1 and ("torch." in each[1] or each[0].startswith(("y_", "e_")))}
    assert fresh == {"y_new", "e_new"}
    assert "torch.mm(row_h, W_t_side, out=s)" in text and "s.tanh_()" in text


def test_the_tensors_of_a_step_are_those_of_the_step_before():
    net = hdsl.loads(MODEL).compile()()
    room, cells = net._lay_out(net._cells())
    places = [value.data_ptr() for value in room]
    with torch.no_grad():
        sample = net._sample(torch.ones(1, 2), torch.ones(1, 3))
        for _ in range(3):
            net._advance(room, cells, sample, 0.5)
    assert places == [value.data_ptr() for value in room]
