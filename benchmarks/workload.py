"""The workloads: sizes, settings, drawn parameters and streams that every variant of a row shares.

The settings repeat those of ``workloads/*.ham``. ``generated.py`` compiles these files and compares, so a disagreement
shows.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod, sqrt
from pathlib import Path

import torch
from torch import Tensor

ORDERS = ("semi-implicit", "sequential")
FOLDER = Path(__file__).parent / "workloads"


@dataclass(frozen=True)
class Settings:
    """What ``learn`` says in the .ham file of a workload."""

    tau: float
    eta: float
    beta: float
    phi: float = 1.0


@dataclass(frozen=True)
class Workload:
    """One row of the table: a .ham file at given sizes and batch."""

    name: str
    kind: str
    sizes: Mapping[str, int]
    batch: int = 1

    @property
    def path(self) -> Path:
        return FOLDER / f"{self.kind}.ham"

    @property
    def settings(self) -> Settings:
        return SETTINGS[self.kind]

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """Shapes of the parameters by name, in the order of the .ham file."""
        s = self.sizes
        if self.kind == "rnn":
            n, m, d = s["n"], s["m"], s["d"]
            return {"W": (n, n), "U": (n, m), "b": (n,), "C": (d, n)}
        if self.kind == "mlp":
            m, n, k = s["m"], s["n"], s["k"]
            return {"W1": (n, m), "b1": (n,), "W2": (n, n), "b2": (n,), "W3": (k, n), "b3": (k,)}
        n, m, d = s["n"], s["m"], s["d"]
        return {"omega": (n,), "Ba": (n, m), "Bb": (n, m), "Ca": (d, n), "Cb": (d, n)}

    @property
    def parameters(self) -> int:
        """How many numbers are learned."""
        return sum(prod(shape) for shape in self.shapes.values())

    @property
    def target(self) -> str:
        return "c" if self.kind == "mlp" else "v"

    def draw(self, dtype: torch.dtype = torch.float32, seed: int = 0) -> dict[str, Tensor]:
        """Initial parameters; drawn in float64, so that they agree between dtypes to round-off."""
        generator = torch.Generator().manual_seed(seed)
        drawn = {}
        for name, shape in self.shapes.items():
            if name == "omega":
                value = torch.rand(shape, generator=generator, dtype=torch.float64)
            elif len(shape) == 1:
                value = torch.zeros(shape, dtype=torch.float64)
            else:
                scale = (0.5 if name in ("W", "U") else 1.0) / sqrt(shape[1])
                value = scale * torch.randn(shape, generator=generator, dtype=torch.float64)
            drawn[name] = value.to(dtype)
        return drawn

    def stream(self, steps: int, dtype: torch.dtype = torch.float32, seed: int = 1) -> dict[str, Tensor]:
        """A random stream: u (steps, batch, m) with v (steps, batch, d), or with c (steps, batch) of classes."""
        generator = torch.Generator().manual_seed(seed)
        u = torch.randn(steps, self.batch, self.sizes["m"], generator=generator, dtype=torch.float64).to(dtype)
        if self.target == "c":
            return {"u": u, "c": torch.randint(self.sizes["k"], (steps, self.batch), generator=generator)}
        v = torch.randn(steps, self.batch, self.sizes["d"], generator=generator, dtype=torch.float64).to(dtype)
        return {"u": u, "v": v}


SETTINGS = {
    "rnn": Settings(tau=0.5, eta=1.0, beta=0.002),
    "mlp": Settings(tau=1.0, eta=0.5, beta=0.002),
    "oscillators": Settings(tau=0.1, eta=2.0, beta=0.002),
}
ALPHA = 0.2  # damping of the oscillators, a const of the .ham file


def _rnn(n: int, batch: int = 1) -> Workload:
    return Workload(_named(f"rnn-{n}", batch), "rnn", {"n": n, "m": 16, "d": 16}, batch)


def _mlp(batch: int = 1) -> Workload:
    return Workload(_named("mlp", batch), "mlp", {"m": 784, "n": 256, "k": 10}, batch)


def _oscillators(batch: int = 1) -> Workload:
    return Workload(_named("oscillators", batch), "oscillators", {"n": 500, "m": 8, "d": 1}, batch)


def _named(name: str, batch: int) -> str:
    return name if batch == 1 else f"{name}-batch-{batch}"


WORKLOADS = {
    workload.name: workload
    for batch in (1, 32)
    for workload in (*(_rnn(n, batch) for n in (16, 64, 256, 1024)), _mlp(batch), _oscillators(batch))
}


def chosen(names: str | None) -> list[Workload]:
    """The workloads of a comma-separated list of names (all where None). Raises SystemExit on an unknown name."""
    if names is None:
        return list(WORKLOADS.values())
    unknown = [name for name in names.split(",") if name not in WORKLOADS]
    if unknown:
        raise SystemExit(f"no such row: {', '.join(unknown)}; rows: {', '.join(WORKLOADS)}")
    return [WORKLOADS[name] for name in names.split(",")]
