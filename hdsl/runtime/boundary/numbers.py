"""From a compiled model to its boundary problem in numbers: sizes, settings, beginnings, bounds and the end of time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from hdsl.compiler import Compiler
from hdsl.derive.boundary import Endless, eta_of
from hdsl.emit.constructor import DRAWN
from hdsl.emit.skeleton import DRAW
from hdsl.model.evaluate import evaluate
from hdsl.model.model import Initial, Model, Quantity
from hdsl.runtime.boundary.choice import chooser
from hdsl.runtime.boundary.functions import Functions, nothing_arrives
from hdsl.runtime.boundary.judge import Bounds
from hdsl.runtime.text import load_text
from hdsl.terms.term import Scalar, Size, setting_name, size, slot, slot_name

Array = np.ndarray
TOL = 1e-6


@dataclass(frozen=True)
class Ends:
    """The end of time: ``guess`` where it is ``free``, within ``lower`` and ``upper``, else what it is."""

    guess: float
    free: bool
    lower: float = 0.0
    upper: float = np.inf


@dataclass(frozen=True)
class Numbered:
    """A boundary problem in numbers. ``settings`` are the numbers by name; ``tau`` the spacing of what is reported."""

    functions: Functions
    ends: Ends
    bounds: Bounds
    settings: Mapping[str, float]
    tau: float
    tol: float = TOL
    penalties: tuple[str, ...] = ()
    weight: float = 0.0

    def weighed(self, weight: float) -> Numbered:
        """The problem with this weight for each of the ``penalties``."""
        numbers = {**self.functions.numbers, **{f"weight:{name}": weight for name in self.penalties}}
        return replace(self, functions=replace(self.functions, numbers=numbers), weight=weight)


def numbered(
    compiler: Compiler,
    seed: int = 0,
    signals: Callable[[Array], dict[str, Array]] = nothing_arrives,
    parameters: Mapping[str, Any] | None = None,
) -> Numbered:
    """The problem of a compiled model. ``parameters`` are values to begin with, in place of what the file says.

    Raises ValueError where a size or a number is not known.
    """
    boundary = compiler.boundary
    if isinstance(boundary, Endless):
        raise ValueError(f"{compiler.model.name} has no horizon, so it has no boundary problem")
    model = boundary.model
    known = known_numbers(model)

    def shape(sizes: tuple[Size, ...]) -> tuple[int, ...]:
        return tuple(round(_number(n, known, "a size")) for n in sizes)

    def value(quantity: Quantity) -> Array:
        return initial(quantity, shape(quantity.sizes), known, seed)

    shapes = {q.name: shape(q.sizes) for role in ("state", "param", "control") for q in model.of_role(role)}
    shapes |= {mu: shape(sizes) for mu, sizes in boundary.mus.items()}
    scalars = {_told(symbol): round(number) if symbol.is_integer else number for symbol, number in known.items()}
    tensors = {q.name: value(q) for q in model.of_role("const") if q.sizes}
    first = {q.name: value(q) for role in ("state", "param") for q in model.of_role(role) if q.name not in model.begun}
    first |= {name: np.asarray(given, float) for name, given in (parameters or {}).items()}
    module = load_text(compiler.boundary_numpy, model.name)
    bounds = _bounds(model, known)
    functions = Functions.placed(
        model=model,
        flow=module.flow,
        begin=module.begin,
        end=module.end,
        choose=chooser(model, boundary.choices, module, shapes, bounds),
        sloped=module.slope,
        shapes=shapes,
        first=first,
        numbers={":share": np.zeros(1), **scalars, **tensors},
        signals=signals,
        reads=frozenset(compiler.boundary_programs.flow.reads()),
        lines=compiler.boundary_programs.flow.lines,
        eta=_eta(model, known),
    )
    settings = {name.removeprefix("learn:").removeprefix("size:"): number for name, number in scalars.items()}
    penalties = tuple(each.name for each in model.constraints if each.kind == "penalty")
    return Numbered(
        functions, _ends(model, known), bounds, settings, settings["tau"], settings.get("tol", TOL), penalties
    )


def known_numbers(model: Model) -> dict[Scalar, float]:
    """The numbers of sizes, scalar consts and settings, by their symbols. Raises ValueError where one is not known."""
    known: dict[Scalar, float] = {}
    waiting: dict[Scalar, Scalar | None] = {size(name): default for name, default in model.dims.items()}
    for const in model.of_role("const"):
        if not const.sizes and const.initial is not None:
            waiting[slot(const.name)] = const.initial.arguments[0]
    waiting |= {slot(setting_name(path)): value for path, value in model.learning.values.items()}
    while waiting:
        made = {symbol: evaluate(e, known) for symbol, e in waiting.items() if e is not None}
        made = {symbol: number for symbol, number in made.items() if number is not None}
        if not made:
            name = _told(next(iter(waiting))).removeprefix("size:")
            raise ValueError(f"`{name}` has no number; give one by --dim {name}=… or --set {name}=…")
        known |= made
        waiting = {symbol: e for symbol, e in waiting.items() if symbol not in made}
    return known


def _told(symbol: Scalar) -> str:
    """hdsl's name of a number."""
    return f"size:{symbol.name}" if symbol.is_integer else slot_name(symbol)


