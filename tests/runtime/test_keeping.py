"""Keeping: a run's own folder from its beginning to its end."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from hdsl.runtime.checkpoint import CheckpointError, read_checkpoint
from hdsl.runtime.keeping import Keeping
from hdsl.runtime.lock import InUse


def test_from_beginning_to_end(tmp_path: Path) -> None:
    keeping = Keeping(tmp_path)
    assert keeping.found(resume=True) is None and keeping.written == 0
    with pytest.raises(InUse):
        Keeping(tmp_path)
    keeping.write(7, {"net/w": torch.ones(2)}, {"seed": 1})
    assert keeping.written == 7
    keeping.release()
    again = Keeping(tmp_path)
    with pytest.raises(CheckpointError, match="holds a checkpoint of step 7; go on from it with --resume"):
        again.found(resume=False)
    found = again.found(resume=True)
    assert found is not None and (found.step, again.written, found.made_with) == (7, 7, {"seed": 1})
    assert set(found.versions) == {"hdsl", "torch"}
    again.release()
    assert read_checkpoint(tmp_path) is not None
