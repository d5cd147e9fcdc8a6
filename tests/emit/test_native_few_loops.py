"""Moves of matrices of short rows, several rows to a vector, beside torch."""

from __future__ import annotations

from typing import Any

import pytest
import torch

import hdsl
from hdsl.emit.native_module import emit_native
from hdsl.runtime.native_build import find_compiler
from tests.proofs.native_runs import plain_builds

TEXT = """ham 1
dim n = 35, m = 4
input u[m]
target v[n]
param W[n, m] = normal(0, 1)
param b[n] = 0.1
output y = W @ u + b
cost fit = 1/2 * squared(y - v)
learn
    eta = 1
"""


def learn(batch: int = 1, m: int = 4) -> str:
    made = emit_native(hdsl.loads(TEXT).product("program"), "0", {"n": 35, "m": m}, batch, "float").text
    return made[made.index("SEEN void learn") : made.index("SEEN void observe")]


def test_what_is_not_a_part_of_a_vector_goes_row_by_row() -> None:
    assert "spread_16_4(" in learn() and "spread_8_4(" in learn()
    assert "spread_16_8(" in learn(m=8) and "spread_8_8(" not in learn(m=8)
    assert "spread_" not in learn(m=5) and "spread_" not in learn(batch=2)


@pytest.mark.skipif(find_compiler() is None, reason="no C compiler is at hand")
@pytest.mark.parametrize("m", [2, 4, 8])
def test_they_move_as_with_torch(m: int) -> None:
    model = hdsl.loads(TEXT, m=m)
    draw = torch.Generator().manual_seed(m)
    stream = {name: torch.randn(5, 1, size, generator=draw, dtype=torch.float64) for name, size in (("u", m), ("v", 35))}
    with plain_builds():
        native, plain = moved(model, stream)
    for name, value in plain.state_dict().items():
        torch.testing.assert_close(native.state_dict()[name], value, atol=1e-14, rtol=1e-13, msg=name)


def moved(model: Any, stream: dict[str, torch.Tensor]) -> list[Any]:
    nets = [model.compile(dtype=torch.float64, backend=name)(batch=1, seed=3) for name in ("native", "torch")]
    for net in nets:
        net.run(stream)
    return nets
