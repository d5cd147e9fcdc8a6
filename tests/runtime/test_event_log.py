"""The event log: what TensorBoard reads of a run, an undone part left out, and a sentence where it is not installed."""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

import pytest

from hdsl.runtime.event_log import EventLog, NoTensorBoard
from hdsl.runtime.running import Score
from hdsl.runtime.session import Progress


def progress(step: int, fit: float) -> Progress:
    return Progress(step, 40, 10.0, {"fit": fit, "rare": float("nan")}, {"v": Score("error/var", fit / 2, 1.0, "last value")})


def test_what_is_told_is_read_back(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of the reader's own libraries
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

        log = EventLog(tmp_path / "log")
        for step, fit in ((10, 4.0), (20, 2.0), (30, 9.0)):
            log(progress(step, fit))
        log.close()
        again = EventLog(tmp_path / "log")
        again(progress(30, 1.0))  # the run went on from step 20
        again.close()
        read = EventAccumulator(str(tmp_path / "log"))
        read.Reload()
    assert [(event.step, event.value) for event in read.Scalars("cost/fit")] == [(10, 4.0), (20, 2.0), (30, 1.0)]
    assert [event.value for event in read.Scalars("score/v error/var")] == [2.0, 1.0, 0.5]
    assert sorted(read.Tags()["scalars"]) == ["cost/fit", "score/v error/var", "steps a second"]


def test_nothing_told_leaves_nothing(tmp_path: Path) -> None:
    EventLog(tmp_path / "log").close()
    assert list(tmp_path.iterdir()) == []


def test_where_it_is_not_installed_a_sentence_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch.utils.tensorboard", None)
    with pytest.raises(NoTensorBoard, match=r"pip install 'hdsl\[tensorboard\]'"):
        EventLog(tmp_path)
