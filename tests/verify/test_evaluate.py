"""Each operation of the language, in the judge's reading of it: values from formulas, derivatives from differences."""

import math

import pytest
import torch

from hdsl.syntax.parse import parse
from hdsl.syntax.source import Source
from hdsl.syntax.tree import Define
from hdsl.verify.derivatives import finite_difference
from hdsl.verify.evaluate import ARITHMETIC, MORE_ARGUMENTS, ONE_ARGUMENT, WITH_AXIS, evaluate, literal

F64 = torch.float64


def tree(expression):
    text, diagnostics = parse(Source(f"let it = {expression}\n"))
    assert not diagnostics
    (statement,) = (s for s in text.statements if isinstance(s, Define))
    return statement.value


def value(expression, **names):
    known = {
        name: given if isinstance(given, torch.Tensor) else torch.tensor(given, dtype=F64)
        for name, given in names.items()
    }
    return evaluate(tree(expression), known.__getitem__)


def derivative(expression, **names):
    """d(expression)/dx at the scalar x."""
    x = torch.tensor(names.pop("x"), dtype=F64, requires_grad=True)
    (slope,) = torch.autograd.grad(value(expression, x=x, **names), x)
    return slope.item()


def close(actual, expected, tolerance=1e-14):
    expected = torch.tensor(expected, dtype=F64)
    assert actual.shape == expected.shape
    torch.testing.assert_close(actual, expected, rtol=tolerance, atol=tolerance)


# What each function is, from Python's own mathematics.
MEANINGS = {
    "tanh": math.tanh,
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)),
    "relu": lambda x: max(x, 0.0),
    "gelu": lambda x: x * (1 + math.erf(x / math.sqrt(2))) / 2,
    "silu": lambda x: x / (1 + math.exp(-x)),
    "softplus": lambda x: math.log(1 + math.exp(x)),
    "exp": math.exp,
    "log": math.log,
    "sqrt": math.sqrt,
    "sin": math.sin,
    "cos": math.cos,
    "abs": abs,
    "sign": lambda x: math.copysign(1.0, x),
    "erf": math.erf,
    "squared": lambda x: x * x,
}


def test_every_function_of_one_argument_has_a_meaning_here():
    assert MEANINGS.keys() == ONE_ARGUMENT.keys()


@pytest.mark.parametrize("function", MEANINGS)
@pytest.mark.parametrize("x", [0.3, 1.7, -0.8])
def test_function_of_one_argument(function, x):
    if x < 0 and function in ("log", "sqrt"):
        x = -x
    close(value(f"{function}(x)", x=x), MEANINGS[function](x))


@pytest.mark.parametrize("function", MEANINGS)
def test_derivative_of_a_function_of_one_argument(function):
    for x in (0.3, 1.7):
        by_difference = (MEANINGS[function](x + 1e-5) - MEANINGS[function](x - 1e-5)) / 2e-5
        assert derivative(f"{function}(x)", x=x) == pytest.approx(by_difference, rel=1e-8, abs=1e-8)


# Where a derivative does not exist, torch's choice is the language's.
@pytest.mark.parametrize(
    ("expression", "x", "slope"),
    [
        ("relu(x)", 0.0, 0.0),
        ("abs(x)", 0.0, 0.0),
        ("sign(x)", 0.0, 0.0),
        ("clip(x, -1, 1)", 1.0, 1.0),
        ("clip(x, -1, 1)", 1.5, 0.0),
        ("min(x, 2)", 2.0, 0.5),
        ("max(x, 2)", 2.0, 0.5),
        ("x^0", 0.0, 0.0),
        ("x^1", 0.0, 1.0),
        ("x^2", 0.0, 0.0),
        ("x^2", -3.0, -6.0),
        ("x^-1", -2.0, -0.25),
        ("softplus(x)", 800.0, 1.0),
        ("softplus(x)", -800.0, 0.0),
        ("sigmoid(x)", -800.0, 0.0),
    ],
)
def test_derivative_at_kinks_and_far_out(expression, x, slope):
    assert derivative(expression, x=x) == slope


def test_square_root_is_infinitely_steep_at_zero():
    assert derivative("sqrt(x)", x=0.0) == math.inf


def test_softplus_has_no_threshold():
    # At 30 torch's own softplus returns 30.0; log(1 + exp(30)) is 30 + log(1 + exp(-30)).
    assert value("softplus(x) - x", x=25.0).item() == pytest.approx(math.log1p(math.exp(-25)), rel=1e-3)


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("1/2 + 3*4 - 2", 10.5),
        ("0.1 + 0.2", 0.1 + 0.2),
        ("-x^2", -9.0),
        ("2^x", 8.0),
        ("x^(1/2)", math.sqrt(3.0)),
        ("min(x, 4)", 3.0),
        ("max(x, 4)", 4.0),
        ("clip(x, 4, 5)", 4.0),
        ("sum(x)", 3.0),
    ],
)
def test_scalars(expression, expected):
    close(value(expression, x=3.0), expected)


