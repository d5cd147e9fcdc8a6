"""Values and pullbacks of these rows are judged in `tests/terms/test_row.py`; here against torch, and more."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn.functional import avg_pool2d, conv2d, max_pool2d

import hdsl
from hdsl.terms.structured import STRUCTURED
from hdsl.terms.term import Definition, Structured, size
from hdsl.terms.windows import WINDOWS, count, left_over, moves
from tests.terms.test_row import Making, drawn, spelt

N = size("n")
KERNELS = [
    (stride, pad, (height, width), kernel)
    for stride in (1, 2, 3)
    for pad in (0, 1, 2)
    for height, width in ((4, 4), (5, 7))
    for kernel in ((1, 1), (2, 3), (4, 4))
]
POOLS = [
    (window, stride, pad, (height, width))
    for window in (1, 2, 3)
    for stride in (1, 2, 3)
    for pad in range(window // 2 + 1)
    for height, width in ((3, 3), (5, 6))
]


@pytest.mark.parametrize("stride", [1, 2, 3])
@pytest.mark.parametrize("pad", [0, 1])
def test_windows_are_counted_as_polynomials_and_what_is_left_over_is_a_number(stride: int, pad: int) -> None:
    given = {"stride": stride, "pad": pad}
    counted, rest = count(6 * N + 5, 3, given), left_over(6 * N + 5, 3, given)
    for number in (1, 2, 7):
        way = 6 * number + 5 + 2 * pad - 3
        assert moves(6 * N + 5, 3, given).subs({N: number}) == way
        assert counted.subs({N: number}) == way // stride + 1
        assert rest == way % stride


def pulled(value: Tensor, leaves: list[Tensor], seed: Tensor) -> list[Any]:
    return [found.numpy() for found in torch.autograd.grad(value, leaves, seed)]


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
@pytest.mark.parametrize("streams", [1, 3])
@pytest.mark.parametrize("case", KERNELS, ids=str)
def test_a_convolution_and_both_derivatives_are_torchs(case: Any, streams: int, dtype: Any) -> None:
    stride, pad, image, window = case
    source = torch.Generator().manual_seed(0)
    x = torch.randn(streams, 2, *image, generator=source, dtype=torch.float64).requires_grad_()
    K = torch.randn(3, 2, *window, generator=source, dtype=torch.float64).requires_grad_()
    y = conv2d(x, K, stride=stride, padding=pad)
    seed = torch.randn(y.shape, generator=source, dtype=torch.float64)
    of_x, of_K = pulled(y, [x, K], seed)
    given = {"stride": stride, "pad": pad}
    rest = tuple(left_over(size_of, k, given) for size_of, k in zip(image, window, strict=True))
    shapes = tuple(x.shape[1:]), tuple(K.shape), tuple(y.shape[1:])
    values = [one.detach().numpy().astype(dtype) for one in (x, K, seed)]
    back = {**given, "rest": rest}
    close = (1e-5, 1e-5) if dtype == np.float32 else (1e-12, 1e-13)
    for backend in ("torch", "numpy"):
        made = [
            spelt(backend, ("conv2d", [shapes[0], shapes[1]], given), (True, False), True, values[:2], dtype),
            spelt(backend, ("conv2d_image", [shapes[2], shapes[1]], back), (True, False), True, values[:0:-1], dtype),
            spelt(backend, ("conv2d_kernel", [shapes[0], shapes[2]], back), (True, True), False, values[::2], dtype),
        ]
        for found, wanted in zip(made, (y.detach().numpy(), of_x, of_K / streams), strict=True):
            assert found.shape == wanted.shape
            assert np.allclose(found, wanted, *close)


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
@pytest.mark.parametrize("streams", [1, 3])
@pytest.mark.parametrize("case", POOLS, ids=str)
def test_pools_and_their_derivatives_are_torchs_at_ties_too(case: Any, streams: int, dtype: Any) -> None:
    window, stride, pad, image = case
    source = torch.Generator().manual_seed(0)
    given = {"size": window, "stride": stride, "pad": pad}
    rest = tuple(left_over(n, window, given) for n in image)
    for row, pool in (("avgpool2d", avg_pool2d), ("maxpool2d", max_pool2d)):
        # Whole numbers of which many are equal: a tie goes to the first.
        x = torch.randint(3, (streams, 2, *image), generator=source).double().requires_grad_()
        y = pool(x, window, stride, pad)
        seed = torch.randn(y.shape, generator=source, dtype=torch.float64)
        (of_x,) = pulled(y, [x], seed)
        x_, seed_ = x.detach().numpy().astype(dtype), seed.numpy().astype(dtype)
        shapes = [tuple(y.shape[1:]), tuple(x.shape[1:])]
        back = ("maxpool2d_image", shapes) if row == "maxpool2d" else ("avgpool2d_image", shapes[:1])
        operands = [seed_, x_][: len(back[1])]
        for backend in ("torch", "numpy"):
            value = spelt(backend, (row, shapes[1:], given), (True,), True, [x_], dtype)
            slope = spelt(backend, (*back, {**given, "rest": rest}), (True,) * len(operands), True, operands, dtype)
            close = 1e-5 if dtype == np.float32 else 1e-13
            assert np.allclose(value, y.detach(), atol=close)
            assert slope.shape == of_x.shape and np.allclose(slope, of_x, atol=close)


CROSSING = [("image", (False, True)), ("pulled", (True, False)), ("both", (True, True))]


@pytest.mark.parametrize(("who", "own"), CROSSING, ids=[who for who, _ in CROSSING])
def test_the_derivative_of_one_kernel_is_the_mean_of_those_of_the_streams(who: str, own: tuple[bool, bool]) -> None:
    case: Any = ("conv2d_kernel", [(2, 5, 6), (3, 2, 2)], {"stride": 2, "pad": 0, "rest": (1, 0)})
    draws = [list(drawn(case, seed).values()) for seed in range(3)]
    values = [np.stack([d[k] for d in draws]) if mine else draws[0][k] for k, mine in enumerate(own)]
    one = [[d[k] if mine else draws[0][k] for k, mine in enumerate(own)] for d in draws]
    wanted = sum(spelt("numpy", case, (False, False), False, pair, np.float64) for pair in one) / 3
    for backend in ("torch", "numpy"):
        assert np.allclose(spelt(backend, case, own, False, values, np.float64), wanted, atol=1e-14)


def test_every_pullback_is_made_of_rows_of_this_table() -> None:
    reached = {"conv2d", "avgpool2d", "maxpool2d"}
    sizes = {"a": (2, 6, 6), "b": (3, 2, 2, 2)}
    for _ in range(3):
        for name in sorted(reached):
            row = next(row for row in WINDOWS if row.name == name)
            given: dict[str, Any] = {"stride": 2, "pad": 0} | ({} if "conv" in name else {"size": 2})
            given |= {"rest": (0, 0)} if name.endswith(("image", "kernel")) else {}
            operands = {"conv2d": "ab", "conv2d_image": "yb", "conv2d_kernel": "ay", "maxpool2d_image": "ya"}.get(name, "a")
            operands = {"avgpool2d_image": "y", "maxpool2d_taken": "aa"}.get(name, operands)
            known = {**sizes, "y": (3 if "conv" in name else 2, 3, 3)}
            maker = Making({**known})
            value = row.sizes([known[letter] for letter in operands], given)
            row.pullback(Definition("v", Structured(name, tuple(operands), tuple(given.items())), value), "adj", maker)
            for made in maker.added:
                assert isinstance(made.body, Structured)
                assert made.sizes == STRUCTURED[made.body.row].sizes(
                    [(*value,) if o == "adj" else maker.sizes[o] for o in made.body.operands], dict(made.body.attributes)
                )
                reached.add(made.body.row)
    assert reached == {row.name for row in WINDOWS}


HALF = """input x[1, 4, 4]
input s
param K[1, 1, 2, 2] = ones
let y = sum(conv2d(x + 0*exp(s), K))
output o = y if s > 0 else 0
cost c = o^2
learn
    beta = 0
    eta = 1
