"""All lints of a checked model in one list."""

from __future__ import annotations

from hdsl.diagnostics.diagnostic import Diagnostic
from hdsl.diagnostics.render import in_order
from hdsl.lint.idle import idle
from hdsl.lint.saturation import saturated
from hdsl.lint.scales import far_apart
from hdsl.lint.stability import unstable
from hdsl.model.model import Model


def lints(model: Model) -> tuple[Diagnostic, ...]:
    """Warnings of what a model surely does not mean, beyond those that checking itself gives.

    One place is told of one thing once, however many instances of a component stand there.
    """
    if model.hamiltonian is not None:  # what a step of it does to its energy is told by the audit
        return ()
    found: dict[tuple[str, object], Diagnostic] = {}
    for one in (*idle(model), *unstable(model), *saturated(model), *far_apart(model)):
        found.setdefault((one.code, one.span), one)
    return tuple(in_order(list(found.values())))
