"""Hand-written steps in careful in-place torch: the measure of the generated text.

``separate`` keeps each parameter a tensor of its own, which is what ordinary ``nn.Parameter``s are; ``packed`` lays
the parameters that meet the same contraction side by side; ``stacked`` (the recurrent network) also lays those below
one another that meet the same vector.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from benchmarks.by_hand.hand import Hand
from benchmarks.by_hand.mlp import MlpPacked, MlpSeparate
from benchmarks.by_hand.oscillators import OscillatorsPacked, OscillatorsSeparate
from benchmarks.by_hand.rnn import RnnPacked, RnnSeparate, RnnStacked
from benchmarks.workload import Workload

_CLASSES: Mapping[tuple[str, str], type[Hand]] = {
    ("rnn", "packed"): RnnPacked,
    ("rnn", "separate"): RnnSeparate,
    ("rnn", "stacked"): RnnStacked,
    ("mlp", "packed"): MlpPacked,
    ("mlp", "separate"): MlpSeparate,
    ("oscillators", "packed"): OscillatorsPacked,
    ("oscillators", "separate"): OscillatorsSeparate,
}


def layouts(workload: Workload) -> tuple[str, ...]:
    """The layouts written for a workload, the plainest first."""
    return tuple(name for name in ("separate", "packed", "stacked") if (workload.kind, name) in _CLASSES)


def by_hand(
    workload: Workload,
    order: str,
    layout: str = "packed",
    dtype: torch.dtype = torch.float32,
    parameters: Mapping[str, Tensor] | None = None,
) -> Hand:
    """The hand-written step of a workload; parameters are drawn with seed 0 unless given."""
    drawn = workload.draw(dtype) if parameters is None else parameters
    return _CLASSES[workload.kind, layout](workload, order, dtype, drawn)
