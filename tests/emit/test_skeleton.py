"""The methods that every module has: what they refuse, what they move, and what they hand out."""

from __future__ import annotations

import copy
import gc
import sys

import pytest
import torch

import hdsl

TEXT = """
dim n = 3, m = 2
input u[m]
target v[n]
target c : index(n)
state h[n] = 0.5
param U[n, m] = normal(0, 1)
param W[n, n] = normal(0, 0.5)
h' = -h + tanh(W @ h + U @ u)
output y = W @ h
output class = h
cost fit = squared(y - v)
cost right = cross_entropy(y, c)
cost decay = squared(W)
learn
    tau = 0.5
    eta = 0.5
    beta = 0.05
"""
NET = hdsl.loads(TEXT).compile(dtype=torch.float64)
U, V, C = torch.tensor([[1.0, -1.0], [0.5, 2.0]]), torch.ones(2, 3), torch.tensor([2, 0])


def begun(steps=2):
    net = NET(batch=2)
    for _ in range(steps):
        net.step(U, V, C)
    return net


def kept(net):
    return copy.deepcopy(net.state_dict())


def equal(first, second):
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)


def test_a_step_moves_every_cell_and_the_clock():
    net = begun()
    before = kept(net)
    y, costs = net.step(U, V, C)
    after = kept(net)
    assert all(not torch.equal(before[name], after[name]) for name in before if name != "ended")
    assert int(net.clock) == 3 and y.shape == (2, 3) and list(costs) == ["fit", "right", "decay"]
    assert all(cost.dim() == 0 for cost in costs.values())


def test_predict_returns_what_step_would_and_moves_nothing():
    net = begun()
    before = kept(net)
    predicted = net.predict(U)
    assert equal(kept(net), before)
    assert torch.equal(predicted, net.step(U, V, C)[0])


@pytest.mark.parametrize("outputs, told", [(("y", "w"), "y"), (("w", "y"), "w"), ((), "None")])
def test_predict_says_that_it_returns_the_first_output_or_none(outputs, told):
    values = {"y": "a*u", "w": "u - a"}
    text = "ham 1\ninput u\ntarget v\nparam a = 1\ncost fit = squared(a*u - v)\n"
    net = hdsl.loads(text + "".join(f"output {name} = {values[name]}\n" for name in outputs)).compile()(batch=1)
    first = {"y": 3.0, "w": 2.0, "None": None}[told]
    returned = net.predict([3.0])
    assert (None if returned is None else returned.item()) == first
    assert net.predict.__doc__ == f"What `step` would return for this sample beside the costs: {told}. Moves nothing."


def test_eval_moves_states_only():
    net = begun().eval()
    before = kept(net)
    net.step(U, V, C)
    moved = {name for name, value in kept(net).items() if not torch.equal(value, before[name])}
    assert moved == {"state.h", "clock"}


def test_what_is_handed_out_is_the_callers_to_keep():
    for text in (TEXT, TEXT.replace("output y = W @ h", "output y = h")):
        net = hdsl.loads(text).compile()(batch=2)
        other = copy.deepcopy(net)
        for _ in range(2):
            y, costs = net.step(U, V, C)
            expected, _ = other.step(U, V, C)
            assert torch.equal(y, expected)
            y.fill_(77.0)
            net.predict(U).fill_(77.0)
            for cost in costs.values():
                cost.fill_(77.0)
        assert equal(kept(net), kept(other))


def test_a_sample_is_not_written_to():
    u, v = U.clone().double(), V.clone().double()
    begun().step(u, v, C)
    assert torch.equal(u, U.double()) and torch.equal(v, V.double())


def test_reset_begins_anew_but_keeps_what_was_learned():
    net = begun()
    learned = net.W.detach().clone()
    assert net.reset() is net
    assert torch.equal(net.W, learned) and int(net.clock) == 0
    assert net.state.h.tolist() == [[0.5] * 3] * 2 and not net.costate.W.any() and not net.costate.h.any()


def test_a_state_can_be_read_after_the_last_sample_and_the_next_step_begins_anew():
    net = begun(0)
    net.step(U, V, C, boundary=torch.tensor([True, False]))
    assert not (net.state.h[0] == 0.5).all()
    fresh, going_on = copy.deepcopy(net), copy.deepcopy(net)
    fresh.state.h[0], fresh.costate.h[0] = 0.5, 0.0
    fresh.ended.zero_()
    assert torch.equal(going_on.predict(U), fresh.predict(U))
    assert torch.equal(going_on.step(U, V, C)[0], fresh.step(U, V, C)[0])
    assert equal(kept(going_on), kept(fresh))


def test_a_boundary_for_all_streams_is_one_bool():
    net = begun(1)
    net.step(U, V, C, boundary=True)
    assert net.ended.tolist() == [True, True]
    net.step(U, V, C)
    assert net.ended.tolist() == [False, False]


@pytest.mark.parametrize("within", [False, True])
def test_a_loaded_state_resumes_bit_for_bit_across_a_boundary(within):
    net = begun(1)
    net.step(U, V, C, boundary=[True, False])
    other = NET(batch=2, seed=9)
    if within:
        outer = torch.nn.Sequential(other)
        outer.load_state_dict({f"0.{name}": value for name, value in kept(net).items()})
    else:
        other.load_state_dict(kept(net))
    for _ in range(2):
        assert torch.equal(net.step(U, V, C)[0], other.step(U, V, C)[0])
    assert equal(kept(net), kept(other))


def test_a_missing_target_is_none_nan_or_minus_one():
    for v, c in ((None, None), (torch.full((2, 3), torch.nan), torch.tensor([-1, -1]))):
        net, same = begun(), begun()
        _, costs = net.step(U, v, c)
        assert costs["fit"].isnan() and costs["right"].isnan() and costs["decay"].isfinite()
        same.step(U)
        assert equal(kept(net), kept(same)) and all(value.isfinite().all() for value in kept(net).values())


