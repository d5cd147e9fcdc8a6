"""Models beside torch.optim.SGD with the setting that the audit prints, in float64; and why others equal none.

The judge is plain torch: the net written by hand, autograd, and torch.optim.SGD with the setting as its arguments. A
parameter with no setting, and a state that is held, is copied from the module at each step.
"""

from __future__ import annotations

import pytest
import torch

import hdsl
from hdsl.audit.sgd import Setting, equivalences, grouped

F64 = torch.float64
STEPS = 60  # thousands: tests/proofs/test_torch_optim.py

FEED_FORWARD = """
dim d = 3, n = 4, k = 2
input u[d]
target v[k]
param W[n, d] = glorot
param b[n] = 0
param C[k, n] = glorot
output y = C @ tanh(W @ u + b)
cost fit = 1/2 * squared(y - v)
cost decay = 0.05 * squared(W)
"""
RECURRENT = """
dim d = 3, n = 4, k = 2
input u[d]
target v[k]
state h[n] = 0
param W[n, d] = glorot
param R[n, n] = glorot
param C[k, n] = glorot
param D[k, d] = 0
h' = -h + tanh(W @ u + R @ h)
output y = C @ h + D @ u
cost fit = 1/2 * squared(y - v)
"""
NEXT = """
dim d = 3, n = 4, k = 2
input u[d]
target v[k]
state h[n] = 0.5
param W[n, d] = glorot
param C[k, n] = glorot
next h = tanh(W @ u)
output y = C @ h
cost fit = 1/2 * squared(y - v)
reset h each sample
"""
FLOW = NEXT.replace("next h = tanh(W @ u)", "h' = -h + tanh(W @ u)")
BEGUN = FLOW.replace("state h[n] = 0.5", "param B[n, d] = glorot\nstate h[n] = B @ u")


def feed_forward(p, u, h, tau):
    return torch.tanh(u @ p["W"].T + p["b"]) @ p["C"].T


def recurrent(p, u, h, tau):
    return h @ p["C"].T + u @ p["D"].T


def one_next(p, u, h, tau):
    return torch.tanh(u @ p["W"].T) @ p["C"].T


def one_flow(p, u, h, tau):
    begin = u @ p["B"].T if "B" in p else torch.full((len(u), 4), 0.5, dtype=F64)
    return (begin + tau * (-begin + torch.tanh(u @ p["W"].T))) @ p["C"].T


NETS = {
    "feed forward": (FEED_FORWARD, feed_forward),
    "recurrent": (RECURRENT, recurrent),
    "next": (NEXT, one_next),
    "flow": (FLOW, one_flow),
    "begun": (BEGUN, one_flow),
}
RULES = {
    "plain": {"tau": 1, "eta": 1, "beta": 0.05},
    "small steps": {"tau": 0.5, "eta": 2, "beta": 0.05, "phi": 0.7},
    "momentum": {"tau": 0.5, "eta": 0.4, "beta": 0.05},
    "damped": {"tau": 0.5, "eta": 0.8, "beta": 0.05, "phi": 0.6},
    "damped but at first": {"tau": 0.5, "eta": 0.8, "beta": 0.05, "phi": 0.6, "first": "undamped"},
    "by the sample's tau": {"tau": 0.5, "eta": "0.3/tau", "beta": "0.02/tau", "phi": "0.9/tau"},
    "of each its own": {"tau": 0.5, "eta": 0.8, "beta": 0.05, "beta.C": 0.02, "eta.C": 1.5},
}
LEARN = {
    "feed forward": {"W", "b", "C"},
    "recurrent": {"C", "D"},
    "next": {"W", "C"},
    "flow": {"W", "C"},
    "begun": {"W", "B", "C"},
}
CASES = [(net, rule, "sequential") for net in NETS for rule in RULES]
OTHERS = ("simultaneous", "semi-implicit")
CASES += [(net, rule, order) for net in ("feed forward", "recurrent") for rule in RULES for order in OTHERS]


def apart(net, rule, order):
    """The largest difference of any parameter with a setting after each of STEPS steps, and their names."""
    text, forward = NETS[net]
    model = hdsl.loads(text, settings={**RULES[rule], "order": order})
    found = {one.param: one.setting for one in equivalences(model.compiler.model) if one.setting is not None}
    module = model.compile(dtype=F64)(batch=3, seed=0)
    own = {name: value.detach().clone().requires_grad_() for name, value in module.named_parameters()}
    optim = {
        name: torch.optim.SGD([own[name]], setting.lr, setting.momentum, setting.dampening)
        for name, setting in found.items()
    }
    random = torch.Generator().manual_seed(1)
    last: dict[str, torch.Tensor] = {}
    worst = 0.0
    for _ in range(STEPS):
        u, v = (torch.randn(3, n, dtype=F64, generator=random) for n in (3, 2))
        for name, value in module.named_parameters():
            if name not in found:
                own[name] = value.detach().clone().requires_grad_()
        before = module.state_dict().get("state.h", torch.zeros(3, 4)).clone()
        module.step(u=u, v=v)
        h = module.state_dict().get("state.h") if order == "sequential" else before
        y = forward(own, u, h, float(RULES[rule]["tau"]))
        loss = (y - v).square().sum(1).mean() / 2
        if net == "feed forward":
            loss = loss + 0.05 * own["W"].square().sum()
        gradients = dict(zip(found, torch.autograd.grad(loss, [own[name] for name in found]), strict=True))
        for name, setting in found.items():
            own[name].grad = last.get(name) if setting.late else gradients[name]
            if own[name].grad is not None:  # a late one has none at the first sample
                optim[name].step()
        last = gradients
        moved = {name: value.detach() for name, value in module.named_parameters()}
        worst = max(worst, *(float((moved[name] - own[name].detach()).abs().max()) for name in found))
    return worst, set(found)


