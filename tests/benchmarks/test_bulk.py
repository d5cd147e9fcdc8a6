from __future__ import annotations

import time

import pytest

from benchmarks import bulk
from benchmarks.bulk import KINDS, cases, judge, measured, parts, told


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("part", range(4))
def test_a_slice(kind: str, part: int) -> None:
    """A fixed slice of what `python -m benchmarks.bulk` does with 100 000 of each kind."""
    for number in range(10 * part, 10 * part + 10):
        assert judge(KINDS[kind](number)) in ("refused", "warned of", "clean")


def test_what_goes_wrong_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(data: bytes, command: object) -> str:
        raise RecursionError("too deep")

    monkeypatch.setattr(bulk, "judge", wrong)
    case = measured("mangled", 3)
    assert (case.kind, case.number, case.verdict) == ("mangled", 3, "FAILED")
    assert "RecursionError: too deep" in case.told


def test_a_command_that_takes_too_long_is_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    def slow(data: bytes, command: object) -> str:
        command()  # type: ignore[operator]
        time.sleep(30)
        return "clean"

    monkeypatch.setattr(bulk, "judge", slow)
    case = measured("programs", 0, seconds=0.05)
    assert case.verdict == "FAILED" and "took more than 0.05 s" in case.told


def test_kinds_take_turns_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "PART", 2)
    made = parts({"mangled": 3, "programs": 2}, 10)
    assert made == [("mangled", range(10, 12)), ("programs", range(10, 12)), ("mangled", range(12, 13))]


def test_every_case_is_told_once() -> None:
    found = list(cases([("mangled", range(2)), ("programs", range(1))], 10, 1024, 1))
    assert [(case.kind, case.number) for case in found] == [("mangled", 0), ("mangled", 1), ("programs", 0)]
    assert told("mangled", found[:2])[:2] == ["mangled", "2"]
