"""Hold: each sample of a stream shown for several ticks, its target at one of them. So a net of delays learns by pulses.

A sample needs L ticks through a chain of L delays, and its credit L more on the way back. Held for 2L + 1 ticks with its
target at tick L + 1 alone, it moves every layer once, by its gradient, and nothing of it meets the next sample.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import torch

from hdsl.model.chains import longest_chain
from hdsl.model.model import Model

LONGEST = 100_000  # ticks of one sample


@dataclass(frozen=True)
class Hold:
    """``ticks`` for each sample; its target at the tick ``target_at``, counted from 1, or at every tick where that is None."""

    ticks: int = 1
    target_at: int | None = None

    @property
    def counted(self) -> int:
        """The tick, from 1, whose prediction counts: the first that has the target, before anything is learned from it."""
        return self.target_at or 1

    def held(self, stream: Mapping[str, torch.Tensor], targets: Collection[str]) -> dict[str, torch.Tensor]:
        """A stream of samples as one of ticks, for ``Net.run``.

        Args:
            stream: tensors (T, …) by name; ``boundary`` stays with the last tick of a sample, and its ``tau``, the time
                since the sample before, is shared out evenly among its ticks.
            targets: the names that are missing at the other ticks, NaN or −1.
        """
        found = {}
        for name, value in stream.items():
            ticks = value.repeat_interleave(self.ticks, 0)
            at = torch.arange(len(ticks), device=value.device) % self.ticks + 1
            if name in targets and self.target_at is not None:
                ticks[at != self.target_at] = float("nan") if value.is_floating_point() else -1
            elif name == "boundary":
                ticks[at != self.ticks] = False
            found[name] = ticks / self.ticks if name == "tau" else ticks
        return found

    def told(self, results: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """Results (ticks, …) of such a run as results (T, …) of the samples: those of the tick that counts."""
        return {name: value[self.counted - 1 :: self.ticks] for name, value in results.items()}

    def __str__(self) -> str:
        if self.ticks == 1:
            return "each sample one tick"
        when = "every tick" if self.target_at is None else f"tick {self.target_at}"
        return f"each sample held {self.ticks} ticks, its target at {when}"


ONE_TICK = Hold()


def automatic(model: Model) -> Hold:
    """The hold that the delays of a model ask for. Raises hdsl.model.chains.Endless where no hold is long enough."""
    longest = longest_chain(model)
    return Hold(2 * longest + 1, longest + 1) if longest else ONE_TICK


def read_hold(text: str, target_at: int | None, model: Model) -> Hold:
    """``auto``, or a number of ticks with the tick of the target. Raises ValueError with a sentence."""
    if text == "auto" and target_at is not None:
        raise ValueError("--hold auto tells the tick of the target itself; give --target-at with --hold N alone")
    hold = _automatic(model) if text == "auto" else _written(text, target_at)
    if resets := [name for name, when in model.resets.items() if when == "sample"] if hold.ticks > 1 else []:
        raise ValueError(f"--hold {text}: `{resets[0]}` is reset at each sample, and so at every tick; it can hold nothing")
    return hold


def _automatic(model: Model) -> Hold:
    try:
        return automatic(model)
    except ValueError as wrong:
        raise ValueError(f"--hold auto: {wrong}; give --hold N") from None


def _written(text: str, target_at: int | None) -> Hold:
    if not re.fullmatch(r"[1-9]\d{0,8}", text, re.ASCII) or int(text) > LONGEST:
        raise ValueError(f"--hold {text}: expected a whole number from 1 to {LONGEST}, or auto")
    if target_at is not None and target_at > int(text):
        raise ValueError(f"--target-at {target_at} is after the last of the ticks of --hold {text}")
    return Hold(int(text), target_at)