@pytest.mark.parametrize(("net", "rule", "order"), CASES)
def test_a_model_is_what_the_audit_says(net, rule, order):
    worst, names = apart(net, rule, order)
    assert names == LEARN[net]
    assert worst <= 1e-12


def setting_of(text, param="W", **settings):
    (one,) = [one for one in equivalences(hdsl.loads(text, settings=settings).compiler.model) if one.param == param]
    return one


def test_the_settings_of_the_paper():
    # Mom-a: learning rate 0.01, momentum 0.05, dampening 0.6, tau 1.
    mom_a = {"tau": 1, "beta": 0.01, "eta": 0.95, "phi": 0.4, "first": "undamped"}
    setting = setting_of(FEED_FORWARD, **mom_a).setting
    assert (setting.lr, setting.momentum, setting.dampening) == pytest.approx((0.01, 0.05, 0.6))
    assert str(setting) == "torch.optim.SGD(params, lr=0.01, momentum=0.05, dampening=0.6)"


@pytest.mark.parametrize(
    ("text", "settings", "why"),
    [
        (RECURRENT, {"eta": 1}, "credit reaches it by the costate of h, which remembers earlier samples"),
        (NEXT, {"eta": 1, "order": "simultaneous"}, "begins each sample anew"),
        (NEXT, {"eta": 1, "order": "semi-implicit"}, "begins each sample anew"),
        (FEED_FORWARD, {"eta": 1.5}, "eta is above 1/tau: 1 − τη = −0.5"),
        (FEED_FORWARD, {"eta.W": 1.5}, "eta.W is above 1/tau"),
        (FEED_FORWARD, {"beta": 0}, "it does not move (beta = 0)"),
        (FEED_FORWARD, {"phi": 0}, "no cost counts"),
        (FEED_FORWARD, {"phi": "1 + sin(t)"}, "phi changes with t"),
        (FEED_FORWARD, {"eta": 1, "phi": 0.5, "first": "undamped"}, "its first step is undamped"),
        (FEED_FORWARD + "project W = W / norm2(W)\n", {"eta": 1}, "it is put back after its update"),
        (FEED_FORWARD.replace("tanh(W @ u + b)", "delay(tanh(W @ u + b))"), {"eta": 1}, "a step late or more"),
        ("input u\nparam W = 1\noutput y = W*u", {"eta": 1}, "no cost depends on it"),
    ],
)
def test_why_a_parameter_equals_no_setting(text, settings, why):
    one = setting_of(text, **settings)
    assert one.setting is None
    assert why in one.why


def test_late_is_told_and_like_settings_stand_together():
    model = hdsl.loads(FEED_FORWARD, settings={"eta": 1, "order": "simultaneous", "beta.b": 0.3}).compiler.model
    found = list(grouped(equivalences(model)).values())
    assert [[one.param for one in same] for same in found] == [["W", "C"], ["b"]]
    assert all(one.setting.late for same in found for one in same)


def test_torch_takes_every_setting():
    parameter = torch.zeros(1, requires_grad=True)
    setting = Setting(0.1, 0.5, 0.25)
    made = torch.optim.SGD([parameter], setting.lr, setting.momentum, setting.dampening)
    assert made.defaults["dampening"] == 0.25


@pytest.mark.parametrize("step", ["midpoint", "rk4"])
def test_a_step_of_several_stages_is_no_step_of_sgd(step):
    text = FEED_FORWARD + f"learn\n    step = {step}\n    eta = 1\n"
    found = equivalences(hdsl.loads(text).product("model"))
    assert {one.why for one in found} == {f"a step of {step} is none of torch.optim"}
    assert not any(one.setting for one in found)


def test_exact_dissipation_is_not_told_as_the_momentum_of_its_euler_factor():
    text = FEED_FORWARD + "learn\n    tau = 0.5\n    eta = 0.2\n    dissipation = exact\n"
    (why,) = {one.why for one in equivalences(hdsl.loads(text).product("model"))}
    assert why == "dissipation is exact: ω keeps e^(−τη) = 0.904837 a step, where 1 − τη is the momentum"
    none = equivalences(hdsl.loads(text, settings={"eta": 0}).product("model"))  # then there is nothing to be exact about
    assert {one.setting.momentum for one in none} == {1.0}


LAYERED = """ham 1
input u
target v
state a = 0
state b = 0
param w = 1
param x = 1
next a = w*u
next b = tanh(a)
output y = x*b
cost fit = (y - v)^2
learn
    schedule = layerwise
    eta = 1
"""


def test_what_moves_once_a_cycle_is_no_step_of_torch():
    told = {one.param: one for one in equivalences(hdsl.loads(LAYERED).product("model"))}
    assert told["x"].setting is None and told["x"].why == "it moves once in 2 ticks (schedule layerwise)"
    online = equivalences(hdsl.loads(LAYERED, settings={"schedule": "online"}).product("model"))
    assert next(one.setting for one in online if one.param == "x") is not None
