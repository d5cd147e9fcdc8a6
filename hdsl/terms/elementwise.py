"""The table of elementwise functions: one row each, everything that hdsl knows of the function.

Every function is a sympy Function of our own, so that sympy neither simplifies across it (``exp(log(x))`` stays) nor
differentiates it its own way: ``fdiff`` is numerically stable and takes at kinks the value that torch takes.
A newcomer adds a function by adding a row; the tests run over the table.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import sympy


class RowFunction(sympy.Function):  # type: ignore[misc]
    """A sympy function that never evaluates by itself and whose derivative is its row's."""

    slopes: ClassVar[Any] = None  # a function from the arguments to the derivative by each of them

    @classmethod
    def eval(cls, *arguments: Any) -> None:
        return None

    def fdiff(self, argindex: int = 1) -> Any:
        if type(self).slopes is None:
            raise ValueError(f"{type(self).__name__} occurs in derivatives only and has none of its own")
        return type(self).slopes(*self.args)[argindex - 1]


@dataclass(frozen=True)
class Row:
    """One elementwise function.

    ``numpy`` and ``torch`` are spellings with the arguments at ``{0}``, ``{1}``, …; ``in_place`` is torch's spelling that
    overwrites its first argument, where there is one. ``domain`` is the range of the first argument on which the function is
    real and smooth enough to test: real, positive. ``kinks`` are first arguments where the derivative is a convention.
    ``branches`` are the positions of arguments of which the value is one: an adjoint goes to the one that was chosen, as it
    is, and never as a product with a slope, so that what the other one holds cannot matter.
    ``plain`` is the same function in sympy's own terms, by which tests judge ``fdiff``; None for a row that users cannot
    write: it occurs in derivatives, or in what a call is made of.
    """

    name: str
    function: type[RowFunction]
    arity: int
    numpy: str
    torch: str
    in_place: str | None = None
    domain: str = "real"
    kinks: tuple[float, ...] = ()
    plain: Callable[..., Any] | None = None
    branches: tuple[int, ...] = ()


ROWS: dict[str, Row] = {}


def _row(
    name: str,
    slopes: Callable[..., tuple[Any, ...]] | None,
    *,
    numpy: str,
    torch: str,
    arity: int = 1,
    in_place: str | None = None,
    domain: str = "real",
    kinks: tuple[float, ...] = (),
    plain: Callable[..., Any] | None = None,
    branches: tuple[int, ...] = (),
) -> type[RowFunction]:
    """Add a row and return its sympy function. ``slopes`` gives the derivative by every argument."""
    members = {"slopes": staticmethod(slopes) if slopes else None, "nargs": (arity,)}
    function = type(name, (RowFunction,), members)
    ROWS[name] = Row(name, function, arity, numpy, torch, in_place, domain, kinks, plain, branches)
    return function


# Rows that users cannot write -------------------------------------------------------------------

positive: Any = _row("positive", None, numpy="np.asarray({0} > 0, dtype)", torch="({0} > 0).to(dtype)")
less: Any = _row(
    "less",
    None,
    arity=2,
    numpy="np.where({0} == {1}, 0.5, np.where({0} < {1}, 1.0, 0.0)).astype(dtype)",
    torch="({0} < {1}).to(dtype).add_({0} == {1}, alpha=0.5)",
)
inside: Any = _row(
    "inside",
    None,
    arity=3,
    numpy="np.asarray(({0} >= {1}) & ({0} <= {2}), dtype)",
    torch="(({0} >= {1}) & ({0} <= {2})).to(dtype)",
)
clipped_low: Any = _row(
    "clipped_low",
    None,
    arity=3,
    numpy="np.asarray(({0} < {1}) & ({1} < {2}), dtype)",
    torch="(({0} < {1}) & ({1} < {2})).to(dtype)",
)
clipped_high: Any = _row(
    "clipped_high",
    None,
    arity=3,
    numpy="np.asarray(({0} > {2}) | ({1} > {2}), dtype)",
    torch="(({0} > {2}) | ({1} > {2})).to(dtype)",
)
power_slope: Any = _row(
    "power_slope",
    None,
    arity=2,
    numpy="power_slope({0}, {1})",
    torch="torch.where({1} == 0, 0.0, {1} * torch.pow({0}, {1} - 1))",
)
power_log: Any = _row(
    "power_log",
    None,
    arity=2,
    numpy="power_log({0}, {1})",
    torch="torch.where(({0} == 0) & ({1} >= 0), 0.0, torch.pow({0}, {1}) * torch.log({0}))",
)

