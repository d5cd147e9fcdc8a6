"""A module inside a larger torch model: its inputs get what its own equations give, its parameters what its own costs do."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

import hdsl

STATE = """
model leaky
dim n = 3, m = 2, d = 2
input u[m]
target v[d]
state h[n] = 0.5
param W[n, n] = normal(0, 1/sqrt(n))
param U[n, m] = normal(0, 1)
param C[d, n] = normal(0, 1)
h' = -h + tanh(W @ h + U @ u)
output y = tanh(C @ h) * sum(u)
cost fit = squared(y - v)
learn
    tau = 0.5
    eta = 1
"""
GIVEN = """
model given
dim n = 4, m = 3, d = 2
input u[m]
target g[d]                                   # what comes back from y in a larger model
param W[n, m] = normal(0, 1)
param C[d, n] = normal(0, 1)
output y = C @ tanh(W @ u)
cost outside = dot(g, y)
learn
    eta = 1                                   # no momentum
    beta = 0.1
"""


def net_of(text: str, batch: int = 3) -> Any:
    return hdsl.loads(text).compile(dtype=torch.float64, pullback=True)(batch=batch, seed=4)


def around(net: Any) -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(5, net.m, dtype=torch.float64), net, nn.Linear(net.d, 1, dtype=torch.float64))


def by_hand(net: Any, u: torch.Tensor) -> torch.Tensor:
    """STATE in plain torch, for its autograd."""
    h = net.state.h + net.tau * (-net.state.h + torch.tanh(net.state.h @ net.W.T + u @ net.U.T))
    return torch.tanh(h @ net.C.T) * u.sum(-1, keepdim=True)


def test_what_stands_before_it_gets_the_gradient_that_autograd_of_the_same_formula_gives() -> None:
    net = net_of(STATE)
    net.run({"u": torch.randn(20, 3, 2), "v": torch.randn(20, 3, 2)})
    first, _, last = around(net)
    x = torch.randn(3, 5, dtype=torch.float64)
    wanted = torch.autograd.grad(last(by_hand(net, first(x))).square().sum(), [*first.parameters(), *last.parameters()])
    before = {name: value.clone() for name, value in net.state_dict().items()}
    last(net(first(x))).square().sum().backward()
    for parameter, gradient in zip((*first.parameters(), *last.parameters()), wanted, strict=True):
        torch.testing.assert_close(parameter.grad, gradient, rtol=1e-13, atol=1e-14)
    assert all(parameter.grad is None for parameter in net.parameters())
    assert all(torch.equal(value, before[name]) for name, value in net.state_dict().items())
    assert torch.equal(net(first(x)), net.predict(first(x)))


def test_it_passes_torch_s_own_check() -> None:
    net = net_of(STATE)
    assert torch.autograd.gradcheck(net, (torch.randn(3, 2, dtype=torch.float64, requires_grad=True),))


def test_a_stream_whose_sequence_has_ended_is_pulled_back_from_its_beginning() -> None:
    net, fresh = net_of(STATE), net_of(STATE)
    net.eval().step(torch.randn(3, 2), boundary=torch.tensor([True, False, True]))
    u, adjoint = torch.randn(3, 2), torch.randn(3, 2)
    found, begun = net.pullback(u, adjoint)["u"], fresh.pullback(u, adjoint)["u"]
    assert torch.equal(found[0], begun[0]) and torch.equal(found[2], begun[2]) and not torch.equal(found[1], begun[1])


def test_the_outer_loss_teaches_the_module_where_a_cost_takes_what_comes_back() -> None:
    net = net_of(GIVEN)
    model, x = around(net), torch.randn(3, 5, dtype=torch.float64)
    weights = {name: value.detach().clone().requires_grad_() for name, value in net.named_parameters()}
    u = model[0](x)
    plain = torch.tanh(u @ weights["W"].T) @ weights["C"].T
    gradients = torch.autograd.grad(model[2](plain).square().mean(), list(weights.values()))
    y = net(u)
    y.retain_grad()
    model[2](y).square().mean().backward()
    net.step(u.detach(), g=y.grad * net.batch)  # the module's own costs are means over the streams
    for value, gradient in zip(weights.items(), gradients, strict=True):
        name, before = value
        torch.testing.assert_close(net.get_parameter(name), before - 0.1 * gradient, rtol=1e-13, atol=1e-14)


def test_a_step_in_between_is_noticed() -> None:
    net = net_of(STATE)
    u = torch.randn(3, 2, requires_grad=True)
    for moves in (lambda: net.step(u.detach(), u.detach()), lambda: net.run({"u": u.detach()[None]}), net.reset):
        y = net(u)
        moves()
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            y.sum().backward()


def test_it_is_differentiated_once_only() -> None:
    u = torch.randn(3, 2, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(net_of(STATE)(u).square().sum(), u, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        gradient.sum().backward()


def test_gradients_come_back_in_the_type_of_the_input() -> None:
    net, u = net_of(STATE), torch.randn(3, 2, requires_grad=True)
    net(u).sum().backward()
    assert u.grad is not None and u.grad.dtype == torch.float32


def test_an_index_has_no_gradient_and_an_input_that_is_not_read_has_none() -> None:
    text = (
        "dim v = 4\ninput k : index(v)\ninput u\ninput rest\nparam E[v, 1] = normal(0, 1)\n"
        "output y = u*embed(E, k)\ncost c = squared(y)"
    )
    net = hdsl.loads(text).compile(dtype=torch.float64, pullback=True)(batch=2)
    k = torch.tensor([3, 1])
    u, rest = (torch.randn(2, dtype=torch.float64, requires_grad=True) for _ in range(2))
    net(k, u, rest).sum().backward()
    assert torch.equal(u.grad, net.E.detach()[k, 0]) and rest.grad is None
    assert set(net.pullback(k, u, rest, torch.ones(2, 1))) == {"u"}


@pytest.mark.parametrize("output", ["u", "sum(u)", "u.T", "u[::-1]*1"])
def test_gradients_are_the_caller_s_to_keep(output: str) -> None:
    net = hdsl.loads(f"input u[2, 3]\nparam w = 1\noutput y = {output}\ncost c = w*squared(y)").compile(pullback=True)()
    adjoint = torch.randn(net.predict(torch.zeros(1, 2, 3)).shape)
    kept = adjoint.clone()
    net.pullback(torch.zeros(1, 2, 3), adjoint)["u"].mul_(2)
    assert torch.equal(adjoint, kept)


def test_the_shape_of_the_adjoint_is_checked() -> None:
    with pytest.raises(ValueError) as caught:
        net_of(STATE).pullback(torch.zeros(3, 2), torch.zeros(3, 5))
    assert str(caught.value) == "the adjoint of y has shape (3, 5); wanted (3, 2), the batch first"


def test_it_is_copied_and_pickled_like_any_other() -> None:
    net, u = net_of(STATE), torch.randn(3, 2)
    for other in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert torch.equal(other(u), net(u))


def test_the_names_of_a_model_may_be_those_of_the_text() -> None:
    text = (
        "input y_bar\ntarget context\nparam module = 2\nparam adjoint = 3\n"
        "output y = module*adjoint*y_bar\ncost c = (y - context)^2"
    )
    net = hdsl.loads(text).compile(pullback=True)(batch=1)
    y_bar = torch.tensor([1.0], requires_grad=True)
    net(y_bar).sum().backward()
    assert y_bar.grad.tolist() == [6.0]


def test_the_file_stands_alone(tmp_path: Path) -> None:
    text = hdsl.loads(STATE).compiler.torch_with_pullback
    assert text.partition('"""\n\nimport')[0].rstrip().splitlines()[-2].endswith("-o leaky.py --pullback")
    (tmp_path / "leaky.py").write_text(text, encoding="utf-8")
    program = (
        "import leaky, sys, torch\nnet = leaky.Leaky()\nu = torch.ones(1, 2, requires_grad=True)\nnet(u).sum().backward()\n"
        "print(tuple(u.grad.shape), any(name.split('.')[0] == 'hdsl' for name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "(1, 2) False"


def test_nobody_pays_who_did_not_ask() -> None:
    plain = hdsl.loads(STATE).product("torch")
    assert "pullback" not in plain and "_Through" not in plain
    assert not hasattr(hdsl.loads(STATE).compile()(), "pullback")
