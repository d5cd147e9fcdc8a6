"""How a generated module reads a sample."""

from __future__ import annotations

import copy
import pickle

import torch

import hdsl
from hdsl.emit.facts import Facts
from hdsl.emit.sampling import sample_body

TEXT = """dim n = 2
input u[n]
input k : index(n)
target v[n]
target c : index(3)
state h[n] = 0
param W[n, n] = 0
h' = -h + W @ u + one_hot(k)
output y = h
cost fit = squared(y - v)
cost class = cross_entropy(stack(y[0], y[1], 0), c)
learn
    phi = exp(-t)
    first = undamped
"""


def test_inputs_are_checked_and_missing_targets_replaced() -> None:
    lines = [line.strip() for line in sample_body(Facts(hdsl.loads(TEXT).product("program"))).splitlines()]
    assert lines[:4] == [
        'u = self._real(u, \'u\', lead, self.n)',
        'k = self._whole(k, "k", self.n, lead)',
        'v, has_v = self._target(v, "v", (self.n,), lead)',
        'c, has_c = self._class(c, "c", 3, lead)',
    ]
    assert "t = self.clock.to(self.share.dtype) * self.tau + self.offset" in lines
    assert any(line.endswith("= (self.clock == 0).to(self.share.dtype)") for line in lines)
    assert lines[-1].startswith("return (u, k, v, c, has_v, has_c,")


def test_the_layer_of_a_tick_is_told_by_the_clock() -> None:
    text = "input u\ntarget v\nstate a = 0\nstate b = 0\nparam w = 1\nnext a = w*u\nnext b = tanh(a)\noutput y = b\n"
    text += "cost fit = (y - v)^2\nlearn\n    eta = 1\n    schedule = "
    body = sample_body(Facts(hdsl.loads(text + "layerwise\n").product("program")))
    assert "layer = (self.clock % 2 + 1).to(self.share.dtype)" in body
    assert "layer" not in sample_body(Facts(hdsl.loads(text + "online\n").product("program")))


SMALL = """dim n = 3
input u[n]
target v[n]
state h[n] = 0.1
param W[n, n] = normal(0, 0.5)
param C[n, n] = normal(0, 0.5)
h' = -h + tanh(W @ h + u)
output y = C @ h
cost fit = squared(y - v)
learn
    tau = 0.5
    eta = 0.5
    beta = 0.1
"""


def set_data(net):
    net.W.data = net.W.data * 2


def turn_in_place(net):
    net.W.data = net.W.data.t()


def turn_other(net):
    net.C.data = net.C.data.t().contiguous()


def replaced(net):
    net.W = torch.nn.Parameter(net.W.detach() + 1)


def swapped(net):
    net.W.data, net.C.data = net.C.data, net.W.data


def assigned(net):
    net.load_state_dict({name: value * 2 for name, value in net.state_dict().items() if value.is_floating_point()}, False, True)


def loaded(net):
    net.load_state_dict(copy.deepcopy(type(net)(batch=1, seed=5).state_dict()))


def written(net):
    with torch.no_grad():
        net.W.mul_(2)


DONE = (set_data, turn_in_place, turn_other, replaced, swapped, assigned, loaded, written)
DONE += (lambda net: net.to(torch.float32), lambda net: net.double(), lambda net: net.share_memory())


def test_a_step_sees_what_was_done_to_the_parameters():
    made = hdsl.loads(SMALL).compile(dtype=torch.float64)
    net, plain = made(batch=1, seed=2), made(batch=1, seed=2)
    plain._may_look = lambda value, lead=(): False  # keeps no views
    u, v = torch.tensor([[0.5, -1.0, 2.0]]), torch.ones(1, 3)
    for do in DONE:
        for each in (net, plain):
            each.step(u, v)
            do(each)
        for _ in range(2):
            (y, costs), (wanted, told) = net.step(u, v), plain.step(u, v)
            assert torch.equal(y, wanted) and torch.allclose(costs["fit"], told["fit"]), do
        assert all(torch.equal(a, b) for a, b in zip(net.parameters(), plain.parameters(), strict=True))


def test_views_are_kept_as_long_as_they_fit_and_never_copied():
    made = hdsl.loads(SMALL).compile(dtype=torch.float64)
    net, sample = made(batch=1), (torch.ones(1, 3), torch.ones(1, 3))
    net.step(*sample)
    kept = net._views
    net.step(*sample)
    assert net._views is kept
    for other in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert "_views" not in vars(other)
        assert torch.equal(other.step(*sample)[0], net.predict(sample[0]))
        assert not torch.equal(other.W, net.W) and other._views[0].is_set_to(other.W)
    assert "_views" not in vars(torch.nn.Sequential(net).half()[0])
