"""Operations with windows written out entry by entry for `hdsl.terms.expand`, place by place as they are defined."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import sympy

from hdsl.terms.expand_arranged import ZERO, Attributes, Entries, Operands, Places, places


def _reach(image: Places, window: Places, attributes: Attributes) -> Iterator[tuple[Places, Places, Places]]:
    """Place of a window, place in it and the place of the image that lies there, leaving out what is padded."""
    stride, pad = attributes["stride"], attributes["pad"]
    many = tuple((n + 2 * pad - k) // stride + 1 for n, k in zip(image, window, strict=True))
    for at in places(many):
        for inside in places(window):
            there = tuple(stride * i + p - pad for i, p in zip(at, inside, strict=True))
            if all(0 <= k < n for k, n in zip(there, image, strict=True)):
                yield at, inside, there


def _sums(shape: Places, terms: Iterator[tuple[Places, Any]]) -> Entries:
    found: dict[Places, list[Any]] = {at: [] for at in places(shape)}
    for at, term in terms:
        found[at].append(term)
    return {at: sympy.Add(*parts) for at, parts in found.items()}


def _conv2d(operands: Operands, shape: Places, attributes: Attributes) -> Entries:
    (image, x), (kernel, K) = operands
    reach = list(_reach(image[1:], kernel[2:], attributes))
    channels = places(kernel[:2])
    return _sums(shape, (((o, *at), x[(c, *there)] * K[(o, c, *p)]) for at, p, there in reach for o, c in channels))


def _conv2d_image(operands: Operands, shape: Places, attributes: Attributes) -> Entries:
    (_, y), (kernel, K) = operands
    reach = list(_reach(shape[1:], kernel[2:], attributes))
    channels = places(kernel[:2])
    return _sums(shape, (((c, *there), y[(o, *at)] * K[(o, c, *p)]) for at, p, there in reach for o, c in channels))


def _conv2d_kernel(operands: Operands, shape: Places, attributes: Attributes) -> Entries:
    (image, x), (_, y) = operands
    reach = list(_reach(image[1:], shape[2:], attributes))
    channels = places(shape[:2])
    return _sums(shape, (((o, c, *p), y[(o, *at)] * x[(c, *there)]) for at, p, there in reach for o, c in channels))


def _square(attributes: Attributes) -> Places:
    return (attributes["size"], attributes["size"])


def _avgpool2d(operands: Operands, shape: Places, attributes: Attributes) -> Entries:
    image, x = operands[0]
    share, reach = sympy.Rational(1, attributes["size"] ** 2), list(_reach(image[1:], _square(attributes), attributes))
    return _sums(shape, (((c, *at), share * x[(c, *there)]) for at, _, there in reach for c in range(image[0])))


def _avgpool2d_image(operands: Operands, shape: Places, attributes: Attributes) -> Entries:
    _, y = operands[0]
    share, reach = sympy.Rational(1, attributes["size"] ** 2), list(_reach(shape[1:], _square(attributes), attributes))
    return _sums(shape, (((c, *there), share * y[(c, *at)]) for at, _, there in reach for c in range(shape[0])))


def _largest(image: Places, x: Entries, attributes: Attributes) -> dict[Places, dict[Places, Any]]:
    """For each window the condition on which each of its places is the first with the largest entry."""
    windows: dict[Places, list[Places]] = {}
    for at, _, there in _reach(image[1:], _square(attributes), attributes):
        for c in range(image[0]):
            windows.setdefault((c, *at), []).append((c, *there))
    found = {}
    for at, own in windows.items():
        found[at] = {
            there: sympy.And(*(x[there] > x[o] for o in own[:k]), *(x[there] >= x[o] for o in own[k + 1 :]))
            for k, there in enumerate(own)
        }
    return found


def _chosen(taken: Entries, own: Mapping[Places, Any]) -> Any:
    *first, (last, _) = own.items()
    return sympy.Piecewise(*((taken[there], holds) for there, holds in first), (taken[last], True))


def _maxpool2d_taken(operands: Operands, shape: Places, attributes: Attributes) -> Entries:
    (_, taken), (image, x) = operands
    return {at: _chosen(taken, own) for at, own in _largest(image, x, attributes).items()}


def _maxpool2d(operands: Operands, shape: Places, attributes: Attributes) -> Entries:
    return _maxpool2d_taken(operands * 2, shape, attributes)


def _maxpool2d_image(operands: Operands, shape: Places, attributes: Attributes) -> Entries:
    (_, y), (image, x) = operands
    largest = _largest(image, x, attributes)
    parts = ((there, sympy.Piecewise((y[at], holds), (ZERO, True))) for at in largest for there, holds in largest[at].items())
    return _sums(shape, parts)


EXPANDED: Mapping[str, Callable[[Operands, Places, Attributes], Entries]] = {
    "conv2d": _conv2d,
    "conv2d_image": _conv2d_image,
    "conv2d_kernel": _conv2d_kernel,
    "avgpool2d": _avgpool2d,
    "avgpool2d_image": _avgpool2d_image,
    "maxpool2d": _maxpool2d,
    "maxpool2d_taken": _maxpool2d_taken,
    "maxpool2d_image": _maxpool2d_image,
}
