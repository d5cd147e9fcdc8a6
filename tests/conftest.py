"""What every test stands on: one thread a worker, no display, and random examples without a clock."""

from __future__ import annotations

import os
from pathlib import Path

import hypothesis
import pytest

# Before anything imports numpy or torch: two workers with a pool of threads each would only wait for one another.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MPLBACKEND", "Agg")
os.environ["HDSL_CACHE"] = "off"  # what is tested is made by the code as it stands, and no user's folder is written to

# No deadline: a slow machine is not a fault. In CI the examples are the same in every run.
hypothesis.settings.register_profile("here", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True, database=None)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "here")


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The top folder of the project."""
    return Path(__file__).resolve().parents[1]
