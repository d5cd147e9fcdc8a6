"""What crosses delays: as many numbers as the state has, and its costate where it has one."""

from __future__ import annotations

import hdsl
from hdsl.audit.delays import crossings

TEXT = """
dim n = 6, m
input u[m]
target v[n]
param W[n, m] = glorot
let a = delay(W @ u)
let b = delay(a, 2)
let past = previous(u)
output y = b
cost fit = squared(y - v) + sum(past)
"""


def test_each_delay_hands_its_value_on_and_its_costate_back():
    found = {crossing.state: crossing for crossing in crossings(hdsl.loads(TEXT, m=3).compiler.model)}
    assert sorted(found) == ["a.delay", "b.delay.1", "b.delay.2", "u.previous"]
    assert found["a.delay"].bytes == {"float32": (24, 24), "float64": (48, 48)}
    assert found["u.previous"].bytes == {"float32": (12, 0), "float64": (24, 0)}
    assert not found["a.delay"].shared


def test_the_bytes_are_those_of_the_tensors_of_the_module():
    import torch

    model = hdsl.loads(TEXT, m=3)
    for dtype, name in ((torch.float32, "float32"), (torch.float64, "float64")):
        state = model.compile(dtype=dtype)(batch=5, seed=0).state_dict()
        for crossing in crossings(model.compiler.model):
            ahead, back = crossing.bytes[name]
            assert state[f"state.{crossing.state}"].nbytes == 5 * ahead
            costate = state.get(f"costate.{crossing.state}")
            assert (0 if costate is None else costate.nbytes) == 5 * back


def test_a_size_without_a_number_leaves_the_formula():
    (*_, past) = crossings(hdsl.loads(TEXT).compiler.model)
    assert (str(past.numbers), past.bytes) == ("m", {})


def test_a_delay_of_parameters_crosses_once_for_all_streams():
    text = "input u\ntarget v\nparam w = 1\nlet slow = delay(w)\noutput y = slow * u\ncost fit = squared(y - v)"
    (crossing,) = crossings(hdsl.loads(text).compiler.model)
    assert crossing.shared


def test_a_model_without_delays_has_none():
    assert crossings(hdsl.load("sunspots").compiler.model) == ()
