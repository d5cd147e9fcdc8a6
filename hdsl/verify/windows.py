"""What each operation with windows means for the numbers of one stream, window by window, written once more in numpy.

A part of `hdsl.verify.interpret`, which knows the rest. Attributes come as numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from hdsl.verify.arrangements import Array, Meaning

Given = dict[str, Any]


def _padded(image: Array, given: Given, fill: float = 0.0) -> Array:
    """An image [channels, height, width] with a border."""
    channels, rows, columns = image.shape
    pad = given["pad"]
    made = np.full((channels, rows + 2 * pad, columns + 2 * pad), fill)
    made[:, pad : pad + rows, pad : pad + columns] = image
    return made


def _windows(many: tuple[int, ...], size: tuple[int, ...], given: Given) -> Iterator[tuple[int, int, Any]]:
    """Row and column of each window, and where on the padded image it lies."""
    stride = given["stride"]
    for i, j in np.ndindex(*many):
        yield i, j, np.s_[:, stride * i : stride * i + size[0], stride * j : stride * j + size[1]]


def _without_border(padded: Array, given: Given) -> Array:
    pad, (_, rows, columns) = given["pad"], padded.shape
    return padded[:, pad : rows - pad, pad : columns - pad]


def _conv2d(operands: list[Array], given: Given, shape: tuple[int, ...]) -> Array:
    image, kernel = operands
    made, padded = np.zeros(shape), _padded(image, given)
    for i, j, where in _windows(shape[1:], kernel.shape[2:], given):
        made[:, i, j] = np.tensordot(kernel, padded[where], 3)
    return made


def _conv2d_image(operands: list[Array], given: Given, shape: tuple[int, ...]) -> Array:
    pulled, kernel = operands
    padded = _padded(np.zeros(shape), given)
    for i, j, where in _windows(pulled.shape[1:], kernel.shape[2:], given):
        padded[where] += np.tensordot(pulled[:, i, j], kernel, 1)
    return _without_border(padded, given)


def _conv2d_kernel(operands: list[Array], given: Given, shape: tuple[int, ...]) -> Array:
    image, pulled = operands
    made, padded = np.zeros(shape), _padded(image, given)
    for i, j, where in _windows(pulled.shape[1:], shape[2:], given):
        made += np.multiply.outer(pulled[:, i, j], padded[where])
    return made


def _square(given: Given) -> tuple[int, int]:
    return (given["size"], given["size"])


def _avgpool2d(operands: list[Array], given: Given, shape: tuple[int, ...]) -> Array:
    made, padded = np.zeros(shape), _padded(operands[0], given)
    for i, j, where in _windows(shape[1:], _square(given), given):
        made[:, i, j] = padded[where].sum((1, 2)) / given["size"] ** 2
    return made


def _avgpool2d_image(operands: list[Array], given: Given, shape: tuple[int, ...]) -> Array:
    padded = _padded(np.zeros(shape), given)
    for i, j, where in _windows(operands[0].shape[1:], _square(given), given):
        padded[where] += operands[0][:, i, j, None, None] / given["size"] ** 2
    return _without_border(padded, given)


def _first_largest(window: Array) -> tuple[Array, ...]:
    """For each channel its place, with the row and the column, of the first of the largest entries."""
    chosen = window.reshape(len(window), -1).argmax(1)
    return np.arange(len(window)), chosen // window.shape[2], chosen % window.shape[2]


def _maxpool2d_taken(operands: list[Array], given: Given, shape: tuple[int, ...]) -> Array:
    taken, padded = _padded(operands[0], given), _padded(operands[1], given, -np.inf)
    made = np.zeros(shape)
    for i, j, where in _windows(shape[1:], _square(given), given):
        made[:, i, j] = taken[where][_first_largest(padded[where])]
    return made


def _maxpool2d(operands: list[Array], given: Given, shape: tuple[int, ...]) -> Array:
    return _maxpool2d_taken(operands * 2, given, shape)


def _maxpool2d_image(operands: list[Array], given: Given, shape: tuple[int, ...]) -> Array:
    pulled, image = operands
    made, padded = _padded(np.zeros(shape), given), _padded(image, given, -np.inf)
    for i, j, where in _windows(pulled.shape[1:], _square(given), given):
        made[where][_first_largest(padded[where])] += pulled[:, i, j]
    return _without_border(made, given)


WINDOWS: Mapping[str, Meaning] = {
    "conv2d": _conv2d,
    "conv2d_image": _conv2d_image,
    "conv2d_kernel": _conv2d_kernel,
    "avgpool2d": _avgpool2d,
    "avgpool2d_image": _avgpool2d_image,
    "maxpool2d": _maxpool2d,
    "maxpool2d_taken": _maxpool2d_taken,
    "maxpool2d_image": _maxpool2d_image,
}


def distance_to_tie(image: Array, given: Given) -> float:
    """By how little the largest entry of some window of `maxpool2d` is larger than the next."""
    padded = _padded(image, given, -np.inf)
    many = tuple((n - given["size"]) // given["stride"] + 1 for n in padded.shape[1:])
    shortest = np.inf
    for _, _, where in _windows(many, _square(given), given):
        ordered = np.sort(padded[where].reshape(len(image), -1), 1)
        if ordered.shape[1] > 1:
            shortest = min(shortest, float((ordered[:, -1] - ordered[:, -2]).min()))
    return shortest
