"""Outer products of parameters that lie side by side."""

from hdsl.emit.side import Side, gather_products
from hdsl.emit.statement import Statement

SIDE = Side("P", "w_P", ("W", "b"), ("w_W", "w_b"), {("h", None): "row_h"}, {"row_h": ("h", "u_part")})


def texts(*given, side=SIDE):
    return [s.text for s in gather_products([Statement(text, ()) for text in given], [side])]


def test_outer_products_with_what_lies_in_one_row_are_one():
    assert texts(
        "w_W.addmm_(q_t, h, beta=keep, alpha=tau * mean)", "w_b.addmv_(q_t, share, beta=keep, alpha=tau)"
    ) == ["w_P.addmm_(q_t, row_h, beta=keep, alpha=tau * mean)"]
    assert texts("w_W.addmm_(q.t(), h, alpha=mean)", "x = y", "w_b.addmv_(q.t(), share)") == [
        "w_P.addmm_(q.t(), row_h, alpha=mean)",
        "x = y",
    ]


def test_what_differs_stays_apart():
    apart = (
        ("w_W.addmm_(q_t, h, alpha=mean)", "w_b.addmv_(p_t, share)"),  # another adjoint
        ("w_W.addmm_(q_t, g, alpha=mean)", "w_b.addmv_(q_t, share)"),  # another quantity than lies in the row
        ("w_W.addmm_(q_t, h, beta=k, alpha=mean)", "w_b.addmv_(q_t, share)"),  # another dissipation
        ("w_W.addmm_(q_t, h, alpha=mean)", "b.add_(w_b)", "w_b.addmv_(q_t, share)"),  # read between the two
        ("w_W.addmm_(q_t, h, alpha=mean)", "w_b.addmv_(q_t, share)", "u_part.copy_(u)"),  # the row is not whole yet
        ("w_b.addmv_(q_t, share)", "torch.mm(x, y, out=h)", "w_W.addmm_(q_t, h, alpha=mean)"),
        ("w_W.addmm_(q_t, h, alpha=mean)",),
    )
    for given in apart:
        assert texts(*given) == list(given)


def test_one_addition_moves_a_pack():
    assert texts("torch._foreach_add_((C, W, b), (w_C, w_W, w_b), alpha=-beta * tau)") == [
        "torch._foreach_add_((P, C), (w_P, w_C), alpha=-beta * tau)"
    ]
    assert texts("torch._foreach_add_((W, b), (w_W, w_b), alpha=k)") == ["P.add_(w_P, alpha=k)"]
    assert texts("torch._foreach_add_((W, C), (w_W, w_C), alpha=k)") == ["torch._foreach_add_((W, C), (w_W, w_C), alpha=k)"]
