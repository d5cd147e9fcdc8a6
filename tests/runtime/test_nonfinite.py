"""A value that is not finite is named with its step and its line, and the module stands where it stood before."""

from __future__ import annotations

import copy

import pytest
import torch

import hdsl
from hdsl.runtime import nonfinite
from hdsl.runtime.nonfinite import NonFinite

TEXT = """
input u
target v
state h = 1
param w = 1
h' = log(u) * h
output y = w * h
cost fit = (y - v)^2
learn
    tau = 0.5
    phi = 1 + t
"""
NET = hdsl.loads(TEXT, name="logs.ham").compile(dtype=torch.float64)


def run(values, net=None, **more):
    values = torch.tensor(values, dtype=torch.float64)[:, None]
    return (net or NET()).run({"u": values, "v": torch.zeros_like(values), **more})


def test_it_names_the_step_the_value_and_the_line():
    with pytest.raises(NonFinite) as caught:
        run([1.0, 2.0, 1.5, -1.0, 1.0])
    assert (caught.value.step, caught.value.line) == (3, 6)
    assert "became nan at step 3; made by logs.ham:6" in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "more", [{}, {"tau": torch.linspace(0.1, 0.5, 5)}, {"boundary": torch.tensor([0, 1, 0, 0, 0]) > 0}]
)
def test_the_module_stands_where_it_stood_before_the_bad_step(more):
    net, other = NET(), NET()
    with pytest.raises(NonFinite):
        run([1.0, 2.0, 1.5, -1.0, 1.0], net, **more)
    run([1.0, 2.0, 1.5], other, **{name: value[:3] for name, value in more.items()})
    left, right = net.state_dict(), other.state_dict()
    assert all(torch.equal(left[name], right[name]) for name in left if name != "ended")
    if "tau" in more:
        assert torch.equal(net.offset, other.offset)
    u = torch.tensor([1.2])
    assert torch.equal(net.predict(u), other.predict(u))


def test_steps_are_counted_from_the_first_ever():
    net = NET()
    run([1.0, 2.0], net)
    with pytest.raises(NonFinite) as caught:
        run([1.0, -1.0], net)
    assert caught.value.step == 3


def test_a_sample_that_is_infinite_is_named():
    with pytest.raises(NonFinite, match="step 1") as caught:
        run([1.0, float("inf")])
    assert caught.value.step == 1


def test_a_module_that_does_not_learn_is_told_of_as_well():
    with pytest.raises(NonFinite, match="step 1"):
        run([1.0, -1.0], NET().eval())


def test_growth_beyond_the_dtype_is_told():
    net = hdsl.loads(TEXT.replace("log(u) * h", "exp(h)")).compile(dtype=torch.float32)()
    with pytest.raises(NonFinite) as caught:
        net.run({"u": torch.ones(50, 1), "v": torch.zeros(50, 1)})
    assert all(value.isfinite().all() for value in copy.deepcopy(net.state_dict()).values())
    assert 0 < caught.value.step < 50


def test_missing_targets_are_nothing_out_of_the_ordinary():
    result = NET().run({"u": torch.ones(4, 1)})
    assert result["fit"].isnan().all() and result["y"].isfinite().all()


def test_states_that_begin_each_sample_anew_in_several_streams_are_put_back_too():
    text = TEXT.replace("h' = log(u) * h", "next h = log(u) * h * w\nreset h each sample")
    net = hdsl.loads(text).compile(dtype=torch.float64)(batch=2)
    with pytest.raises(NonFinite) as caught:
        net.run({"u": torch.tensor([[1.0, 2.0], [2.0, -1.0]]), "v": torch.zeros(2, 2)})
    assert caught.value.step == 1 and int(net.clock) == 1 and bool(net.w.isfinite())


def test_what_is_put_back_is_named_by_its_line():
    text = "input u\ntarget v\nparam w = 1\nparam s = 1\noutput y = w * s * u\n"
    text += "cost fit = (y - v)^2\nproject w = log(-s) every 3\n"
    net = hdsl.loads(text, name="back.ham").compile(dtype=torch.float64)()
    with pytest.raises(NonFinite) as caught:
        run([1.0, 2.0, 1.5, 1.0, 1.0], net)
    assert (caught.value.step, caught.value.found, caught.value.line) == (2, "w", 7)
    assert "w became nan at step 2; put back by back.ham:7" in str(caught.value)
    assert net.ticks == int(net.clock) == 2


def test_a_component_of_a_used_file_is_named_with_the_line_of_its_instance(tmp_path):
    (tmp_path / "parts.ham").write_text("component logged(x) {\n    param w = 1\n    return tanh(log(w * x))\n}\n")
    (tmp_path / "net.ham").write_text('use "parts.ham"\ninput u\ntarget v\noutput y = logged(u)\ncost fit = (y - v)^2\n')
    net = hdsl.load(tmp_path / "net.ham").compile(dtype=torch.float64)()
    with pytest.raises(NonFinite) as caught:
        run([1.0, -2.0], net)
    assert caught.value.line == 4
    assert "net.ham:4, parts.ham:3" in str(caught.value)


