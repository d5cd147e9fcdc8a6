"""State: what an object has gathered, as arrays for a checkpoint, and put back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray


def taken(thing: Any, prefix: str) -> dict[str, NDArray[Any]]:
    """The attributes that a class names in ``STATE``, by name behind a prefix."""
    return {f"{prefix}/{name}": np.array(getattr(thing, name)) for name in thing.STATE}


def put_back(thing: Any, prefix: str, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Put back what `taken` gave; whole and real numbers stay Python's own."""
    for name in thing.STATE:
        value = arrays[f"{prefix}/{name}"]
        kind = type(getattr(thing, name))
        setattr(thing, name, kind(value.item()) if kind in (int, float) else value.copy())
