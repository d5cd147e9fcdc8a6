"""Origin: what a generated class was made from, and the way back to its compiler."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from hdsl.compiler import Compiler
from hdsl.syntax.source import Source


@dataclass(frozen=True)
class Origin:
    """What a generated class was made from: enough to compile it again."""

    model: str
    source: Source
    dims: tuple[tuple[str, int], ...]
    settings: tuple[tuple[str, float | str], ...]
    delay: tuple[str, ...] = ()

    def compiler(self) -> Compiler:
        """The compiler of this origin, its products kept for the next call."""
        return _compiler(self)


@lru_cache(maxsize=64)
def _compiler(origin: Origin) -> Compiler:
    return Compiler(origin.source, dims=dict(origin.dims), settings=dict(origin.settings), delay=origin.delay)
