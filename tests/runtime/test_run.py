"""`run` is step after step, whatever the stream comes in, and tells what does not fit."""

from __future__ import annotations

import copy

import pytest
import torch
from torch.utils.data import DataLoader, Dataset

import hdsl
from hdsl.runtime import run as run_module

TEXT = """
dim n = 3, m = 2
input u[m]
target v[n]
target c : index(n)
state h[n] = 0.5
param W[n, n] = normal(0, 0.5)
param U[n, m] = normal(0, 1)
h' = -h + tanh(W @ h + U @ u)
output y = W @ h
output z = h
cost fit = squared(y - v)
cost right = cross_entropy(y, c)
cost decay = squared(W)
learn
    tau = 0.5
    eta = 0.5
    beta = 0.05
    phi = 1 + t
"""
NET = hdsl.loads(TEXT).compile(dtype=torch.float64)
STEPS = 7


def stream(**more):
    draw = torch.Generator().manual_seed(1)
    return {
        "u": torch.randn(STEPS, 2, 2, generator=draw),
        "v": torch.randn(STEPS, 2, 3, generator=draw),
        "c": torch.randint(0, 3, (STEPS, 2), generator=draw),
        **more,
    }


def by_hand(given, net):
    """Outputs and costs by `step` alone."""
    ys, costs = [], []
    for k in range(STEPS):
        y, told = net.step(**{name: value[k] for name, value in given.items()})
        ys.append(y)
        costs.append(told)
    return torch.stack(ys), {name: torch.stack([told[name] for told in costs]) for name in costs[0]}


def same_state(first, second):
    left, right = first.state_dict(), second.state_dict()
    return all(torch.allclose(left[name], right[name], atol=1e-14) for name in left if name != "ended")


BOUNDARY = torch.tensor([False, True, False, False, True, False, False])


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"tau": torch.linspace(0.1, 0.6, STEPS)},
        {"boundary": BOUNDARY},
        {"boundary": torch.stack([BOUNDARY, ~BOUNDARY], 1), "tau": torch.linspace(0.1, 0.6, STEPS)},
    ],
)
@pytest.mark.parametrize("chunk", [3, 1024])
def test_a_run_is_step_by_step_in_chunks_of_any_length(more, chunk, monkeypatch):
    monkeypatch.setattr(run_module, "CHUNK", chunk)
    given, net, other = stream(**more), NET(batch=2), NET(batch=2)
    result = net.run(given)
    ys, costs = by_hand({k: v.tolist() if k == "tau" else v for k, v in given.items()}, other)
    assert torch.allclose(result["y"], ys, atol=1e-14) and result["z"].shape == (STEPS, 2, 3)
    assert torch.allclose(result["fit"].mean(1), costs["fit"]) and torch.allclose(
        result["right"].mean(1), costs["right"]
    )
    assert result["decay"].shape == (STEPS,) and torch.allclose(result["decay"], costs["decay"])
    assert same_state(net, other)


