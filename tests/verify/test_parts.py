"""The judge's subscripts, calls that move entries, and named indices, against torch written by hand."""

from __future__ import annotations

import pytest
import torch

from hdsl.model.scope import ARRANGING, SLIDING
from hdsl.syntax.parse import parse
from hdsl.syntax.source import Source
from hdsl.verify.evaluate import evaluate
from hdsl.verify.parts import MOVING, ByIndex

F64 = torch.float64
x, w = torch.arange(4.0, dtype=F64), torch.arange(3.0, dtype=F64)
A, B = torch.arange(12.0, dtype=F64).reshape(4, 3), torch.arange(16.0, dtype=F64).reshape(4, 4)
KNOWN = {"x": x, "w": w, "A": A, "B": B, "k": torch.tensor(2), "index(k)": torch.tensor(4.0), "n": torch.tensor(4.0, dtype=F64)}
CASES = {
    "x[0]": x[0],
    "x[::-2]": torch.tensor([3.0, 1.0], dtype=F64),
    "x[1:n - 1]": x[1:3],
    "x[:, None]": x[:, None],
    "A[1:, -1]": A[1:, -1],
    "A[k]": A[2],
    "concat(x, w)": torch.cat((x, w)),
    "concat(A, B, axis=1)": torch.cat((A, B), 1),
    "stack(x, x, axis=-1)": torch.stack((x, x), -1),
    "reshape(A, 2, n + 2)": A.reshape(2, 6),
    "reshape(A, [12])": A.reshape(12),
    "permute(A, 1, 0)": A.T,
    "outer(x, w)": x[:, None] * w,
    "diag(x)": torch.diag(x),
    "diag(B)": B.diagonal(),
    "eye(n, 3)": torch.eye(4, 3, dtype=F64),
    "embed(A, k)": A[2],
    "one_hot(k)": torch.tensor([0.0, 0, 1, 0], dtype=F64),
    "conv2d(B[None], stack(A[:2])[:, None], stride=2, pad=(n - 2)/2)": torch.tensor(
        [
            [
                [A[1, 1:] @ B[0, :2], A[1] @ B[0, 1:]],
                [A[0, 1:] @ B[1, :2] + A[1, 1:] @ B[2, :2], A[0] @ B[1, 1:] + A[1] @ B[2, 1:]],
                [A[0, 1:] @ B[3, :2], A[0] @ B[3, 1:]],
            ]
        ],
        dtype=F64,
    ),
    "avgpool2d(B[None], 2)": torch.tensor([[[2.5, 4.5], [10.5, 12.5]]], dtype=F64),
    "maxpool2d(B[None], 2, stride=1)": B[None, 1:, 1:],
    "maxpool2d(-B[None], 2, pad=1)": torch.tensor([[[0.0, -1, -3], [-4, -5, -7], [-12, -13, -15]]], dtype=F64),
    "sum[i, j](A[i, j]*x[i]*w[j])": x @ A @ w,
    "norm2(A, 1)": (A * A).sum(1).sqrt(),
}


@pytest.mark.parametrize("text", CASES)
def test_values_are_those_of_torch(text):
    found = evaluate(parse(Source(f"let y = {text}"))[0].statements[0].value, KNOWN.__getitem__)
    assert found.shape == CASES[text].shape
    torch.testing.assert_close(found, CASES[text], rtol=0, atol=1e-14)


def test_entries_are_laid_out_in_the_order_of_the_indices():
    value = parse(Source("let y[i, j] = A[j, i] + x[j]*w[0]"))[0].statements[0].value
    found = evaluate(ByIndex(("i", "j"), value), KNOWN.__getitem__)
    torch.testing.assert_close(found, A.T + x * w[0], rtol=0, atol=1e-14)


def test_every_call_that_moves_entries_is_known():
    assert MOVING.keys() == {*ARRANGING, *SLIDING}


def test_the_norm_has_slope_0_at_0():
    leaf = torch.zeros(3, dtype=F64, requires_grad=True)
    evaluate(parse(Source("let y = norm2(z)"))[0].statements[0].value, {"z": leaf}.__getitem__).backward()
    assert torch.equal(leaf.grad, torch.zeros(3, dtype=F64))
