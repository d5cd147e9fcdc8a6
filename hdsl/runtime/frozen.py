"""A torch module in front of a model, frozen: it maps the inputs of a stream, many samples at a time, and learns nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

ROWS = 1024
"""Samples that an encoder is given at once: what it makes in between takes that many samples' memory."""

Encoder = Callable[[Tensor], Tensor]


def encoders_of(encoder: Encoder | Mapping[str, Encoder] | None, inputs: tuple[str, ...]) -> dict[str, Encoder]:
    """The encoder of each input that has one; a single encoder is that of a model's single input.

    Raises ValueError for a name that is no input, and for a single encoder where there are several inputs.
    """
    if encoder is None:
        return {}
    if isinstance(encoder, Mapping):
        for name in encoder:
            if name not in inputs:
                raise ValueError(f"there is an encoder for `{name}`; the inputs of the model are {', '.join(inputs) or 'none'}")
        return dict(encoder)
    if not inputs:
        raise ValueError("the model has no input to be encoded")
    if len(inputs) > 1:
        raise ValueError(f"the model has the inputs {', '.join(inputs)}: say which is encoded, encoder={{{inputs[0]!r}: …}}")
    return {inputs[0]: encoder}


def encoded(chunk: dict[str, Any], encoders: Mapping[str, Encoder]) -> dict[str, Any]:
    """A chunk of a stream with its inputs mapped: (T, batch, …) of what the encoder takes to (T, batch, …) of the input.

    The encoder is in evaluation mode meanwhile and is given (rows, …), without autograd.
    """
    return {**chunk, **{name: _mapped(chunk[name], encoder, name) for name, encoder in encoders.items()}}


def _mapped(value: Tensor, encoder: Encoder, name: str) -> Tensor:
    if value.dim() < 2:
        raise ValueError(f"{name} has shape {tuple(value.shape)}; wanted the steps, then the batch first")
    rows = value.flatten(0, 1)
    with torch.no_grad(), _still(encoder):
        parts = [encoder(_placed(part, encoder)) for part in rows.split(ROWS)]
    made = torch.cat(parts)
    if len(made) != len(rows):
        raise ValueError(f"the encoder of {name} made {len(made)} rows of {len(rows)}; a row for each is wanted")
    return made.unflatten(0, value.shape[:2])


def _placed(rows: Tensor, encoder: Encoder) -> Tensor:
    """Rows where the encoder is, and reals in its dtype."""
    first = next(encoder.parameters(), None) if isinstance(encoder, nn.Module) else None
    if first is None:
        return rows
    return rows.to(first.device, first.dtype) if rows.is_floating_point() else rows.to(first.device)


@contextmanager
def _still(encoder: Encoder) -> Iterator[None]:
    """Evaluation mode, each part of the module back as it was afterwards."""
    parts = list(encoder.modules()) if isinstance(encoder, nn.Module) else []
    training = [part.training for part in parts]
    if isinstance(encoder, nn.Module):
        encoder.eval()
    try:
        yield
    finally:
        for part, before in zip(parts, training, strict=True):
            part.training = before