def test_a_target_missing_in_one_stream_leaves_the_mean_to_the_other():
    v = V.clone()
    v[0, 1] = torch.nan
    _, costs = begun().step(U, v, C)
    alone = begun().step(U, torch.stack([V[1], V[1]]), C)[0]
    assert costs["fit"].item() == pytest.approx(((alone[1] - V[1]) ** 2).sum().item())


@pytest.mark.parametrize(
    "sample, kind, told",
    [
        ((torch.ones(2, 3), V, C), ValueError, "u has shape (2, 3); wanted (2, 2)"),
        ((torch.ones(2), V, C), ValueError, "u has shape (2,); wanted (2, 2)"),
        ((torch.ones(5, 2, 2), V, C), ValueError, "u has shape (5, 2, 2); wanted (2, 2)"),
        ((U, torch.ones(1, 3), C), ValueError, "v has shape (1, 3); wanted (2, 3)"),
        ((U, V, torch.tensor([0.0, 1.0])), TypeError, "c is an index below 3: whole numbers are wanted"),
        ((U, V, torch.tensor([[0], [1]])), ValueError, "c has shape (2, 1); wanted (2,)"),
    ],
)
def test_a_wrong_sample_is_told_in_one_line_and_moves_nothing(sample, kind, told):
    net = begun()
    before = kept(net)
    with pytest.raises(kind) as caught:
        net.step(*sample)
    assert str(caught.value).startswith(told) and "\n" not in str(caught.value)
    assert equal(kept(net), before)


def test_numbers_of_any_kind_become_tensors_of_the_module():
    first, second = begun(), begun()
    first.step([[1, -1], [0.5, 2]], V.numpy(), [2, 0])
    second.step(U, V, C)
    assert equal(kept(first), kept(second))


def test_tau_is_of_the_sample_where_it_is_given():
    slow, usual = begun(), begun()
    h = slow.state.h.clone()
    moved = [(net.step(U, V, C, tau=tau), net.state.h - h)[1] for net, tau in ((slow, 0.25), (usual, None))]
    assert torch.allclose(2 * moved[0], moved[1])


def read_at_length(net):
    """The same module, which looks at no sample beforehand: every mark is made from it."""
    net._may_look = lambda value, lead=(): False
    return net


KINDS = [
    (U, V, C),
    ([[1, -1], [0.5, 2]], V.numpy(), [2, 0]),
    (U.float(), V.long(), C.to(torch.int8)),
    (U.double().t().contiguous().t(), torch.nn.Parameter(V.double()), C),
    (U.double(), V.double().index_put((torch.tensor(0), torch.tensor(1)), torch.tensor(torch.nan).double()), C),
    (U.double(), V.double() * torch.nan, torch.tensor([-1, 1])),
    (U, None, None),
    (U.double(), V.double(), torch.tensor([-1, -1])),
    (U.double().requires_grad_(), V.double().requires_grad_(), C),
    (U.double(), V.double(), C),
]


def test_a_sample_unlike_the_one_before_is_read_like_any_other():
    looked, at_length = begun(), read_at_length(begun())
    for sample in KINDS:
        (y, costs), (wanted, told) = looked.step(*sample), at_length.step(*sample)
        assert torch.equal(y, wanted) and not y.requires_grad
        for name, cost in costs.items():
            assert torch.equal(cost.isnan(), told[name].isnan()) and not cost.requires_grad
            assert torch.allclose(cost, told[name], rtol=1e-15, equal_nan=True)
    assert equal(kept(looked), kept(at_length))


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.float16])
def test_a_module_moved_to_another_type_reads_its_samples_in_that(dtype):
    looked, at_length = begun().to(dtype), read_at_length(begun().to(dtype))
    for _ in range(2):
        (y, costs), (wanted, told) = looked.step(U, V, C), at_length.step(U, V, C)
        assert torch.equal(y, wanted) and {y.dtype, *(cost.dtype for cost in costs.values())} == {dtype}
        assert all(torch.allclose(cost, told[name], rtol=1e-2) for name, cost in costs.items())


def test_an_infinite_target_is_there():
    for value in (torch.inf, -torch.inf):
        _, costs = begun().step(U, torch.full((2, 3), value), C)
        assert costs["fit"].item() == torch.inf
    both = torch.tensor([[torch.inf, -torch.inf, 0.0]]).expand(2, 3)
    assert begun().step(U, both, C)[1]["fit"].item() == torch.inf


def test_what_is_handed_out_takes_part_in_a_graph_of_the_callers():
    y, costs = begun().step(U, V, C)
    factor = torch.ones((), dtype=torch.float64, requires_grad=True)
    (factor * y.sum() + sum(factor * cost for cost in costs.values()) + (factor * begun().predict(U)).sum()).backward()
    assert factor.grad is not None and not any(value.is_inference() for value in (y, *costs.values()))


def test_many_steps_leave_nothing_behind():
    net = begun()
    held = []
    for _ in range(3):
        for _ in range(40):
            net.step(U, V, C)
        gc.collect()
        held.append(sys.getallocatedblocks())
    assert held[2] - held[1] < 20


def test_after_a_boundary_streams_begin_anew_once_and_steps_go_on_as_before():
    net, begins = begun(), []
    begin = net._begin
    net._begin = lambda cells: begins.append(net.ended.tolist()) or begin(cells)
    for boundary in (False, [False, True], None, torch.tensor([False, False]), None, True, None, None):
        net.step(U, V, C, boundary=boundary)
    assert begins == [[False, True], [True, True]]
