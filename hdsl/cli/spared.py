"""Spared: the tensors of sympy, which its first sum imports to ask whether a summand is one. In hdsl's none ever is.

Their module makes groups of permutations as it is imported, which takes longer than to check a small model. It is spared
where the process is hdsl's own; whoever asks for anything else of it gets the module itself.
"""

from __future__ import annotations

import importlib
import sys
import types
from typing import Any

TENSORS = "sympy.tensor.tensor"


class _Spared(types.ModuleType):
    """Stands for the module until something is asked of it that is not here."""

    class TensExpr:
        """What no summand is."""

    class TensAdd:
        """What no sum becomes."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if sys.modules.get(TENSORS) is self:
            del sys.modules[TENSORS]
        return getattr(importlib.import_module(TENSORS), name)


def spare_tensors() -> None:
    """Leave the module out of this process, unless it is there already."""
    sys.modules.setdefault(TENSORS, _Spared(TENSORS))
