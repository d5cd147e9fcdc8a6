"""The campaign at its smallest: every net in all its forms beside torch.optim.SGD, on samples drawn here."""

from __future__ import annotations

import math
import sys
from pathlib import Path

import pytest
import torch

from benchmarks.paper import campaign
from benchmarks.paper.campaign import ASKED, NETS, SETTINGS, Trial, trial
from benchmarks.paper.campaign_data import Samples

MOMENTUM = next(setting for setting in SETTINGS if setting.name == "Mom-b")  # τ = 0.5, momentum and dampening


def drawn(shape: tuple[int, ...], count: int = 6, classes: int = 3, longest: int = 0) -> Samples:
    """Noise about a mean of each class; with ``longest`` sequences of 1 to so many tokens."""
    source = torch.Generator().manual_seed(0)
    c = [i % classes for i in range(count)]
    lengths = [(1 + i % longest,) if longest else () for i in range(count)]
    noise = [torch.randn((*length, *shape), generator=source, dtype=torch.float64) for length in lengths]
    u = [each + k for each, k in zip(noise, c, strict=True)]
    return Samples("drawn", tuple(u), tuple(c), classes)


SMALL = {"iris": drawn((4,)), "images": drawn((16,)), "sequences": drawn((2,), longest=3)}


@pytest.mark.parametrize("net", NETS, ids=lambda net: net.name)
def test_every_form_of_a_net_learns_as_torch_does(net: campaign.Net) -> None:
    found = trial(net, MOMENTUM, SMALL[net.samples], 2)
    assert set(found.apart) == set(net.forms)
    assert all(found.largest(form) <= 1e-14 for form in net.forms)
    assert found.holds and found.moved > 1e-3  # they agree on a way that was gone
    assert len(found.costs) == len(found.nudged) == 12 and 0 < max(found.nudged) < 1e-13


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda setting: setting.name)
def test_every_setting_is_torchs(setting: campaign.Setting) -> None:
    assert trial(NETS[0], setting, SMALL["iris"], 3).holds


def test_a_first_sample_that_is_damped_does_not_hold() -> None:
    (first, second) = campaign.damped(SMALL["iris"], 1)
    for found in (first, second):
        assert not found.holds and found.largest("output") > 1e-4
        assert campaign.row(found)[2].endswith("NOT HELD")


def made(apart: list[float]) -> Trial:
    """A trial of which only the differences matter."""
    learned = {"nudged": [0.0, 1e-16], "costs": [1.0] * 6 + [0.5] * 6, "right": [False] * 6 + [True] * 3 + [False] * 3}
    return Trial(NETS[0], MOMENTUM, SMALL["iris"], {"output": [0.0, *apart], "state": [0.0] * (1 + len(apart))}, **learned)


@pytest.mark.parametrize("apart, holds", [([ASKED], True), ([2 * ASKED, 0.0], False), ([math.nan, 0.0], False)])
def test_the_largest_difference_along_the_way_decides(apart: list[float], holds: bool) -> None:
    assert made(apart).holds is holds


def test_a_row_tells_the_first_and_the_last_pass() -> None:
    row = dict(zip(campaign.HEAD, campaign.row(made([3e-17])), strict=True))
    assert row["output"] == "3.0e-17" and row["state"] == "0" and row["split"] == ""
    assert (row["first pass"], row["last pass"], row["right"]) == ("1.0000", "0.5000", "50%")


def test_the_drawing_is_made_of_what_was_found(tmp_path: Path) -> None:
    sizes = []
    for apart in ([1e-16] * 12, [2e-16] * 11 + [1e-13]):
        campaign.draw([made(apart)], tmp_path)
        sizes.append((tmp_path / "campaign.svg").read_bytes())
    assert sizes[0] != sizes[1]


@pytest.mark.parametrize(
    "given, told",
    [
        (["--nets", "mlp,gpt"], "no net gpt; there are linear"),
        (["--imdb", "."], "--imdb and --glove belong together"),
        (["--mnist", "nowhere"], "nowhere: there is no train-images-idx3-ubyte"),
        (["--vowels", "nowhere"], "JapaneseVowels_TRAIN.ts"),
    ],
)
def test_what_cannot_be_read_is_told_in_a_line(
    given: list[str], told: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["campaign", *given])
    with pytest.raises(SystemExit) as stop:
        campaign.main()
    assert stop.value.code == 2 and told in capsys.readouterr().err


def test_only_the_samples_of_the_nets_asked_for_are_read() -> None:
    given = campaign.arguments().parse_args(["--mnist", "nowhere", "--vowels", "nowhere"])
    assert list(campaign.samples_of(given, {"iris"})) == ["iris"]
    with pytest.raises(OSError, match="nowhere"):
        campaign.samples_of(given, {"iris", "sequences"})
