"""Statements gathered, numbers bound and transposes made once: the same values, in as few calls."""

from __future__ import annotations

import pytest
import torch

from hdsl.emit.statement import Statement, bind_numbers, gather_additions, turn_once

NAMES = "abcdxy"


def statements(*texts):
    return [Statement(text, ()) for text in texts]


def texts(made):
    return [one.text for one in made]


def run(made, **given):
    scope = {name: torch.arange(4.0).reshape(2, 2) + k for k, name in enumerate(NAMES)}
    scope |= {"torch": torch, "tau": 0.5, "eta": 0.1, "mean": 0.25, **given}
    for text in texts(made):
        exec(text, scope)
    return {name: scope[name] for name in NAMES}


def same(first, second):
    left, right = run(first), run(second)
    return all(torch.equal(left[name], right[name]) for name in NAMES)


def test_neighbouring_additions_of_one_number_are_one_call():
    given = statements("a.add_(b, alpha=tau)", "c.add_(d, alpha=tau)")
    assert texts(gather_additions(given)) == ["torch._foreach_add_((a, c), (b, d), alpha=tau)"]


def test_each_number_has_its_own_call():
    given = statements("a.add_(b, alpha=tau)", "c.add_(d, alpha=-eta * tau)", "x.add_(d, alpha=tau)")
    made = gather_additions(given)
    assert texts(made) == ["torch._foreach_add_((a, x), (b, d), alpha=tau)", "c.add_(d, alpha=-eta * tau)"]
    assert same(made, given)


@pytest.mark.parametrize(
    "given",
    [
        ("a.add_(b, alpha=tau)", "c.add_(a, alpha=tau)"),  # reads what was just written
        ("a.add_(b, alpha=tau)", "b.add_(c, alpha=tau)"),  # writes what was to be read
        ("a.add_(b, alpha=tau)", "a.add_(c, alpha=tau)"),
        ("a.add_(b, alpha=tau)", "c.add_(d, alpha=eta)", "x.add_(c, alpha=tau)"),  # another number's value
        ("c.add_(d, alpha=eta)", "a.add_(b, alpha=tau)", "d.add_(x, alpha=eta)", "b.add_(y, alpha=eta)"),
        ("a.add_(b, alpha=tau).add_(c, alpha=tau)", "x.add_(y, alpha=tau).add_(c, alpha=tau)"),  # no plain additions
        ("a.add_(b, alpha=tau)", "b.mul_(2)", "c.add_(b, alpha=tau)"),
        ("a.add_(b + c, alpha=tau)", "c.add_(d, alpha=tau)"),
    ],
)
def test_gathering_changes_no_value(given):
    given = statements(*given)
    assert same(gather_additions(given), given)


def test_other_statements_stay_as_they_are():
    given = statements("x = a + b", "a.add_(b, alpha=tau)", "y = a.t()")
    assert texts(gather_additions(given)) == texts(given)


def test_a_number_that_several_calls_take_is_worked_out_once():
    given = statements(
        "a.addmm_(b, c, beta=1 - eta * tau, alpha=tau * mean)",
        "x.addmm_(b, c, beta=1 - eta * tau, alpha=tau * mean)",
        "y.add_(d, alpha=tau)",
    )
    bindings, made = bind_numbers(given)
    assert len(bindings) == 2 and all(text.count("1 - eta") == 0 for text in texts(made))
    assert same([*statements(*bindings), *made], given)


def test_a_number_taken_once_stays_where_it_is():
    given = statements("a.add_(b, alpha=-eta * tau)", "c.add_(d, alpha=tau)")
    assert bind_numbers(given) == ([], given)


def test_a_transpose_that_several_calls_take_is_one_view():
    given = statements("x = a + b", "c = torch.mm(x.t(), a)", "d = torch.mm(x.t(), b)", "y = torch.mm(a.t(), b)")
    made = turn_once(given)
    assert texts(made)[1] == "x_t = x.t()" and "a.t()" in texts(made)[-1]
    assert same(made, given)


def test_a_view_of_what_is_not_made_here_stands_first():
    given = statements("c = torch.mm(a.t(), b)", "d = torch.mm(a.t(), x)")
    made = turn_once(given)
    assert texts(made)[0] == "a_t = a.t()" and same(made, given)


def test_made_names_are_none_that_the_model_has():
    numbers = statements("a.addmm_(b, c, beta=1 - eta * tau)", "x.addmm_(b, c, beta=1 - eta * tau)")
    bindings, made = bind_numbers(numbers, {"keep", "keep_2"})
    assert bindings == ["keep_3 = 1 - eta * tau"] and same([*statements(*bindings), *made], numbers)
    turned = statements("c = torch.mm(a.t(), b)", "d = torch.mm(a.t(), x)")
    assert texts(turn_once(turned, {"a_t"}))[0] == "a_t_2 = a.t()"


def test_two_numbers_of_one_kind_have_two_names():
    given = statements(
        *(f"{cell}.mul_({k}).add_(b, alpha={k} - eta * tau)" for cell in "acxy" for k in ("1", "-tau + 1"))
    )
    bindings, made = bind_numbers(given)
    names = [binding.partition(" = ")[0] for binding in bindings]
    assert len(set(names)) == len(names) == 2 and same([*statements(*bindings), *made], given)


def test_numbers_with_brackets_within_brackets_are_bound_as_a_whole():
    number = "math.e ** (-tau * (eta + (mean * (1 - tau))))"
    given = statements(f"a.mul_(2).add_(b, alpha={number})", f"torch.addmm(c, d, x, beta={number})")
    bindings, made = bind_numbers(given)
    assert bindings == [f"keep = {number}"]
    assert texts(made) == ["a.mul_(2).add_(b, alpha=keep)", "torch.addmm(c, d, x, beta=keep)"]
    one = statements(f"a.add_(b, alpha={number})", f"c.add_(d, alpha={number})")
    assert texts(gather_additions(one)) == [f"torch._foreach_add_((a, c), (b, d), alpha={number})"]
