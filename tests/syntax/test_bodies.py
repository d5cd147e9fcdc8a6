from __future__ import annotations

import pytest

from hdsl.syntax.bodies import Body
from hdsl.syntax.parse import parse
from hdsl.syntax.source import Source, Span
from hdsl.syntax.statements import StatementMaker
from hdsl.syntax.tree import Component, Define, Return, Statement


def statement(text: str) -> Statement:
    from hdsl.syntax.mistakes import read_words

    (made,) = StatementMaker(0).make(read_words(text, 0, "statement", ""))
    return made  # type: ignore[no-any-return]


def body(*lines: str) -> tuple[Body, list[str]]:
    head = statement("component c(x)")
    assert isinstance(head, Component)
    made = Body(head)
    found = [made.add(statement(line), line.split()[0]) for line in lines]
    return made, ["" if one is None else one.message for one in found]


def test_a_body_is_put_together_with_its_head() -> None:
    made, found = body("let a = x", "return a")
    component = made.component(40)
    assert found == ["", ""] and made.missing() is None and component is not None
    assert component.name == "c" and component.span == Span(0, 40)
    assert [type(s) for s in component.body] == [Define] and isinstance(made.returned[0], Return)


@pytest.mark.parametrize("line", ["input u", "model m", "cost c = x", "output y = x", "learn", "use \"a.ham\"", "def f(x) = x"])
def test_what_belongs_to_a_model_cannot_stand_in_it(line: str) -> None:
    _, found = body(line, "return x")
    assert found == [f"`{line.split()[0]}` cannot stand in a component", ""]


def test_return_stands_once_and_last() -> None:
    made, found = body("return x", "let a = x", "return x")
    assert found == ["", "`return` is a component's last line", "a component returns once"]
    assert made.missing() is None


def test_a_body_without_return() -> None:
    made, _ = body("let a = x")
    missing = made.missing()
    assert made.component(3) is None and missing is not None and missing.code == "component"


def test_of_a_body_with_a_mistake_nothing_is_missed() -> None:
    made, _ = body("let a = x")
    made.whole = False
    assert made.missing() is None and made.component(3) is None
    assert Body(None).missing() is None and Body(None).component(3) is None


def test_bodies_in_a_file() -> None:
    text, found = parse(Source("component c(x) { let a = x\nreturn a }\ncomponent d(x) {}\n"))
    assert [one.code for one in found] == ["component"] and text.unread >= {"d"}
    assert [s.name for s in text.statements if isinstance(s, Component)] == ["c"]


def test_a_component_that_is_left_out_is_kept_for_editors() -> None:
    text = "component c(x) {\n    let a = x\n    let b = )\n}\n"
    text += "component d(x) {\n    return (\n}\ncomponent e( {\n    return 1\n}\n"
    tree, found = parse(Source(text))
    assert found and not [s for s in tree.statements if isinstance(s, Component)]
    assert [(one.name, len(one.body), text[one.span.start : one.span.end][-1]) for one in tree.broken] == [
        ("c", 1, "}"),
        ("d", 0, "}"),
    ]
    assert [one.name for one in parse(Source("component c(x) {\n    let a = x\n"))[0].broken] == ["c"]
