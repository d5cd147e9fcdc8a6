"""What the summands of derived equations are there for, in words and in lines."""

from __future__ import annotations

import pytest

import hdsl
from hdsl.derive.provenance import Root, mark, marks, place, root_of, roots_of
from hdsl.syntax.source import Source, Span
from hdsl.terms.term import Definition, Elementwise, Summand, slot, trace_summands

TEXT = """ham 1
input u
target v
state h = 0
state g = 0
param w = 0
h' = -h + w * g
next g = u
cost fit = (h - v)^2
cost decay = w^2
learn
    eta.h = 0.5
"""


def model():
    return hdsl.loads(TEXT, settings={"eta.g": 1.0}).compiler.model


def summand(*roots):
    return Summand(slot("h"), (), roots)


def test_a_root_is_a_cost_the_dynamics_of_a_state_or_a_setting():
    found = model()
    source = found.source
    told = {name: root_of(found, name) for name in ("fit", "h", "g", "learn:eta.h", "learn:eta.g", "learn:eta", "learn:beta")}
    assert {name: str(root) for name, root in told.items()} == {
        "fit": "cost fit",
        "h": "dynamics of h",
        "g": "dynamics of g",
        "learn:eta.h": "learn eta.h",
        "learn:eta.g": "learn eta.g",
        "learn:eta": "learn eta",
        "learn:beta": "learn beta",
    }
    places = {name: (source.lines_of(root.spans), root.unsaid) for name, root in told.items()}
    assert places == {
        "fit": ((9,), ""),
        "h": ((7,), ""),
        "g": ((8,), ""),
        "learn:eta.h": ((12,), ""),
        "learn:eta.g": ((), "given from outside"),
        "learn:eta": ((), "by default"),
        "learn:beta": ((), "by default"),
    }


@pytest.mark.parametrize("name", ["w", "learn:order", "u"])
def test_what_is_no_root_is_refused(name):
    with pytest.raises(KeyError):
        root_of(model(), name)


def test_roots_stand_in_the_order_of_the_text_settings_last():
    found = roots_of(model(), summand("learn:eta", "decay", "g", "fit", "h"))
    assert [root.name for root in found] == ["h", "g", "fit", "decay", "eta"]


def test_a_summand_is_marked_by_the_lines_of_its_roots():
    found = model()
    roots = roots_of(found, summand("learn:eta", "fit", "h"))
    assert mark(found.source, roots) == "7, 9, learn"
    assert mark(found.source, roots, "net.ham:") == "net.ham:7, 9, learn"
    assert mark(found.source, ()) == ""


@pytest.mark.parametrize(
    ("name", "roots", "told"),
    [
        ("dot:z:h", [("fit",), ("h",), ("learn:eta.h",)], "m.ham:9 | 7 | learn"),
        ("z:h+", [("h", "learn:eta.h"), ("fit",)], "m.ham:7, learn | 9"),
        ("z:h+", [("learn:eta.h",), ("fit",)], "learn | m.ham:9"),
        ("dot:h", [("h",), ("h",)], ""),
        ("dot:w", [("learn:beta",)], ""),
        ("dot:w:w", [("h",), ("learn:eta",)], ""),  # one line; what else it went through stands there too
        ("dot:w:w", [("h",), ("decay",), ("learn:eta",)], "m.ham:7 | 10"),
        ("dot:z:h", [], ""),
    ],
)
def test_an_equation_is_marked_by_the_lines_of_each_summand(name, roots, told):
    definition = Definition(name, Elementwise(slot("h")))
    assert marks(model(), definition, [summand(*each) for each in roots], "m.ham:") == told


def test_where_there_are_many_other_files_are_named_without_their_lines_and_then_none_at_all():
    found = hdsl.load("lstm_online").compiler.model
    definition = Definition("dot:z:cell.h", Elementwise(slot("h")))
    fit, h, c, eta = (summand(name) for name in ("fit", "cell.h", "cell.c", "learn:eta"))
    assert marks(found, definition, [fit, h, eta]) == "19 | cells.ham:46 | learn"
    assert marks(found, definition, [fit, h, c, eta]) == "19 | cells.ham:46 | cells.ham:45 | learn"
    assert marks(found, definition, [fit, h, c, h, eta]) == "19 | cells.ham | cells.ham | cells.ham | learn"
    assert marks(found, definition, [fit, h, c, h, c, eta]) == ""


def test_words_of_a_root():
    assert str(Root("cost", "fit", ())) == "cost fit"


def test_what_is_made_one_summand_of_several_carries_them_all():
    a, b, c, tau = (slot(name) for name in "abct")
    given = [Summand(a, (), ("h",)), Summand(a, (), ("fit",)), Summand(b, (), ("g",)), Summand(c, (), ("decay",))]
    assert [(s.expression, s.roots) for s in trace_summands(2 * a, given[:2])] == [(2 * a, ("h", "fit"))]
    scaled = trace_summands(a + tau * (b + c), [given[0], *given[2:]])
    assert {s.expression: s.roots for s in scaled} == {a: ("h",), tau * (b + c): ("g", "decay")}
    assert trace_summands(a - a, given) == ()


def test_where_a_root_stands():
    source = Source("a\nb\nc\nd\n1\n2", "m.ham", ((4, "x.ham"),))
    assert place(source, Root("cost", "fit", (Span(2, 3),))) == "line 2"
    assert place(source, Root("cost", "fit", (Span(0, 1), Span(2, 3), Span(6, 7)))) == "lines 1, 2, line 2 of x.ham"
    assert place(source, Root("learn", "eta", (), "by default")) == "by default"


def test_a_gate_is_there_for_the_schedule() -> None:
    text = "ham 1\nstate a = 0\nstate b = 0\nnext a = 1\nnext b = a\nlearn\n    schedule = layerwise\n    eta = 1\n"
    compiler = hdsl.loads(text).compiler
    roots = [root for summand in compiler.step.summands["b+"] for root in roots_of(compiler.model, summand)]
    assert [str(root) for root in roots] == ["dynamics of b", "learn schedule"]
    assert place(compiler.source, roots[1]) == "line 7"
