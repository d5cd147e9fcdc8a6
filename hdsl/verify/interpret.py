"""Interpret: the numbers that definitions in index notation stand for, worked out one stream at a time in numpy.

It reads definitions as `hdsl.terms.term` defines them and shares nothing with the printers of emit/: there is no text and
no batch axis. A shared definition that reads what is per stream is the mean over the streams.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import sympy

from hdsl.terms.elementwise import RowFunction
from hdsl.terms.term import (
    Contraction,
    Definition,
    Elementwise,
    Scalar,
    Size,
    Structured,
    is_slot,
    slot_indices,
    slot_name,
    slots,
)
from hdsl.verify.arrangements import ARRANGEMENTS, Meaning
from hdsl.verify.windows import WINDOWS, distance_to_tie

Array = np.ndarray[Any, Any]
Known = Mapping[str, Array]


def _sigmoid(x: Array) -> Array:
    return np.asarray(np.exp(-np.logaddexp(0.0, -x)))


def _erf(x: Array) -> Array:
    return np.asarray(np.vectorize(math.erf, otypes=[float])(x))


def _where(condition: Array) -> Array:
    return np.asarray(condition, float)


def _power_log(x: Array, y: Array) -> Array:
    return np.where((x == 0) & (y >= 0), 0.0, np.power(x, y) * np.log(np.where(x == 0, 1.0, x)))


def _near_zero(x: Array, series: Callable[[int], float], otherwise: Callable[[Array], Array]) -> Array:
    """A power series below 1/2, term by term; there a difference would leave few digits."""
    near = np.abs(x) < 0.5
    small = np.where(near, x, 0.0)
    return np.where(near, sum(series(k) * small**k for k in range(16)), otherwise(np.where(near, 1.0, x)))


def _phi1(x: Array) -> Array:
    return _near_zero(x, lambda k: 1 / math.factorial(k + 1), lambda x: (np.exp(x) - 1) / x)


def _phi1_slope(x: Array) -> Array:
    return _near_zero(x, lambda k: (k + 1) / math.factorial(k + 2), lambda x: np.exp(x) / x - (np.exp(x) - 1) / x**2)


# What each row of the elementwise table means, written once more. A test holds the two tables against each other.
FUNCTIONS: Mapping[str, Callable[..., Array]] = {
    "positive": lambda x: _where(x > 0),
    "less": lambda x, y: _where(x < y) + 0.5 * _where(x == y),
    "inside": lambda x, low, high: _where((x >= low) & (x <= high)),
    "clipped_low": lambda x, low, high: _where((x < low) & (low < high)),
    "clipped_high": lambda x, low, high: _where((x > high) | (low > high)),
    "power_slope": lambda x, y: y * np.power(x, np.where(y == 0, 0.0, y - 1)),
    "power_log": _power_log,
    "reciprocal": lambda x: np.where(x == 0, 0.0, 1 / np.where(x == 0, 1.0, x)),
    "root": np.sqrt,
    "phi1": _phi1,
    "phi1_slope": _phi1_slope,
    "phi1_re": lambda a, b: _phi1(a + 1j * b).real,
    "phi1_im": lambda a, b: _phi1(a + 1j * b).imag,
    "phi1_slope_re": lambda a, b: _phi1_slope(a + 1j * b).real,
    "phi1_slope_im": lambda a, b: _phi1_slope(a + 1j * b).imag,
    "tanh": np.tanh,
    "sigmoid": _sigmoid,
    "relu": lambda x: np.where(x > 0, x, 0.0),
    "erf": _erf,
    "gelu": lambda x: x * (1 + _erf(x / math.sqrt(2))) / 2,
    "silu": lambda x: x * _sigmoid(x),
    "softplus": lambda x: np.logaddexp(0.0, x),
    "exp": np.exp,
    "log": np.log,
    "sqrt": np.sqrt,
    "sin": np.sin,
    "cos": np.cos,
    "sign": np.sign,
    "abs": np.abs,
    "min": np.minimum,
    "max": np.maximum,
    "clip": lambda x, low, high: np.minimum(np.maximum(x, low), high),
    "power": np.power,
    "where_less": lambda a, b, x, y: np.where(a < b, x, y),
    "where_at_most": lambda a, b, x, y: np.where(a <= b, x, y),
    "where_equal": lambda a, b, x, y: np.where(a == b, x, y),
}


def _apart(a: Array, b: Array, *branches: Array) -> Array:
    """How far apart two sides of a comparison are; far, where they are the same number (two zeros of relu, say)."""
    return np.where(a == b, math.inf, np.abs(a - b))


# How far the arguments of a row are from where its derivative is a convention.
KINKS: Mapping[str, Callable[..., Array]] = {
    "relu": np.abs,
    "root": np.abs,
    "abs": np.abs,
    "sign": np.abs,
    "min": lambda x, y: np.abs(x - y),
    "max": lambda x, y: np.abs(x - y),
    # Where both bounds are one number nothing passes, and what then pulls on them is a convention too.
    "clip": lambda x, low, high: np.minimum(np.minimum(np.abs(x - low), np.abs(x - high)), np.abs(high - low)),
    "where_less": _apart,
    "where_at_most": _apart,
    "where_equal": _apart,
}


@dataclass(frozen=True)
class Readings:
    """Numbers by name: ``shared`` for all streams, ``streams`` for each; arrays in the shape of the sizes."""

    shared: dict[str, Array]
    streams: tuple[dict[str, Array], ...]

    def of(self, name: str) -> Array:
        """What is shared as it is; what is per stream with a first axis for the streams. KeyError if unknown."""
        if name in self.shared:
            return self.shared[name]
        return np.stack([stream[name] for stream in self.streams])


def interpret(definitions: Sequence[Definition], given: Readings, sizes: Mapping[str, int]) -> Readings:
    """The numbers of the definitions, in order, beside what is given.

    Raises:
        KeyError: a definition reads what nothing gives.
        ValueError: shapes that do not fit, or a function that no table has.
    """
    made = Readings(dict(given.shared), tuple(dict(stream) for stream in given.streams))
    with np.errstate(all="ignore"):
        for definition in definitions:
            crosses = any(name not in made.shared for name in definition.reads())
            if definition.shared and not crosses:
                made.shared[definition.name] = value(definition, made.shared, sizes)
                continue
            of_streams = [value(definition, {**made.shared, **stream}, sizes) for stream in made.streams]
            if definition.shared:
                made.shared[definition.name] = np.add.reduce(of_streams) / len(of_streams)
                continue
            for stream, own in zip(made.streams, of_streams, strict=True):
                stream[definition.name] = own
    return made


def value(definition: Definition, known: Known, sizes: Mapping[str, int]) -> Array:
    """The value of one definition in one stream, in the shape of its sizes."""
    shape = shape_of(definition.sizes, sizes)
    match definition.body:
        case Elementwise(expression=expression):
            found = scalar(expression, definition.indices, known, sizes)
            return np.array(np.broadcast_to(found, shape), float)
        case Contraction() as body:
            return _contraction(definition, body, known, sizes)
        case Structured(row=row, operands=operands, attributes=attributes):
            numbers = {name: _numbered(attribute, sizes) for name, attribute in attributes}
            found = STRUCTURES[row]([known[operand] for operand in operands], numbers, shape)
            if found.shape != shape:
                raise ValueError(f"{definition.name} has the shape {found.shape}, not {shape}")
            return found


def _numbered(attribute: Any, sizes: Mapping[str, int]) -> Any:
    """An attribute of a structured operation with numbers for the sizes in it."""
    if isinstance(attribute, tuple):
        return tuple(_numbered(part, sizes) for part in attribute)
    return shape_of((attribute,), sizes)[0]


def shape_of(sizes: Sequence[Size], numbers: Mapping[str, int]) -> tuple[int, ...]:
    """Sizes as whole numbers."""
    return tuple(round(float(scalar(size, (), {}, numbers))) for size in sizes)


def scalar(expression: Scalar, at: tuple[sympy.Symbol, ...], known: Known, sizes: Mapping[str, int]) -> Array:
    """A scalar expression at every place of the indices ``at``: an array with one axis an index, of length 1 where
    the expression does not depend on it."""

    def read(node: Scalar) -> Array:
        if is_slot(node):
            return _placed(known[slot_name(node)], slot_indices(node), at)
        if isinstance(node, sympy.Symbol):
            return np.asarray(float(sizes[node.name]))
        if isinstance(node, RowFunction):
            return FUNCTIONS[type(node).__name__](*map(read, node.args))
        if isinstance(node, sympy.Add):
            return sum((read(term) for term in node.args), np.zeros(()))
        if isinstance(node, sympy.Mul):
            return math.prod((read(factor) for factor in node.args), start=np.ones(()))
        if isinstance(node, sympy.Pow):
            base, exponent = node.args
            return read(base) ** (int(exponent) if exponent.is_Integer else read(exponent))
        if node.is_number:
            return np.asarray(float(node))
        raise ValueError(f"{type(node).__name__} has no value here")

    return read(sympy.sympify(expression, strict=True))


def _placed(array: Array, own: tuple[sympy.Symbol, ...], at: tuple[sympy.Symbol, ...]) -> Array:
    """An array read at its own indices, with its axes in the order of ``at`` and an axis of length 1 for the others."""
    if array.ndim != len(own):
        raise ValueError(f"{len(own)} indices for an array of {array.ndim} axes")
    order = sorted(range(len(own)), key=lambda axis: at.index(own[axis]))
    absent = tuple(axis for axis, i in enumerate(at) if i not in own)
    return np.expand_dims(array.transpose(order), absent)


def _contraction(definition: Definition, body: Contraction, known: Known, sizes: Mapping[str, int]) -> Array:
    """The product of the factors, summed. An index that no factor has counts as often as its size."""
    lengths = dict(zip(definition.indices, shape_of(definition.sizes, sizes), strict=True))
    lengths |= {i: shape_of((n,), sizes)[0] for i, n in body.bound}
    letters = {i: number for number, i in enumerate(lengths)}
    operands: list[Any] = []
    for factor in body.factors:
        operands += [known[slot_name(factor)], [letters[i] for i in slot_indices(factor)]]
    for i, length in lengths.items():
        operands += [np.ones(length), [letters[i]]]
    total = np.einsum(*operands, [letters[i] for i in definition.indices], optimize=True)
    return np.asarray(scalar(body.coefficient, (), known, sizes) * total)


# Structured operations of one stream, written once more ---------------------------------------------------------------


def _softmax(operands: list[Array], attributes: dict[str, Any], shape: tuple[int, ...]) -> Array:
    x, axis = operands[0], attributes["axis"]
    return np.asarray(np.exp(x - np.logaddexp.reduce(x, axis=axis, keepdims=True)))


def _logsumexp(operands: list[Array], attributes: dict[str, Any], shape: tuple[int, ...]) -> Array:
    return np.asarray(np.logaddexp.reduce(operands[0], axis=attributes["axis"]))


def _solved(matrix: Array, right: Array) -> Array:
    """The solution of linear equations by elimination; of nans where the matrix is singular."""
    try:
        return np.asarray(np.linalg.solve(matrix, right))
    except np.linalg.LinAlgError:
        return np.full(right.shape, np.nan)


def _inv(operands: list[Array], attributes: dict[str, Any], shape: tuple[int, ...]) -> Array:
    return _solved(operands[0], np.eye(len(operands[0])))


def _solve(operands: list[Array], attributes: dict[str, Any], shape: tuple[int, ...]) -> Array:
    return _solved(operands[0].T if attributes["turned"] else operands[0], operands[1])


def _expm(operands: list[Array], attributes: dict[str, Any], shape: tuple[int, ...]) -> Array:
    """The power series of a part of the matrix that is small, squared as often as it was halved."""
    norm = np.abs(operands[0]).sum()
    if not np.isfinite(norm):
        return np.full(shape, np.nan)
    halvings = max(0, math.ceil(math.log2(norm)) + 3) if norm > 0 else 0
    small, term = np.ldexp(operands[0], -halvings), np.eye(len(operands[0]))
    total = term
    for power in range(1, 20):
        term = term @ small / power
        total = total + term
    return np.asarray(np.linalg.matrix_power(total, 2**halvings))


def _phi1m(operands: list[Array], attributes: dict[str, Any], shape: tuple[int, ...]) -> Array:
    """∫₀¹ e^{sA} ds by Gauss's rule in parts in which little happens: each part is e^{sA} times the first."""
    matrix = operands[0]
    norm = np.abs(matrix).sum()
    if not np.isfinite(norm):
        return np.full(shape, np.nan)
    parts = max(1, math.ceil(norm))
    nodes, weights = np.polynomial.legendre.leggauss(12)
    places = ((nodes + 1) / 2 / parts, weights / 2 / parts)
    first = sum(weight * _expm([node * matrix], {}, shape) for node, weight in zip(*places, strict=True))
    through, total = _expm([matrix / parts], {}, shape), np.zeros(shape)
    for _ in range(parts):
        total = first + through @ total
    return total


