from __future__ import annotations

from typing import Any

import pytest

from hdsl.compiler import Compiler
from hdsl.syntax.source import Source
from hdsl.terms.term import Contraction

READ = "a cost (line 7) is only added to the Lagrangian; give its expression a name with `let`"
HEAD = "dim n = 3, m = 2\ninput u[m]\ntarget v[n]\nstate h[n] = 0\nstate g = 0\nparam W[n, m] = 0\n"  # lines 1 to 6


def test_the_order_of_statements_is_free(checked: Any) -> None:
    model = checked("output y = b + 1\nlet b = 2*a\nlet a = h\nh' = -y\nstate h = 0\ncost c = b*b\n")
    assert [definition.name for definition in model.definitions] == ["a", "b", "y", "f:h", "c"]
    assert model.outputs == ("y",)
    assert model.costs == ("c",)


def test_dynamics_are_definitions_of_their_own(checked: Any) -> None:
    model = checked(HEAD + "h' = W @ u\nnext g = g/2\n")
    assert {name: (d.kind, d.definition) for name, d in model.dynamics.items()} == {
        "h": ("flow", "f:h"),
        "g": ("next", "F:g"),
    }
    made = {definition.name: definition for definition in model.definitions}
    assert isinstance(made["f:h"].body, Contraction)
    assert model.source.line_of(made["f:h"].spans[0]) == 7


def test_a_number_is_the_dynamics_of_every_entry(checked: Any) -> None:
    made = {d.name: d for d in checked(HEAD + "h' = 1/2\nnext g = 0\n").definitions}
    assert [str(size) for size in made["f:h"].sizes] == ["n"]
    assert made["F:g"].sizes == ()


def test_a_state_without_dynamics_stands_still(checked: Any, said: Any) -> None:
    text = "state h[2] = 0\nstate g = 0\ng' = sum(h)\n"
    model = checked(text)
    assert list(model.dynamics) == ["h", "g"]
    made = {d.name: d for d in model.definitions}
    assert made["f:h"].body.expression == 0
    assert made["f:h"].sizes == (2,)
    assert said(text) == [("no-dynamics", 1, "it stays at its initial value; `h' = …` or `next h = …` moves it")]


def test_dynamics_that_read_a_part_of_themselves_are_one_mistake(said: Any) -> None:
    assert [found[:2] for found in said("state R = 0\nR' = -R.25\noutput y = R")] == [("unknown-name", 2)]


def test_dynamics_that_need_another_definition_which_needs_them_are_a_cycle(said: Any) -> None:
    text = "input u[3]\ncomponent c(x[m]) {\n    param W[m] = 1\n    return W*x\n}\nstate g[3] = 0\n"
    found = said(text + "next g = k + c(u)\nlet k = sum(g.W)*u\ncost e = squared(g)")
    assert found == [("cycle", 7, "g' → k → g'")]


def test_of_dynamics_given_twice_the_first_tells_its_own_mistake(said: Any) -> None:
    text = "component c(x) {\n    state s = 0\n    next s = 9^9^9^9\n    next s = x\n    return s\n}\ninput u\n"
    assert [found[:2] for found in said(text + "let h = repeat(2, c, u)\ncost e = h")] == [("not-real", 3)]


def test_resets(checked: Any) -> None:
    model = checked(HEAD + "h' = -h\ng' = -g\nreset h each sample\n")
    assert model.resets == {"h": "sample", "g": "sequence"}
    assert checked(HEAD + "h' = -h\ng' = -g\nreset g never\n").resets["g"] == "never"


def test_sharing_follows_what_is_read(checked: Any) -> None:
    text = """
    input u
    const a = 2
    state h = 0
    state clock = 0
    state echo = 0
    param W = 1
    let s = W*a + t
    let z = s*u
    clock' = echo*s
    echo' = -clock/tau
    h' = -h + z
    """.replace("\n    ", "\n")
    model = checked(text)
    shared = {q.name for q in model.quantities.values() if q.shared}
    assert shared == {"a", "clock", "echo", "W"}
    assert {d.name for d in model.definitions if d.shared} == {"s", "f:clock", "f:echo"}


