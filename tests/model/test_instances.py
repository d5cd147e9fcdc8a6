"""Instances: written out, they are the model that a person would have written without components."""

from __future__ import annotations

from typing import Any

import pytest

from hdsl.model.instances import LONGEST_DELAY, MOST_COPIES
from hdsl.syntax.tree import Declare, Define
from hdsl.terms.renaming import rename

HEAD = "dim n = 3, m = 2\ninput u[m]\ntarget v[n]\n"
DENSE = """component dense(x[k], n, gain = 1) {
    param W[n, k] = normal(0, gain/sqrt(k))
    param b[n] = 0
    return W @ x + b
}
"""


def shape_of(model: Any) -> dict[str, list[str]]:
    return {name: [str(size) for size in q.sizes] for name, q in model.quantities.items()}


def same(checked: Any, text: str, by_hand: str, names: dict[str, str]) -> bool:
    """Whether a model comes to the same definitions as one written by hand, whose names are ``names``' values."""
    found, wanted = checked(HEAD + text), checked(HEAD + by_hand)

    def told(model: Any, swap: dict[str, str]) -> list[Any]:
        renamed = [rename(definition, swap) for definition in model.definitions]
        return [(d.name, d.sizes, d.body, d.shared) for d in renamed]

    return told(found, names) == told(wanted, {})


def test_an_instance_is_named_after_its_definition(checked: Any) -> None:
    model = checked(HEAD + DENSE + "let a = tanh(dense(u, 5))\noutput y = dense(a, n)\ncost c = squared(y - v)\n")
    assert shape_of(model) == {
        **{"u": ["m"], "v": ["n"]},
        **{"a.W": ["5", "m"], "a.b": ["5"], "y.W": ["n", "5"], "y.b": ["n"]},
    }


def test_written_out_it_is_what_a_person_would_have_written(checked: Any) -> None:
    by_hand = """param W1[n, m] = normal(0, 2/sqrt(m))
    param b1[n] = 0
    param W2[n, n] = normal(0, 1/sqrt(n))
    param b2[n] = 0
    let a = tanh(W1 @ u + b1)
    output y = W2 @ a + b2
    cost c = squared(y - v)
    """
    text = DENSE + "let a = tanh(dense(u, n, gain=2))\noutput y = dense(a, n)\ncost c = squared(y - v)\n"
    assert same(checked, text, by_hand, {"a.W": "W1", "a.b": "b1", "y.W": "W2", "y.b": "b2"})


def test_a_second_instance_is_numbered_and_renames_nothing(checked: Any) -> None:
    one = checked(HEAD + DENSE + "output y = dense(u, n)\ncost c = squared(y - v)\n")
    two = checked(HEAD + DENSE + "output y = dense(u, n) + dense(u, n) + dense(u, n)\ncost c = squared(y - v)\n")
    assert list(one.quantities) == ["u", "v", "y.W", "y.b"]
    more = ["y.dense_2.W", "y.dense_2.b", "y.dense_3.W", "y.dense_3.b"]
    assert list(two.quantities) == ["u", "v", "y.W", "y.b", *more]


@pytest.mark.parametrize(
    "line, name",
    [("state h[n] = 0\nh' = {}", "h"), ("state h[n] = 0\nnext h = {}", "h"), ("cost e = squared({})", "e")],
)
def test_an_instance_in_other_statements_takes_their_name(checked: Any, line: str, name: str) -> None:
    model = checked(HEAD + DENSE + line.format("dense(u, n)") + "\ncost c = squared(u)\n")
    assert f"{name}.W" in model.quantities


def test_nesting_adds_a_dot_and_return_adds_nothing(checked: Any) -> None:
    block = "component block(x[k]) {\nlet r = dense(x, k)\nreturn dense(r, k)\n}\n"
    late = "component late(x[k]) { return delay(dense(x, k)) }\n"
    model = checked(HEAD + DENSE + block + late + "let a = block(u)\nlet b = late(a)\ncost c = squared(b)\n")
    assert list(model.quantities)[2:] == ["a.r.W", "a.r.b", "a.W", "a.b", "b.W", "b.b", "b.delay"]


def test_a_name_that_is_taken_is_not_taken_again(checked: Any) -> None:
    own = "component own(x[k]) {\nparam W[k, k] = glorot\nreturn dense(W @ x, k)\n}\n"
    model = checked(HEAD + DENSE + own + "let a = own(u)\ncost c = squared(a)\n")
    assert list(model.quantities)[2:] == ["a.W", "a.dense.W", "a.dense.b"]