reciprocal: Any = _row(
    "reciprocal",
    None,
    numpy="np.where({0} == 0, 0.0, 1 / np.where({0} == 0, 1.0, {0}))",
    torch="torch.where({0} == 0, 0.0, 1 / {0})",
)
# The root of a sum of squares, by which `norm2` is made: it has a slope at 0, and that is 0.
root: Any = _row(
    "root",
    lambda x: (reciprocal(root(x)) / 2,),
    numpy="np.sqrt({0})",
    torch="torch.sqrt({0})",
    in_place="{0}.sqrt_()",
    kinks=(0.0,),
)

# φ₁(x) = (e^x − 1)/x = ∫₀¹ e^{sx} ds, by which what is held through a step enters the exact solution of a linear flow.
phi1_slope: Any = _row("phi1_slope", None, numpy="phi1_slope({0})", torch="phi1_slope({0})")
phi1: Any = _row(
    "phi1",
    lambda x: (phi1_slope(x),),
    numpy="np.where({0} == 0, 1.0, np.expm1({0}) / np.where({0} == 0, 1.0, {0}))",
    torch="torch.where({0} == 0, 1.0, torch.expm1({0}) / {0})",
)
# The same at a + ib, in parts: of a pair that turns. φ₁ is analytic, which is what their slopes say.
phi1_slope_re: Any = _row(
    "phi1_slope_re", None, arity=2, numpy="phi1_slope_re({0}, {1})", torch="phi1_slope_re({0}, {1})"
)
phi1_slope_im: Any = _row(
    "phi1_slope_im", None, arity=2, numpy="phi1_slope_im({0}, {1})", torch="phi1_slope_im({0}, {1})"
)
phi1_re: Any = _row(
    "phi1_re",
    lambda a, b: (phi1_slope_re(a, b), -phi1_slope_im(a, b)),
    arity=2,
    numpy="phi1_re({0}, {1})",
    torch="phi1_re({0}, {1})",
)
phi1_im: Any = _row(
    "phi1_im",
    lambda a, b: (phi1_slope_im(a, b), phi1_slope_re(a, b)),
    arity=2,
    numpy="phi1_im({0}, {1})",
    torch="phi1_im({0}, {1})",
)

# Rows that users write ---------------------------------------------------------------------------

_half = sympy.Rational(1, 2)
_zero = sympy.Integer(0)

