"""Products with the sample of the next step: which are made ahead, and that no bit tells where a run was cut."""

from __future__ import annotations

import pytest
import torch

import hdsl
from hdsl.emit.native_module import emit_native
from hdsl.runtime.native_build import find_compiler
from tests.proofs.native_runs import plain_builds

TEXT = """ham 1
dim n = 300, m = 8, d = 1
input u[m]
target v[d]
state h[n] = 0
param B[n, m] = normal(0, 1)
param C[d, n] = normal(0, 1)
h' = -h + {product}
output y = C @ h
cost fit = 1/2 * squared(y - v)
{more}
learn
    order = {order}
    eta = 1
    beta = 0.0001
"""


def text_of(product: str = "tanh(B @ u)", order: str = "sequential", more: str = "") -> str:
    return TEXT.format(product=product, order=order, more=more)


def learn(text: str, batch: int = 1) -> str:
    made = emit_native(hdsl.loads(text).product("program"), "0", {"n": 300, "m": 8, "d": 1}, batch, "float").text
    return made[made.index("SEEN void learn") : made.index("SEEN void observe")]


def test_a_product_by_a_sample_is_made_where_its_matrix_has_moved() -> None:
    body = learn(text_of())
    assert body.index("step + 1 < r->steps") > body.index("w_B")
    assert "(u_ + 8)" in body


def test_what_projections_change_or_many_streams_read_is_not_made_ahead() -> None:
    assert "(u_ + 8)" not in learn(text_of(more="project B = B / (1 + sum(abs(B))) every 2"))
    assert "(u_ + 8)" not in learn(text_of(), batch=2)
    assert "(u_ + 8)" not in learn(text_of(order="semi-implicit"))


@pytest.mark.skipif(find_compiler() is None, reason="no C compiler is at hand")
def test_a_run_that_is_cut_gives_the_same_bits_and_what_torch_gives() -> None:
    stream = {"u": torch.randn(9, 1, 8, dtype=torch.float64), "v": torch.randn(9, 1, 1, dtype=torch.float64)}
    model = hdsl.loads(text_of())
    with plain_builds():
        nets = [model.compile(dtype=torch.float64, backend=kind)(batch=1, seed=2) for kind in ("native", "native", "torch")]
        nets[0].run(stream)
        for part in (slice(0, 4), slice(4, 5), slice(5, 9)):
            nets[1].run({name: value[part] for name, value in stream.items()})
        nets[2].run(stream)
    whole, cut, torch_made = (net.state_dict() for net in nets)
    assert all(torch.equal(whole[name], cut[name]) for name in whole)
    assert all(torch.allclose(whole[name], torch_made[name], rtol=1e-12, atol=1e-14) for name in whole)
