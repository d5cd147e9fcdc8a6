"""Names of hdsl that need a library which hdsl itself does without: each is loaded when it is first asked for."""

from __future__ import annotations

import importlib
from typing import Any

EXTRAS = {
    "Regressor": ("hdsl.adapters.estimator", "river"),
    "Classifier": ("hdsl.adapters.estimator", "river"),
}
"""The name, the file that has it, and the library, whose name is that of the extra: ``pip install hdsl[river]``."""


def __getattr__(name: str) -> Any:
    """What `hdsl.NAME` is, for the names of `EXTRAS`.

    Raises:
        AttributeError: there is no such name.
        ImportError: its library is not installed.
    """
    if name not in EXTRAS:
        raise AttributeError(f"module 'hdsl' has no attribute {name!r}")
    file, library = EXTRAS[name]
    try:
        return getattr(importlib.import_module(file), name)
    except ModuleNotFoundError as wrong:
        if wrong.name != library:
            raise
        raise ImportError(f"hdsl.{name} needs {library}: pip install 'hdsl[{library}]'", name=library) from None