tanh: Any = _row(
    "tanh",
    lambda x: (1 - tanh(x) ** 2,),
    numpy="np.tanh({0})",
    torch="torch.tanh({0})",
    in_place="{0}.tanh_()",
    plain=sympy.tanh,
)
sigmoid: Any = _row(
    "sigmoid",
    lambda x: (sigmoid(x) * (1 - sigmoid(x)),),
    numpy="sigmoid({0})",
    torch="torch.sigmoid({0})",
    in_place="{0}.sigmoid_()",
    plain=lambda x: 1 / (1 + sympy.exp(-x)),
)
relu: Any = _row(
    "relu",
    lambda x: (positive(x),),
    numpy="np.maximum({0}, 0)",
    torch="torch.relu({0})",
    in_place="{0}.relu_()",
    kinks=(0.0,),
    plain=lambda x: sympy.Max(x, 0),
)
erf: Any = _row(
    "erf",
    lambda x: (2 / sympy.sqrt(sympy.pi) * exp(-(x**2)),),
    numpy="erf({0})",
    torch="torch.erf({0})",
    in_place="{0}.erf_()",
    plain=sympy.erf,
)
gelu: Any = _row(
    "gelu",
    lambda x: (_half * (1 + erf(x / sympy.sqrt(2))) + x * exp(-(x**2) / 2) / sympy.sqrt(2 * sympy.pi),),
    numpy="(0.5 * ({0}) * (1 + erf(({0}) / np.sqrt(2.0))))",
    torch="torch.nn.functional.gelu({0})",
    plain=lambda x: x * (1 + sympy.erf(x / sympy.sqrt(2))) / 2,
)
silu: Any = _row(
    "silu",
    lambda x: (sigmoid(x) * (1 + x * (1 - sigmoid(x))),),
    numpy="(({0}) * sigmoid({0}))",
    torch="torch.nn.functional.silu({0})",
    plain=lambda x: x / (1 + sympy.exp(-x)),
)
softplus: Any = _row(
    "softplus",
    lambda x: (sigmoid(x),),
    numpy="np.logaddexp({0}, 0)",
    torch="torch.nn.functional.softplus({0}, threshold=40.0)",  # torch's own threshold of 20 is 2e-9 off
    plain=lambda x: sympy.log(1 + sympy.exp(x)),
)
exp: Any = _row(
    "exp",
    lambda x: (exp(x),),
    numpy="np.exp({0})",
    torch="torch.exp({0})",
    in_place="{0}.exp_()",
    plain=sympy.exp,
)
log: Any = _row(
    "log",
    lambda x: (1 / x,),
    numpy="np.log({0})",
    torch="torch.log({0})",
    in_place="{0}.log_()",
    domain="positive",
    plain=sympy.log,
)
sqrt: Any = _row(
    "sqrt",
    lambda x: (1 / (2 * sqrt(x)),),
    numpy="np.sqrt({0})",
    torch="torch.sqrt({0})",
    in_place="{0}.sqrt_()",
    domain="positive",
    plain=sympy.sqrt,
)
sin: Any = _row(
    "sin",
    lambda x: (cos(x),),
    numpy="np.sin({0})",
    torch="torch.sin({0})",
    in_place="{0}.sin_()",
    plain=sympy.sin,
)
cos: Any = _row(
    "cos",
    lambda x: (-sin(x),),
    numpy="np.cos({0})",
    torch="torch.cos({0})",
    in_place="{0}.cos_()",
    plain=sympy.cos,
)
sign: Any = _row(
    "sign",
    lambda x: (_zero,),
    numpy="np.sign({0})",
    torch="torch.sign({0})",
    in_place="{0}.sign_()",
    kinks=(0.0,),
    plain=sympy.sign,
)
absolute: Any = _row(
    "abs",
    lambda x: (sign(x),),
    numpy="np.abs({0})",
    torch="torch.abs({0})",
    in_place="{0}.abs_()",
    kinks=(0.0,),
    plain=sympy.Abs,
)
minimum: Any = _row(
    "min",
    lambda x, y: (less(x, y), less(y, x)),
    arity=2,
    numpy="np.minimum({0}, {1})",
    torch="torch.minimum({0}, {1})",
    plain=sympy.Min,
)
maximum: Any = _row(
    "max",
    lambda x, y: (less(y, x), less(x, y)),
    arity=2,
    numpy="np.maximum({0}, {1})",
    torch="torch.maximum({0}, {1})",
    plain=sympy.Max,
)
clip: Any = _row(
    "clip",
    lambda x, low, high: (inside(x, low, high), clipped_low(x, low, high), clipped_high(x, low, high)),
    arity=3,
    numpy="np.minimum(np.maximum({0}, {1}), {2})",
    torch="torch.clamp({0}, {1}, {2})",
    plain=lambda x, low, high: sympy.Min(sympy.Max(x, low), high),
)
power: Any = _row(
    "power",
    lambda x, y: (power_slope(x, y), power_log(x, y)),
    arity=2,
    numpy="np.power({0}, {1})",
    torch="torch.pow({0}, {1})",
    domain="positive",
    plain=lambda x, y: x**y,
)

# Rows that users write as a conditional: the third argument where the comparison holds of the first two, else the fourth.
# `>`, `>=` and `!=` are these with two arguments changed over, also where one is nan.

where_less: Any = _row(
    "where_less",
    lambda a, b, x, y: (_zero, _zero, where_less(a, b, 1, 0), where_less(a, b, 0, 1)),
    arity=4,
    numpy="np.where({0} < {1}, {2}, {3}).astype(dtype)",
    torch="torch.where({0} < {1}, {2}, {3})",
    plain=lambda a, b, x, y: sympy.Piecewise((x, a < b), (y, True)),
    branches=(2, 3),
)
where_at_most: Any = _row(
    "where_at_most",
    lambda a, b, x, y: (_zero, _zero, where_at_most(a, b, 1, 0), where_at_most(a, b, 0, 1)),
    arity=4,
    numpy="np.where({0} <= {1}, {2}, {3}).astype(dtype)",
    torch="torch.where({0} <= {1}, {2}, {3})",
    plain=lambda a, b, x, y: sympy.Piecewise((x, a <= b), (y, True)),
    branches=(2, 3),
)
where_equal: Any = _row(
    "where_equal",
    lambda a, b, x, y: (_zero, _zero, where_equal(a, b, 1, 0), where_equal(a, b, 0, 1)),
    arity=4,
    numpy="np.where({0} == {1}, {2}, {3}).astype(dtype)",
    torch="torch.where({0} == {1}, {2}, {3})",
    plain=lambda a, b, x, y: sympy.Piecewise((x, sympy.Eq(a, b)), (y, True)),
    branches=(2, 3),
)

CONDITIONALS: tuple[str, ...] = tuple(name for name, row in ROWS.items() if row.branches)

WRITABLE: tuple[str, ...] = tuple(
    name for name, row in ROWS.items() if row.plain is not None and name not in ("power", *CONDITIONALS)
)
