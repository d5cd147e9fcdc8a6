"""Every planted fault that changes a value is found: a slice of `python -m benchmarks.mutants`, more where it may be slow."""

from __future__ import annotations

from collections import Counter

import pytest

from benchmarks.mutants import PLACES, UNKNOWN, Verdict, chosen, faults, judge, original, rows, verdicts
from benchmarks.mutated_models import MODELS

DAILY, SLOW = 24, 1000
"""A daily slice, of a few of the models; and what the slow tests go through."""

FEW = ("recurrent", "mixed")
KINDS = {
    *("arguments swapped", "condition", "constant", "divided by the batch", "factor dropped", "function", "line left out"),
    *("mean", "missing target", "point", "seed", "setting", "sign", "term dropped", "transposed"),
}


def told(found: list[Verdict]) -> list[str]:
    """Those that escaped, and those that change nothing for no reason that is known."""
    return [f"{v.mutant} {v.by}" for v in found if v.verdict == "ESCAPED" or v.by == UNKNOWN]


def test_a_daily_slice_is_caught() -> None:
    mutants = chosen(DAILY, 0, FEW)
    assert {mutant.place for mutant in mutants} == set(PLACES)
    assert {mutant.fault.kind for mutant in mutants} == KINDS
    found = list(verdicts(mutants))
    assert told(found) == []
    assert sum(verdict.verdict == "caught" for verdict in found) > DAILY * 2 / 3


@pytest.mark.slow
@pytest.mark.parametrize("part", range(10))
def test_many_are_caught(part: int) -> None:
    found = list(verdicts(chosen(SLOW, 1)[part::10]))
    assert told(found) == []


@pytest.mark.slow
def test_what_is_caught_in_a_part_fails_the_whole_certificate() -> None:
    found = list(verdicts(chosen(DAILY, 2), whole=True))
    assert told(found) == []


@pytest.mark.parametrize("model", MODELS)
def test_there_is_much_to_plant_in_every_model(model: str) -> None:
    for place in PLACES:
        found = faults(model, place)
        assert len(found) > 100 and all(mutant.fault.old != mutant.fault.new for mutant in found)


def test_a_divided_costate_is_found_in_both_texts() -> None:
    for place, bodies in (("torch", 2), ("numpy", 1)):  # a module has its step twice: `_learn` and `_advance`
        found = [mutant for mutant in faults("recurrent", place) if mutant.fault.kind == "divided by the batch"]
        assert len(found) == bodies and all("batch" in mutant.fault.new for mutant in found)
        assert [verdict.verdict for verdict in verdicts(found)] == ["caught"] * bodies


def test_what_nothing_reads_changes_nothing() -> None:
    """The output at the old state, which a sequential step has no use for."""
    found = [judge(mutant) for mutant in faults("recurrent", "step") if mutant.fault.where == "y"][:2]
    assert {(verdict.verdict, verdict.by) for verdict in found} == {("equivalent", "a line that nothing reads")}


def test_a_fault_that_no_judge_saw_escapes(monkeypatch: pytest.MonkeyPatch) -> None:
    mutant = next(m for m in faults("recurrent", "equations") if m.fault.kind == "sign" and m.fault.where == "dot:z:h")
    assert judge(mutant).verdict == "caught"
    monkeypatch.setattr("benchmarks.mutants._found_by", lambda *arguments: "")
    monkeypatch.setattr("benchmarks.mutants.certify", lambda compiler, points: type("Proof", (), {"ok": True}))
    escaped = judge(mutant)
    assert escaped.verdict == "ESCAPED" and "dot:z:h" in escaped.by
    assert rows([escaped])[-1] == ["all", "0/1", "", "", "", "0/1"]


def test_the_original_is_left_as_it_was() -> None:
    before = original("recurrent").compiler
    texts = (before.torch, before.numpy, before.step, before.equations)
    for mutant in chosen(8, 3, FEW[:1]):
        judge(mutant)
    assert texts == (before.torch, before.numpy, before.step, before.equations)


def test_kinds_and_places_take_turns() -> None:
    mutants = chosen(60, 5, FEW)
    counted = Counter((mutant.place, mutant.fault.kind) for mutant in mutants)
    assert len(mutants) == 60 and max(counted.values()) <= 2
    assert [str(m) for m in mutants] == [str(m) for m in chosen(60, 5, FEW)]
    assert [str(m) for m in mutants] != [str(m) for m in chosen(60, 6, FEW)]
