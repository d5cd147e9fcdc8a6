"""Every step of a mechanical system has a row that says what it keeps."""

from __future__ import annotations

from hdsl.derive.methods import METHODS
from hdsl.model.learning import SYMPLECTIC, WORDS
from hdsl.model.two_step import TWO_STEP
from hdsl.verify.mechanics import SCHEMES
from hdsl.verify.order import INTEGRATORS


def test_every_word_has_its_row_and_every_judge_knows_it() -> None:
    assert {*METHODS, TWO_STEP} == set(WORDS["step"]) == set(INTEGRATORS)
    assert set(METHODS) == {*SCHEMES, *SYMPLECTIC}  # two-step is for replays, and a mechanical system has none
    assert {word: method.order for word, method in METHODS.items()}.items() < INTEGRATORS.items()


def test_the_symplectic_ones_are_those_for_mechanical_systems_alone() -> None:
    assert {word for word, method in METHODS.items() if method.symplectic} == set(SYMPLECTIC)
    assert METHODS["leapfrog"].words == "of order 2, symplectic and time-reversible"
    assert METHODS["rk4"].words == "of order 4, neither symplectic nor time-reversible"
