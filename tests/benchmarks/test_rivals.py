"""Other ways to learn: the same parameters after some steps as the ways that they are to be compared with."""

import time

import pytest
import torch

from benchmarks.autograd import Autograd
from benchmarks.by_hand import by_hand
from benchmarks.generated import NotThereYet
from benchmarks.rivals import Compiled, Functional, JaxScan, at_most
from benchmarks.workload import ORDERS, WORKLOADS

ROWS = ("rnn-16-batch-32", "mlp", "oscillators")


@pytest.mark.parametrize("name", ROWS)
def test_functions_learn_as_autograd_does(name):
    workload = WORKLOADS[name]
    stream = workload.stream(4)
    learner, wanted = Functional(workload), Autograd(workload, "default")
    found, expected = learner.run(stream), wanted.run(stream)
    torch.testing.assert_close(found["y"], expected["y"], rtol=1e-5, atol=1e-6)
    for key, value in wanted.parameters().items():
        torch.testing.assert_close(learner.theta[key], value, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("name", ROWS)
def test_scan_makes_the_hand_written_step(name, order):
    pytest.importorskip("jax")
    workload = WORKLOADS[name]
    stream = workload.stream(5)
    learner, hand = JaxScan(workload, order), by_hand(workload, order, "separate")
    found, wanted = learner.run(stream), hand.run(stream)
    torch.testing.assert_close(torch.tensor(found["y"].tolist()), wanted["y"], rtol=1e-4, atol=1e-5)
    for key, value in hand.parameters().items():
        torch.testing.assert_close(torch.tensor(learner.carried[2][key].tolist()), value, rtol=1e-4, atol=1e-5)


def test_what_cannot_be_compiled_is_missing_with_its_reason(monkeypatch):
    def refuse(*given, **named):
        return lambda *sample: (_ for _ in ()).throw(RuntimeError("no compiler here\nand so on"))

    monkeypatch.setattr(torch, "compile", refuse)
    with pytest.raises(NotThereYet, match=r"^torch\.compile of rnn-16: no compiler here$"):
        Compiled(WORKLOADS["rnn-16"])


def test_a_build_that_takes_too_long_is_given_up():
    with pytest.raises(TimeoutError), at_most(1):
        time.sleep(10)
