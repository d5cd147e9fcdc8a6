"""How a generated module reads a sample."""

from __future__ import annotations

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
