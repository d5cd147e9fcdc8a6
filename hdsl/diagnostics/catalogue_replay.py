"""What can be said about `schedule = replay`: how many tokens it takes, and settings that do not go with it."""

from __future__ import annotations

from collections.abc import Sequence

from hdsl.diagnostics.catalogue import register, written
from hdsl.diagnostics.catalogue_model import SETTING_VALUE, and_list
from hdsl.diagnostics.diagnostic import Diagnostic, Label
from hdsl.syntax.source import Span

UNUSED_ORDER = register("unused-order", "replay has an order of its own", "warning")
LASTING_GRADIENTS = register("lasting-gradients", "under replay without `eta.param` gradients add up for ever", "warning")
RECOMPUTED = register("recomputed", "states cannot be worked out again on the way back")


def recomputed_forward(span: Span, schedule: str) -> Diagnostic:
    return RECOMPUTED.at(
        span,
        f"`states = recomputed` does not go with `schedule = {schedule}`",
        "there is no way back on which states would be needed again: `schedule = replay` is expected, or no `states`",
        fix=written("stored", span, safe=False),
    )


GO_BACK = (
    "what goes back: `step = two-step`, for every `h' = …`",
    "or `next h = p + …` with `next p = h`, a rotation by cos and sin, `expm` of a skew matrix times the state",
)
NO_WAY_BACK = {
    "flow": "an Euler step has no inverse: `step = two-step` is expected",
    "next": "no inverse of this keeps every digit",
    "sample": "it begins anew each sample: nothing is left to go back from",
}
"""Why a state cannot be recomputed, by how it moves."""


def no_inverse(span: Span, states: Sequence[tuple[str, str, Span]]) -> Diagnostic:
    """``states`` are those that are stuck, each with why, a key of `NO_WAY_BACK`, and the place of its dynamics."""
    named = and_list([f"`{name}`" for name, _, _ in states])
    places = tuple(Label(place, NO_WAY_BACK[why]) for _, why, place in states)
    return RECOMPUTED.at(span, f"{named} cannot be recomputed from what comes after", "", others=places, notes=GO_BACK)


def tokens(span: Span, path: str, word: str) -> Diagnostic:
    wanted = f"`{word}(r)` takes the number of tokens, a whole number from 1 on"
    return SETTING_VALUE.at(span, f"`{path}` cannot be this", wanted)


def unused_order(span: Span) -> Diagnostic:
    return UNUSED_ORDER.at(
        span, "`order` is not used with `schedule = replay`", "a replay goes from the last token to the first; leave it out"
    )


def lasting_gradients(span: Span) -> Diagnostic:
    return LASTING_GRADIENTS.at(
        span,
        "replay without `eta.param`: the gradients of all sequences add up",
        "a momentum of 1; `eta.param = 1/tau` forgets them, `eta.param = (1 - mu)/tau` is a momentum of mu",
    )