A, B = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], [[1.0, -1.0], [0.5, 2.0], [3.0, 0.0]]
P, Q = [1.0, 2.0, 4.0], [2.0, 0.5, -1.0]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("A @ p", [17.0, 38.0]),
        ("q @ B", [-0.75, -1.0]),
        ("p @ q", -1.0),
        ("A @ B", [[11.0, 3.0], [24.5, 6.0]]),
        ("A.T", [[1.0, 4.0], [2.0, 5.0], [3.0, 6.0]]),
        ("(A @ B).T", [[11.0, 24.5], [3.0, 6.0]]),
        ("p.T", P),
        ("A * p", [[1.0, 4.0, 12.0], [4.0, 10.0, 24.0]]),
        ("A + [[10], [20]]", [[11.0, 12.0, 13.0], [24.0, 25.0, 26.0]]),
        ("p + [100]", [101.0, 102.0, 104.0]),
        ("2*p - 1", [1.0, 3.0, 7.0]),
        ("sum(A)", 21.0),
        ("sum(A, 0)", [5.0, 7.0, 9.0]),
        ("sum(A, axis=1)", [6.0, 15.0]),
        ("sum(A, -1)", [6.0, 15.0]),
        ("mean(A)", 3.5),
        ("mean(A, axis=0)", [2.5, 3.5, 4.5]),
        ("dot(p, q)", -1.0),
        ("dot(A, A)", 91.0),
        ("squared(A)", 91.0),
        ("softmax(log(p))", [1 / 7, 2 / 7, 4 / 7]),
        ("softmax(log(A))", [[1 / 6, 2 / 6, 3 / 6], [4 / 15, 5 / 15, 6 / 15]]),
        ("softmax(log(A), axis=0)", [[1 / 5, 2 / 7, 3 / 9], [4 / 5, 5 / 7, 6 / 9]]),
        ("logsumexp(log(p))", math.log(7.0)),
        ("logsumexp(log(A))", [math.log(6.0), math.log(15.0)]),
        ("logsumexp(log(A), 0)", [math.log(5.0), math.log(7.0), math.log(9.0)]),
        ("min(p, q)", [1.0, 0.5, -1.0]),
        ("max(p, 2)", [2.0, 2.0, 4.0]),
        ("clip(q, -0.5, 1)", [1.0, 0.5, -0.5]),
        ("cross_entropy(log(p), [0.5, 0.5, 0])", math.log(7.0) - math.log(2.0) / 2),
    ],
)
def test_tensors(expression, expected):
    close(value(expression, A=A, B=B, p=P, q=Q), expected)


def test_cross_entropy_with_an_index():
    close(value("cross_entropy(log(p), c)", p=P, c=torch.tensor(2)), math.log(7.0) - math.log(4.0))


def test_an_index_is_not_a_number():
    with pytest.raises(ValueError, match="index c"):
        value("c + 1", c=torch.tensor(2))


@pytest.mark.parametrize(
    "expression", ["sum(p, axis=0.5)", "sum(p, 0, axis=0)", "sum(p, q)", "dot(p, q, axis=0)", "nosuch(p)"]
)
def test_what_is_not_in_the_language(expression):
    with pytest.raises(ValueError):
        value(expression, p=P, q=Q)


@pytest.mark.parametrize(
    ("expression", "exact"), [("3", "3"), ("-1/4", "-1/4"), ("0.1", "1/10"), ("1/0", None), ("x", None), ("1+1", None)]
)
def test_numbers_of_digits_alone(expression, exact):
    found = literal(tree(expression))
    assert (None if found is None else str(found)) == exact


# One expression for each row of the tables, by a matrix x[2, 3]; each reduced to a scalar with uneven weights.
SLOPES = [
    *(f"{name}(x)" for name in ONE_ARGUMENT if name != "squared"),
    "squared(x) * x",
    "min(x, K)",
    "max(K, x)",
    "clip(x, 0.5, 1.2)",
    "clip(K, x, x + 1)",
    "dot(x, K) * x",
    "sum(x, 0) * x",
    "mean(x, axis=1) @ x",
    "softmax(x)",
    "softmax(x, 0)",
    "norm2(x) * x",
    "norm2(x, 0) * x",
    "logsumexp(x, 0) * x",
    "cross_entropy(x, K) * x",
    "x + K",
    "K - x",
    "x * x",
    "K / x",
    "x @ K.T @ x",
    "x^3",
    "x^-2",
    "x^0.7",
    "K^x",
    "x^x",
    "(x.T @ x)^2",
    "-x / [[1], [2]]",
]


def test_each_row_of_the_tables_is_differentiated_below():
    written = " ".join(SLOPES)
    for name in (*ONE_ARGUMENT, *MORE_ARGUMENTS, *WITH_AXIS, "cross_entropy"):
        assert f"{name}(" in written
    for operator in (*ARITHMETIC, "^"):
        assert f" {operator} " in written or f"x{operator}" in written


@pytest.mark.parametrize("expression", SLOPES)
def test_autograd_against_differences(expression):
    generator = torch.Generator().manual_seed(5)
    x, K, along = (0.3 + 1.5 * torch.rand(2, 3, dtype=F64, generator=generator) for _ in range(3))
    weights = torch.rand(value(expression, x=x, K=K).shape, dtype=F64, generator=generator)

    def scalar(at):
        return (weights * value(expression, x=at, K=K)).sum()

    leaf = x.clone().requires_grad_()
    total = scalar(leaf)
    (slope,) = torch.autograd.grad(total, leaf)
    by_difference = finite_difference(scalar, x, along)
    assert (slope * along).sum().item() == pytest.approx(by_difference.item(), rel=2e-8, abs=1e-9)
