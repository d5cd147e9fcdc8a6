"""Rows that slide a window over an image: convolution, the average and the largest entry in each window.

An image is ``[channels, height, width]``, a kernel ``[out, channels, height, width]``. Windows stand ``stride`` apart on the
image with ``pad`` rows and columns around it: zeros, and for the largest entry −∞. As in torch the kernel is not turned,
and rows and columns at the end that no further window fits on, ``rest`` of them, are left out.

Σ ȳ ⊙ conv2d(x, K) is linear in each of ȳ, x and K, so conv2d and its two pullbacks are its three derivatives, and pull
back to one another. The average is linear in its image; of the largest entries, which entry is taken stays.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import sympy

from hdsl.terms.arranged import Pulled, body_of
from hdsl.terms.row import Attributes, Maker, Sizes, StructuredRow, Written
from hdsl.terms.term import Definition, Size, Structured, indices, slot

# Sizes --------------------------------------------------------------------------------------------------------------


def moves(size: Size, window: Size, attributes: Attributes) -> Size:
    """How far a window can move along one axis, in rows or columns."""
    return sympy.expand(size + 2 * attributes["pad"] - window)


def count(size: Size, window: Size, attributes: Attributes) -> Size:
    """How many windows fit along one axis. The stride divides what is not a number in how far a window moves."""
    number, rest = moves(size, window, attributes).as_coeff_Add()
    stride = attributes["stride"]
    return sympy.expand(rest / stride) + number // stride + 1


def left_over(size: Size, window: Size, attributes: Attributes) -> int:
    """How many rows or columns at the end no window reaches."""
    number, _ = moves(size, window, attributes).as_coeff_Add()
    return int(number) % int(attributes["stride"])


def _covered(counted: Size, other: Size, rest: int, attributes: Attributes) -> Size:
    """The size of an image from its windows, or of a window from the image: ``count`` solved for either."""
    return sympy.expand((counted - 1) * attributes["stride"] + rest - 2 * attributes["pad"] + other)


def _convolved(operands: Sequence[Sizes], attributes: Attributes) -> Sizes:
    image, kernel = operands
    return (kernel[0], *(count(n, k, attributes) for n, k in zip(image[1:], kernel[2:], strict=True)))


def _image(operands: Sequence[Sizes], attributes: Attributes) -> Sizes:
    made, kernel = operands
    pairs = zip(made[1:], kernel[2:], attributes["rest"], strict=True)
    return (kernel[1], *(_covered(n, k, rest, attributes) for n, k, rest in pairs))


def _kernel(operands: Sequence[Sizes], attributes: Attributes) -> Sizes:
    image, made = operands
    stride, pad = attributes["stride"], attributes["pad"]
    triples = zip(image[1:], made[1:], attributes["rest"], strict=True)
    windows = (sympy.expand(n + 2 * pad - rest - (many - 1) * stride) for n, many, rest in triples)
    return (made[0], image[0], *windows)


def _pooled(operands: Sequence[Sizes], attributes: Attributes) -> Sizes:
    first, *image = operands[-1]
    return (first, *(count(n, attributes["size"], attributes) for n in image))


def _unpooled(operands: Sequence[Sizes], attributes: Attributes) -> Sizes:
    first, *pooled = operands[0]
    pairs = zip(pooled, attributes["rest"], strict=True)
    return (first, *(_covered(n, attributes["size"], rest, attributes) for n, rest in pairs))


def _beside(operands: Sequence[Sizes], attributes: Attributes) -> Sizes:
    return operands[1]


# Pullbacks ----------------------------------------------------------------------------------------------------------


def _with_rest(definition: Definition, image: Sizes, window: Sizes) -> tuple[tuple[str, object], ...]:
    """The attributes of a pullback of an operation with windows."""
    given = dict(body_of(definition).attributes)
    rest = tuple(left_over(n, k, given) for n, k in zip(image, window, strict=True))
    return (*((name, value) for name, value in given.items() if name != "rest"), ("rest", rest))


def _made(maker: Maker, row: str, operands: tuple[str, str], attributes: tuple[tuple[str, object], ...], of: str) -> object:
    """One of the three derivatives as a part of the adjoint of an operand; None where that has no use."""
    if not maker.wants(of):
        return None
    if row == "conv2d":
        attributes = tuple(pair for pair in attributes if pair[0] != "rest")
    sizes = maker.sizes_of(of)
    kernel = row == "conv2d_kernel" and maker.averages(of)
    name = maker.add("c" if kernel else "x", Structured(row, operands, attributes), sizes, True if kernel else None)
    return slot(name, indices(len(sizes)))


def _conv2d_pullback(definition: Definition, adjoint: str, maker: Maker) -> Pulled:
    image, kernel = body_of(definition).operands
    given = _with_rest(definition, maker.sizes_of(image)[1:], maker.sizes_of(kernel)[2:])
    return (
        _made(maker, "conv2d_image", (adjoint, kernel), given, image),
        _made(maker, "conv2d_kernel", (image, adjoint), given, kernel),
    )


def _conv2d_image_pullback(definition: Definition, adjoint: str, maker: Maker) -> Pulled:
    made, kernel = body_of(definition).operands
    given = body_of(definition).attributes
    return (
        _made(maker, "conv2d", (adjoint, kernel), given, made),
        _made(maker, "conv2d_kernel", (adjoint, made), given, kernel),
    )


def _conv2d_kernel_pullback(definition: Definition, adjoint: str, maker: Maker) -> Pulled:
    image, made = body_of(definition).operands
    given = body_of(definition).attributes
    return (
        _made(maker, "conv2d_image", (made, adjoint), given, image),
        _made(maker, "conv2d", (image, adjoint), given, made),
    )


def _pool_pullback(row: str, beside: bool) -> Callable[[Definition, str, Maker], Pulled]:
    """``beside``: which entries were taken is read off the image."""

    def pull(definition: Definition, adjoint: str, maker: Maker) -> Pulled:
        body = body_of(definition)
        image = body.operands[-1]
        sizes, window = maker.sizes_of(image), (dict(body.attributes)["size"],) * 2
        operands = (adjoint, image) if beside else (adjoint,)
        name = maker.add("x", Structured(row, operands, _with_rest(definition, sizes[1:], window)), sizes)
        return (slot(name, indices(3)), *(sympy.Integer(0) for _ in body.operands[1:]))

    return pull


def _unpool_pullback(row: str) -> Callable[[Definition, str, Maker], Pulled]:
    def pull(definition: Definition, adjoint: str, maker: Maker) -> Pulled:
        body = body_of(definition)
        attributes = tuple(pair for pair in body.attributes if pair[0] != "rest")
        name = maker.add("x", Structured(row, (adjoint, *body.operands[1:]), attributes), maker.sizes_of(body.operands[0]))
        return (slot(name, indices(3)), *(sympy.Integer(0) for _ in body.operands[1:]))

    return pull


# Spellings ----------------------------------------------------------------------------------------------------------

_CONVOLVE, _SPREAD = "torch.nn.functional.conv2d", "torch.nn.functional.conv_transpose2d"


def _torch_convolution(call: str) -> Callable[[Written], str]:
    """A kernel of each stream is a group of the channels; `conv_transpose2d` is the transpose in the image."""

    def spell(written: Written) -> str:
        (image, kernel), (own, each) = written.operands, written.own
        stride, pad = written.attributes["stride"], written.attributes["pad"]
        tail = f"None, {stride}, {pad}"
        if call == _SPREAD:
            tail = f"{tail}, {list(written.attributes['rest'])}"
        if not each:
            return f"{call}({image}, {kernel}, {tail})"
        groups = f"{kernel}.shape[0]"
        image = f"{image}.flatten(0, 1)" if own else f"{image}.repeat({groups}, 1, 1)"
        if call == _CONVOLVE:
            tail = f"{tail}, 1"
        text = f"{call}({image}, {kernel}.flatten(0, 1), {tail}, {groups})"
        return f"{text}.unflatten(0, (-1, {written.size(written.sizes[0])}))"

    return spell


def _torch_kernel(written: Written) -> str:
    """torch's own derivative by the kernel adds up the streams; for one kernel a stream, streams are groups of channels."""
    (image, made), (own, each) = written.operands, written.own
    stride, pad = written.attributes["stride"], written.attributes["pad"]
    sizes = [written.size(n) for n in written.sizes]
    if not (own or each) or written.crosses:
        alone = {True: ".sum(0, keepdim=True)", False: "[None]"}
        if not (own and each):
            image, made = f"{image}{alone[own]}", f"{made}{alone[each]}"
        text = f"torch.nn.grad.conv2d_weight({image}, ({', '.join(sizes)}), {made}, {stride}, {pad})"
        return f"{text} * mean" if written.crosses else text
    groups = f"{image if own else made}.shape[0]"
    image = f"{image}.transpose(0, 1)" if own else f"{image}[:, None].expand(-1, {groups}, -1, -1)"
    made = f"{made}.flatten(0, 1)" if each else f"{made}.repeat({groups}, 1, 1)"
    text = f"{_CONVOLVE}({image}, {made}.unsqueeze(1), None, 1, {pad}, {stride}, {groups})"
    if any(written.attributes["rest"]):
        text = f"{text}[..., :{sizes[2]}, :{sizes[3]}]"
    return f"{text}.unflatten(1, (-1, {sizes[0]})).permute(1, 2, 0, 3, 4)"


