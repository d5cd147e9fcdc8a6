"""Hold: each sample of a stream shown for several ticks, its target at one of them. So a net of delays learns by pulses.

A sample needs L ticks through a chain of L delays, and its credit L more on the way back. Held for 2L + 1 ticks with its
target at tick L + 1 alone, it moves every layer once, by its gradient, and nothing of it meets the next sample.

Under ``schedule = layerwise`` a sample is held for whole cycles of L ticks. One carries it through all layers; its credit goes
back a layer a cycle.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from hdsl.model.model import Model

LONGEST = 100_000  # ticks of one sample


@dataclass(frozen=True)
class Hold:
    """``ticks`` for each sample; its target at the tick ``target_at``, counted from 1, or at every tick where that is None.

    ``seen`` is then the first tick at which the model has seen the sample.
    """

    ticks: int = 1
    target_at: int | None = None
    seen: int = 1

    @property
    def counted(self) -> int:
        """The tick, from 1, whose prediction counts: the first that has the target, before anything is learned from it."""
        return self.target_at or self.seen

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

    def through(
        self,
        chunk: Mapping[str, torch.Tensor],
        targets: Collection[str],
        ran: Callable[[dict[str, torch.Tensor]], dict[str, torch.Tensor]],
        most: int,
    ) -> dict[str, torch.Tensor]:
        """The results of some samples: ``ran`` steps through what is held, a few samples at a time, ``most`` ticks.

        What is held takes the memory of its ticks.
        """
        if self.ticks == 1:
            return ran(dict(chunk))
        few, parts = max(1, most // self.ticks), []
        for start in range(0, len(next(iter(chunk.values()))), few):
            part = {name: value[start : start + few] for name, value in chunk.items()}
            parts.append(self.told(ran(self.held(part, targets))))
        return {name: torch.cat([part[name] for part in parts]) for name in parts[0]}

    def __str__(self) -> str:
        if self.ticks == 1:
            return "each sample one tick"
        when = "every tick" if self.target_at is None else f"tick {self.target_at}"
        return f"each sample held {self.ticks} ticks, its target at {when}"


ONE_TICK = Hold()


def natural(model: Model) -> Hold:
    """The hold where no one says: one tick, or as many cycles of a layerwise model as it takes to tell something of the sample.

    In the order ``sequential`` the last tick of the first cycle does; in another the output is read a tick later.
    """
    if model.cycle == 1:
        return ONE_TICK
    at_once = model.learning.order == "sequential"
    return Hold(model.cycle, seen=model.cycle) if at_once else Hold(2 * model.cycle, seen=model.cycle + 1)


def automatic(model: Model) -> Hold:
    """The hold by which every layer gets the gradient of a sample once.

    Raises hdsl.model.chains.Endless where no hold is long enough, ValueError for layers that no one tick teaches.
    """
    from hdsl.model.chains import longest_chain, read_by_costs

    longest = longest_chain(model)
    layers = model.cycle
    if layers == 1:
        return Hold(2 * longest + 1, longest + 1) if longest else ONE_TICK
    low = [state for state in read_by_costs(model) if model.layers[state] < layers]
    if low:
        raise ValueError(f"a cost reads `{low[0]}`, which is not of the last layer, so no one tick teaches all layers")
    # Credit enters at the tick of the last layer, a cycle later where that reads the old state, and goes back a layer a cycle.
    if model.learning.order == "sequential":
        return Hold(layers**2, layers)
    return Hold(layers * (layers + 2), 2 * layers)


def read_hold(text: str, target_at: int | None, model: Model) -> Hold:
    """``auto``, or a number of ticks with the tick of the target; nothing for `natural`. Raises ValueError with a sentence."""
    if text == "auto" and target_at is not None:
        raise ValueError("--hold auto tells the tick of the target itself; give --target-at with --hold N alone")
    hold = _automatic(model) if text == "auto" else _written(text, target_at) if text else natural(model)
    if hold.ticks > 1 and hold.ticks % model.cycle:
        raise ValueError(f"--hold {text}: expected 1 or whole cycles of {model.cycle} ticks, one a layer (schedule layerwise)")
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
