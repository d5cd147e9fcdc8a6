"""Every row of the elementwise table against sympy's own function, finite numbers far out, and torch at the kinks."""

from __future__ import annotations

import math

import numpy as np
import pytest
import sympy
import torch

from hdsl.emit import numpy_module, torch_functions
from hdsl.emit.expression import Printer
from hdsl.terms.elementwise import CONDITIONALS, ROWS, WRITABLE, Row

WRITTEN = [ROWS[name] for name in (*WRITABLE, "power", *CONDITIONALS)]
DERIVED = [row for row in ROWS.values() if row.plain is None]
POINTS = {
    "real": (-2.3, -0.4, 0.7, 1.9),
    "positive": (0.2, 0.7, 1.9, 5.0),
}
OTHERS = (0.45, 1.3, -0.6)  # the second argument and those that follow


REFERENCE: dict[str, object] = {}
exec("import math\n" + numpy_module.HEADER.partition("import math")[2], REFERENCE)  # its softmax, erf and the like
exec("".join(numpy_module.FUNCTIONS.values()), REFERENCE)
OF_TORCH: dict[str, object] = {"torch": torch, "math": math, "dtype": torch.float64}
exec("".join(torch_functions.FUNCTIONS.values()), OF_TORCH)


def spelt(template: str, *values: float, using: str) -> np.ndarray:
    """The value of a row's own spelling, in torch or numpy."""
    names = ["x", "y", "z", "w"][: len(values)]
    if using == "torch":
        given = {n: torch.tensor([v], dtype=torch.float64) for n, v in zip(names, values, strict=True)}
        return eval(template.format(*names), {**OF_TORCH, **given}).numpy()
    given = {n: np.array([v]) for n, v in zip(names, values, strict=True)}
    return np.asarray(eval(template.format(*names), {**REFERENCE, "dtype": np.float64, **given}))


def points(row: Row) -> list[tuple[float, ...]]:
    return [(x, *OTHERS[: row.arity - 1]) for x in POINTS[row.domain]]


@pytest.mark.parametrize("row", WRITTEN, ids=lambda row: row.name)
def test_each_derivative_is_that_of_sympys_own_function(row):
    arguments = sympy.symbols("x y z w", real=True)[: row.arity]
    for values in points(row):
        at = {a: sympy.Float(v, 30) for a, v in zip(arguments, values, strict=True)}
        for position in range(1, row.arity + 1):
            slope = row.function(*arguments).fdiff(position)
            expected = _plain(row.plain(*arguments)).diff(arguments[position - 1]).subs(at).doit()
            expected = expected.replace(sympy.Heaviside, lambda x, *_: sympy.Integer(1 if x > 0 else 0))
            assert float(_evaluated(slope, at)) == pytest.approx(float(expected.evalf(20)), rel=1e-12, abs=1e-14)


def _plain(expression):
    return expression.replace(sympy.sign, lambda x: sympy.Piecewise((1, x > 0), (-1, x < 0), (0, True)))


def _evaluated(expression, at):
    """A derivative with every row put into sympy's terms."""
    derived = {
        "positive": lambda x: sympy.Integer(1 if x > 0 else 0),
        "less": lambda x, y: sympy.Integer(1 if x < y else 0),
        "inside": lambda x, low, high: sympy.Integer(1 if low <= x <= high else 0),
        "clipped_low": lambda x, low, high: sympy.Integer(1 if x < low < high else 0),
        "clipped_high": lambda x, low, high: sympy.Integer(1 if x > high or low > high else 0),
        "power_slope": lambda x, y: y * x ** (y - 1),
        "power_log": lambda x, y: x**y * sympy.log(x),
    }
    if not expression.args:
        return at.get(expression, expression)
    arguments = [_evaluated(argument, at) for argument in expression.args]
    name = type(expression).__name__
    if name in ROWS:
        return (ROWS[name].plain or derived[name])(*arguments)
    return expression.func(*arguments)


@pytest.mark.parametrize("row", WRITTEN, ids=lambda row: row.name)
@pytest.mark.parametrize("using", ["torch", "numpy"])
def test_each_spelling_is_the_function(row, using):
    for values in points(row):
        expected = float(row.plain(*(sympy.Float(v, 30) for v in values)).evalf(20))
        assert spelt(getattr(row, using), *values, using=using)[0] == pytest.approx(expected, rel=1e-13, abs=1e-15)


@pytest.mark.parametrize("row", DERIVED, ids=lambda row: row.name)
@pytest.mark.parametrize("x", [-0.0, 0.0, 0.45, 0.5, 1.3, 2.0])
def test_rows_of_derivatives_are_spelt_alike_at_and_off_the_kinks(row, x):
    for others in ((0.45, 1.3), (1.3, 0.45), (0.0, 0.0)):
        values = (x, *others[: row.arity - 1])
        found = spelt(row.torch, *values, using="torch")
        assert np.allclose(found, spelt(row.numpy, *values, using="numpy"), rtol=1e-14, equal_nan=True)


