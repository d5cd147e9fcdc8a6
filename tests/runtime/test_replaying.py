"""A module that replays, sample by sample and over a stream: when it goes back, over what, and what it keeps meanwhile."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest
import torch
from torch import Tensor

import hdsl
from hdsl.runtime.replaying import rounds

TEXT = """ham 1
model told
dim n = 3, m = 2
input u[m]
target v
state h[n] = 0.1
param W[n, n] = normal(0, 0.5)
param U[n, m] = normal(0, 0.5)
param C[n] = normal(0, 0.5)
next h = tanh(W @ h + U @ u)
output y = C @ h
cost fit = 1/2*squared(y - v)
EXTRA
learn
    schedule = replay
    phi = 1/tau
    eta.state = 0
    eta.param = 0.4/tau
    beta = 0.1
"""


def made(schedule: str = "replay", batch: int = 1, extra: str = "", **settings: Any) -> Any:
    text = TEXT.replace("schedule = replay", f"schedule = {schedule}").replace("EXTRA", extra)
    return hdsl.loads(text, settings=settings).compile(dtype=torch.float64)(batch=batch, seed=3)


def drawn(tokens: int, batch: int = 1, seed: int = 0) -> tuple[Tensor, Tensor]:
    source = torch.Generator().manual_seed(seed)
    shapes = ((tokens, batch, 2), (tokens, batch))
    u, v = (torch.randn(shape, generator=source, dtype=torch.float64) for shape in shapes)
    return u, v


def state_of(net: Any) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in net.state_dict().items()}


def same(one: Any, other: Any) -> bool:
    a, b = state_of(one), state_of(other)
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def parameters(net: Any) -> dict[str, Tensor]:
    return {name: value.detach().clone() for name, value in net.named_parameters()}


def gradient(start: dict[str, Tensor], u: Tensor, v: Tensor) -> dict[str, Tensor]:
    """Of the summed costs of one sequence (T, 2), (T,), by torch.autograd."""
    p = {name: value.clone().requires_grad_() for name, value in start.items()}
    h, total = torch.full((3,), 0.1, dtype=torch.float64), torch.zeros((), dtype=torch.float64)
    for k in range(len(u)):
        h = torch.tanh(p["W"] @ h + p["U"] @ u[k])
        if not v[k].isnan():
            total = total + 0.5 * (p["C"] @ h - v[k]) ** 2
    return dict(zip(p, torch.autograd.grad(total, list(p.values())), strict=True))


# When it goes back -----------------------------------------------------------------------------------------------------


def test_the_parameters_move_where_a_sequence_ends_and_nowhere_else() -> None:
    net, (u, v) = made(), drawn(7)
    start = parameters(net)
    for k in range(7):
        net.step(u[k], v[k], boundary=torch.tensor([k == 4]))
        moved = not torch.equal(net.W, start["W"])
        assert moved == (k >= 4)
    assert int(net.replays) == 1 and len(net._kept) == 2
    net.finish()
    assert int(net.replays) == 2 and net._kept == []
    before = state_of(net)
    net.finish()
    assert all(torch.equal(before[name], value) for name, value in state_of(net).items())


@pytest.mark.parametrize(("schedule", "ends", "at"), [
    ("replay(3)", (), [3, 6]), ("replay(3)", (4,), [3, 5, 8]), ("replay", (1, 6), [2, 7]),
    ("replay(1)", (), [1, 2, 3, 4, 5, 6, 7, 8]),
])  # fmt: skip
def test_a_replay_comes_after_so_many_tokens_and_at_each_boundary(schedule: str, ends: tuple[int, ...], at: list[int]) -> None:
    net, (u, v) = made(schedule), drawn(8)
    found = []
    for k in range(8):
        net.step(u[k], v[k], boundary=torch.tensor([k in ends]))
        if len(net._kept) == 0:
            found.append(k + 1)
    assert found == at
    over = made(schedule)
    over.run({"u": u, "v": v, "boundary": torch.tensor([k in ends for k in range(8)])}, ends=False)
    assert same(net, over)


def test_a_run_ends_with_what_is_left_unless_the_stream_goes_on() -> None:
    (u, v), whole, parts = drawn(9), made(), made()
    whole.run({"u": u, "v": v})
    for start in range(0, 9, 4):
        parts.run({"u": u[start : start + 4], "v": v[start : start + 4]}, ends=start == 8)
    assert int(whole.replays) == 1 and same(whole, parts)


def test_what_moves_is_the_gradient_of_a_sequence_with_a_momentum_across_them() -> None:
    net, (u, v) = made(), drawn(9)
    start = parameters(net)
    ends = torch.tensor([k in (3, 8) for k in range(9)])
    net.run({"u": u, "v": v, "boundary": ends})
    first = gradient(start, u[:4, 0], v[:4, 0])
    between = {name: start[name] - 0.1 * first[name] for name in start}
    second = gradient(between, u[4:, 0], v[4:, 0])
    for name, value in parameters(net).items():
        wanted = between[name] - 0.1 * (0.6 * first[name] + second[name])
        torch.testing.assert_close(value, wanted, rtol=1e-13, atol=1e-15)


def test_undamped_holds_for_the_first_replay() -> None:
    settings = {"first": "undamped", "phi": "0.3/tau"}
    net, (u, v) = made(**settings), drawn(8)
    p = {name: value.clone().requires_grad_() for name, value in parameters(net).items()}
    optimiser = torch.optim.SGD(p.values(), lr=0.1, momentum=0.6, dampening=0.7)
    for part in (slice(0, 3), slice(3, 8)):
        optimiser.zero_grad()
        for name, value in gradient({n: x.detach() for n, x in p.items()}, u[part, 0], v[part, 0]).items():
            p[name].grad = value
        optimiser.step()
    net.run({"u": u, "v": v, "boundary": torch.tensor([k in (2, 7) for k in range(8)])})
    for name, value in parameters(net).items():
        torch.testing.assert_close(value, p[name].detach(), rtol=1e-13, atol=1e-15)


# Streams beside one another --------------------------------------------------------------------------------------------


def uneven(lengths: tuple[int, ...]) -> dict[str, Tensor]:
    """Sequences of these lengths beside one another, padded."""
    tokens = max(lengths)
    u, v = drawn(tokens, len(lengths))
    there = torch.arange(tokens)[:, None] < torch.tensor(lengths)
    ends = torch.arange(tokens)[:, None] + 1 == torch.tensor(lengths)
    return {"u": torch.where(there[..., None], u, 7.0), "v": torch.where(there, v, torch.nan), "boundary": ends}


def test_sequences_of_uneven_length_are_each_learned_to_their_own_end() -> None:
    lengths, net = (2, 6, 3), made(batch=3)
    stream, start = uneven(lengths), parameters(net)
    results = net.run(stream)
    each = [gradient(start, stream["u"][:n, b], stream["v"][:n, b]) for b, n in enumerate(lengths)]
    for name, value in parameters(net).items():
        wanted = start[name] - 0.1 * torch.stack([one[name] for one in each]).mean(0)
        torch.testing.assert_close(value, wanted, rtol=1e-13, atol=1e-15)
    assert results["fit"].isnan().tolist() == [[k >= n for n in lengths] for k in range(6)]
    assert int(net.replays) == 1 and net._kept == []


def test_what_stands_in_padding_does_not_count_though_no_target_says_so() -> None:
    extra = "cost small = 0.1*squared(h)"
    one, other = made(batch=3, extra=extra), made(batch=3, extra=extra)
    stream = uneven((2, 6, 3))
    changed = {**stream, "u": torch.where(stream["v"].isnan()[..., None], -3.0, stream["u"])}
    results = one.run(stream)
    other.run(changed)
    for name, value in parameters(one).items():
        assert torch.equal(value, parameters(other)[name])
    assert results["small"].isnan().tolist() == stream["v"].isnan().tolist()


def test_step_takes_padding_as_run_does() -> None:
    stream, stepped, run = uneven((2, 4, 1)), made(batch=3), made(batch=3)
    told = []
    for k in range(4):
        _, costs = stepped.step(stream["u"][k], stream["v"][k], boundary=stream["boundary"][k])
        told.append(costs["fit"])
    results = run.run(stream)
    assert same(stepped, run)
    torch.testing.assert_close(torch.stack(told), results["fit"].nanmean(1), rtol=1e-14, atol=0)


def test_all_begin_the_next_sequence_together() -> None:
    net, stream = made(batch=3), uneven((2, 4, 1))
    twice = {name: torch.cat([value, value]) for name, value in stream.items()}
    tokens, begins = rounds(net, {**twice, "steps": 8})
    assert tokens.tolist() == [[k % 4 < n for n in (2, 4, 1)] for k in range(8)]
    assert begins.tolist() == [[k in (0, 4)] * 3 for k in range(8)]
    net.run(twice)
    assert int(net.replays) == 2


def test_a_target_in_padding_is_no_padding() -> None:
    net, stream = made(batch=3), uneven((2, 4, 1))
    lost = {**stream, "v": stream["v"].nan_to_num(0.5)}
    with pytest.raises(ValueError, match=r"sample 1: the sequence of stream 2 has ended.*`v` has to be missing there"):
        net.run(lost)


# What it keeps ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("schedule", ["replay", "replay(4)"])
@pytest.mark.parametrize("at", [1, 3, 4, 6])
def test_a_saved_module_goes_on_to_the_bit(schedule: str, at: int) -> None:
    (u, v), whole, first = drawn(9, 2), made(schedule, 2), made(schedule, 2)
    ends = torch.tensor([[False, False]] * 4 + [[True, False], [False, True]] + [[False, False]] * 3)
    v[5, 0] = torch.nan
    stream = {"u": u, "v": v, "boundary": ends, "tau": torch.linspace(0.5, 1.5, 9, dtype=torch.float64)}
    whole.run(stream)
    first.run({name: value[:at] for name, value in stream.items()}, ends=False)
    saved = state_of(first)
    second = made(schedule, 2)
    second.load_state_dict(saved)
    for again in (second, copy.deepcopy(first), pickle.loads(pickle.dumps(first))):
        again.run({name: value[at:] for name, value in stream.items()})
        assert same(whole, again)
    kept = [name for name in saved if name.startswith("replay:")]
    assert bool(kept) == bool(first._kept)


def test_a_module_around_it_saves_what_is_kept_too() -> None:
    net, (u, v) = made(), drawn(3)
    net.run({"u": u, "v": v}, ends=False)
    around = torch.nn.ModuleDict({"inner": net})
    saved = {name: value.clone() for name, value in around.state_dict().items()}
    fresh = torch.nn.ModuleDict({"inner": made()})
    fresh.load_state_dict(saved)
    assert same(net.finish(), fresh["inner"].finish())
    fresh["inner"].load_state_dict(parameters(net), strict=False)  # parameters alone: what is kept stays
    net.run({"u": u, "v": v}, ends=False)
    net.load_state_dict(made().state_dict())
    assert net._kept == []


def test_it_moves_to_another_dtype_with_what_it_keeps() -> None:
    net, (u, v) = made(), drawn(4)
    net.run({"u": u, "v": v}, ends=False)
    net.float()
    assert net._kept[0][0][0].dtype == net._path[0][0].dtype == torch.float32
    net.finish()
    assert net.W.dtype == torch.float32 and bool(net.W.isfinite().all())


def test_a_reset_drops_what_was_kept() -> None:
    net, (u, v) = made(), drawn(5)
    start = parameters(net)
    net.run({"u": u, "v": v}, ends=False)
    net.reset().finish()
    assert int(net.replays) == 0 and all(torch.equal(value, start[name]) for name, value in parameters(net).items())


def test_samples_that_are_only_observed_end_what_was_kept() -> None:
    net, (u, v) = made(), drawn(7)
    start = parameters(net)
    net.run({"u": u[:3], "v": v[:3]}, ends=False)
    net.eval().run({"u": u[3:5], "v": v[3:5]})
    assert torch.equal(net.W, start["W"]) and int(net.replays) == 0
    seen = gradient(start, u[:3, 0], v[:3, 0])
    net.train().step(u[5], v[5])
    assert int(net.replays) == 1 and len(net._kept) == 1
    for name, value in parameters(net).items():
        torch.testing.assert_close(value, start[name] - 0.1 * seen[name], rtol=1e-13, atol=1e-15)


def test_what_a_caller_does_to_a_sample_afterwards_changes_nothing() -> None:
    (u, v), one, other = drawn(4), made(), made()
    for k in range(4):
        sample, target = u[k].clone(), v[k].clone()
        one.step(sample, target)
        sample.zero_()
        target.zero_()
        other.step(u[k], v[k])
    given = {"u": u.clone(), "v": v.clone()}
    one.run(given, ends=False)
    given["u"].zero_()
    other.run({"u": u, "v": v}, ends=False)
    assert same(one.finish(), other.finish())


def test_projections_go_by_replays() -> None:
    net, (u, v) = made(extra="project C = C / norm2(C) every 2"), drawn(12)
    lengths = []
    for k in range(12):
        net.step(u[k], v[k], boundary=torch.tensor([k % 3 == 2]))
        if k % 3 == 2:
            lengths.append(float(net.C.detach().norm()))
    assert [abs(length - 1) < 1e-12 for length in lengths] == [False, True, False, True]
    again = made(extra="project C = C / norm2(C) every 2")
    again.load_state_dict(net.state_dict())
    again.run({"u": u[:3], "v": v[:3]})
    assert abs(float(again.C.detach().norm()) - 1) > 1e-6


def test_blocks_of_a_long_sequence_are_one_replay() -> None:
    """More tokens than are worked out at once."""
    net, (u, v) = made(beta=1e-4), drawn(1100)
    start = parameters(net)
    net.run({"u": u, "v": v})
    wanted = gradient(start, u[:, 0], v[:, 0])
    for name, value in parameters(net).items():
        torch.testing.assert_close((start[name] - value) / 1e-4, wanted[name], rtol=1e-9, atol=1e-9)