def test_an_iterable_of_samples_and_a_loader_are_streams_too():
    given, nets = stream(), [NET(batch=2) for _ in range(3)]
    samples = [{name: value[k] for name, value in given.items()} for k in range(STEPS)]

    class Data(Dataset):
        def __len__(self):
            return 2 * STEPS

        def __getitem__(self, place):
            return {name: value[place // 2, place % 2] for name, value in given.items()}

    results = [nets[0].run(given), nets[1].run(iter(samples)), nets[2].run(DataLoader(Data(), batch_size=2))]
    for net, result in zip(nets[1:], results[1:], strict=True):
        assert torch.equal(result["y"], results[0]["y"]) and same_state(net, nets[0])


def test_a_short_last_batch_of_a_loader_is_told_after_the_others_were_learned():
    given, nets = stream(), [NET(batch=2) for _ in range(2)]
    samples = [{name: value[k] for name, value in given.items()} for k in range(STEPS)]
    short = {name: value[:1] for name, value in samples[-1].items()}
    told = r"sample 6: `\w+` is \(1.*\), and before it was \(2.*\); a DataLoader leaves .* out with drop_last=True"
    with pytest.raises(ValueError, match=told):
        nets[0].run([*samples[:-1], short])
    nets[1].run(samples[:-1])
    assert same_state(*nets)


def test_missing_targets_may_be_left_out_none_nan_or_minus_one():
    given = stream()
    gaps = {**given, "v": given["v"].clone(), "c": given["c"].clone()}
    gaps["v"][2, 0, 1], gaps["c"][2, 0] = torch.nan, -1
    result = NET(batch=2).run(gaps)
    for cost in ("fit", "right"):
        assert result[cost].isnan().nonzero().tolist() == [[2, 0]]
    nets = [NET(batch=2) for _ in range(3)]
    nets[0].run({"u": given["u"]})
    nets[1].run({**given, "v": None, "c": None})
    nets[2].run({"u": given["u"], "v": torch.full((STEPS, 2, 3), torch.nan), "c": torch.full((STEPS, 2), -1)})
    assert same_state(nets[0], nets[1]) and same_state(nets[0], nets[2])


def test_samples_with_and_without_a_target_may_alternate():
    given, net, other = stream(), NET(batch=2), NET(batch=2)
    samples = [{name: v[k] for name, v in given.items()} | ({"v": None} if k % 2 else {}) for k in range(STEPS)]
    result = net.run(samples)
    for sample in samples:
        other.step(**sample)
    assert same_state(net, other) and result["fit"].isnan().any(1).tolist() == [bool(k % 2) for k in range(STEPS)]


def test_progress_is_told_after_each_chunk(monkeypatch):
    monkeypatch.setattr(run_module, "CHUNK", 3)
    told = []
    NET(batch=2).run(stream(), told=lambda steps, results: told.append((steps, len(results["y"]))))
    assert told == [(3, 3), (6, 3), (7, 1)]


def test_results_are_ordinary_tensors():
    result = NET(batch=2).run(stream())
    assert not any(value.is_inference() for value in result.values())


@pytest.mark.parametrize("backend", ["torch", "native"])
def test_a_model_that_hands_out_nothing_runs(backend):
    model = hdsl.loads("ham 1\ninput u\nstate h = 0.5\nh' = -h + u\nlearn\n    tau = 0.1\n")
    net = model.compile(backend=backend)(batch=1, seed=0)
    assert net.run({"u": torch.ones(5, 1)}) == {}
    assert float(net.state_dict()["state.h"]) == pytest.approx(1 - 0.5 * 0.9**5)


def test_an_empty_stream_moves_nothing():
    net = NET(batch=2)
    before = copy.deepcopy(net)
    assert net.run([]) == {} and same_state(net, before)


@pytest.mark.parametrize(
    "wrong, told",
    [
        ({"v": stream()["v"]}, "the stream has no `u`, an input of the model; it has v"),
        (
            stream(w=torch.ones(STEPS)),
            "the stream has `w`, which the model does not read; it reads boundary, c, tau, u, v",
        ),
        (stream(v=torch.ones(STEPS - 1, 2, 3)), "the parts of the stream differ in length"),
        (stream(u=torch.ones(STEPS, 3, 2)), "u has shape (7, 3, 2)"),
        ([{"v": torch.ones(2, 3)}], "the stream has no `u`"),
    ],
)
def test_a_stream_that_does_not_fit_is_told_in_one_line(wrong, told):
    net = NET(batch=2)
    before = copy.deepcopy(net)
    with pytest.raises(ValueError) as caught:
        net.run(wrong)
    assert str(caught.value).startswith(told) and "\n" not in str(caught.value)
    assert same_state(net, before)


def test_a_class_leads_back_to_its_equations():
    assert NET.equations.costate["h"].name == "dot:z:h" and NET.source.startswith('"""')


def test_a_sum_that_overflows_in_single_precision_is_no_fault():
    from hdsl.runtime.run import _finite

    net = hdsl.load("sunspots").compile(dtype=torch.float32)()
    large = {"y": torch.full((4, 1, 1), 3e38)}
    assert not _finite(net, large) and _finite(net, large, torch.float64)
    assert not _finite(net, {"y": torch.tensor([torch.inf])}, torch.float64)
