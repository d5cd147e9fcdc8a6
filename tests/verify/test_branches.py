"""The judge's own guard: a branch that is not chosen has no part in torch's derivatives, whatever stands in it."""

import pytest
import torch
from torch import Tensor

from hdsl.compiler import Compiler
from hdsl.syntax.source import Source
from hdsl.terms.elementwise import ROWS, WRITABLE
from hdsl.verify.branches import ENTRYWISE, guarded
from hdsl.verify.certificate import certify
from hdsl.verify.evaluate import ARITHMETIC, MORE_ARGUMENTS, ONE_ARGUMENT
from hdsl.verify.lines import certificate_lines

HEAD = "dim n = 3\ninput u[n]\ntarget v[n]\nparam W[n, n] = glorot\nparam b[n] = 0.1\nstate h[n] = 0\nlet x = W @ h + b\n"
TAIL = "cost c = squared(y - v)\n"

F64 = torch.float64


def leaf(*values: float) -> Tensor:
    return torch.tensor(values, dtype=F64, requires_grad=True)


@pytest.mark.parametrize("name", [*WRITABLE, *(sign for sign in ARITHMETIC if sign != "@"), "power"])
def test_every_operation_entry_by_entry_is_known_by_its_name_in_torch(name):
    function = (ONE_ARGUMENT | MORE_ARGUMENTS | ARITHMETIC | {"power": torch.pow})[name]
    arity = ROWS[name].arity if name in ROWS else 2
    made = function(*(leaf(0.3, 0.6) for _ in range(arity)))
    assert made.grad_fn.name() in ENTRYWISE


@pytest.mark.parametrize("branch", [
    lambda x: x.sqrt(),
    lambda x: x * x.log(),
    lambda x: (1 / x).sqrt(),
    lambda x: torch.where(x > 2, x.sqrt(), x.log()),
    lambda x: x**-1.5,
])  # fmt: skip
def test_entry_by_entry_a_derivative_is_that_of_the_branch_that_was_taken(branch):
    x = leaf(-1.0, 0.0, 2.5)
    torch.where(x > 0, guarded(branch(x)), 3 * x).sum().backward()
    alone = leaf(2.5)
    branch(alone).sum().backward()
    torch.testing.assert_close(x.grad, torch.stack([torch.tensor(3.0, dtype=F64)] * 2 + [alone.grad[0]]))


def test_a_branch_that_is_not_taken_at_all_has_no_derivative_through_a_product_of_matrices():
    x, W = leaf(-1.0, -2.0), torch.eye(2, dtype=F64, requires_grad=True)
    torch.where(x.sum() > 0, guarded(torch.softmax(W @ x.log(), -1).sum()), x.sum()).backward()
    assert torch.equal(x.grad, torch.ones(2, dtype=F64)) and torch.equal(W.grad, torch.zeros(2, 2, dtype=F64))


def test_what_was_taken_and_is_nan_stays_nan():
    x = leaf(-1.0)
    torch.where(x < 0, guarded(x.sqrt()), x).sum().backward()
    assert bool(x.grad.isnan().all())


def test_what_has_no_derivative_is_left_as_it_is():
    value = torch.ones(2)
    assert guarded(value) is value


@pytest.mark.parametrize("text", [
    "next h = tanh(W @ u)*(sqrt(x) if x >= 0 else -sqrt(-x)) + u\noutput y = h\n",
    "let k = concat(sqrt(x), log(h))\nnext h = tanh(W @ u)\noutput y = k[0:n] if x > 0 else b*h\n",
    "let k = solve(outer(x, x), u) + inv(W*0) @ b\nnext h = tanh(W @ u)\noutput y = k if squared(x) < 0 else b*h\n",
    "let q[i] = sum[j](W[i, j]*log(h[j]) if h[j] > 0 else b[i])\nnext h = tanh(W @ u)\noutput y = q\n",
])  # fmt: skip
def test_models_with_a_branch_that_has_no_value_are_verified(text):
    certificate = certify(Compiler(Source(HEAD + text + TAIL)))
    assert certificate.ok, "\n".join(certificate_lines(certificate))