def initial(quantity: Quantity, shape: tuple[int, ...], known: Mapping[Scalar, float], seed: int) -> Array:
    """What a quantity begins with, in its shape: the same numbers as a generated torch module has in float64."""
    begins = quantity.initial or Initial("zeros")
    arguments = [_number(argument, known, quantity.name) for argument in begins.arguments]
    if begins.kind in DRAWN:
        own = arguments or [1.0] * DRAWN[begins.kind]
        return np.asarray(_drawer()(seed, quantity.name, begins.kind, shape, *own).numpy())
    if begins.kind == "eye":
        return np.eye(*shape)
    if begins.kind == "list":
        return np.broadcast_to(np.asarray(_nested(begins.values, known, quantity.name), float), shape).copy()
    fill = {"zeros": 0.0, "ones": 1.0}.get(begins.kind)
    return np.full(shape, arguments[0] if fill is None else fill)


def _nested(values: Any, known: Mapping[Scalar, float], name: str) -> Any:
    if isinstance(values, tuple):
        return [_nested(value, known, name) for value in values]
    return _number(values, known, name)


def _drawer() -> Any:
    """The function by which generated modules draw; torch is loaded only where something is drawn."""
    return load_text(f"import hashlib\n\nimport torch\nfrom torch import nn\n{DRAW}", "draw")._draw


def _number(expression: Scalar, known: Mapping[Scalar, float], what: str) -> float:
    value = evaluate(expression, known)
    if value is None or not np.isfinite(value):
        raise ValueError(f"{what} is {expression}, and that is no number")
    return value


def _ends(model: Model, known: Mapping[Scalar, float]) -> Ends:
    horizon = model.horizon
    if horizon is None:
        raise ValueError(f"{model.name} has no horizon")
    if horizon.end is not None:
        return Ends(_number(horizon.end, known, "the horizon"), False)
    lower = 0.0 if horizon.lower is None else _bound(horizon.lower, known)
    upper = np.inf if horizon.upper is None else _bound(horizon.upper, known)
    guess = 1.0 if horizon.guess is None else _number(horizon.guess, known, "the guess of the horizon")
    return Ends(float(np.clip(guess, max(lower, 1e-6), upper)), True, lower, upper)


def _eta(model: Model, known: Mapping[Scalar, float]) -> float:
    eta = eta_of(model)
    return 0.0 if eta == 0 else known[eta]


def _bound(expression: Scalar | None, known: Mapping[Scalar, float]) -> float:
    value = None if expression is None else float(expression) if expression.is_infinite else evaluate(expression, known)
    if value is None:
        raise ValueError(f"the bound {expression} is no number")
    return value


def _bounds(model: Model, known: Mapping[Scalar, float]) -> Bounds:
    lower = {n: -np.inf if c.lower is None else _bound(c.lower, known) for n, c in model.controls.items()}
    upper = {n: np.inf if c.upper is None else _bound(c.upper, known) for n, c in model.controls.items()}
    minimising = tuple(name for name, control in model.controls.items() if control.rule != "given")
    return Bounds(lower, upper, minimising, tuple(name for name in model.controls if name not in minimising))


def horizon_of(model: Model) -> tuple[float, float]:
    """tau, and the latest time that a path may reach: T, or its upper bound where it is free, or else its guess."""
    known = known_numbers(model)
    ends = _ends(model, known)
    tau = known[slot(setting_name("tau"))]
    return tau, ends.upper if np.isfinite(ends.upper) else ends.guess
