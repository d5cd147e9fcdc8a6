"""What the pass ``check`` can say about windows that slide over images: convolutions and pools.

Functions take facts as text: sizes come written (``[c, h, w]``), places as spans.
"""

from __future__ import annotations

from hdsl.diagnostics.catalogue import register
from hdsl.diagnostics.diagnostic import Diagnostic
from hdsl.syntax.source import Span

WINDOW = register("window", "an image, a kernel, a window, a stride or a padding is none that a convolution or a pool takes")
WINDOW_COUNT = register("window-count", "how many windows fit on an image is no polynomial of sizes")


def takes_image(span: Span, name: str, found: str, rank: int) -> Diagnostic:
    hint = "; `[None]` behind it gives it one channel" if rank == 2 else ""
    return WINDOW.at(span, f"`{name}` takes an image [channels, height, width]", f"this is {found}{hint}")


def takes_kernel(span: Span, found: str) -> Diagnostic:
    return WINDOW.at(span, "`conv2d` takes a kernel [out, channels, height, width]", f"this is {found}")


def channels(kernel: str, image: str) -> str:
    """What a convolution does with its operands where their channels differ, for the message ``shape``."""
    return f"takes a kernel over {kernel} channel{'s' * (kernel != '1')} to an image of {image}"


def whole_number(span: Span, what: str, least: int, found: str) -> Diagnostic:
    """``what`` is the size of the window, the stride or the padding."""
    wanted = "above 0" if least else "of 0 or more"
    return WINDOW.at(span, f"{what} is a whole number {wanted} that is written out", f"this is {found}")


def much_padding(span: Span, pad: int, size: int) -> Diagnostic:
    return WINDOW.at(
        span, "the padding is more than half of the window", f"{pad} around windows of {size}: some would see nothing else"
    )


def window_too_large(span: Span, window: str, image: str, pad: int, given: str) -> Diagnostic:
    padded = f" with {pad} around it" if pad else ""
    numbers = f" for {given}" if given else ""
    return WINDOW.at(span, "the window is larger than the image", f"{window} on {image}{padded}{numbers}")


def window_count(span: Span, moves: str, stride: int) -> Diagnostic:
    return WINDOW_COUNT.at(
        span,
        f"how many windows fit is not known: they stand {stride} apart and can move by {moves}",
        f"a size that is a number or a multiple of {stride}, as in `x[1, {stride}*q, {stride}*q]`, tells it",
    )
