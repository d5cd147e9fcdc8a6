from __future__ import annotations

import inspect

import pytest

from hdsl.diagnostics import catalogue_model as catalogue
from hdsl.diagnostics.catalogue import CODES
from hdsl.diagnostics.diagnostic import Diagnostic
from hdsl.syntax.source import Span

AT, BEFORE = Span(10, 12), Span(2, 4)


def test_every_message_has_a_code_of_the_register() -> None:
    functions = [f for _, f in inspect.getmembers(catalogue, inspect.isfunction)]
    makers = [f for f in functions if f.__annotations__.get("return") == "Diagnostic"]
    assert len(makers) > 40
    for maker in makers:
        names = list(inspect.signature(maker).parameters)
        assert names[0] == "span", maker.__name__
        made = maker(*(AT if name in ("span", "first") else _fact(name) for name in names))
        assert isinstance(made, Diagnostic)
        assert made.code in CODES
        assert made.span == AT
        assert not made.message.endswith(".")


def _fact(name: str) -> object:
    """Something to say in a message, by the name of the fact."""
    facts: dict[str, object] = {
        "line": 3, "lines": [4, 5], "count": 2, "found": 2, "value": -1.0, "low": 1.0, "high": 0.0, "rows": True,
        "positive": True, "path": "eta.h", "way": ["a", "b"], "words": ["one", "two"], "symbols": ["t"], "role": "state",
        "others": [BEFORE], "states": ["a", "b"],
    }  # fmt: skip
    if name == "suggestion":
        return catalogue.did_you_mean("x", "", None)
    return facts.get(name, "x")


def test_words_are_put_together_as_people_do() -> None:
    assert [catalogue.a(kind) for kind in ("param", "input", "output")] == ["a param", "an input", "an output"]
    assert catalogue.and_list(["a"]) == "a"
    assert catalogue.and_list(["a", "b", "c"]) == "a, b and c"
    assert catalogue.did_you_mean("weight", "param", 6).text == "did you mean `weight` (a param, line 6)?"
    assert catalogue.did_you_mean("tau", "", None).text == "did you mean `tau`?"
    assert catalogue.constants(()) == "numbers, sizes and scalar consts"
    assert catalogue.constants(("t", "tau")) == "numbers, sizes, scalar consts, `t` and `tau`"


@pytest.mark.parametrize(
    ("lines", "notes"), [([], ()), ([4], ("also used on line 4",)), ([4, 6, 9], ("also used on lines 4, 6 and 9",))]
)
def test_other_uses_of_an_unknown_name_are_notes(lines: list[int], notes: tuple[str, ...]) -> None:
    assert catalogue.unknown_name(AT, "q", None, lines).notes == notes


def test_a_suggestion_is_a_fix_of_every_use() -> None:
    made = catalogue.unknown_name(AT, "q", catalogue.did_you_mean("p", "let", 3), [4], [Span(20, 22)])
    assert made.fix is not None and made.fix.safe
    assert [(edit.span, edit.text) for edit in made.fix.edits] == [(AT, "p"), (Span(20, 22), "p")]
    assert catalogue.unknown_name(AT, "q", None, []).fix is None


def test_what_does_not_stand_in_the_file_is_not_mended_there() -> None:
    made = catalogue.unknown_setting(Span(0, 0), "eat", catalogue.did_you_mean("eta", "", None))
    assert made.label == "did you mean `eta`?"
    assert made.fix is None


def test_a_cycle_of_one_is_said_otherwise() -> None:
    assert catalogue.cycle(AT, ("a", "a")).message == "`a` is defined by itself"
    longer = catalogue.cycle(AT, ("a", "b", "c", "a"))
    assert longer.message == "`a`, `b` and `c` need one another"
    assert longer.label == "a → b → c → a"


def test_beginnings_in_a_circle_are_said_by_how_many_there_are() -> None:
    assert catalogue.beginning_circle(AT, ["a"]).message == "`a` begins from itself"
    longer = catalogue.beginning_circle(AT, ["a", "b"])
    assert (longer.message, longer.label) == ("`a` and `b` begin from one another", "a → b → a")


def test_the_first_of_two_is_a_second_place() -> None:
    made = catalogue.duplicate_name(AT, "h", "let", BEFORE, "input")
    assert made.others[0].span == BEFORE
    assert made.others[0].text == "first as an input"


def test_warnings_are_no_errors() -> None:
    grave = {code.name for code in CODES.values() if code.severity == "warning"}
    assert {"unused", "no-dynamics", "no-cost", "no-dissipation", "reset-order"} <= grave
    assert CODES["cycle"].severity == "error"
