"""What every test stands on: one thread a worker, no display, and random examples without a clock."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import hypothesis
import pytest

# Before anything imports numpy or torch: two workers with a pool of threads each would only wait for one another.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MPLBACKEND", "Agg")
os.environ["HDSL_CACHE"] = "off"  # what is tested is made by the code as it stands, and no user's folder is written to

import hdsl.api

# No deadline: a slow machine is not a fault. In CI the examples are the same in every run.
hypothesis.settings.register_profile("here", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True, database=None)
hypothesis.settings.load_profile("ci" if os.environ.get("CI") else "here")

# Models that ship, and a few texts, are loaded by hundreds of tests: each is checked and derived once in a worker, where
# nothing is kept on disk. What is derived is frozen; a test that plants a fault takes a `Compiler` of its own.
MOST_KEPT = 96


def _once(make: Callable[..., Any]) -> Callable[..., Any]:
    made: dict[str, Any] = {}

    def compiler(source: Any, settings: Any, dims: Any, delay: Any = ()) -> Any:
        if os.environ.get("HDSL_CACHE") != "off":
            return make(source, settings, dims, delay)
        names = delay if isinstance(delay, str) else tuple(delay)
        key = repr((source, settings, dims, names))
        found = made.pop(key, None) or make(source, settings, dims, names)
        made[key] = found  # the last of all, so that the first is what was not asked for longest
        if len(made) > MOST_KEPT:
            del made[next(iter(made))]
        return found

    return compiler


hdsl.api.compiler = _once(hdsl.api.compiler)


def pytest_collection_finish() -> None:
    """What was collected stays to the end: the collector of garbage need not look at it again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 10, 10)


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The top folder of the project."""
    return Path(__file__).resolve().parents[1]