def test_states_sizes_and_consts_of_an_instance_are_its_own(checked: Any) -> None:
    cell = """component cell(x[k], rate) {
        dim twice = 2*k
        const r = rate / 2
        state h[twice] = 1
        h' = -r*h
        reset h each sample
        return h
    }
    """
    model = checked(HEAD + cell + "let a = cell(u, 4)\nlet b = cell(a, 1)\ncost c = squared(b)\n", settings={"b.r": 7})
    assert shape_of(model)["a.h"] == ["a.twice"] and shape_of(model)["b.h"] == ["b.twice"]
    assert str(model.dims["a.twice"]) == "2*m" and str(model.dims["b.twice"]) == "2*a.twice"
    assert model.resets["a.h"] == "sample" and model.dynamics["b.h"].kind == "flow"
    assert [str(model.quantities[name].initial.arguments[0]) for name in ("a.r", "b.r")] == ["2", "7"]


def test_indices_of_a_component_and_of_a_function_are_their_own(checked: Any) -> None:
    inside = "{ param W[n, k] = 0\n let z[i] = sum[j](W[i, j]*x[j])\n return z + sum[a](x[a]) }\n"
    text = "component c(x[k], n) " + inside.replace("{ ", "{\n").replace(" }", "\n}") + "def f(x) = sum[b](x[b])\n"
    uses = "let {} = c(u, n) + f(u)\noutput {} = 2*{}\nlet {} = u + 1\nlet {} = u + 2\ncost e = squared({} - v)\n"
    taken, free = (text + uses.format(x, j, x, a, b, j) for x, j, a, b in ("zjab", "zqrs"))
    names = {"j": "q", "a": "r", "b": "s"}
    assert same(checked, taken, free, names)


def test_settings_and_costs_read_dotted_names(checked: Any) -> None:
    text = DENSE + "output y = dense(u, n)\ncost c = squared(y - v) + squared(y.W)\nlearn\n    beta.y.W = 0.5\n"
    model = checked(HEAD + text)
    assert model.learning.beta == {"y.W": "beta.y.W", "y.b": "beta"}
    assert "y.W" in {name for d in model.definitions for name in d.reads()}


def test_a_function_is_its_expression_and_its_argument_is_worked_out_once(checked: Any) -> None:
    text = "param W[n, m] = 0\ndef soft(x, k) = x * sigmoid(k*x)\nlet a = soft(W @ u + 1, 2)\ncost c = squared(a)\n"
    by_hand = "param W[n, m] = 0\nlet x1 = W @ u + 1\nlet a = x1 * sigmoid(2*x1)\ncost c = squared(a)\n"
    assert same(checked, text, by_hand, {"a.soft.x": "x1"})


def test_functions_of_functions_do_not_grow_without_end(checked: Any) -> None:
    names = "".join(f"def f{k}(x) = f{k - 1}(x*x) + x\n" for k in range(1, 30))
    model = checked(HEAD + "def f0(x) = x\n" + names + "cost c = f29(sum(u))\n")
    assert len(model.definitions) < 200


def test_copies_follow_one_another(checked: Any) -> None:
    block = "component block(x[k], g) {\nparam W[k, k] = glorot\nreturn tanh(g * W @ x)\n}\n"
    model = checked(HEAD + block + "dim depth = 3\nlet a = repeat(depth, block, u, 2)\ncost c = squared(a)\n")
    assert list(model.quantities)[2:] == ["a.1.W", "a.2.W", "a.3.W"]
    assert model.fixed == {"depth"} and model.free_sizes == ("n", "m")
    reads = {d.name: set(d.reads()) for d in model.definitions}
    assert "a.1" in set().union(*reads.values()) and "a.2" in set().union(*reads.values())


def test_sizes_behind_a_number_of_copies_are_fixed_with_it(checked: Any) -> None:
    sizes = "component same(x[k]) { return x }\ndim depth = 2*pairs, pairs = 1\n"
    model = checked(HEAD + sizes + "let a = repeat(depth, same, u)\ncost c = squared(a)\n")
    assert model.fixed == {"depth", "pairs"} and model.free_sizes == ("n", "m")


