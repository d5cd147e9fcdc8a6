"""What can be said about `schedule = replay`: how many tokens it takes, and settings that do not go with it."""

from __future__ import annotations

from hdsl.diagnostics.catalogue import register
from hdsl.diagnostics.catalogue_model import SETTING_VALUE
from hdsl.diagnostics.diagnostic import Diagnostic
from hdsl.syntax.source import Span

UNUSED_ORDER = register("unused-order", "replay has an order of its own", "warning")
LASTING_GRADIENTS = register("lasting-gradients", "under replay without `eta.param` gradients add up for ever", "warning")


def tokens(span: Span) -> Diagnostic:
    wanted = "`replay(r)` takes the number of tokens, a whole number from 1 on"
    return SETTING_VALUE.at(span, "`schedule` cannot be this", wanted)


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
