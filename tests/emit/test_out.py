"""Calls that are told where to write."""

import pytest
import torch

from hdsl.emit.out import OUT, put_into


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
