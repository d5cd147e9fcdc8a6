"""What a replay keeps, counted beside what a module really keeps."""

from __future__ import annotations

import torch

import hdsl
from hdsl.audit.memory import memory_of
from hdsl.compiler import Compiler
from hdsl.syntax.source import Source

TEXT = """ham 1
dim n = 5, m = 3
input u[m]
input k : index(4)
target v[m]
target c : index(2)
state h[n] = 0
state s = 0
param W[n, m] = 1
param E[4, n] = 1
next h = tanh(W @ u + embed(E, k)) * s
s' = -s + mean(u)
cost fit = squared(W.T @ h - v)
cost class = cross_entropy(h[0:2], c)
learn
    schedule = replay(6)
    eta.param = 1/tau
"""


def test_states_and_sample_are_counted() -> None:
    found = memory_of(Compiler(Source(TEXT, "net.ham")).model)
    known = {symbol: {"n": 5, "m": 3}[str(symbol)] for symbol in (found.states + found.sample).free_symbols}
    assert (found.states.subs(known), found.sample.subs(known), found.tokens) == (6, 3 + 1 + 3 + 1 + 1 + 1, 6)
    net = hdsl.loads(TEXT).compile()(batch=1)
    net.step(torch.zeros(1, 3), torch.zeros(1, dtype=torch.int64), torch.zeros(1, 3), torch.zeros(1, dtype=torch.int64))
    saved = {name: value for name, value in net.state_dict().items() if name.startswith("replay:")}
    no_numbers = ("replay:tau", "replay:token:stream")
    kept = {name: value.numel() for name, value in saved.items() if name not in no_numbers and "column" not in name}
    assert sum(count for name, count in kept.items() if "state:" in name) == 6
    assert sum(count for name, count in kept.items() if "state:" not in name) == 10