def _window(attributes: Attributes) -> str:
    return f"{attributes['size']}, {attributes['stride']}, {attributes['pad']}"


def _lists(attributes: Attributes) -> str:
    """Size, stride and padding as torch's own operations take them."""
    return ", ".join(f"[{attributes[name]}, {attributes[name]}]" for name in ("size", "stride", "pad"))


def _torch_unaverage(written: Written) -> str:
    made = written.operands[0]
    lead = [f"{made}.shape[0]"] if written.own[0] else []
    image = f"{made}.new_empty(({', '.join([*lead, *map(written.size, written.sizes)])}))"  # read for its shape alone
    return f"torch.ops.aten.avg_pool2d_backward({made}, {image}, {_lists(written.attributes)}, False, True, None)"


def _torch_places(image: str, attributes: Attributes) -> str:
    return f"torch.nn.functional.max_pool2d({image}, {_window(attributes)}, return_indices=True)[1]"


def _torch_to_largest(written: Written) -> str:
    made, image = written.operands
    chosen = _torch_places(image, written.attributes)
    lists = _lists(written.attributes)
    return f"torch.ops.aten.max_pool2d_with_indices_backward({made}, {image}, {lists}, [1, 1], False, {chosen})"


def _torch_at_largest(written: Written) -> str:
    taken, image = written.operands
    chosen = _torch_places(image, written.attributes)
    _, rows, columns = map(written.size, written.sizes)
    return f"{taken}.flatten(-2).gather(-1, {chosen}.flatten(-2)).unflatten(-1, ({rows}, {columns}))"


