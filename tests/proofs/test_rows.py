"""Every function of the language through the whole pipe, at its kinks and far out, against torch.autograd of the walk.

`tests/terms` judges the rows of the tables by themselves; here the generated step is judged that they become.
"""

from __future__ import annotations

import math
from functools import cache

import pytest
import torch
from torch import Tensor

import hdsl
from hdsl.model.scope import FUNCTIONS, HOLDING
from hdsl.syntax.parse import parse
from hdsl.syntax.source import Source
from hdsl.terms.elementwise import ROWS, WRITABLE
from hdsl.terms.structured import STRUCTURED
from hdsl.verify import evaluate as judge
from hdsl.verify.parts import MOVING
from hdsl.verify.walk import Walk

# Functions that the checker composes: of contractions, of structured rows, or of both.
COMPOSED = {"sum", "mean", "dot", "norm2", "squared", "cross_entropy", "permute", "outer"}

# Functions of an index of the stream, which has no derivative: the drawn models and tests/emit/test_taken_in.py judge them.
OF_INDICES = {"embed", "one_hot"}

REAL = (-800.0, -30.0, -1.5, -1.0, -0.5, -1e-30, 0.0, 1e-30, 0.5, 1.0, 1.5, 30.0, 800.0)
POSITIVE = tuple(x for x in REAL if x > 0)

# Formulas at p with what they stand for; of more arguments at every pair of p with values that it meets and passes.
FORMULAS: dict[str, tuple[str, tuple[float, ...]]] = {
    name: (f"{name}(p)", POSITIVE if ROWS[name].domain == "positive" else REAL)
    for name in WRITABLE
    if ROWS[name].arity == 1
}
FORMULAS |= {
    "min": ("min(p, q) + min(q, 0.5)", REAL),
    "max": ("max(p, q) + max(-1, q)", REAL),
    "clip": ("clip(p, -1, 0.5) + clip(0.25*q, -q, q) + clip(0.3, p, q)", REAL),
    "power": ("p^2 + p^3 + p^1", tuple(x for x in REAL if abs(x) < 100)),
    "power positive": ("p^q + p^-0.5 + 2^(0.01*p) + p^0.5", tuple(x for x in POSITIVE if 1e-3 < x < 100)),
    "power at zero": ("p^2 + p^1.5", (0.0, 0.5)),
    "conditional": ("(p*p if p > 0.5 else sin(p)) + (q if 0 >= p else p*q) + (p if q else 2*p)", REAL),
    "comparison": ("p*(p < 0.5) + q*(p <= 0) + p*(q > p) + p*(p >= 1) + q*(p == 0.5) + p*(p != q)", REAL),
    "softmax": ("softmax(p)", REAL),
    "softmax of large": ("softmax(p, axis=0)", (800.0, 800.0, -800.0)),
    "logsumexp": ("logsumexp(p) + 0*p", REAL),
    "sum": ("sum(p)*p", (0.5, 0.0, -2.0)),
    "mean": ("mean(p)*p", (0.5, 0.0, -2.0)),
    "dot": ("dot(p, p*p) + p", (0.5, 0.0, -2.0)),
    "norm2": ("norm2(p)*w + norm2(0*p)", (0.5, 0.0, -2.0)),
    "norm2 at zero": ("norm2(p) + w", (0.0, 0.0, 0.0)),
    "concat": ("concat(p[1:], q[:1]^2)*concat(q, p)[2:n + 2]", (0.5, 0.0, -2.0)),
    "stack": ("stack(p, q^2)[1]*stack(p, 2*q, axis=1)[:, 0]", (0.5, 0.0, -2.0)),
    "reshape": ("reshape(reshape(p, n, 1)*q, n*n)[0:n] + reshape(p, [1, n])[0]", (0.5, 0.0, -2.0)),
    "permute": ("permute(p[:, None]*q[None], 1, 0)[0]*p", (0.5, 0.0, -2.0)),
    "outer": ("outer(p, q) @ p + diag(outer(q, q))", (0.5, 0.0, -2.0)),
    "inv": ("inv(outer(q, q) + diag(1 + p*p)) @ p + q", (0.5, 0.0, -2.0)),
    "solve": ("solve(outer(p, p) + diag(1 + q*q), q) + solve(outer(q, q) + diag(1 + p*p), outer(p, q)) @ q", (0.5, 0.0, -2.0)),
    "expm": ("expm(outer(p, q) + diag(q)) @ p", (0.5, 0.0, -2.0)),
    "conv2d": (
        "conv2d(p[None, None], reshape(stack(q[0], p[1], q[2]), 1, 1, 1, 3), pad=1)[0, 1]"
        " + sum(conv2d(outer(p, q)[None], stack(q, p)[None, None], pad=1))*p",
        (0.5, 0.0, -2.0),
    ),
    "avgpool2d": (
        "avgpool2d(p[None, None], 3, stride=1, pad=1)[0, 0] + mean(avgpool2d(outer(p, q)[None], 2, stride=1))*q",
        (0.5, 0.0, -2.0),
    ),
    "maxpool2d": (
        "maxpool2d(p[None, None], 3, stride=1, pad=1)[0, 0] + sum(maxpool2d(outer(p, q)[None], 2, stride=1))*w"
        " + maxpool2d(0*p[None, None], 3, stride=1, pad=1)[0, 0]*q",
        (0.5, 0.5, 0.0, -2.0, -2.0, 0.5),
    ),
    "diag": ("diag(p) @ q + diag(diag(p)*2)", (0.5, 0.0, -2.0)),
    "eye": ("sum(eye(n)*outer(p, q), 0) + diag(eye(n))*p", (0.5, 0.0, -2.0)),
    "slices": ("p[::-1]*p[0] + q[-1]*p", (0.5, 0.0, -2.0)),
    "squared": ("squared(p) + p", (0.5, 0.0, -2.0)),
    "cross_entropy": ("cross_entropy(p, softmax(q)) + p", (0.5, 0.0, -2.0, 800.0)),
}


