"""Lines that are taken into others, and what must outlive what: views of cells, products and rows that wait."""

from __future__ import annotations

import pytest
import torch

import hdsl
from hdsl.optimise.program import read_through
from tests.proofs.streams import distance
from tests.proofs.test_random_models import against_numpy, against_the_judge, cases, run_against_the_judge

HEAD = "dim n = 4, m = 3\ninput u[m]\ninput k : index(m)\ntarget v[n]\nstate h[n] = 0.1\nparam W[n, n] = normal(0, 1)\n"
HEAD += "param U[n, m] = normal(0, 1)\nparam E[m, n] = normal(0, 1)\n"
TAIL = "cost fit = squared(y - v)\nlearn\n    order = {order}\n    tau = 0.3\n    eta = {eta}\n    beta = 0.1\n"
MODELS = {
    "a view of a state that moves": "let p = h[1:]\nh' = -h + concat(p, p[0:1]) + U @ u\noutput y = h*sum(p)\n",
    "a view that is returned": "next h = tanh(W @ h + U @ u)\noutput part = h[0:2]\noutput y = h\n",
    "a shift register": "next h = concat([0], h[:-1]) + U @ u\noutput y = W @ h\n",
    "a view of a parameter": "let r = W[0]\nlet d = diag(W)\nh' = -h + r*d + W @ h + U @ u\noutput y = h + r\n",
    "a view of what is done in place": "let a = W @ h + U @ u\nlet p = a[0:2]\nnext h = tanh(a)\noutput y = h*sum(p)\n",
    "a product that waits": "let a = W @ h\nlet s = tanh(a)\nnext h = s + W @ a + U @ u\noutput y = s + W @ a\n",
    "two views of one": "let M = reshape(W, n*n)\nlet q = M[0:n] + M[n:2*n]\nh' = -h + q + U @ u\noutput y = h + q\n",
    "rows of a table": "h' = -h + embed(E, k) + U @ u\noutput y = h + E[k]\n",
    "a table used whole and by rows": "h' = -h + E.T @ u + embed(E, k)\noutput y = h + embed(tanh(E), k)\n",
    "a new value that is read besides": (
        "let p = diag(W @ W + W.T @ W) @ W\nlet a = delay(p, 2) - p\nh' = -h + a + U @ u\noutput y = h*sum(a)\n"
    ),
    "scalars as pieces": (
        "const a = 0.5\nh' = -h + reshape(a, 1)*stack(h[0], a)[0] + stack(a, 1) @ stack(a*h[0], h[1]) + U @ u\n"
        "output y = h*reshape(a, 1)\n"
    ),
}


@pytest.mark.parametrize("order", ["sequential", "simultaneous", "semi-implicit"])
@pytest.mark.parametrize("name", MODELS)
def test_the_module_agrees_with_the_judge_and_the_plain_reference_over_several_steps(name: str, order: str) -> None:
    model = hdsl.loads(HEAD + MODELS[name] + TAIL.format(order=order, eta=0.5))
    for case in cases(model, 1):
        for compare in (against_the_judge, run_against_the_judge, against_numpy):
            for what, here, there in compare(case):
                assert distance(here, there) <= 1e-12, f"{compare.__name__}, {what}"


@pytest.mark.parametrize("name", MODELS)
def test_what_is_returned_is_the_callers_to_keep(name: str) -> None:
    net = hdsl.loads(HEAD + MODELS[name] + TAIL.format(order="simultaneous", eta=0.5)).compile()(batch=3)
    chosen = {"u": torch.ones(3, 3), "k": torch.tensor([0, 2, 1])}
    returned = []
    for _ in range(3):
        first, _ = net.step(*(chosen[name] for name in net.inputs), torch.zeros(3, 4))
        returned.append((first, first.clone()))
    assert all(torch.equal(kept, then) for kept, then in returned)


def body(text: str, eta: str = "0") -> str:
    model = hdsl.loads(HEAD + text + TAIL.format(order="sequential", eta=eta))
    source: str = model.product("torch")
    return source.partition("def _learn(")[2].partition("def _observe(")[0]


def test_the_rows_of_a_table_are_added_in_place_and_no_table_of_zeros_is_made() -> None:
    text = body("h' = -h + embed(E, k) + U @ u\noutput y = h\n")
    (line,) = [line for line in text.splitlines() if "index_add_" in line and "=" in line]
    assert line.strip().startswith("w_E.mul_(1 - eta * tau).index_add_(0, k, ")
    assert "zeros" not in text


def test_slices_and_diagonals_are_views() -> None:
    text = body("let p = u[1:3]\nh' = -h + diag(W) + U @ u\noutput y = h*sum(p)\n")
    assert "p = u[..., 1:3]  " in text
    assert "torch.diagonal(W, 0, -2, -1)" in text


def test_a_line_reads_what_its_views_are_views_of() -> None:
    text = "let p = h[1:]\nlet q = p[1:]\nh' = -h + sum(q) + U @ u\noutput y = h\n"
    model = hdsl.loads(HEAD + text + TAIL.format(order="simultaneous", eta=1))
    reads = read_through(model.product("program").learn.lines)
    assert set(reads["q"]) == {"p", "h"}


def test_a_fake_device_and_another_default_dtype_see_nothing_made_elsewhere() -> None:
    from torch._subclasses.fake_tensor import FakeTensorMode

    text = "let p = concat([0.5], h[1:], stack(h[0], 1))\nlet q = E[k] + one_hot(k)[0] + diag(eye(n) @ diag(p[0:n]))\n"
    text += "h' = -h + q*norm2(h) + reshape(outer(h, h), n*n)[0:n] + h[::-1] + U @ u\noutput y = h + W[:, 0]\n"
    model = hdsl.loads(HEAD + text + TAIL.format(order="sequential", eta=1))
    torch.set_default_dtype(torch.float64)
    try:
        with FakeTensorMode():
            net = model.compile(dtype=torch.float32, device="lazy")(batch=3)
            sample = torch.zeros(3, 3, device="lazy", dtype=torch.float32), torch.zeros(3, dtype=torch.int64, device="lazy")
            y, _ = net.step(*sample, torch.zeros(3, 4, device="lazy", dtype=torch.float32))
    finally:
        torch.set_default_dtype(torch.float32)
    assert y.device.type == "lazy" and y.dtype == torch.float32