@pytest.mark.parametrize("row", [row for row in ROWS.values() if row.in_place], ids=lambda row: row.name)
def test_in_place_spellings_give_what_the_others_give_and_keep_the_tensor(row):
    x = torch.tensor([0.3, 0.8, 2.0], dtype=torch.float64)
    expected = eval(row.torch.format("x"), {"torch": torch, "x": x.clone(), "dtype": x.dtype})
    made = eval(row.in_place.format("x"), {"x": x})
    assert made is x and torch.equal(x, expected)


@pytest.mark.parametrize("row", [row for row in WRITTEN if row.kinks], ids=lambda row: row.name)
def test_at_a_kink_the_derivative_is_torchs(row):
    for kink in row.kinks:
        x = torch.tensor([kink], dtype=torch.float64, requires_grad=True)
        eval(row.torch.format("x"), {"torch": torch, "x": x}).sum().backward()
        slope = _spelt_slope(row, 1, (kink,))
        assert slope == float(x.grad)


@pytest.mark.parametrize("name, values", [("min", (0.7, 0.7)), ("max", (0.7, 0.7)), ("clip", (0.5, 0.5, 1.0))])
def test_where_two_arguments_meet_the_derivatives_are_torchs(name, values):
    row = ROWS[name]
    leaves = [torch.tensor([v], dtype=torch.float64, requires_grad=True) for v in values]
    eval(row.torch.format("x", "y", "z"), {"torch": torch, **dict(zip("xyz", leaves, strict=False))}).sum().backward()
    for position, leaf in enumerate(leaves, 1):
        assert _spelt_slope(row, position, values) == float(leaf.grad)


def _spelt_slope(row: Row, position: int, values: tuple[float, ...]) -> float:
    """A derivative as the generated text would have it."""
    arguments = [sympy.Symbol(name) for name in "xyz"[: row.arity]]
    slope = row.function(*arguments).fdiff(position)
    text = Printer("torch", str)(slope)
    return spelt(text, *values, using="torch").item() if slope.free_symbols else float(text)


@pytest.mark.parametrize(
    "row", [ROWS[n] for n in ("tanh", "sigmoid", "softplus", "silu", "gelu", "erf")], ids=lambda r: r.name
)
@pytest.mark.parametrize("x", [-800.0, 800.0])
def test_far_out_neither_a_value_nor_a_derivative_is_nan(row, x):
    for using in ("torch", "numpy"):
        assert math.isfinite(spelt(getattr(row, using), x, using=using)[0])
    assert math.isfinite(_spelt_slope(row, 1, (x,)))


def test_powers_at_zero_have_the_derivative_that_torch_gives():
    for exponent in (0.0, 1.0, 2.0, 3.0):
        x = torch.zeros(1, dtype=torch.float64, requires_grad=True)
        (x**exponent).sum().backward()
        assert _spelt_slope(ROWS["power"], 1, (0.0, exponent)) == float(x.grad)


def test_sympy_never_simplifies_across_a_row():
    x = sympy.Symbol("x")
    exp, log = ROWS["exp"].function, ROWS["log"].function
    assert exp(log(x)) != x and exp(sympy.Integer(0)) != 1


def test_a_row_of_derivatives_has_none_of_its_own():
    with pytest.raises(ValueError, match="occurs in derivatives only"):
        ROWS["positive"].function(sympy.Symbol("x")).fdiff(1)


@pytest.mark.parametrize("name, holds", [("where_less", 0), ("where_at_most", 1), ("where_equal", 1)])
def test_a_choice_takes_one_branch_where_both_sides_are_the_same_and_the_other_beside_nan(name, holds):
    for using in ("torch", "numpy"):
        assert spelt(getattr(ROWS[name], using), 0.5, 0.5, 7.0, math.nan, using=using)[0] == 7 or not holds
        assert spelt(getattr(ROWS[name], using), 0.5, 0.5, math.nan, 8.0, using=using)[0] == 8 or holds
        assert spelt(getattr(ROWS[name], using), math.nan, 0.5, math.nan, 8.0, using=using)[0] == 8


def test_a_choice_in_numpy_keeps_the_dtype_of_the_module():
    names = {**REFERENCE, "dtype": np.float32, "x": np.float32(1)}
    for name in CONDITIONALS:
        assert eval(ROWS[name].numpy.format("x", "0", "1", "0"), names).dtype == np.float32


def test_users_write_neither_the_rows_of_derivatives_nor_power_by_name():
    assert not {row.name for row in DERIVED} & set(WRITABLE)
    assert "power" not in WRITABLE and "tanh" in WRITABLE


def test_a_row_bears_the_name_by_which_it_is_found_and_takes_its_arity():
    for name, row in ROWS.items():
        assert (row.name, row.function.__name__) == (name, name)
        with pytest.raises(TypeError):
            row.function(*sympy.symbols("a b c d e"))
