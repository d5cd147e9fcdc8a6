"""What each operation that moves entries means for the numbers of one stream, written once more in numpy.

A part of `hdsl.verify.interpret`, which knows the rest. Attributes come as numbers: sizes worked out, positions whole.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]
Meaning = Callable[[list[Array], dict[str, Any], tuple[int, ...]], Array]


def _where(attributes: dict[str, Any]) -> tuple[Any, ...]:
    return tuple(place[0] if len(place) == 1 else slice(*place) for place in attributes["places"])


def _slice(operands: list[Array], attributes: dict[str, Any], shape: tuple[int, ...]) -> Array:
    return np.array(operands[0][_where(attributes)])


def _place(operands: list[Array], attributes: dict[str, Any], shape: tuple[int, ...]) -> Array:
    made = np.zeros(shape)
    made[_where(attributes)] = operands[0]
    return made


def _flip(operands: list[Array], attributes: dict[str, Any], shape: tuple[int, ...]) -> Array:
    axis = attributes["axis"]
    return np.take(operands[0], np.arange(shape[axis])[::-1], axis)


def _concat(operands: list[Array], attributes: dict[str, Any], shape: tuple[int, ...]) -> Array:
    return np.concatenate(operands, attributes["axis"])


def _stack(operands: list[Array], attributes: dict[str, Any], shape: tuple[int, ...]) -> Array:
    return np.concatenate([np.expand_dims(x, attributes["axis"]) for x in operands], attributes["axis"])


def _reshape(operands: list[Array], attributes: dict[str, Any], shape: tuple[int, ...]) -> Array:
    return operands[0].reshape(shape)


def _diag(operands: list[Array], attributes: dict[str, Any], shape: tuple[int, ...]) -> Array:
    return np.diag(operands[0])


def _diagonal(operands: list[Array], attributes: dict[str, Any], shape: tuple[int, ...]) -> Array:
    return np.array([operands[0][k, k] for k in range(shape[0])])


def _eye(operands: list[Array], attributes: dict[str, Any], shape: tuple[int, ...]) -> Array:
    return np.asarray(np.arange(shape[0])[:, None] == np.arange(shape[1]), float)


def _pick(operands: list[Array], attributes: dict[str, Any], shape: tuple[int, ...]) -> Array:
    return np.asarray(operands[0][..., int(operands[1])])


def _embed(operands: list[Array], attributes: dict[str, Any], shape: tuple[int, ...]) -> Array:
    return np.array(operands[0][int(operands[1])])


def _one_hot(operands: list[Array], attributes: dict[str, Any], shape: tuple[int, ...]) -> Array:
    return np.asarray(np.arange(shape[-1]) == int(operands[0]), float)


def _scatter(operands: list[Array], attributes: dict[str, Any], shape: tuple[int, ...]) -> Array:
    return np.outer(np.arange(shape[0]) == int(operands[1]), operands[0])


ARRANGEMENTS: Mapping[str, Meaning] = {
    "slice": _slice,
    "place": _place,
    "flip": _flip,
    "concat": _concat,
    "stack": _stack,
    "reshape": _reshape,
    "diag": _diag,
    "diagonal": _diagonal,
    "eye": _eye,
    "pick": _pick,
    "embed": _embed,
    "one_hot": _one_hot,
    "scatter": _scatter,
}