def test_no_copies_are_the_identity(checked: Any) -> None:
    block = "component block(x[k]) {\nparam W[k, k] = glorot\nreturn tanh(W @ x)\n}\n"
    model = checked(HEAD + block + "let a = repeat(0, block, u)\ncost c = squared(a)\n")
    assert list(model.quantities) == ["u", "v"]


def test_copies_may_change_sizes_and_be_functions(checked: Any) -> None:
    widen = "component widen(x[k]) {\nparam W[2*k, k] = glorot\nreturn W @ x\n}\n"
    model = checked(HEAD + widen + "def half(x) = x/2\nlet a = repeat(2, half, repeat(2, widen, u))\ncost c = squared(a)\n")
    assert [shape_of(model)[name] for name in ("a.repeat_2.1.W", "a.repeat_2.2.W")] == [["2*m", "m"], ["4*m", "2*m"]]


@pytest.mark.parametrize(
    "steps, states", [("", ["a.delay"]), (", 1", ["a.delay"]), (", 3", ["a.delay.1", "a.delay.2", "a.delay.3"])]
)
def test_a_delay_is_as_many_states_as_steps(checked: Any, steps: str, states: list[str]) -> None:
    model = checked(HEAD + f"let a = delay(2*u{steps})\ncost c = squared(a)\n")
    assert list(model.dynamics) == states
    assert all(d.kind == "next" for d in model.dynamics.values())
    assert all(str(model.quantities[s].initial.arguments[0]) == "0" for s in states)


def test_a_delay_of_a_delay(checked: Any) -> None:
    model = checked(HEAD + "let a = delay(delay(u) + u)\noutput y = delay(u)\ncost c = squared(a) + squared(y)\n")
    assert list(model.dynamics) == ["a.delay_2", "a.delay", "y.delay"]


def test_a_delay_of_what_is_shared_is_shared(checked: Any) -> None:
    model = checked(HEAD + "param p = 1\nlet a = delay(p)\nlet b = delay(p + sum(u))\ncost c = a + b\n")
    assert model.quantities["a.delay"].shared and not model.quantities["b.delay"].shared


def test_the_last_input_is_one_state_however_often_it_is_read(checked: Any) -> None:
    model = checked(HEAD + "let a = u - previous(u)\ncost c = squared(a) + squared(previous(u))\n")
    assert list(model.dynamics) == ["u.previous"]


def test_the_written_out_text_has_no_components(checked: Any) -> None:
    model = checked(HEAD + DENSE + "let a = dense(u, n)\ncost c = squared(delay(a))\n")
    declared = [s.name for s in model.written.statements if isinstance(s, Declare)]
    assert declared == ["u", "v", "a.W", "a.b", "c.delay"]
    assert {type(s).__name__ for s in model.written.statements} <= {"Dim", "Declare", "Define", "Dynamics"}
    assert [s.name for s in model.written.statements if isinstance(s, Define)] == ["a", "c"]


def test_a_mistake_in_a_component_is_told_once_for_all_instances(said: Any) -> None:
    text = "component c(x[k]) {\nparam W[3, k + 1] = 0\nreturn W @ x\n}\nlet a = c(u)\nlet b = c(u)\nlet d = a + b\n"
    assert [line for _, line, _ in said(HEAD + text)] == [6]


def test_what_a_mistake_kept_from_being_made_is_not_missed(said: Any) -> None:
    text = DENSE + "let a = dense(u)\ncost c = squared(a.W) + squared(a)\nlearn\n    eta.a.W = 1\n"
    assert [(code, line) for code, line, _ in said(HEAD + text)] == [("instance", 9)]


@pytest.mark.parametrize(
    "line, code",
    [
        ("let a = dense(u, v)", "instance"),
        (f"let a = repeat({MOST_COPIES + 1}, dense, u, n)", "repeat"),
        (f"let a = delay(u, {LONGEST_DELAY + 1})", "delay"),
        ("let a = dense", "function-value"),
        ("let a = dens(u, n)", "unknown-function"),
    ],
)
def test_mistakes_of_an_instance(said: Any, line: str, code: str) -> None:
    found = said(HEAD + DENSE + line + "\ncost c = squared(u)\n")
    assert [one for one, _, _ in found] == [code]


def test_a_component_is_suggested(said: Any) -> None:
    ((_, _, label),) = said(HEAD + DENSE + "let a = dens(u, n)\ncost c = squared(a)\n")
    assert label == "did you mean `dense` (a component, line 4)?"
