"""What all hand-written steps share: buffers, coefficients, and the two ways of driving the loop over a stream."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from itertools import repeat

import torch
from torch import Tensor

from benchmarks.workload import Workload


def whole_lines(length: int) -> int:
    """The length of a row padded to whole cache lines of 16 float32."""
    return -(-length // 16) * 16


class Hand(ABC):
    """One workload at one order, as careful in-place torch.

    The loop runs in inference mode over tensors made outside it: every call is cheaper by what autograd's bookkeeping
    costs, and what is handed out are ordinary tensors. Coefficients are Python floats folded into the BLAS factors;
    views are made once.
    """

    def __init__(self, workload: Workload, order: str, dtype: torch.dtype, parameters: Mapping[str, Tensor]) -> None:
        settings = workload.settings
        self.workload, self.order, self.dtype = workload, order, dtype
        self.tau, self.keep = settings.tau, 1 - settings.tau * settings.eta
        self.output_scale = settings.tau * settings.phi
        self.rate = -settings.tau * settings.beta
        self.mean = torch.full((workload.batch,), 1 / workload.batch, dtype=dtype)
        self.y = self.zeros(workload.batch, workload.sizes["k" if workload.kind == "mlp" else "d"])
        self.build({name: value.clone() for name, value in parameters.items()})

    def zeros(self, *shape: int) -> Tensor:
        return torch.zeros(shape, dtype=self.dtype)

    @abstractmethod
    def build(self, parameters: dict[str, Tensor]) -> None:
        """Takes the parameters and makes costates and buffers."""

    @abstractmethod
    def parameters(self) -> dict[str, Tensor]:
        """The parameters under the names of the .ham file."""

    @abstractmethod
    def costates(self) -> dict[str, Tensor]:
        """The costates of states and parameters under the names of the .ham file."""

    @abstractmethod
    def states(self) -> dict[str, Tensor]:
        """The states under the names of the .ham file."""

    @abstractmethod
    def loop(self, us: Iterable[Tensor], targets: Iterable[Tensor], ys: Iterable[Tensor]) -> None:
        """Advances over the samples; the output of each is written into the next of ``ys``."""

    def run(self, stream: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """As the generated ``run``: y (steps, batch, d) and the cost of each stream, fit (steps, batch)."""
        u, target = stream["u"], stream[self.workload.target]
        y = torch.empty(*u.shape[:2], self.y.shape[1], dtype=self.dtype)
        with torch.inference_mode():
            self.loop(u.unbind(0), self._targets(target), y.unbind(0))
        return {"y": y, "fit": self._costs(y, target)}

    def advance(self, stream: Mapping[str, Tensor]) -> None:
        """The inner step alone: y goes into one buffer and the costs are not evaluated."""
        u, target = stream["u"], stream[self.workload.target]
        with torch.inference_mode():
            self.loop(u.unbind(0), self._targets(target), repeat(self.y))

    def _targets(self, target: Tensor) -> tuple[Tensor, ...]:
        return target.unsqueeze(-1).unbind(0) if self.workload.target == "c" else target.unbind(0)

    def _costs(self, y: Tensor, target: Tensor) -> Tensor:
        """The costs of all steps at once, after the loop: no step needs their values."""
        if self.workload.target == "c":
            flat = torch.nn.functional.cross_entropy(y.flatten(0, 1), target.flatten(), reduction="none")
            return flat.view(target.shape)
        error = y - target
        return error.mul_(error).sum(-1).mul_(0.5)