def test_costs_know_their_targets_by_whatever_way(checked: Any) -> None:
    defined = "target w\nlet e = h - v\nlet q = e @ e + g\nh' = -h\ng' = -g\n"
    text = HEAD + defined + "cost a = q\ncost b = g*w + q\ncost c = sum(h)\n"
    assert checked(text).targets_of == {"a": ("v",), "b": ("v", "w"), "c": ()}


@pytest.mark.parametrize(
    ("statements", "wanted"),
    [
        ("let a = b\nlet b = c\nlet c = a", [("cycle", 7, "a → b → c → a")]),
        ("let a = a + 1", [("cycle", 7, "a → a")]),
        ("let a = b\nlet b = a\nlet c = a + b\noutput y = c @ h", [("cycle", 7, "a → b → a")]),
        ("cost c = h", [("cost-shape", 7, "this is [n]; `sum(…)`, `mean(…)` or `squared(…)` makes a scalar of it")]),
        ("cost c = g\noutput y = c", [("cost-read", 8, READ)]),
        ("cost c = g\ncost d = 2*c", [("cost-read", 8, READ)]),
        ("output y = v", [("target-read", 7, "`v` is a target (line 3)")]),
        ("h' = v - h", [("target-read", 7, "`v` is a target (line 3)")]),
        ("let e = h - v\nlet f = 2*e\noutput y = f", [("target-read", 9, "`v` is a target (line 3), by way of `f` and `e`")]),
        ("output y = v\nh' = y\nlet z = y", [("target-read", 7, "`v` is a target (line 3)")]),
        ("h' = u", [("dynamics-shape", 7, "this is [m], h is [n] (line 4); sizes match by name, not by value")]),
        ("h' = g", [("dynamics-shape", 7, "this is a scalar, h is [n] (line 4)")]),
        ("g' = h", [("dynamics-shape", 7, "this is [n], g is a scalar (line 5)")]),
        ("next h = W", [("dynamics-shape", 7, "this is [n, m], h is [n] (line 4)")]),
        ("W' = W", [("not-a-state", 7, "a param (line 6)")]),
        ("let a = 1\nnext a = 2", [("not-a-state", 8, "a let (line 7)")]),
        ("hh' = 1", [("unknown-name", 7, "did you mean `h` (a state, line 4)?")]),
        ("h' = 1\nnext h = 1", [("duplicate-dynamics", 8, "here again")]),
        ("reset u never", [("not-a-state", 7, "an input (line 2)")]),
        ("reset h never\nreset h each sample", [("duplicate-reset", 8, "here again")]),
        ("reset q never", [("unknown-name", 7, "")]),
        ("let a = q\nlet b = a @ W\nh' = b\ncost c = b", [("unknown-name", 7, "")]),
        ("let a = h\nlet a = q", [("duplicate-name", 8, "here as a let")]),  # a note speaks of q
    ],
)  # fmt: skip
def test_one_mistake_is_one_finding(statements: str, wanted: Any, said: Any) -> None:
    assert said(HEAD + statements + "\n") == wanted


def test_a_model_of_too_many_definitions_is_refused(said: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hdsl.model.definitions.MOST_DEFINITIONS", 5)
    assert said(HEAD + "output y = sin(sin(sin(sin(sin(sin(h))))))\n") == [("too-long", 7, "these are too many")]


def test_the_message_tells_the_bound_and_the_statement_that_passes_it() -> None:
    lets = "".join(f"let a{k} = sin(a{k - 1})\n" for k in range(1, 1100))
    text = f"state h = 0\nh' = a1099\nlet a0 = h\n{lets}"
    (found,) = Compiler(Source(text)).diagnostics
    assert (found.code, found.message) == ("too-long", "the model needs more than 1 000 definitions")
    assert text[found.span.start : found.span.end] == "let a1000 = sin(a999)"  # a0 is the first
