"""The end of a stream, and what is told where the way back at it is not finite."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import hdsl
from hdsl.runtime import nonfinite
from hdsl.runtime.leaving import leave
from hdsl.runtime.nonfinite import NonFinite

TEXT = """ham 1
model net
input u
target v
state h = 0
param w = 1
param c = 1
next h = w*h + u
let q = c*sqrt(h)
cost fit = (q - v)^2
output y = q
learn
    schedule = replay
    phi = 1/tau
    eta.param = 1/tau
    beta = 0.001
"""


def made(**settings: Any) -> Any:
    return hdsl.loads(TEXT, settings=settings).compile(dtype=torch.float64)()


def column(*values: float) -> torch.Tensor:
    return torch.tensor(values, dtype=torch.float64)[:, None]


def test_what_is_left_is_learned_where_the_stream_ends_and_kept_where_it_goes_on() -> None:
    stream = {"u": column(1.0, 2.0), "v": column(1.0, 1.0)}
    going, ended = made(), made()
    going.run(stream, ends=False)
    assert int(going.replays) == 0 and len(going._kept) == 2
    leave(going, True)
    ended.run(stream)
    assert int(going.replays) == int(ended.replays) == 1 and torch.equal(going.w, ended.w)


def test_a_module_that_does_not_learn_replays_nothing() -> None:
    net = made().eval()
    net.run({"u": column(1.0), "v": column(1.0)})
    assert int(net.replays) == 0


def test_a_way_back_that_is_not_finite_is_told_with_its_token_and_line() -> None:
    """√h has no slope at h = 0, which the second of three tokens takes it to: the values are finite, the costates are not."""
    net = made()
    start = net.w.clone()
    with pytest.raises(NonFinite, match=r"at step 2, on the way back 1 token before it; made by .*:") as told:
        net.run({"u": column(1.0, -1.0, 2.0), "v": column(1.0, 1.0, 1.0)})
    assert told.value.step == 2 and told.value.line is not None
    assert torch.equal(net.w, start) and len(net._kept) == 3  # as it was before


def test_a_way_back_of_a_module_that_is_not_kept_leaves_it_as_it_came(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nonfinite, "MANY", 0)
    stream = {"u": column(1.0, -1.0, 2.0), "v": column(1.0, 1.0, 1.0)}
    net, kept = made(), made()
    with pytest.raises(NonFinite, match="became nan or infinite at step 2, where it goes back; no copy is kept"):
        net.run(stream)
    assert not net.w.isfinite() and not net._kept
    with pytest.raises(NonFinite, match=r"at step 2, on the way back 1 token before it; made by .*:"):
        kept.run(stream, rescue=True)
    assert kept.w.isfinite()


def test_within_a_stream_it_is_told_as_well() -> None:
    net = made()
    ends = torch.tensor([False, True, False])
    with pytest.raises(NonFinite, match="at step 1, where it goes back"):
        net.run({"u": column(1.0, -1.0, 2.0), "v": column(1.0, 1.0, 1.0), "boundary": ends})


def test_a_token_that_is_not_finite_is_told_as_in_any_run() -> None:
    net = made()
    with pytest.raises(NonFinite, match=r"q⁺ became nan at step 1|became nan at step 1"):
        net.run({"u": column(1.0, -3.0), "v": column(1.0, 1.0)})
