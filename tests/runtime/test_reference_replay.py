"""The numpy reference of a replay beside the module: from given states, and from what a module keeps."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

import hdsl
from hdsl.runtime.reference_replay import lines_back, token_back
from hdsl.runtime.text import load_text
from tests.runtime.test_replaying import TEXT, drawn


def made(extra: str = "") -> tuple[Any, Any]:
    model = hdsl.loads(TEXT.replace("EXTRA", extra))
    net = model.compile(dtype=torch.float64)(batch=2, seed=5)
    return net, load_text(net.origin.compiler().numpy, "told")


def test_the_reference_goes_forward_and_back_as_the_module_does() -> None:
    net, reference = made("state s = 1\ns' = -0.1*s\ncost extra = s*mean(h)")
    u, v = drawn(5, 2)
    kept = [(net._sample(u[k], v[k]), 0.5 + 0.2 * k) for k in range(5)]
    told = token_back(net, reference, kept)
    net.run({"u": u, "v": v, "tau": torch.tensor([tau for _, tau in kept], dtype=torch.float64)})
    cells = dict(zip(net.cells, net._cells(), strict=True))
    for name in ("h", "s", "z:h", "z:s", "w:W", "w:C", "W", "U", "C"):
        np.testing.assert_allclose(cells[name].detach().numpy(), told[name], rtol=1e-12, atol=1e-15)


def test_the_lines_of_each_token_are_told_from_the_last() -> None:
    net, reference = made()
    u, v = drawn(4, 2)
    net.run({"u": u, "v": v}, ends=False)
    lines = list(lines_back(net, reference))
    assert len(lines) == 4
    last = {name: cell.numpy() for name, cell in zip(net.kept_states, net._cells()[:1], strict=True)}
    np.testing.assert_allclose(lines[0]["y+"], last["h"] @ net.C.detach().numpy(), rtol=1e-13)
    net.finish()
    np.testing.assert_allclose(net.costate.h.numpy(), lines[-1]["z:h+"], rtol=1e-12)
