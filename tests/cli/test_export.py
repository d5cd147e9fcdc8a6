"""`hdsl export`: the predictor with what a run has learned, and refusals in a sentence."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

import hdsl
from hdsl.cli.main import status


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mute.ham").write_text("ham 1\ninput u\nparam w = 1\ncost fit = (w - u)^2\n")
    return tmp_path


def exported(*arguments: str) -> torch.Tensor:
    assert status(["export", *arguments, "-o", "p.pt2"]) == 0
    found: torch.Tensor = torch.export.load("p.pt2").module()(torch.ones(1, 1))
    return found


def test_what_a_run_has_learned(folder: Path) -> None:
    run = ["run", "sunspots", "--steps", "300", "--checkpoint", "run", "--save-parameters", "p.safetensors"]
    assert status(run) == 0
    net = hdsl.load("sunspots").compile()()
    first = net.predict(torch.ones(1, 1))
    net.load_parameters("p.safetensors")
    assert torch.equal(exported("sunspots"), first)
    alone = exported("sunspots", "--load-parameters", "p.safetensors")
    assert torch.equal(alone, net.predict(torch.ones(1, 1))) and not torch.equal(alone, first)
    whole = exported("sunspots", "--checkpoint", "run")  # its state is not that of the beginning
    assert not torch.equal(whole, alone)


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (["mute.ham"], 1, "Error: the model mute has no output, so there is nothing to export"),
        (["sunspots", "--checkpoint", "."], 1, "Error: there is no checkpoint in ."),
        (["sunspots", "--checkpoint", ".", "--load-parameters", "mute.ham"], 2,
         "Error: --checkpoint and --load-parameters both give parameters; choose one"),
        (["sunspots", "--load-parameters", "none"], 2, "Error: none: no such file or directory"),
        (["sunspots", "--load-parameters", "mute.ham"], 1, "Error: mute.ham is no safetensors file, or a damaged one: "),
    ],
)
def test_a_mistake_is_a_sentence(
    folder: Path, arguments: list[str], code: int, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status(["export", *arguments, "-o", "p.pt2"]) == code
    assert told in capsys.readouterr().err
    assert not Path("p.pt2").exists()


def test_a_checkpoint_of_another_model_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert status(["run", "sunspots", "--steps", "5", "--checkpoint", "run"]) == 0
    assert status(["export", "sunspots", "--set", "beta=0.5", "--checkpoint", "run", "-o", "p.pt2"]) == 1
    told = "the checkpoint in run belongs to another model, or to other settings or sizes of this one"
    assert told in capsys.readouterr().err


def test_a_file_that_cannot_be_written(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert status(["export", "sunspots", "-o", "none/p.pt2"]) == 2
    assert "none/p.pt2: no such file or directory" in capsys.readouterr().err
