from __future__ import annotations

from benchmarks.start import LOAD, succeeds


def test_only_an_exit_of_nought_is_a_success() -> None:
    assert succeeds("-c", "pass")
    assert not succeeds("-c", "raise SystemExit(1)")


def test_the_program_that_is_timed_is_python() -> None:
    compile(LOAD, "load", "exec")
