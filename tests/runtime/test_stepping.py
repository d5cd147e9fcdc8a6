"""Stepping: a sample that is left out is as if the stream had it not, and a model that diverges ends the run all the same."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import hdsl
from hdsl.runtime import nonfinite
from hdsl.runtime.hold import Hold
from hdsl.runtime.nonfinite import NonFinite
from hdsl.runtime.samples import Samples
from hdsl.runtime.stepping import MOST, Stepper, without

TEXT = """
input u
target v
state h = 1
param w = 0.1
h' = -h + log(u) * w
output y = w * h
cost fit = (y - v)^2
learn
    tau = 0.5
    eta = 1
    beta = 0.1
"""
NET = hdsl.loads(TEXT, name="logs.ham").compile(dtype=torch.float64)


def samples(u: list[float], ends: list[int] | None = None, taus: list[float] | None = None) -> Samples:
    count = len(u)
    values = {"u": torch.tensor(u, dtype=torch.float64)[:, None], "v": torch.full((count, 1), 0.5, dtype=torch.float64)}
    boundary = None if ends is None else torch.tensor([k in ends for k in range(count)])[:, None]
    tau = None if taus is None else torch.tensor(taus, dtype=torch.float64)
    rows = np.arange(count)[:, None]
    return Samples(values, boundary, tau, rows, rows + 2)


def stepper(rollback: bool = True, hold: Hold | None = None, net: object = None) -> Stepper:
    return Stepper(net or NET(), hold or Hold(), torch.float64, "logs.csv", "rollback" if rollback else "stop")


def same(one: object, other: object) -> bool:
    beside = other.state_dict()  # type: ignore[attr-defined]
    return all(torch.equal(value, beside[name]) for name, value in one.state_dict().items())  # type: ignore[attr-defined]


@pytest.mark.parametrize("hold", [Hold(), Hold(3, 2)], ids=str)
@pytest.mark.parametrize("wrong", [[2], [0], [5], [1, 4]])
def test_a_sample_left_out_is_as_if_the_stream_had_it_not(hold: Hold, wrong: list[int]) -> None:
    good = [1.0, 2.0, 0.5, 3.0, 1.5, 2.5]
    bad = [-1.0 if k in wrong else u for k, u in enumerate(good)]
    taken, clean = stepper(hold=hold), stepper(hold=hold)
    results, skipped = taken.run(samples(bad))
    beside, none = clean.run(samples([u for k, u in enumerate(good) if k not in wrong]))
    assert set(wrong) <= set(skipped) and none == []
    if len(wrong) == 1:
        assert skipped == wrong and same(taken.net, clean.net)
        left = [k for k in range(6) if k not in wrong]
        assert torch.equal(results["y"][left], beside["y"]) and bool(results["y"][wrong].isnan().all())
    assert taken.first is not None and f"(logs.csv:{wrong[0] + 2})" in str(taken.first)


def test_what_ends_with_it_ends_before_it_and_its_time_is_the_nexts() -> None:
    bad = samples([1.0, 2.0, -1.0, 3.0, 1.5, 1.0], ends=[2, 4], taus=[0.5, 0.1, 0.2, 0.3, 0.4, 0.5])
    clean = samples([1.0, 2.0, 3.0, 1.5, 1.0], ends=[1, 3], taus=[0.5, 0.1, 0.3, 0.4, 0.5])
    one, other = stepper(), stepper()
    assert one.run(bad)[1] == [2]
    other.run(clean)
    assert same(one.net, other.net)
    chunk = {"u": torch.arange(4.0)[:, None], "tau": torch.tensor([0.5, 0.1, 0.2, 0.3])}
    assert without(one.net, chunk, [1])["tau"].tolist() == pytest.approx([0.5, 0.3, 0.3])
    net = NET()
    first = samples([-1.0, 2.0], ends=[0])
    net.state.h.fill_(7.0)
    assert Stepper(net, Hold(), torch.float64, "logs.csv", "rollback").run(first)[1] == [0]
    fresh = stepper()
    fresh.run(samples([2.0]))
    assert torch.equal(net.state.h, fresh.net.state.h)  # the sequence ended with the sample that is left out


def test_a_whole_piece_may_be_left_out_but_not_the_first() -> None:
    one = stepper()
    one.run(samples([1.0] * 20))
    before = {name: value.clone() for name, value in one.net.state_dict().items()}
    results, skipped = one.run(samples([-1.0, -1.0]))
    assert skipped == [0, 1] and results["y"].shape == (2, 1) and bool(results["fit"].isnan().all())
    assert all(torch.equal(value, before[name]) for name, value in one.net.state_dict().items())
    with pytest.raises(NonFinite):
        stepper().run(samples([-1.0]))


def test_harm_that_was_done_some_samples_before_is_undone_too() -> None:
    """A target of 1e200 makes a parameter so large that the next step overflows."""
    net = hdsl.loads(TEXT.replace("log(u) * w", "u * w^3"), name="cube.ham").compile(dtype=torch.float64)()
    found = samples([1.0] * 30)
    found.values["v"][10] = 1e120
    one = stepper(net=net)
    results, skipped = one.run(found)
    assert 10 in skipped and len(skipped) <= 8
    assert bool(results["y"][-1].isfinite().all()) and float(net.w.detach().abs()) < 10


def test_a_model_that_diverges_ends_all_the_same() -> None:
    net = hdsl.loads(TEXT.replace("beta = 0.1", "beta = 1e6"), name="wild.ham").compile(dtype=torch.float64)()
    one = stepper(net=net)
    with pytest.raises(NonFinite, match=r"\d+ samples before it were left out, and it did not help"):
        for _ in range(100):
            one.run(samples([1.0 + k % 3 for k in range(10)]))
    assert one.strain <= MOST


def test_without_rollback_the_first_one_ends_the_run_with_what_led_to_it() -> None:
    with pytest.raises(NonFinite, match=r"step 2; .*\(logs\.csv:4\)$") as caught:
        stepper(rollback=False).run(samples([1.0, 2.0, -1.0, 3.0]))
    assert caught.value.lead_up.ticks.tolist() == [0, 1, 2]
    assert np.isnan(caught.value.lead_up.norms["state"]["h"][-1])


def test_of_a_large_module_nothing_is_kept_unless_it_is_to_be_rescued(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nonfinite, "MANY", 0)
    stream = samples([1.0, 2.0, -1.0, 3.0])
    with pytest.raises(NonFinite, match=r"at step 2 at the latest \(logs\.csv:4\); no copy is kept") as caught:
        stepper(rollback=False).run(stream)
    assert caught.value.lead_up is None
    with pytest.raises(NonFinite, match=r"step 2; .*\(logs\.csv:4\)$") as caught:
        Stepper(NET(), Hold(), torch.float64, "logs.csv", "rescue").run(stream)
    assert caught.value.lead_up.ticks.tolist() == [0, 1, 2]
    assert stepper().run(stream)[1] == [2]
