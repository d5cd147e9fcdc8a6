"""Walk: the judge of every derived equation, by a walk of the written model and torch.autograd.

It shares no code with the rooms that check, derive, lower and print: only the tree of the text is common. It takes one
stream at a time, has no batch axis, and is slow and plain on purpose. The orders of a step, and the cells between two
steps, stand in `hdsl.verify.step`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from typing import Any

import torch
from torch import Tensor

from hdsl.syntax.tree import ModelText
from hdsl.verify.derivatives import (
    Sample,
    Values,
    assigned,
    differentiate,
    lacks_target,
    moment_of,
    moves_by_assignment,
    point_at,
    slope,
    terms_of_hamiltonian,
)
from hdsl.verify.evaluate import number
from hdsl.verify.step import Cells, Report, first_cells, one_step
from hdsl.verify.written import Written


class Walk:
    """A written model with numbers for its sizes and settings, all float64.

    ``dims`` gives sizes by name, over their defaults. ``settings`` replaces consts by name and settings of ``learn`` by
    dotted path (``alpha``, ``eta.h``, ``order``). Raises ValueError for what this version of the judge does not know.

    Values of a batch are tensors by name: (batch, …) for a per-stream state, (…) for a parameter or a shared state. The
    cells between two steps are the dictionary that `hdsl.verify.step` describes.
    """

    def __init__(
        self, text: ModelText, dims: Mapping[str, int] | None = None, settings: Mapping[str, float | str] | None = None
    ) -> None:
        self.written = Written(text, dims, settings)

    @property
    def flowing(self) -> Walk:
        """The same in continuous time: no flow is followed over a step, each is what the text says."""
        walk = copy(self)
        walk.written = copy(self.written)
        walk.written.exact = frozenset()
        return walk

    # --- one moment --------------------------------------------------------------------------------------------------

    def forward(self, values: Values, sample: Sample, t: float, tau: float) -> dict[str, Tensor]:
        """Everything that one stream computes at one moment.

        ``values``: states and parameters of this stream, each in its own shape. Returns lets, outputs and costs by
        name, f under ``h'``, and for a ``next`` also F under ``next h``. A cost without its target is nan; another
        definition without its target is left out.
        """
        written = self.written
        point = point_at(written, values, sample, t, tau)
        result = {name: point(name) for name in written.defined if not self._untold(name, sample)}
        result |= {cost: number(torch.nan) for cost in written.costs if cost not in result}
        for state in written.states:
            result[f"{state}'"] = slope(written, state, point)
            if moves_by_assignment(written, state):
                result[f"next {state}"] = assigned(written, state, point)
        return result

    def _untold(self, name: str, sample: Sample) -> bool:
        """Whether a definition has no value here: its target is missing, or it reads a costate, for the rule of a control."""
        return lacks_target(self.written, name, sample) or self.written.reads_costate(name)

    def hamiltonian(
        self, values: Values, costates: Values, sample: Sample, t: float, tau: float, first: bool = False
    ) -> Tensor:
        """H′ = φL + ⟨z, f⟩ of one stream, a scalar; L without the terms whose target is missing.

        ``values`` and ``costates`` (of the states) each in its own shape; ``first`` is the very first sample.
        """
        point, phi = point_at(self.written, values, sample, t, tau), self.written.phi(t, tau, first)
        own = terms_of_hamiltonian(self.written, False, point, sample, phi, costates)
        return own + terms_of_hamiltonian(self.written, True, point, sample, phi, costates)

    def gradients(
        self,
        values: Values,
        costates: Values,
        samples: Sequence[Sample],
        t: float | Sequence[float],
        tau: float | Sequence[float],
        first: bool = False,
    ) -> dict[str, Tensor]:
        """∂H′/∂h and ∂H′/∂θ of a batch, by the name of the state or parameter, in the shapes of ``values``.

        For a per-stream state, of each stream's own H′; for all else, the mean over the streams of their own terms plus
        the shared terms undivided. ``t`` and ``tau``: one for all streams, or one a stream.
        """
        times, taus = a_stream_each(t, len(samples)), a_stream_each(tau, len(samples))
        moment = moment_of(self.written, samples, times, taus, first)
        return differentiate(self.written, values, moment, True, costates, times_tau=False)

    # --- one step ----------------------------------------------------------------------------------------------------

    def begin(self, parameters: Mapping[str, Any], batch: int = 1) -> Cells:
        """The cells before the first sample: parameters as given, states as written, costates 0."""
        return first_cells(self.written, parameters, batch)

    def step(
        self,
        cells: Mapping[str, Any],
        samples: Sequence[Sample],
        tau: float | Sequence[float] | None = None,
        boundary: bool | Sequence[bool] = False,
        learns: bool = True,
    ) -> tuple[Cells, Report, Report]:
        """One whole step on a batch. Returns the new cells, and for each stream its outputs and its costs by name.

        ``samples``: one a stream, inputs and targets by name; a missing target is None or absent, nan in any component,
        or −1 for an index. ``tau``: one for all streams or one a stream; without it the model's. ``boundary``: true
        where the sample is the last of its sequence; the state then returns before the next sample. A cost without its
        target is nan. Without ``learns`` only the states count, the parameters standing still.
        """
        taus = a_stream_each(self.written.setting("tau") if tau is None else tau, len(samples))
        ended = torch.as_tensor(boundary).broadcast_to((len(samples),)).clone()
        return one_step(self.written, cells, samples, taus, ended, learns)


def a_stream_each(value: float | Sequence[float] | Tensor, streams: int) -> tuple[float, ...]:
    """One number for all streams, or one a stream, as one a stream."""
    values: list[float] = number(value).reshape(-1).tolist()
    return tuple(values * streams if len(values) == 1 else values)