def text_of(key: str) -> str:
    formula, values = FORMULAS[key]
    return (
        f"dim n = {len(values)}\nparam p[n] = {list(values)}\nparam q[n] = {list(values[::-1])}\n"
        f"const w[n] = {[round(0.7 - 0.3 * k, 3) for k in range(len(values))]}\noutput y = {formula}\n"
        f"cost c = dot(w, {formula})\nlearn\n    eta = 0\n    beta = 0\n"
    )


@cache
def model_of(key: str) -> hdsl.api.Model:
    return hdsl.loads(text_of(key))


def by_autograd(key: str, dtype: torch.dtype) -> tuple[Tensor, Tensor, Tensor]:
    """The formula and the derivatives of the cost by p and q: torch's own, of the written text."""
    written = parse(Source(text_of(key)))[0]
    values = FORMULAS[key][1]
    p, q = (torch.tensor(v, dtype=dtype, requires_grad=True) for v in (values, values[::-1]))
    known = Walk(written).written.constants() | {"p": p, "q": q}
    known = {name: value if name in ("p", "q") else value.to(dtype) for name, value in known.items()}
    defined = Walk(written).written.defined
    y = judge.evaluate(defined["y"], known.__getitem__)
    cost = judge.evaluate(defined["c"], known.__getitem__)
    of_p, of_q = torch.autograd.grad(cost, (p, q), allow_unused=True, materialize_grads=True)
    return y.detach(), of_p, of_q


@pytest.mark.parametrize("key", FORMULAS)
def test_value_and_derivative_are_torchs_at_kinks_and_far_out(key: str) -> None:
    net = model_of(key).compile(dtype=torch.float64)()
    y, _ = net.step()
    wanted, of_p, of_q = by_autograd(key, torch.float64)
    torch.testing.assert_close(y.squeeze(0) if y.dim() > wanted.dim() else y, wanted, rtol=1e-12, atol=1e-290)
    finite = torch.isfinite(of_p) & torch.isfinite(of_q)
    torch.testing.assert_close(net.costate.p[finite], of_p[finite], rtol=1e-12, atol=1e-14)
    torch.testing.assert_close(net.costate.q[finite], of_q[finite], rtol=1e-12, atol=1e-14)
    assert finite.sum() > len(finite) // 2


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=["float32", "float64"])
@pytest.mark.parametrize("key", FORMULAS)
def test_nothing_is_nan_where_torch_has_none(key: str, dtype: torch.dtype) -> None:
    net = model_of(key).compile(dtype=dtype)()
    net.step()
    # The judge reads lists as doubles, which torch does not solve together with floats.
    _, of_p, of_q = by_autograd(key, torch.float64 if key in ("inv", "solve", "expm") else dtype)
    for found, wanted in ((net.costate.p, of_p), (net.costate.q, of_q)):
        assert not (torch.isnan(found) & ~torch.isnan(wanted)).any(), f"{found}\n{wanted}"


def test_every_function_that_the_checker_accepts_has_a_row_or_is_composed_and_stands_here() -> None:
    assert set(WRITABLE) | set(STRUCTURED) & FUNCTIONS | COMPOSED == FUNCTIONS - set(HOLDING)
    assert not COMPOSED & (ROWS.keys() | STRUCTURED.keys())
    assert FUNCTIONS - OF_INDICES - set(HOLDING) | {"power"} <= FORMULAS.keys()


def test_the_judge_knows_every_function_of_the_language() -> None:
    known = {*judge.ONE_ARGUMENT, *judge.MORE_ARGUMENTS, *judge.WITH_AXIS, *MOVING, "cross_entropy"}
    assert known == FUNCTIONS - set(HOLDING)  # the judge is given instances written out


def test_softplus_bends_where_it_should() -> None:
    # log(1 + e^-800) is 0 and of 800 is 800: nothing overflows on the way.
    y, _ = model_of("softplus").compile(dtype=torch.float64)().step()
    assert y.flatten()[0] == 0 and y.flatten()[-1] == 800
    assert math.isclose(float(y.flatten()[REAL.index(0.0)]), math.log(2), rel_tol=1e-15)
