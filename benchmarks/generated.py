"""The generated modules of the workloads, as a user gets them: ``hdsl.loads``, ``compile``, ``run`` and ``step``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from benchmarks.workload import Workload


class NotThereYet(Exception):
    """hdsl cannot make this module yet; the message says what is missing."""


def text_of(workload: Workload, order: str) -> str:
    """The .ham text of a workload at an order. Raises ValueError if the file's line of the order is not as expected."""
    text = workload.path.read_text(encoding="utf-8")
    line = "order = sequential"
    if text.count(line) != 1:
        raise ValueError(f"{workload.path.name} should hold the line `{line}` once")
    return text.replace(line, f"order = {order}")


class Generated:
    """One workload at one order and step through hdsl, with the same initial parameters as the others."""

    def __init__(
        self,
        workload: Workload,
        order: str,
        dtype: torch.dtype = torch.float32,
        backend: str = "torch",
        held_back: int | None = None,
        **settings: str | float,
    ) -> None:
        self.workload = workload
        try:
            import hdsl

            sizes: dict[str, Any] = dict(workload.sizes)
            model = hdsl.loads(text_of(workload, order), settings=settings, **sizes)
            net_class = model.compile(dtype=dtype, backend=backend, held_back=held_back)
        except (ImportError, NotImplementedError) as missing:
            raise NotThereYet(str(missing)) from missing
        self.net: Any = net_class(batch=workload.batch, seed=0)
        drawn = workload.draw(dtype)
        named = dict(self.net.named_parameters())
        if named.keys() != drawn.keys():
            raise ValueError(f"{workload.name}: parameters {list(named)}, expected {list(drawn)}")
        with torch.no_grad():
            for name, value in drawn.items():
                named[name].copy_(value)

    def parameters(self) -> dict[str, Tensor]:
        return {name: value.detach() for name, value in self.net.named_parameters()}

    def run(self, stream: Mapping[str, Tensor]) -> Any:
        """``net.run`` over tensors of the whole stream."""
        return self.net.run(dict(stream))

    def step(self, stream: Mapping[str, Tensor]) -> None:
        """``net.step`` for each sample; y and costs are dropped. Samples are cut beforehand, as a loader would."""
        step, target = self.net.step, self.workload.target
        for u, value in zip(stream["u"].unbind(0), stream[target].unbind(0), strict=True):
            step(u=u, **{target: value})
