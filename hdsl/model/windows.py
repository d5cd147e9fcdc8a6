"""Calls that slide a window over an image: conv2d, avgpool2d, maxpool2d."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import sympy

from hdsl.diagnostics import catalogue_formula as formulas
from hdsl.diagnostics import catalogue_windows as catalogue
from hdsl.model import indexing
from hdsl.model.arranging import Reading
from hdsl.model.lists import met
from hdsl.model.shapes import differ_by_name, disagree
from hdsl.model.sizes import LARGEST_SIZE, same, show_size, show_sizes
from hdsl.model.values import Value, whole
from hdsl.syntax.tree import Call, Expression
from hdsl.terms.structured import STRUCTURED
from hdsl.terms.term import Size, Structured
from hdsl.terms.windows import moves

# The keywords of each of these calls, with the least number that each may be.
KEYWORDS: Mapping[str, int] = {"stride": 1, "pad": 0}
CALLED: Mapping[str, str] = {"size": "the size of the window", "stride": "the stride", "pad": "the padding"}


def windowed(reader: Reading, tree: Call) -> Value | None:
    """The value of a call of one of `WINDOWED`, or None after its mistakes have been reported."""
    if len(tree.arguments) != 2:
        wanted = f"{formulas.values_wanted(2)}, then perhaps `stride=` and `pad=`"
        finding = formulas.arity(tree.span, tree.function, wanted, len(tree.arguments))
        return reader.keep(finding, tree.span)
    for name, value in tree.keywords:
        if name not in KEYWORDS:
            known = "=` and `".join(KEYWORDS)
            return reader.keep(formulas.unknown_keyword(value.span, tree.function, name, known), tree.span)
    return WINDOWED[tree.function](reader, tree)


def _number(reader: Reading, tree: Expression, what: str, least: int) -> int | None:
    """A number that is written out; what is none is reported."""
    found = reader.measured.read(tree, divides=True)
    if found is None:
        return None
    if found.is_Integer and found > LARGEST_SIZE:
        reader.scope.report(formulas.too_large(tree.span, int(found), LARGEST_SIZE))
        return None
    if not found.is_Integer or found < least:
        reader.scope.report(catalogue.whole_number(tree.span, CALLED[what], least, show_size(found)))
        return None
    return int(found)


def _numbers(reader: Reading, tree: Call, **otherwise: int) -> dict[str, int] | None:
    """Stride and padding; ``otherwise`` where they are not written."""
    written = {name: _number(reader, value, name, KEYWORDS[name]) for name, value in tree.keywords}
    known = {name: value for name, value in written.items() if value is not None}
    return otherwise | known if len(known) == len(written) else None


def _image(reader: Reading, tree: Call) -> Value | None:
    """The first operand."""
    image = reader.part(tree.arguments[0])
    if image is not None and image.rank != 3:
        finding = catalogue.takes_image(tree.arguments[0].span, tree.function, show_sizes(image.sizes), image.rank)
        return reader.keep(finding, tree.span)
    return image


def _conv2d(reader: Reading, tree: Call) -> Value | None:
    image, kernel = _image(reader, tree), reader.part(tree.arguments[1])
    given = _numbers(reader, tree, stride=1, pad=0)
    if image is None or kernel is None or given is None:
        return None
    if kernel.rank != 4:
        return reader.keep(catalogue.takes_kernel(tree.arguments[1].span, show_sizes(kernel.sizes)), tree.span)
    image_met = reader.keep(met(reader, image, [kernel.sizes[1], None, None]), image.span)
    kernel_met = reader.keep(met(reader, kernel, [image.sizes[0], None, None]), kernel.span)
    if image_met is None or kernel_met is None:
        return None
    if not same(image_met.sizes[0], kernel_met.sizes[1]):
        by_name = differ_by_name(image_met.sizes[:1], kernel_met.sizes[1:2])
        channels = show_size(kernel_met.sizes[1]), show_size(image_met.sizes[0])
        pair = tree.arguments, (image_met, kernel_met)
        return reader.keep(disagree(reader.scope, tree.span, catalogue.channels(*channels), *pair, by_name), tree.span)
    return _value(reader, tree, (image_met, kernel_met), kernel_met.sizes[2:], given)


def _pool(reader: Reading, tree: Call) -> Value | None:
    image, size = _image(reader, tree), _number(reader, tree.arguments[1], "size", 1)
    given = _numbers(reader, tree, stride=size or 1, pad=0)
    if image is None or size is None or given is None:
        return None
    if 2 * given["pad"] > size:
        span = dict(tree.keywords)["pad"].span
        return reader.keep(catalogue.much_padding(span, given["pad"], size), tree.span)
    window = (sympy.Integer(size),) * 2
    return _value(reader, tree, (image,), window, {"size": size, **given})


def _value(
    reader: Reading, tree: Call, operands: Sequence[Value], window: tuple[Size, ...], given: Mapping[str, int]
) -> Value | None:
    """The operation, once its windows are known to fit on the image, as far as numbers are known, and can be counted."""
    image, measured = operands[0].sizes[1:], reader.measured
    ways = [moves(n, k, given) for n, k in zip(image, window, strict=True)]
    if any(indexing.below(reader, way, sympy.Integer(0)) for way in ways):
        named = sympy.Add(*(way for way in ways if way.free_symbols))
        told = show_sizes(window), show_sizes(image), given["pad"], measured.given(named)
        return reader.keep(catalogue.window_too_large(tree.span, *told), tree.span)
    for way in ways:
        if not indexing.whole_count(way, given["stride"]):
            return reader.keep(catalogue.window_count(tree.span, show_size(way), given["stride"]), tree.span)
    sizes = STRUCTURED[tree.function].sizes([operand.sizes for operand in operands], given)
    entries = measured.entries(sizes)
    if entries is not None and entries > LARGEST_SIZE:
        return reader.keep(formulas.too_large(tree.span, entries, LARGEST_SIZE), tree.span)
    names = tuple(whole(reader.made, operand) for operand in operands)
    return Value(Structured(tree.function, names, tuple(given.items())), sizes, tree.span)


WINDOWED: Mapping[str, Callable[[Reading, Call], Value | None]] = {
    "conv2d": _conv2d,
    "avgpool2d": _pool,
    "maxpool2d": _pool,
}
