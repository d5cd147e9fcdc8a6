"""A run beside a loop of steps: the two texts of a generated step, from the same cells over the same samples."""

from __future__ import annotations

from typing import Any

import torch


def moves_as_its_steps(made: Any) -> None:
    """A run of two streams, one target missing, moves what its steps move; ``made`` is of float64, u[3] and v[2]."""
    ran, stepped = made(batch=2, seed=1), made(batch=2, seed=1)
    u, v = torch.sin(torch.arange(36.0)).reshape(6, 2, 3), torch.cos(torch.arange(24.0)).reshape(6, 2, 2)
    v[2, 1, 0] = torch.nan
    y = ran.run({"u": u, "v": v})["y"]
    for k in range(6):
        torch.testing.assert_close(stepped.step(u[k], v[k])[0], y[k], rtol=1e-12, atol=1e-12)
    for name, value in stepped.state_dict().items():
        torch.testing.assert_close(ran.state_dict()[name], value, rtol=1e-12, atol=1e-12)