def _numpy_kernel(written: Written) -> str:
    image, made = written.operands
    rows, columns = map(written.size, written.sizes[2:])
    given = written.attributes
    text = f"correlated({image}, {made}, ({rows}, {columns}), {given['stride']}, {given['pad']})"
    return f"{text}.sum(0) / batch" if written.crosses else text


def _numpy(call: str) -> Callable[[Written], str]:
    """A call with the operands, the sizes of the image where they are not those of an operand, and the numbers."""

    def spell(written: Written) -> str:
        image = [f"({', '.join(map(written.size, written.sizes[-2:]))})"] if "rest" in written.attributes else []
        numbers = [str(written.attributes[n]) for n in ("size", "stride", "pad") if n in written.attributes]
        return f"{call}({', '.join([*written.operands, *image, *numbers])})"

    return spell


WINDOWS: tuple[StructuredRow, ...] = (
    StructuredRow("conv2d", 2, _convolved, _numpy("convolved"), _torch_convolution(_CONVOLVE), _conv2d_pullback),
    StructuredRow(
        "conv2d_image", 2, _image, _numpy("convolved_back"), _torch_convolution(_SPREAD), _conv2d_image_pullback
    ),
    StructuredRow("conv2d_kernel", 2, _kernel, _numpy_kernel, _torch_kernel, _conv2d_kernel_pullback),
    StructuredRow(
        "avgpool2d",
        1,
        _pooled,
        _numpy("averaged"),
        lambda written: f"torch.nn.functional.avg_pool2d({written.operands[0]}, {_window(written.attributes)})",
        _pool_pullback("avgpool2d_image", False),
    ),
    StructuredRow(
        "avgpool2d_image", 1, _unpooled, _numpy("averaged_back"), _torch_unaverage, _unpool_pullback("avgpool2d")
    ),
    StructuredRow(
        "maxpool2d",
        1,
        _pooled,
        _numpy("largest"),
        lambda written: f"torch.nn.functional.max_pool2d({written.operands[0]}, {_window(written.attributes)})",
        _pool_pullback("maxpool2d_image", True),
    ),
    StructuredRow(
        "maxpool2d_image",
        2,
        _beside,
        _numpy("to_largest"),
        _torch_to_largest,
        _unpool_pullback("maxpool2d_taken"),
        together=True,
    ),
    StructuredRow(
        "maxpool2d_taken",
        2,
        _pooled,
        _numpy("at_largest"),
        _torch_at_largest,
        _pool_pullback("maxpool2d_image", True),
        together=True,
    ),
)
