"""Owner: what the instances that stand in one definition are named by."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Owner:
    """What instances are named by: a definition, or an instance for what stands in its `return`."""

    name: str
    counts: Counter[str] = field(default_factory=Counter)

    def next(self, component: str, taken: bool = False) -> str:
        """The first instance has the owner's name, a second one that of its component, numbered: ``a.dense_2``."""
        self.counts[""] += 1
        count = self.counts[""]
        if count > 1:
            return f"{self.name}.{component}_{count}"
        return f"{self.name}.{component}" if taken else self.name

    def hidden(self, kind: str) -> str:
        """A hidden state: ``a.delay``, then ``a.delay_2``."""
        self.counts[kind] += 1
        return f"{self.name}.{kind}" if self.counts[kind] == 1 else f"{self.name}.{kind}_{self.counts[kind]}"