"""


def test_behind_a_branch_each_stream_counts_once_in_the_mean_of_a_kernel() -> None:
    net = hdsl.loads(HALF).compile(dtype=torch.float64)(batch=2)
    x = torch.randn(2, 1, 4, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    K = torch.ones(1, 1, 2, 2, dtype=torch.float64, requires_grad=True)
    net.step(x=x, s=torch.tensor([1.0, -1.0], dtype=torch.float64))
    (wanted,) = torch.autograd.grad(conv2d(x[:1], K).sum() ** 2 / 2, K)
    torch.testing.assert_close(net.costate.K, wanted)


MADE = """input x[2, 4, 4]
input v[2]
param A[8, 2] = normal(0, 1)
param B[2, 4, 4] = normal(0, 1)
let K = reshape(A @ v, 1, 2, 2, 2)
output y = conv2d({image}, K)
cost c = squared(y)
learn
    beta = 0
    eta = 1
"""


@pytest.mark.parametrize("image", ["x", "B"])
def test_a_kernel_may_be_made_for_each_stream(image: str) -> None:
    net = hdsl.loads(MADE.format(image=image)).compile(dtype=torch.float64)(batch=3, seed=1)
    source = torch.Generator().manual_seed(0)
    x, v = (torch.randn(shape, dtype=torch.float64, generator=source) for shape in ((3, 2, 4, 4), (3, 2)))
    net.step(x=x, v=v)
    A, B = (p.detach().clone().requires_grad_() for p in (net.A, net.B))
    total = sum(
        (conv2d({"x": x[k], "B": B}[image], (A @ v[k]).reshape(1, 2, 2, 2)) ** 2).sum() for k in range(3)
    )
    of_A, of_B = torch.autograd.grad(total / 3, (A, B), allow_unused=True, materialize_grads=True)
    torch.testing.assert_close(net.costate.A, of_A)
    torch.testing.assert_close(net.costate.B, of_B)
