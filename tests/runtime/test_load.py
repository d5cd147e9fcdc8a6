"""Classes from generated text: one for one model, with `run`, that pickle, copy and know their place."""

from __future__ import annotations

import copy
import io
import pickle
import subprocess
import sys

import pytest
import torch

import hdsl
from hdsl.runtime.load import load_class
from hdsl.runtime.run import Runner

MODEL = hdsl.load("oscillators", n=3)
U, V = torch.ones(1, 1), torch.zeros(1, 1)


def equal(first, second):
    left, right = first.state_dict(), second.state_dict()
    return left.keys() == right.keys() and all(torch.equal(left[name], right[name]) for name in left)


def test_a_model_has_one_class_for_each_place():
    assert MODEL.compile() is MODEL.compile() and MODEL.compile(dtype=torch.float64) is not MODEL.compile()
    assert issubclass(MODEL.compile(), torch.nn.Module) and issubclass(MODEL.compile(), Runner)
    assert MODEL.compile().__name__ == "Oscillators"


def test_a_class_is_loaded_once_for_its_text_and_origin():
    made = MODEL.compile()
    assert load_class(made.source, made.origin, (None, None)) is made


def test_instances_use_the_class_place_unless_told_otherwise():
    assert MODEL.compile(dtype=torch.float64)().omega.dtype == torch.float64
    assert MODEL.compile(dtype=torch.float64)(dtype=torch.float32).omega.dtype == torch.float32
    assert MODEL.compile()().omega.dtype == torch.get_default_dtype()
    assert MODEL.compile(device="meta")().state.a.device.type == "meta"


@pytest.mark.parametrize("again", [copy.deepcopy, lambda net: pickle.loads(pickle.dumps(net))])
def test_a_copy_goes_on_as_the_module_does_and_apart_from_it(again):
    net = MODEL.compile()()
    net.step(U, V, boundary=True)
    other = again(net)
    assert type(other) is type(net) and equal(other, net)
    assert torch.equal(net.step(U, V)[0], other.step(U, V)[0]) and equal(other, net)
    net.step(U, V)
    assert not equal(other, net)


def test_a_pickle_opens_in_another_process(tmp_path):
    net = MODEL.compile()()
    net.step(U, V)
    buffer = io.BytesIO()
    pickle.dump(net, buffer)
    (tmp_path / "net.pickle").write_bytes(buffer.getvalue())
    program = (
        "import pickle, sys; net = pickle.load(open(sys.argv[1], 'rb')); print(int(net.clock), type(net).__name__)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "net.pickle")], capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["1", "Oscillators"]


def test_other_places_and_dtypes_are_reached_as_torch_users_expect():
    net = MODEL.compile()().double()
    y, _ = net.step(U, V)
    assert y.dtype == torch.float64 and net.costate.omega.dtype == torch.float64
    flat = torch.nn.utils.parameters_to_vector(net.parameters())
    assert len(flat) == sum(p.numel() for p in net.parameters())


def test_the_class_keeps_its_documentation():
    assert MODEL.compile().__doc__.startswith("oscillators")
