"""Beginnings in a step: against closed forms, and against backpropagation to the beginning of a sequence."""

from __future__ import annotations

import pytest
import torch

import hdsl

HEAD = "dim n = 3, m = 2\ninput u[m]\ntarget v[n]\nparam B[n, m] = normal(0, 1)\nparam W[n, n] = normal(0, 1)\n"
STATE = "state h[n] = B @ u / (1 + sum(u)^2)\n"
END = "output y = h\ncost c = squared(y - v)\n"


def net_of(text, **more):
    return hdsl.loads(text).compile(dtype=torch.float64)(**more)


def sample(seed, batch):
    draw = torch.Generator().manual_seed(seed)
    return [torch.randn(batch, k, generator=draw, dtype=torch.float64) for k in (2, 3)]


def began(net, u):
    return u @ net.B.T / (1 + u.sum(1, keepdim=True) ** 2)


@pytest.mark.parametrize("dynamics", ["h' = -h + tanh(W @ h)", "next h = tanh(W @ h + sum(u))"])
def test_credit_to_what_a_state_begins_with_is_backpropagation_to_it(dynamics):
    net = net_of(HEAD + STATE + dynamics + "\n" + END + "learn\n    tau = 0.25\n    phi = 1/tau\n    beta = 0\n", batch=4)
    u, v = sample(1, 4)
    net.step(u=u, v=v)
    h = began(net, u)
    new = torch.tanh(h @ net.W.T + u.sum(1, keepdim=True)) if "next" in dynamics else h + 0.25 * (torch.tanh(h @ net.W.T) - h)
    ((new - v) ** 2).sum(1).mean().backward()
    torch.testing.assert_close(net.costate.B, net.B.grad, rtol=1e-13, atol=1e-15)
    torch.testing.assert_close(net.costate.W, net.W.grad, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("order", ["simultaneous", "semi-implicit"])
def test_orders_that_read_old_values_give_it_the_cost_of_the_beginning(order):
    learn = f"learn\n    order = {order}\n    eta = 0.1\n    beta = 0\n    tau = 0.5\n"
    net = net_of(HEAD + STATE + "h' = -h + tanh(W @ h)\n" + END + learn, batch=4)
    u, v = sample(1, 4)
    y, _ = net.step(u=u, v=v)
    torch.testing.assert_close(y, began(net, u).detach())
    (0.5 * ((began(net, u) - v) ** 2).sum(1).mean()).backward()
    torch.testing.assert_close(net.costate.B, net.B.grad, rtol=1e-13, atol=1e-15)
    assert not net.costate.W.any()


def test_each_stream_begins_anew_by_its_own_sample_and_others_go_on():
    net = net_of(HEAD + STATE + "h' = 0.1*tanh(W @ h)\n" + END + "learn\n    beta = 0\n", batch=2)
    steps = [sample(k, 2) for k in range(4)]
    ends = [[False, False], [True, False], [False, False], [False, True]]
    h = began(net, steps[0][0]).detach()
    for k, ((u, v), end) in enumerate(zip(steps, ends, strict=True)):
        if k:
            h = torch.where(torch.tensor(ends[k - 1])[:, None], began(net, u).detach(), h)
        assert torch.equal(net.predict(u=u), net.step(u=u, v=v, boundary=torch.tensor(end))[0])
        h = h + 0.1 * torch.tanh(h @ net.W.T).detach()
        torch.testing.assert_close(net.state.h, h, rtol=1e-14, atol=1e-15)


@pytest.mark.parametrize("when, again", [("each sample", (True, True, True)), ("never", (False, False, False))])
def test_a_reset_says_when_a_beginning_is_read(when, again):
    net = net_of(HEAD + STATE + f"reset h {when}\nh' = 0*h\n" + END + "learn\n    beta = 0\n", batch=2)
    u, v = sample(0, 2)
    net.step(u=u, v=v)
    h = net.state.h.clone()
    torch.testing.assert_close(h, began(net, u).detach())
    for k, anew in enumerate(again, 1):
        u, v = sample(k, 2)
        net.step(u=u, v=v, boundary=torch.ones(2, dtype=torch.bool))
        torch.testing.assert_close(net.state.h, began(net, u).detach() if anew else h)


def test_a_shared_state_begins_at_a_parameter_and_follows_it():
    text = (
        "dim n = 2\ninput u[n]\ntarget v[n]\nparam W[n, n] = normal(0, 1)\nstate S[n, n] = W\nS' = 0.5*(W - S)\n"
        "output y = S @ u\ncost c = squared(y - v)\nlearn\n    beta = 0.1\n"
    )
    net = net_of(text, batch=3)
    W = net.W.detach().clone()
    net.step(u=torch.ones(3, 2), v=torch.zeros(3, 2))
    torch.testing.assert_close(net.state.S, W)
    before, S = net.W.detach().clone(), net.state.S.clone()
    net.step(u=torch.ones(3, 2), v=torch.zeros(3, 2))
    torch.testing.assert_close(net.state.S, S + 0.5 * (before - S))
    net.reset()
    W = net.W.detach().clone()
    net.step(u=torch.ones(3, 2), v=torch.zeros(3, 2))
    torch.testing.assert_close(net.state.S, W)
