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


def test_credit_goes_back_along_a_chain_of_beginnings():
    """k begins from a, which is read off h as it begins: credit to the start of k reaches B by way of h."""
    chain = "state k[n] = W @ a\nlet a = tanh(h)\nh' = -h\nk' = -k + 0.5*a\n"
    learn = "learn\n    tau = 0.25\n    phi = 1/tau\n    beta = 0\n"
    net = net_of(HEAD + STATE + chain + END.replace("y = h", "y = k") + learn, batch=4)
    u, v = sample(1, 4)
    y, _ = net.step(u=u, v=v)
    a = torch.tanh(began(net, u))
    k = a @ net.W.T
    new = k + 0.25 * (-k + 0.5 * a)
    torch.testing.assert_close(y, new.detach())
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


CELL = (
    "component cell(x[m], n) {\n    param B[n, m] = normal(0, 1)\n    param W[n, n] = normal(0, 1)\n"
    "    let first = tanh(B @ x)\n    state h[n] = first\n    h' = tanh(W @ h) - h\n    return h\n}\n"
)
LAYER = "component dense(x[m], n) {\n    param K[n, m] = normal(0, 1)\n    return K @ x\n}\n"


def learned(text, steps=5):
    """A module after steps in which streams end by turns."""
    net = net_of(text, batch=2)
    ends = [[False, True], [False, False], [True, False], [True, True], [False, False]]
    for k in range(steps):
        u, v = sample(k, 2)
        net.step(u=u, v=v, boundary=torch.tensor(ends[k]))
    return net


@pytest.mark.parametrize("order", ["sequential", "simultaneous"])
def test_in_a_component_it_is_what_it_is_when_written_out(order):
    head, learn = HEAD.partition("param")[0], f"learn\n    order = {order}\n    eta = 0.2\n    beta = 0.1\n    tau = 0.5\n"
    called = net_of(head + CELL + "let a = cell(u, n)\noutput y = a\ncost c = squared(y - v)\n" + learn, batch=2)
    plain = net_of(HEAD + "state h[n] = tanh(B @ u)\nh' = tanh(W @ h) - h\n" + END + learn, batch=2)
    with torch.no_grad():
        plain.B.copy_(called.a.B)
        plain.W.copy_(called.a.W)
    for k in range(4):
        u, v = sample(k, 2)
        for net in (called, plain):
            net.step(u=u, v=v, boundary=torch.tensor([k == 1, k == 2]))
    for name in ("B", "W"):
        torch.testing.assert_close(called.get_parameter(f"a.{name}"), plain.get_parameter(name), rtol=1e-13, atol=1e-15)
    torch.testing.assert_close(called.state.get_buffer("a.h"), plain.state.h, rtol=1e-13, atol=1e-15)


def test_an_instance_may_stand_in_it_and_learns():
    text = HEAD.partition("param")[0] + LAYER + "state h[n] = tanh(dense(u, n))\nnext h = sin(h)\n" + END
    net = net_of(text + "learn\n    phi = 1/tau\n    beta = 0\n", batch=3)
    u, v = sample(2, 3)
    net.step(u=u, v=v)
    K = net.get_parameter("h.K").detach().clone().requires_grad_()
    ((torch.sin(torch.tanh(u @ K.T)) - v) ** 2).sum(1).mean().backward()
    torch.testing.assert_close(net.costate.get_buffer("h.K"), K.grad, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("steps", range(1, 6))
def test_it_is_resumed_bit_for_bit_also_where_a_sequence_begins(steps):
    text = HEAD + STATE + "h' = -h + tanh(W @ h)\n" + END + "learn\n    eta = 0.1\n    tau = 0.5\n    beta = 0.1\n"
    net, again = learned(text, steps), net_of(text, batch=2)
    assert set(net.state_dict()) == {"B", "W", "state.h", "costate.h", "costate.B", "costate.W", "clock", "ended"}
    again.load_state_dict(net.state_dict())
    for k in range(10, 13):
        u, v = sample(k, 2)
        assert torch.equal(net.predict(u=u), again.predict(u=u))
        assert torch.equal(net.step(u=u, v=v)[0], again.step(u=u, v=v)[0])
    for name, value in net.state_dict().items():
        assert torch.equal(again.state_dict()[name], value), name


def test_a_step_with_it_is_one_graph():
    text = HEAD + STATE + "state S[n, n] = W\nreset S never\nh' = -h + tanh(S @ h)\nS' = 0.1*(W - S)\n" + END
    net, twin = net_of(text, batch=2), net_of(text, batch=2)
    traced = torch.compile(net.step, fullgraph=True, backend="eager")
    for k in range(5):
        u, v = sample(k, 2)
        boundary = torch.tensor([k == 1, k == 3])
        assert torch.equal(traced(u=u, v=v, boundary=boundary)[0], twin.step(u=u, v=v, boundary=boundary)[0])
    assert all(torch.equal(a, b) for a, b in zip(net.state_dict().values(), twin.state_dict().values(), strict=True))


def test_a_stream_that_ends_learns_as_one_that_was_never_run():
    # Not even a nan of the sequence before gets into the next one.
    text = HEAD + STATE + "h' = -h + tanh(W @ h)\n" + END + "learn\n    beta = 0\n"
    net, fresh = net_of(text, batch=2), net_of(text, batch=2)
    u, v = sample(0, 2)
    net.step(u=u, v=v, boundary=torch.ones(2, dtype=torch.bool))
    net.costate.B.zero_()
    net.costate.W.zero_()
    net.state.h.fill_(torch.nan)
    u, v = sample(1, 2)
    assert torch.equal(net.step(u=u, v=v)[0], fresh.step(u=u, v=v)[0])
    for name in ("B", "W", "h"):
        assert torch.equal(net.costate.get_buffer(name), fresh.costate.get_buffer(name)), name


@pytest.mark.parametrize("order", ["sequential", "simultaneous"])
def test_a_beginning_that_is_not_read_contributes_nothing_even_where_it_is_nan(order):
    text = "input u\ntarget v\nparam w = 1\nparam q = 1\nstate h = w*log(u) + q/u\nh' = -0.1*h\noutput y = h\n"
    text += f"cost c = (y - v)^2\nlearn\n    order = {order}\n    eta = 0.1\n    beta = 0\n"
    nets = [net_of(text, batch=1) for _ in range(2)]
    for values in ((0.5, -1.0, 0.0), (0.5, 1.0, 1.0)):  # from the second sample on, u is read by the beginning alone
        net = nets.pop()
        for u in values:
            net.step(u=torch.tensor([u]), v=torch.tensor([0.3]))
        nets.insert(0, net)
    first, second = (net.state_dict() for net in nets)
    assert all(torch.equal(value, second[name]) and value.isfinite().all() for name, value in first.items())
    assert first["costate.w"] != 0 and first["costate.q"] != 0
