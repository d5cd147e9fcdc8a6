"""The judge of a pullback, against central differences of the walk itself."""

from __future__ import annotations

import copy

import pytest
import torch

import hdsl
from hdsl.verify.certificate import certify
from hdsl.verify.pullback import judged_pullback
from hdsl.verify.walk import Walk

TEXT = """
dim n = 2
input u[n]
input k : index(3)
target v
state h[n] = 0.25
state x = 0.1
param W[n, n] = 0
param E[3, n] = 0
h' = -h + tanh(W @ h + u)
next x = 0.5*x + dot(h, u)
output y = h * x + u^2 + embed(E, k)
cost fit = (sum(y) - v)^2
learn
    tau = 0.5
    eta = 1
    order = {order}
"""


@pytest.mark.parametrize("order", ["sequential", "simultaneous", "semi-implicit"])
def test_it_agrees_with_differences(order: str) -> None:
    walk = Walk(hdsl.loads(TEXT.format(order=order)).product("model").written)
    source = torch.Generator().manual_seed(3)
    drawn = [torch.randn(shape, generator=source, dtype=torch.float64) for shape in ((2, 2), (3, 2), (2, 2), (2, 2), (2,))]
    cells = walk.begin({"W": drawn[0], "E": drawn[1]}, batch=2)
    cells["state"] = {"h": drawn[2], "x": drawn[4]}
    samples = [{"u": drawn[3][b], "k": b + 1, "v": 0.0} for b in range(2)]
    adjoint = torch.randn(2, 2, generator=source, dtype=torch.float64)

    def pulled(sample_of: list[dict[str, object]], b: int) -> float:
        _, outputs, _ = walk.step(cells, sample_of)
        return float((outputs[b]["y"] * adjoint[b]).sum())

    found = judged_pullback(walk.written, cells, samples, 0.5, "y", adjoint)
    assert set(found) == {"u"}
    for b in range(2):
        for i in range(2):
            apart = []
            for way in (1e-5, -1e-5):
                moved = [dict(sample) for sample in samples]
                moved[b]["u"] = samples[b]["u"] + way * torch.eye(2, dtype=torch.float64)[i]
                apart.append(pulled(moved, b))
            assert float(found["u"][b, i]) == pytest.approx((apart[0] - apart[1]) / 2e-5, rel=1e-7, abs=1e-8)


def test_a_certificate_judges_it_where_it_is_asked_to() -> None:
    compiler = hdsl.loads(TEXT.format(order="sequential")).compiler
    certificate = certify(compiler, points=1, pullback=True)
    (row,) = (row for row in certificate.rows if row.group == "pullback")
    assert certificate.ok and row.name == "adj:u" and row.error < 1e-12 and row.equation.startswith("ū = ")
    assert not [row for row in certify(compiler, points=1).rows if row.group == "pullback"]


@pytest.mark.parametrize("wrongly", ["made[0].neg()", "made[0][..., :1]"])
def test_a_wrong_one_is_found(wrongly: str) -> None:
    compiler = copy.copy(hdsl.loads(TEXT.format(order="sequential")).compiler)
    text = compiler.torch_with_pullback.replace("made[0].contiguous()", wrongly)
    compiler.__dict__["torch_with_pullback"] = text
    wrong = [row for row in certify(compiler, points=1, pullback=True).rows if not row.ok]
    assert [(row.group, row.name) for row in wrong] == [("pullback", "adj:u")]