STRUCTURES: Mapping[str, Meaning] = {
    "softmax": _softmax,
    "logsumexp": _logsumexp,
    "inv": _inv,
    "solve": _solve,
    "expm": _expm,
    "phi1m": _phi1m,
    **ARRANGEMENTS,
    **WINDOWS,
}


# Kinks ----------------------------------------------------------------------------------------------------------------


def distance_to_kinks(definitions: Sequence[Definition], made: Readings, sizes: Mapping[str, int]) -> float:
    """The shortest distance of any argument from a kink, over all streams; infinite where there is none."""
    shortest = math.inf
    with np.errstate(all="ignore"):
        for definition in definitions:
            if isinstance(definition.body, Structured) and definition.body.row == "maxpool2d":
                image, given = definition.body.operands[0], dict(definition.body.attributes)
                apart = (distance_to_tie({**made.shared, **stream}[image], given) for stream in made.streams)
                shortest = min((shortest, *(tie for tie in apart if not math.isnan(tie))))
            if not isinstance(definition.body, Elementwise):
                continue
            for call in _calls(definition.body.expression):
                for stream in made.streams:
                    known = {**made.shared, **stream}
                    arguments = [scalar(a, definition.indices, known, sizes) for a in call.args]
                    apart = KINKS[type(call).__name__](*arguments)
                    # What has no value, in a branch that is not chosen, is near no kink.
                    shortest = min(shortest, float(np.min(apart, where=~np.isnan(apart), initial=math.inf)))
    return shortest


def kinks_of(definitions: Sequence[Definition]) -> str:
    """The first function of definitions whose derivative is somewhere a convention; empty where there is none."""
    for definition in definitions:
        if isinstance(definition.body, Structured) and definition.body.row == "maxpool2d":
            return definition.body.row
        expression = definition.body.expression if isinstance(definition.body, Elementwise) else sympy.Integer(0)
        for call in _calls(expression):
            return {"root": "norm2"}.get(type(call).__name__, type(call).__name__)
    return ""


def _calls(expression: Scalar) -> Iterator[Scalar]:
    """The rows with a kink that stand in an expression."""
    if isinstance(expression, RowFunction) and type(expression).__name__ in KINKS:
        yield expression
    if slots(expression) and not is_slot(expression):
        for argument in expression.args:
            yield from _calls(argument)
