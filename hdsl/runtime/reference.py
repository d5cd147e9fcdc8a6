"""The numpy reference run beside a module: the same step from the same cells, every line's value kept."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from hdsl.runtime.text import load_text


def given(net: Any, row: tuple[torch.Tensor, ...], tau: float) -> dict[str, Any]:
    """Cells, sample, settings and sizes of a module as the reference reads them, copied to numpy."""
    found: dict[str, Any] = {name: _array(cell) for name, cell in zip(net.cells, net._cells(), strict=True)}
    found |= {name: _array(value) for name, value in zip(net.sample, row, strict=True)}
    found |= {name: getattr(net, attribute) for name, attribute in net.numbers.items()}
    return {**found, "tau": tau, ":batch": net.batch}


def evaluate(net: Any, body: str, row: tuple[torch.Tensor, ...], tau: float) -> dict[str, Any]:
    """Every line of one body (learn, observe or predict) by name, from a module's present cells. Moves nothing."""
    reference = load_text(net.origin.compiler().numpy, net.origin.model)
    with np.errstate(all="ignore"):
        made: dict[str, Any] = getattr(reference, body)(given(net, row, tau))
    return made


def put_back(reference: Any, known: dict[str, Any], ticks: int) -> dict[str, Any]:
    """The parameters that are put back after so many steps, by the reference: all from the values in ``known``."""
    found: dict[str, Any] = {}
    with np.errstate(all="ignore"):
        for every, function in getattr(reference, "projections", {}).items():
            if ticks % every == 0:
                made = function(known)
                found |= {name.removeprefix("P:"): value for name, value in made.items() if name.startswith("P:")}
    return found


def _array(value: torch.Tensor) -> np.ndarray:
    return value.detach().cpu().numpy().copy()
