"""A branch that is not taken contributes nothing to any derivative, whatever stands in it."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
import torch

import hdsl
from hdsl.derive.branches import behind_branches, branches_of, may_be_nan, may_fail, pulled_branches, reads_of
from hdsl.runtime.reference import given
from hdsl.terms.elementwise import ROWS
from hdsl.terms.term import Definition, Elementwise, Structured, indices, size, slot
from hdsl.verify.step import first_cells
from hdsl.verify.walk import Walk
from hdsl.verify.written import Written

(ROW,) = indices(1)
N = size("n")
X, Y, A = (slot(name, (ROW,)) for name in "xya")
LESS, LOG = ROWS["where_less"].function, ROWS["log"].function

# What fails at p <= 0, and the same without the conditional: each is a sum over the three numbers of p, or reads W too.
FAILING = {
    "a root": ("sum(sqrt(p))", lambda p, W: p.sqrt().sum()),
    "a logarithm": ("sum(p*log(p))", lambda p, W: (p * p.log()).sum()),
    "a quotient": ("sum(1/p)", lambda p, W: (1 / p).sum()),
    "a power": ("sum(p^-1.5)", lambda p, W: (p**-1.5).sum()),
    "a product of matrices": ("sum(W @ log(p))", lambda p, W: (W @ p.log()).sum()),
    "a function of one": ("sum(tanh(W @ log(p)))", lambda p, W: torch.tanh(W @ p.log()).sum()),
    "a softmax": ("dot(softmax(log(p)), log(p))", lambda p, W: (torch.softmax(p.log(), -1) * p.log()).sum()),
    "a logsumexp": ("logsumexp(W @ sqrt(p))", lambda p, W: torch.logsumexp(W @ p.sqrt(), -1)),
    "a dot product": ("dot(sqrt(p), log(p))", lambda p, W: (p.sqrt() * p.log()).sum()),
    "a square": ("squared(sqrt(p))", lambda p, W: (p.sqrt() ** 2).sum()),
    "a loss": ("cross_entropy(W @ log(p), softmax(log(p)))", None),
    "pieces of a vector": ("sum(concat(sqrt(p), log(p))[1:4])", lambda p, W: torch.cat((p.sqrt(), p.log()))[1:4].sum()),
    "a sum over indices": ("sum[i, j](W[i, j]*log(p[j]))", lambda p, W: (W * p.log()).sum()),
    "a choice in it": ("sum(log(p)*p if p > 1 else sqrt(p))", None),
}
HEAD = "dim n = 3\ninput s\nparam p[n] = {p}\nparam W[n, n] = [[1, 0.5, -1], [0.2, 0, 1], [0.3, -1, 2]]\n"
LEARN = "learn\n    eta = 0\n    beta = 0\n"


def costates(text, s):
    net = hdsl.loads(text).compile(dtype=torch.float64)(batch=len(s))
    _, costs = net.step(s=torch.tensor(s, dtype=torch.float64))
    return costs["c"], net.costate.p, net.costate.W


@pytest.mark.parametrize("failing", FAILING)
@pytest.mark.parametrize("p", ["[-1, 0, -0.5]", "[0, 0, 0]", "[0.5, -1, 2]"])
def test_what_was_not_chosen_is_as_if_it_were_not_there(failing, p):
    formula, _ = FAILING[failing]
    text = HEAD.format(p=p) + f"cost c = {formula} if s > 0 else sum(sin(p)) + sum(W)*0.5\n" + LEARN
    alone = HEAD.format(p=p) + "cost c = sum(sin(p)) + sum(W)*0.5 + 0*s\n" + LEARN
    for s in ([-1.0], [0.0, -1.0, -2.0]):
        for found, wanted in zip(costates(text, s), costates(alone, s), strict=True):
            torch.testing.assert_close(found, wanted, rtol=1e-14, atol=1e-14)


@pytest.mark.parametrize("failing", [name for name, (_, plain) in FAILING.items() if plain])
def test_what_was_chosen_has_its_own_derivative_in_the_streams_that_chose_it(failing):
    formula, plain = FAILING[failing]
    text = HEAD.format(p="[0.5, 1.5, 2]") + f"cost c = {formula} if s > 0 else 2*sum(p)\n" + LEARN
    p = torch.tensor([0.5, 1.5, 2.0], dtype=torch.float64, requires_grad=True)
    W = torch.tensor([[1, 0.5, -1], [0.2, 0, 1], [0.3, -1, 2]], dtype=torch.float64, requires_grad=True)
    ((plain(p, W) + 2 * p.sum() + plain(p, W)) / 3).backward()
    _, of_p, of_W = costates(text, [1.0, -1.0, 2.0])
    torch.testing.assert_close(of_p, p.grad, rtol=1e-12, atol=1e-14)
    torch.testing.assert_close(of_W, torch.zeros_like(of_W) if W.grad is None else W.grad, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_entry_by_entry_and_row_by_row(dtype):
    text = (
        "dim n = 2, m = 3\nparam M[n, m] = [[1, 2, 3], [-1, -2, -3]]\nconst c[n, 1] = [[1], [-1]]\nconst w[m] = [1, 2, 4]\n"
        "cost a = sum(softmax(log(M), 1)*w if c > 0 else M)\ncost b = sum(log(M) if M > 1 else 3*M)\n" + LEARN
    )
    net = hdsl.loads(text).compile(dtype=dtype)()
    net.step()
    M = torch.tensor([1.0, 2, 3], dtype=dtype, requires_grad=True)
    (torch.softmax(M.log(), 0) * torch.tensor([1.0, 2, 4], dtype=dtype)).sum().backward()
    wanted = torch.stack([M.grad + torch.tensor([3, 1 / 2, 1 / 3], dtype=dtype), torch.full((3,), 4, dtype=dtype)])
    torch.testing.assert_close(net.costate.M, wanted)


def test_a_state_behind_a_branch_keeps_its_costate_finite_in_every_order():
    for order in ("sequential", "simultaneous", "semi-implicit"):
        text = (
            "dim n = 2\ninput u[n]\ntarget v[n]\nparam A[n, n] = 0.3\nstate h[n] = 0\n"
            "next h = A @ log(u) if sum(u) > 0 else A @ h + u\noutput y = h/u if u > 1 else h\ncost c = squared(y - v)\n"
            f"learn\n    order = {order}\n    eta = 0.1\n"
        )
        net = hdsl.loads(text).compile(dtype=torch.float64)(batch=2)
        draw = np.random.default_rng(1)
        for _ in range(5):
            u = torch.tensor(np.stack([-np.abs(draw.normal(size=2)), 0 * draw.normal(size=2)]))
            net.step(u=u, v=u)
        assert all(bool(value.isfinite().all()) for value in net.state_dict().values())
        assert float(net.costate.A.abs().sum()) > 0


# Matrices as a whole, each with an M that makes no number of it where s is 0 or below, and one that does where s is above.
SINGULAR, TOO_LARGE, NEGATIVE = "[[1, 2], [2, 4]]", "[[900, 1], [0, 900]]", "[[-1, -2], [-2, -3]]"
REGULAR = "[[2, 0.5], [-0.3, 1]]"
MATRIX = "dim n = 2\ninput s\nparam p[n] = [0.5, -1]\nparam A[n, n] = {A}\n"
OTHER = "sum(sin(p)) + sum(A)*0.5"
WHOLE = {
    "an inverse": "sum(inv({M}) @ p)",
    "an entry of an inverse": "inv({M})[0, 1]",
    "a solution": "sum(solve({M}, p))",
    "a solution of each stream": "sum(solve({M}, p*s))",
    "a solution of the transpose": "sum(solve({M}.T, p))",
    "solutions for a matrix": "sum(solve({M}, A*s) @ p)",
    "an exponential": "sum(expm({M}) @ p)",
    "one of another": "squared(inv({M}) @ solve({M}, p)) + sum(expm(inv({M})))",
}


def all_ways(text, s):
    """The cost and the costates of p and A by the torch module, by the numpy reference and by the judge."""
    model = hdsl.loads(text)
    net, streams = model.compile(dtype=torch.float64)(batch=len(s)), torch.tensor(s, dtype=torch.float64)
    known = given(net, net._sample(s=streams), net.tau)
    with np.errstate(all="ignore"):
        made = model.compile(backend="numpy").learn(known)
    cells = first_cells(Written(model.product("model").written), dict(net.named_parameters()), len(s))
    judged, _, costs = Walk(model.product("model").written).step(cells, [{"s": one} for one in s], 1.0)
    _, told = net.step(s=streams)
    yield "torch", told["c"], net.costate.p, net.costate.A
    yield "numpy", told["c"], *(torch.as_tensor(made[f"w:{name}+"]) for name in "pA")
    yield "judge", torch.stack([one["c"] for one in costs]).mean(), *(judged["parameter costate"][name] for name in "pA")


def assert_equal(text, s, wanted):
    for way, *found in all_ways(text, s):
        for one, other in zip(found, wanted, strict=True):
            torch.testing.assert_close(one, other, rtol=1e-11, atol=1e-12, msg=lambda told, way=way: f"{way}: {told}")


@pytest.mark.parametrize("failing", WHOLE)
@pytest.mark.parametrize(("A", "M"), [(SINGULAR, "A"), (TOO_LARGE, "A"), (NEGATIVE, "log(A)"), (REGULAR, "log(A*s)")])
def test_a_matrix_without_a_value_is_as_if_it_were_not_there(failing, A, M):
    text = MATRIX.format(A=A) + f"cost c = {WHOLE[failing].format(M=M)} if s > 0 else {OTHER}\n" + LEARN
    _, *alone = next(all_ways(MATRIX.format(A=A) + f"cost c = {OTHER} + 0*s\n" + LEARN, [0.0, -1.0, -2.0]))
    assert_equal(text, [0.0, -1.0, -2.0], alone)


@pytest.mark.parametrize("failing", WHOLE)
@pytest.mark.parametrize("M", ["(s*A)", "(A + (s if s > 0 else 1/s)*eye(n))"])
def test_streams_that_take_a_matrix_and_streams_that_do_not(failing, M):
    """The costates are the mean of those of each stream alone, and in these is only what that stream took."""
    formula = WHOLE[failing].format(M=M)
    head = MATRIX.format(A=REGULAR)
    _, *taken = next(all_ways(head + f"cost c = {formula}\n" + LEARN, [1.0]))
    _, *more = next(all_ways(head + f"cost c = {formula}\n" + LEARN, [2.0]))
    _, *other = next(all_ways(head + f"cost c = {OTHER} + 0*s\n" + LEARN, [0.0]))
    wanted = [(a + b + c) / 3 for a, b, c in zip(taken, more, other, strict=True)]
    assert_equal(head + f"cost c = {OTHER} if s <= 0 else {formula}\n" + LEARN, [1.0, 0.0, 2.0], wanted)


def test_only_what_a_branch_reads_is_behind_it():
    chosen = Definition("c", Elementwise(LESS(A, 0, X, Y)), (N,))
    definitions = [
        Definition("k", Elementwise(2 * slot("u", (ROW,))), (N,)),
        Definition("a", Elementwise(LOG(slot("k", (ROW,)))), (N,)),
        Definition("w", Structured("softmax", ("k",), (("axis", -1),)), (N,)),
        Definition("x", Elementwise(slot("w", (ROW,)) + 1), (N,)),
        chosen,
        Definition("y2", Elementwise(slot("c", (ROW,)) ** 2), (N,)),
    ]
    assert behind_branches(definitions) == {"x", "w", "k"}
    assert branches_of(chosen) == (2, 3) and branches_of(definitions[1]) == () == branches_of(definitions[2])


def test_the_adjoint_goes_to_each_branch_as_it_is_or_not_at_all():
    adjoint = slot("adj", (ROW,))
    assert pulled_branches(LESS(A, 0, X, Y), adjoint) == [(X, LESS(A, 0, adjoint, 0)), (Y, LESS(A, 0, 0, adjoint))]
    assert pulled_branches(LESS(X, 0, X, X), adjoint) == [(X, LESS(X, 0, adjoint, 0)), (X, LESS(X, 0, 0, adjoint))]
    assert pulled_branches(LESS(A, 0, 1, Y), adjoint) == [(Y, LESS(A, 0, 0, adjoint))]


def test_sums_and_products_of_what_is_declared_are_always_numbers():
    behind = frozenset({"y"})
    for slope in (X, 2 * X**2 + 1, sympy.Integer(3), X / 2):
        assert not may_be_nan(slope, behind)
    for slope in (Y, 1 / X, sympy.sqrt(X), X * LOG(X), X + Y):
        assert may_be_nan(slope, behind)


def test_what_only_moves_entries_of_its_adjoint_needs_no_guard():
    moved = Definition("x7", Structured("place", ("adj",), ()), (N,))
    assert reads_of(slot("x7", (ROW,)), [moved]) == {"x7", "adj"}


def test_a_matrix_that_a_param_holds_may_have_no_inverse():
    solved = Definition("b", Structured("solve", ("A", "adj"), (("turned", 1),)), (N,))
    assert may_fail(slot("b", (ROW,)), [solved], frozenset())
    moved = Definition("x", Structured("place", ("adj",), ()), (N,))
    assert not may_fail(slot("x", (ROW,)), [moved], frozenset({"k"})) and may_fail(slot("k", (ROW,)), [], frozenset({"k"}))
