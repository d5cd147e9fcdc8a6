"""Interrupts: Ctrl-C and SIGTERM ask a run to end; it ends with its checkpoint written and its summary printed."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupt:
    """Whether a run was asked to end; called, it says so."""

    def __init__(self) -> None:
        self.signal: int | None = None

    def __call__(self) -> bool:
        return self.signal is not None

    @property
    def code(self) -> int:
        """The exit code that shells give to it: 130 for Ctrl-C, 143 for SIGTERM, 0 where nobody asked."""
        return 0 if self.signal is None else 128 + self.signal


@contextmanager
def interruptible() -> Iterator[Interrupt]:
    """The first signal asks the run to end after the present piece; a second one ends it at once."""
    interrupt = Interrupt()

    def ask(number: int, frame: Any) -> None:
        interrupt.signal = number
        for each in SIGNALS:
            signal.signal(each, signal.default_int_handler if each == signal.SIGINT else signal.SIG_DFL)

    before = {each: signal.signal(each, ask) for each in SIGNALS}
    try:
        yield interrupt
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
