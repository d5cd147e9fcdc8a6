"""Every sentence of the language that allows something has good lines, and every one that forbids, bad models."""

from __future__ import annotations

import functools

import pytest

from hdsl.compiler import Compiler
from hdsl.syntax.gather import gather
from hdsl.syntax.source import Source
from tests.proofs.sentences import ALL as OF_LEARNING
from tests.proofs.sentences import GOOD, LATER, Sentence
from tests.proofs.sentences_of_control import CONTROL, MECHANICAL, MECHANICS
from tests.test_bad_models import answer

ALL = (*OF_LEARNING, *CONTROL, *MECHANICS)
WITHOUT_GOOD = 8  # the version, and what is warned of: what is good there is what gives no warning


@functools.cache
def places(name: str) -> set[tuple[int, str]]:
    """The lines of a bad model and what each is answered with."""
    source, found = answer(name)
    return {(source.line_of(one.span), one.code) for one in found}


def codes(lines: str, base: str = GOOD) -> list[str]:
    found = Compiler(gather(Source(f"{base}{lines}\n"), None)).diagnostics
    return [one.code for one in found if one.severity == "error"]


def test_no_sentence_stands_twice_and_none_is_without_examples() -> None:
    assert len({sentence.says for sentence in ALL}) == len(ALL)
    assert all(sentence.good or sentence.bad for sentence in ALL)
    assert sum(not sentence.good for sentence in ALL) == WITHOUT_GOOD
    assert [s.says for s in ALL if not s.bad] == [
        "# begins a comment, ## a doc comment of the next declaration",
        "an instance in dynamics, outputs and costs has their name",
    ]  # both allow and forbid nothing


@pytest.mark.parametrize("sentence", [s for s in ALL if s.good], ids=lambda s: s.says)
def test_what_it_allows_is_accepted(sentence: Sentence) -> None:
    assert codes(sentence.good, MECHANICAL if sentence in MECHANICS else GOOD) == []


@pytest.mark.parametrize("sentence", [s for s in ALL if s.bad], ids=lambda s: s.says)
def test_what_it_forbids_is_told_at_its_line(sentence: Sentence) -> None:
    for place in sentence.bad.split("; "):
        at, code = place.split()
        name, line = at.split(":")
        assert (int(line), code) in places(name), place


@pytest.mark.parametrize("lines", LATER)
def test_what_a_later_version_has_is_refused_by_name(lines: str) -> None:
    assert codes(lines) == [LATER[lines]]
