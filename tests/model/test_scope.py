from __future__ import annotations

import pytest

from hdsl.model.scope import FUNCTIONS, INITIALS, RESERVED, Scope, build_scope, reserved_for
from hdsl.syntax.parse import parse
from hdsl.syntax.source import Source, Span
from hdsl.syntax.words import KEYWORDS

TEXT = "dim n = 3\nparam weight[n] = 0\nlet a = wieght + wieght\nlet b = wieght\n"


def scope_of(text: str) -> Scope:
    return build_scope(parse(Source(text))[0])


def test_every_declaration_gives_a_name_its_kind() -> None:
    defined = "let a = 1\noutput y = 1\ncost c = 1\n"
    scope = scope_of("dim n, m\ninput u\ntarget v\nstate h = 0\nparam W = 0\nconst k = 1\n" + defined)
    kinds = [entry.kind for entry in scope.entries.values()]
    assert kinds == ["dim", "dim", "input", "target", "state", "param", "const", "let", "output", "cost"]
    assert scope.findings == []


KEPT = (*RESERVED, *sorted(FUNCTIONS), *INITIALS, *sorted(KEYWORDS))


@pytest.mark.parametrize("name", KEPT)
def test_reserved_names_cannot_be_declared(name: str) -> None:
    assert reserved_for(name) is not None
    scope = scope_of(f"state {name} = 0\n")
    assert [finding.code for finding in scope.findings] == ["reserved-name"]
    assert name in scope.poisoned


@pytest.mark.parametrize("name", ["class", "omega", "n", "eta", "beta", "phi", "first", "t2", "order", "self", "sinus"])
def test_other_names_can(name: str) -> None:
    assert reserved_for(name) is None


def test_the_first_declaration_of_a_name_holds_and_the_second_points_to_it() -> None:
    scope = scope_of("state h = 0\nlet h = 1\n")
    (finding,) = scope.findings
    assert (finding.code, finding.others[0].span) == ("duplicate-name", Span(6, 7))
    assert scope.entries["h"].kind == "state"
    assert scope.poisoned == {"h"}


def test_an_unknown_name_is_reported_once_with_the_lines_of_its_other_uses() -> None:
    scope = scope_of(TEXT)
    for start in (20, 40):  # wherever they stand, the first place is reported
        scope.find("wieght", Span(TEXT.index("wieght") + start - 20, TEXT.index("wieght") + start - 14))
    scope.find("wieght", Span(TEXT.rindex("wieght"), TEXT.rindex("wieght") + 6))
    scope.report_unknown()
    (finding,) = scope.findings
    assert finding.span.start == TEXT.index("wieght")
    assert finding.label == "did you mean `weight` (a param, line 2)?"
    assert finding.notes == ("also used on line 4",)


def test_a_suggestion_is_of_the_wanted_kind() -> None:
    scope = scope_of("dim n = 2\nstate width = 0\n")
    scope.find("widht", Span(0, 1), ("dim",))
    scope.find("widhts", Span(1, 2))
    scope.report_unknown()
    assert [finding.label for finding in scope.findings] == ["", "did you mean `width` (a state, line 2)?"]


def test_names_whose_statement_could_not_be_read_are_not_unknown() -> None:
    scope = scope_of("let a = (1\nlet b = a\n")
    assert scope.find("a", Span(0, 1)) is None
    scope.report_unknown()
    assert scope.findings == []


def test_suggestions_end_when_a_file_has_too_many_unknown_names() -> None:
    scope = scope_of("".join(f"const alpha{k} = 1\n" for k in range(500)))
    for k in range(100):
        scope.find(f"alpah{k}", Span(k, k + 1))
    scope.report_unknown()
    labels = [finding.label for finding in scope.findings]
    assert labels[0]
    assert not labels[-1]
    assert len(labels) == 100


def test_a_written_span_is_one_short_line() -> None:
    scope = scope_of("let a = ((1 +\n         2))\nlet b = " + "x" * 60 + "\nlet c = (1)*(2)\n")
    assert scope.written(Span(8, 27)) == "1 + 2"
    assert scope.written(Span(scope.source.text.index("(1)"), len(scope.source.text) - 1)) == "(1)*(2)"
    start = scope.source.text.index("xx")
    assert scope.written(Span(start, start + 60)) == "x" * 39 + "…"
