"""Interrupts: the first asks, the second ends, and afterwards all is as before."""

from __future__ import annotations

import signal

import pytest

from hdsl.cli.interrupt import SIGNALS, interruptible


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_the_first_asks_and_the_second_ends(number: signal.Signals, code: int) -> None:
    before = [signal.getsignal(each) for each in SIGNALS]
    with interruptible() as interrupt:
        assert not interrupt() and interrupt.code == 0
        signal.raise_signal(number)
        assert interrupt() and interrupt.code == code
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    assert [signal.getsignal(each) for each in SIGNALS] == before
