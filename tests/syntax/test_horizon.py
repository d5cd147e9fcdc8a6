"""Another end of time than a file's own."""

from __future__ import annotations

import pytest

from hdsl.syntax.horizon import with_horizon
from hdsl.syntax.source import Source

OWN = "ham 1\nstate x = 0\nhorizon free = 2 in [1, 3]   # a guess\nx' = 1\n"


def test_it_stands_in_place_of_the_files_own() -> None:
    changed = with_horizon(Source(OWN, "a.ham"), 2.5)
    assert changed.text == "ham 1\nstate x = 0\nhorizon 2.5   # a guess\nx' = 1\n"
    assert changed.name == "a.ham"


@pytest.mark.parametrize("text", ["ham 1\nstate x = 0\nx' = 1\n", "ham 1\nstate x = 0\nx' = 1\nlearn\n    tau = 1"])
def test_it_stands_below_where_there_is_none(text: str) -> None:
    assert with_horizon(Source(text), 4.0).text == text + "\nhorizon 4.0\n"


def test_the_texts_of_used_files_stay_what_they_are() -> None:
    own, used = "use \"b.ham\"\nhorizon 1\n", "component c(x) { return x }\nhorizon 7\n"
    source = Source(f"{own}\n{used}", "a.ham", ((len(own) + 1, "b.ham"),))
    changed = with_horizon(source, 12.25)
    assert changed.texts == (("a.ham", "use \"b.ham\"\nhorizon 12.25\n\n"), ("b.ham", used))


def test_a_text_that_cannot_be_read_stays_as_it_is() -> None:
    source = Source("ham 1\nstate = = 3\n")
    assert with_horizon(source, 1.0) is source