def test_what_a_state_begins_from_is_named():
    text = "input u\ntarget v\nparam w = 1\nstate h = w*log(u)\nh' = -h\noutput y = h\ncost fit = (y - v)^2\n"
    net = hdsl.loads(text, name="begins.ham").compile(dtype=torch.float64)()
    with pytest.raises(NonFinite) as caught:
        run([1.0, 2.0, -1.0, 1.0], net, boundary=torch.tensor([False, True, False, False]))
    assert (caught.value.step, caught.value.line) == (2, 4)


BIG = """
input u
target v
state h = 0
param w = 1
h' = u
output y = w * h
cost fit = (y - v)^2
cost steep = {steep} * h^2
learn
    tau = {tau}
    eta.h = {eta}
"""


@pytest.mark.parametrize(
    ("numbers", "inputs", "found", "cause"),
    [
        # 2 · 1e200 h, while the other cost's part is of 1e120 and less
        ({"steep": "1e200"}, [1.0, 1e120], "z.h became infinite at step 1; made by big.ham:9", "cost steep, line 9"),
        # (1 − τη) z, once z is there
        ({"eta": "1e308"}, [5.0, 5.0], "z.h became infinite at step 1; made by big.ham:12", "learn eta.h, line 12"),
        ({"tau": "100"}, [1.0, 1e307], "h became infinite at step 1; made by big.ham:6", "dynamics of h, line 6"),
    ],
)
def test_the_first_summand_that_is_not_finite_says_what_it_is_there_for(numbers, inputs, found, cause):
    text = BIG.format(**{"steep": "1", "tau": "1", "eta": "0", **numbers})
    with pytest.raises(NonFinite) as caught:
        run(inputs, hdsl.loads(text, name="big.ham").compile(dtype=torch.float64)())
    assert str(caught.value).startswith(found) and str(caught.value).endswith(f"; there for {cause}")


def test_what_is_not_derived_is_there_for_itself():
    with pytest.raises(NonFinite) as caught:
        run([1.0, -1.0])
    assert "there for" not in str(caught.value)


def test_a_stage_within_a_step_is_named():
    text = TEXT.replace("log(u) * h", "exp(w * u * h + 1)") + "    step = rk4\n    eta = 1\n"
    with pytest.raises(NonFinite) as caught:
        run([600.0], hdsl.loads(text, name="stages.ham").compile(dtype=torch.float64)())
    assert " at stage 2 became infinite at step 0; made by stages.ham:6" in str(caught.value)


def test_a_piece_that_begins_a_sequence_begins_it_again_where_its_fault_is_looked_for():
    net, wanted = NET(), NET()
    run([2.0], net, boundary=torch.tensor([[True]]))
    assert net.sequences
    with pytest.raises(NonFinite) as caught:
        run([3.0, -1.0], net)
    assert caught.value.step == 2
    run([2.0], wanted, boundary=torch.tensor([[True]]))
    run([3.0], wanted)
    assert torch.equal(net.state.h, wanted.state.h) and not net.sequences


LATE = (
    "; no copy is kept of a module that moves 7 numbers, so it holds what came out. With rescue=True in run, or --on-nonfinite "
    "rescue, one is kept, the line is found, and the module is put back to before that step"
)


@pytest.mark.parametrize(
    ("inputs", "told", "found"),
    [
        # h is nan from step 3 on, and y is of the h before
        ([1.0, 2.0, 1.5, -1.0, 1.0], "y became nan at step 4 at the latest", "y"),
        ([1.0, 2.0, 1.5, -1.0], "h became nan at step 3 at the latest", "h"),
        ([1.0, float("inf"), 1.0], "the sample's `u` is not finite at step 1", "u"),
    ],
)
def test_without_a_copy_the_step_is_told_as_far_as_it_is_known_and_what_would_find_it(inputs, told, found, monkeypatch):
    monkeypatch.setattr(nonfinite, "MANY", 6)
    net = hdsl.loads(TEXT + "    order = semi-implicit\n").compile(dtype=torch.float64)()
    with pytest.raises(NonFinite) as caught:
        run(inputs, net)
    assert str(caught.value) == told + LATE and (caught.value.found, caught.value.line) == (found, None)
    assert int(net.clock) == len(inputs) and not net.state.h.isfinite()


def test_a_module_that_is_to_be_rescued_is_put_back_whatever_its_size(monkeypatch):
    monkeypatch.setattr(nonfinite, "MANY", 6)
    net, other = NET(), NET()
    inputs = torch.tensor([1.0, 2.0, -1.0])[:, None]
    with pytest.raises(NonFinite, match=r"step 2; made by logs\.ham:6"):
        net.run({"u": inputs, "v": torch.zeros(3, 1)}, rescue=True)
    other.run({"u": inputs[:2], "v": torch.zeros(2, 1)})
    assert all(torch.equal(value, other.state_dict()[name]) for name, value in net.state_dict().items())


def test_at_most_so_many_numbers_are_kept_unasked(monkeypatch):
    monkeypatch.setattr(nonfinite, "MANY", 7)  # h, z.h, costate.w, w, the clock, its offset and the mark of an ended stream
    with pytest.raises(NonFinite, match=r"step 1; made by logs\.ham:6"):
        run([1.0, -1.0])
