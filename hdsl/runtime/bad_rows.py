"""Bad rows: whether the first one ends a run, or they are left out, counted, and told of as they come."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from hdsl.runtime.source.block import KINDS, Fault, StreamError

POLICIES = ("stop", "skip", "log")


def _silent(message: str) -> None:
    return None


@dataclass
class BadRows:
    """``policy`` is one of stop, skip, log; ``told`` is called with the message of each row where it is log."""

    policy: str = "stop"
    told: Callable[[str], None] = _silent
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def stops(self) -> bool:
        return self.policy == "stop"

    def take(self, fault: Fault) -> None:
        """Leave a row out, or raise StreamError."""
        if self.stops:
            raise StreamError(fault.message)
        self.counts[fault.kind] += 1
        if self.policy == "log":
            self.told(fault.message)


    def silent(self) -> BadRows:
        """The same policy for a pass that is made for something else: nothing of it is told."""
        return BadRows("stop" if self.stops else "skip")


def counted(counts: Mapping[str, int]) -> dict[str, int]:
    """Counts by kind, in the order of `KINDS`, without those that are 0."""
    return {kind: counts[kind] for kind in KINDS if counts.get(kind)}
