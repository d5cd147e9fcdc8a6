"""Edits of which it is known what they change."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

import hdsl
from hdsl.compare.differences import equations_of
from hdsl.format.layout import formatted
from hdsl.resources import folder
from hdsl.show.differences import Comparison
from hdsl.syntax.gather import gather
from hdsl.syntax.source import Source
from tests.proofs.drawing import draw_model

SHIPPED = sorted(folder("models").glob("*.ham"))


def changed(found: Any) -> set[tuple[str, str]]:
    return {(one.kind, one.name) for one in found.changes}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("h' = -h + tanh(W @ h + U @ u)", "let a = U @ u + W @ h\nh' = tanh(a) - h"),
        ("h' = -h + tanh(W @ h + U @ u)", "let p = W @ h\nlet q = U @ u\nlet s = tanh(p + q)\nh' = s - h"),
        ("output y = C @ h", "let k = h\nlet c = C @ k\noutput y = c"),
        ("cost fit = 1/2*squared(y - v)", "let e = v - y\ncost fit = dot(e, e)/2"),
        ("cost fit = 1/2*squared(y - v)", "cost fit = sum((y - v)^2)/2  # a comment"),
        ("output y = C @ h", "let a[i] = sum[k](C[i, k]*h[k])\noutput y = a"),
        ("h' = -h +", "h'   =   -1*h +"),
        ("dim n = 3, m = 2\n", "## What it is.\nmodel other\ndim m = 2\ndim n = 3\n"),
        ("eta = 1", "eta.param = 1\n    eta.state = 1"),
    ],
)
def test_other_words_for_the_same_are_no_difference(old: str, new: str, base: str, differences: Any) -> None:
    other = base.replace(old, new)
    assert other != base
    found = differences(base, other)
    assert found.none, found
    assert len(found.unchanged) == 7


def test_weight_decay_adds_one_summand(base: str, differences: Any) -> None:
    found = differences(base, base.replace("learn\n", "cost decay = 0.1*squared(W)\nlearn\n"))
    assert changed(found) == {("cost", "decay"), ("parameter", "W")}
    (one,) = (one for one in found.changes if one.kind == "parameter")
    assert not one.lost and not one.through
    (gained,) = one.gained
    assert gained.roots == ("decay",)
    assert str(gained.definition.body.expression) == "learn:phi*W[i, j]/5"
    back = differences(base.replace("learn\n", "cost decay = 0.1*squared(W)\nlearn\n"), base)
    (one,) = (one for one in back.changes if one.kind == "parameter")
    assert not one.gained and [summand.roots for summand in one.lost] == [("decay",)]


def test_of_two_costs_the_one_that_gives_a_summand_is_named(base: str, differences: Any) -> None:
    more = "cost decay = 0.1*squared(W)\ncost flat = sum(W)\nlearn\n"
    found = differences(base, base.replace("learn\n", more))
    (one,) = (one for one in found.changes if one.kind == "parameter")
    assert {summand.roots for summand in one.gained} == {("decay",), ("flat",)}


def test_a_sign_is_found_where_it_stands_and_told_of_what_reads_it(base: str, differences: Any) -> None:
    found = differences(base, base.replace("-h + tanh(", "-h - tanh("))
    assert changed(found) == {("state", "h"), ("costate", "h"), ("parameter", "W"), ("parameter", "U"), ("adjoint", "adj:a")}
    by = {(one.kind, one.name): one for one in found.changes}
    assert (len(by["state", "h"].lost), len(by["state", "h"].gained)) == (1, 1)
    assert by["costate", "h"].through == by["parameter", "W"].through == ("adj:a",)
    assert not by["costate", "h"].lost and not by["costate", "h"].gained


def test_a_transposed_weight_is_a_difference(base: str, differences: Any) -> None:
    found = differences(base, base.replace("W @ h", "W.T @ h"))
    assert {("state", "h"), ("costate", "h"), ("parameter", "W"), ("parameter", "U")} <= changed(found) | {
        (one.kind, name) for one in found.changes for name in one.through
    }


def test_a_cost_that_goes_takes_its_summands(base: str, differences: Any) -> None:
    both = base.replace("learn\n", "cost small = 0.1*squared(h)\nlearn\n")
    found = differences(both, base)
    assert changed(found) == {("cost", "small"), ("costate", "h")}
    (gone,) = (one for one in found.changes if one.kind == "cost")
    assert gone.old is not None and gone.new is None


def test_names_of_what_lasts_are_told(base: str, differences: Any) -> None:
    other = base.replace("h'", "x'").replace("h[n]", "x[n]").replace("-h +", "-x +").replace("@ h", "@ x")
    found = differences(base, other)
    assert [(one.role, one.old, one.new) for one in found.renamed] == [("state", "h", "x")]
    assert not found.changes and not found.declared and not found.settings


def test_a_renamed_state_with_another_formula_is_still_one(base: str, differences: Any) -> None:
    other = base.replace("h'", "x'").replace("h[n]", "x[n]").replace("-h +", "-2*x +").replace("@ h", "@ x")
    found = differences(base, other)
    assert [one.new for one in found.renamed] == ["x"]
    assert changed(found) == {("state", "x"), ("costate", "x")}


def test_a_state_that_goes_for_another_one_is_lost_and_gained(base: str, differences: Any) -> None:
    other = base.replace("h'", "x'").replace("h[n] = 0", "x[n] = 1").replace("-h +", "-x +").replace("@ h", "@ x")
    found = differences(base, other)
    assert not found.renamed
    assert {(one.what, bool(one.old), bool(one.new)) for one in found.declared} == {("h", True, False), ("x", False, True)}
    assert {("state", "h"), ("state", "x"), ("costate", "h"), ("costate", "x")} <= changed(found)


def test_a_cost_under_another_name_is_renamed(base: str, differences: Any) -> None:
    found = differences(base, base.replace("cost fit", "cost loss"))
    assert [(one.role, one.old, one.new) for one in found.renamed] == [("cost", "fit", "loss")]
    assert not found.changes


def test_what_is_put_back_is_compared_as_a_whole(base: str, differences: Any) -> None:
    one, other = (f"{base}project W = W/{divisor}\n" for divisor in ("norm2(W)", "(1 + norm2(W))"))
    found = differences(one, other)
    assert changed(found) == {("project", "W")} and not found.settings
    assert changed(differences(base, one)) == {("project", "W")}
    (told,) = differences(one, one.replace("norm2(W)", "norm2(W) every 5")).settings
    assert (told.what, told.old, told.new) == ("project W every", "1", "5")


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_a_model_and_its_formatted_text_do_not_differ_from_it(path: Any) -> None:
    model = hdsl.load(path)
    text = formatted(Source(path.read_text(encoding="utf-8"), path.name))
    again = hdsl.api.Model(hdsl.compiler.Compiler(gather(Source(text, path.name), path.parent)))
    found = Comparison(model.equations, again.equations, ("a", "b")).found
    assert found.none
    assert set(found.unchanged) == set(equations_of(model.equations))


@pytest.mark.parametrize("seed", [1, 3, 7, 11, 13, 18])
def test_the_order_of_statements_is_no_difference(seed: int) -> None:
    text = draw_model(seed).text
    other = in_another_order(text, seed)
    assert other != text
    found = Comparison(hdsl.loads(text).equations, hdsl.loads(other).equations, ("a", "b")).found
    assert found.none, found.changes


@pytest.mark.parametrize("seed", [1, 7, 13, 18])
def test_a_larger_cost_is_a_difference(seed: int) -> None:
    """Every cost of a drawn model doubled: all costs differ, and not less than all costates that they reach."""
    text = draw_model(seed).text
    lines = [line.replace(" = ", " = 2*(", 1) + ")" if line.startswith("cost ") else line for line in text.splitlines()]
    found = Comparison(hdsl.loads(text).equations, hdsl.loads("\n".join(lines)).equations, ("a", "b")).found
    model = hdsl.loads(text).product("model")
    assert {name for kind, name in changed(found) if kind == "cost"} == set(model.costs)
    assert not {name for kind, name in changed(found) if kind in ("state", "output")}


def in_another_order(text: str, seed: int) -> str:
    """The statements of a text shuffled, components and settings each as a whole."""
    statements: list[list[str]] = []
    depth = 0
    for line in text.splitlines():
        if depth or line.startswith((" ", "}")):
            statements[-1].append(line)
        else:
            statements.append([line])
        depth += sum(map(line.count, "{([")) - sum(map(line.count, "})]"))
    head = [one for one in statements if one[0].startswith(("ham ", "model "))]
    rest = [one for one in statements if one not in head]
    Random(seed).shuffle(rest)
    return "\n".join(line for one in (*head, *rest) for line in one) + "\n"
