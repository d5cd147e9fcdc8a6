"""Stepping: samples through the module, a piece at a time; what is not finite ends the run, or its sample is left out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from hdsl.runtime.hold import Hold
from hdsl.runtime.lead_up import LastSteps
from hdsl.runtime.leaving import leave
from hdsl.runtime.nonfinite import NonFinite, is_kept, kept, put_back
from hdsl.runtime.recorder import Recorder
from hdsl.runtime.replaying import replays
from hdsl.runtime.run import CHUNK
from hdsl.runtime.samples import Samples

MOST, FORGIVEN = 64, 4
"""A run ends all the same where more than 64 samples were left out; one is forgiven for every 4 that were learned from. A model
that diverges is not mended by leaving out samples."""

Tensors = dict[str, torch.Tensor]


class Stepper:
    """A module that learns from samples.

    Args:
        stream: the name of the stream, for messages.
        on_nonfinite: what to do where a value is not finite: ``stop``; ``rescue``, the same, but of a module of more than 2²⁰
            numbers, too, with copies by which the line is found and the steps before are told; ``rollback``, with such copies
            go back to the beginning of the piece and take it again without that sample, without 2, 4, 8, … up to it where
            that does not help, for what does the harm may come some samples before.
        recorder: what it records is among the results, behind its prefix.
    """

    STATE = ("strain",)

    def __init__(
        self, net: Any, hold: Hold, dtype: torch.dtype, stream: str, on_nonfinite: str = "stop",
        recorder: Recorder | None = None,
    ) -> None:
        self.net, self.hold, self.dtype, self.stream, self.recorder = net, hold, dtype, stream, recorder
        self.rollback, self.rescue = on_nonfinite == "rollback", on_nonfinite != "stop"
        self.first: NonFinite | None = None
        self._last = LastSteps(net)
        self.strain = 0
        self._like: Tensors = {}

    def run(self, samples: Samples) -> tuple[Tensors, list[int]]:
        """The module's results (n, …) of some samples, and which of them were left out: NaN stands there.

        Raises NonFinite, with the place in the stream and the steps that led to it.
        """
        chunk = samples.chunk(float(self.net.tau), self.dtype, self.net.share.device)
        start, clock, mark = kept(self.net) if self.rollback else [], int(self.net.clock), self._last.mark()
        skipped: list[int] = []
        width = 1
        while True:
            try:
                left = [k for k in range(len(samples)) if k not in skipped]
                results = self._ran(without(self.net, chunk, skipped)) if left else {}
                self.strain = max(0, self.strain + len(skipped) - len(left) // FORGIVEN)
                return self._filled(results, left, len(samples)), skipped
            except NonFinite as wrong:
                place = left[(wrong.step - clock) // self.hold.ticks]
                told = self._told(wrong, samples, place, len(skipped))
                skipped = sorted({*skipped, *range(max(0, place - width + 1), place + 1)})
                nothing = len(skipped) == len(samples) and not self._like
                if not self.rollback or nothing or self.strain + len(skipped) > MOST:
                    told.lead_up = self._last.retraced(wrong.step) if is_kept(self.net, self.rescue) else None
                    raise told from None
                self.first, width = self.first or told, 2 * width
                put_back(self.net, start)
                self._last.back(mark)

    def finish(self) -> None:
        """The stream has ended: a module that replays goes back over its last sequence. Raises NonFinite."""
        if replays(self.net):
            try:
                leave(self.net, True, self.rescue)
            except NonFinite as wrong:
                raise wrong.at(f" ({self.stream}: at its end)") from None

    def _told(self, wrong: NonFinite, samples: Samples, place: int, skipped: int) -> NonFinite:
        """The same with its place in the stream."""
        skipped += self.strain
        lines = ", ".join(dict.fromkeys(str(line) for line in samples.places[place].tolist() if line >= 0))
        after = f"; {skipped} samples before it were left out, and it did not help" if skipped and self.rollback else ""
        where = f" ({self.stream}:{lines})" if lines else ""
        return wrong.at(f"{where}{after}")

    def _filled(self, results: Tensors, left: Sequence[int], steps: int) -> Tensors:
        if len(left) == steps:
            self._like = {name: value[:1] for name, value in results.items()}
            return results
        found = {}
        for name, like in (results or self._like).items():
            found[name] = like.new_full((steps, *like.shape[1:]), torch.nan)
            if left:
                found[name][list(left)] = results[name]
        return found

    def _ran(self, chunk: Tensors) -> Tensors:
        return self.hold.through(chunk, self.net.targets, self._stepped, CHUNK)

    def _stepped(self, chunk: Tensors) -> Tensors:
        if is_kept(self.net, self.rescue):
            self._last.add(chunk)
        if self.recorder is None:
            return dict(self.net.run(chunk, hold=1, ends=False, rescue=self.rescue))
        self.recorder.forget()
        results = dict(self.net.run(chunk, hold=1, watching=self.recorder.watching, ends=False, rescue=self.rescue))
        return results | self.recorder.taken(results)


def without(net: Any, chunk: Tensors, skipped: Sequence[int]) -> Tensors:
    """A chunk without some samples, as if the stream had them not: what ended with one of them ends with the one before, and
    its time belongs to the one after. Where it is the first, the module itself is told."""
    if not skipped:
        return chunk
    steps = len(next(iter(chunk.values())))
    left = [k for k in range(steps) if k not in skipped]
    chunk = {name: value.clone() for name, value in chunk.items()}
    for k in skipped:
        before, after = ([j for j in left if j < k], [j for j in left if j > k])
        ends = "boundary" in chunk and bool(chunk["boundary"][k].any())
        if ends and before:
            chunk["boundary"][before[-1]] |= chunk["boundary"][k]
        elif ends:
            net.ended |= chunk["boundary"][k].to(net.ended.device)
            net.sequences = True
        if "tau" in chunk and after and not ends:
            chunk["tau"][after[0]] += chunk["tau"][k]
    return {name: value[left] for name, value in chunk.items()}
