"""The reverse pass on small definitions: every number against finite differences, and what it may not compute again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import sympy

from hdsl.derive.accumulate import Part, accumulate, merge_roots, places_of, slot_derivative, total
from hdsl.derive.workspace import Workspace
from hdsl.syntax.source import Span
from hdsl.terms.elementwise import ROWS
from hdsl.terms.term import Contraction, Definition, Elementwise, Structured, indices, size, slot, slot_name, slots
from hdsl.verify.interpret import Readings, interpret

ROW, COLUMN = indices(2)
N, M = size("n"), size("m")
SIZES = {"n": 3, "m": 2}
SHAPES = {"W": (N, N), "V": (N, M), "b": (N,), "g": (), "h": (N,), "u": (M,), "s": (), "C": (M, N), "K": ()}
SHARED = {"W", "V", "b", "g", "C"}
TANH, EXP = ROWS["tanh"].function, ROWS["exp"].function
W, h, b, g = slot("W", (ROW, COLUMN)), slot("h", (COLUMN,)), slot("b", (ROW,)), slot("g")


class Bare(Workspace):
    """A workspace without a model: it knows the quantities of SHAPES."""

    def __init__(self):
        self._begin()
        for name, sizes in SHAPES.items():
            self.declare(name, sizes, name in SHARED)


def numbers(streams=2, seed=3):
    made = np.random.default_rng(seed)
    shape = {name: tuple(SIZES[str(n)] for n in sizes) for name, sizes in SHAPES.items()}
    own = [{n: made.normal(size=shape[n]) for n in SHAPES if n not in SHARED} for _ in range(streams)]
    for stream in own:
        stream["K"] = np.array(int(made.integers(3)))
    return Readings({name: made.normal(size=shape[name]) for name in SHARED}, tuple(own))


def mended(definitions):
    """The definitions with ``shared`` as it follows from what they read."""
    shared = set(SHARED)
    for definition in definitions:
        if shared.issuperset(definition.reads()):
            shared.add(definition.name)
        yield replace(definition, shared=definition.name in shared)


def derivatives(definitions, wrt, seed=1):
    """Values of the derivatives of the last definition by each name; and the definitions that were added."""
    workspace = Bare()
    for definition in definitions:
        workspace.append(definition)
    count = len(workspace.added)
    parts = {definitions[-1].name: [Part(sympy.Integer(seed), (), ("cost",))]}
    found = accumulate(workspace, definitions, parts, wrt)
    answers = [
        Definition(f"d:{name}", Elementwise(total(found[name])), SHAPES[name], name in SHARED, (), ("cost",))
        for name in wrt
    ]
    return workspace.added[count:], answers


def judged(definitions, wrt, seed=1):
    """Compare every entry of every derivative with a central difference."""
    definitions = tuple(mended(definitions))
    added, answers = derivatives(definitions, wrt, seed)
    given = numbers()
    made = interpret([*definitions, *added, *answers], given, SIZES)

    def cost(readings):
        return interpret(definitions, readings, SIZES).of(definitions[-1].name) * np.ones(len(given.streams))

    for name in wrt:
        answer = made.of(f"d:{name}")
        base = given.of(name)
        for place in np.ndindex(*base.shape):
            nudge = np.zeros_like(base)
            nudge[place] = 1e-5
            ends = [cost(_moved(given, name, nudge * sign)) for sign in (1, -1)]
            slope = (ends[0] - ends[1]) / 2e-5
            expected = slope.mean() if name in SHARED else slope[place[0]]  # the one reduction is a mean
            assert answer[place] == pytest.approx(seed * expected, rel=1e-6, abs=1e-7), (name, place)
    return added, answers


def _moved(given, name, nudge):
    if name in given.shared:
        return Readings({**given.shared, name: given.shared[name] + nudge}, given.streams)
    streams = tuple({**own, name: own[name] + nudge[k]} for k, own in enumerate(given.streams))
    return Readings(given.shared, streams)


def product(name, factors, bound, sizes=(), coefficient=1):
    return Definition(name, Contraction(factors, bound, sympy.sympify(coefficient)), sizes)


def plain(name, expression, sizes=()):
    return Definition(name, Elementwise(sympy.sympify(expression)), sizes)


def squares(of, sizes):
    at = indices(len(sizes))
    return product("cost", (slot(of, at),) * 2, tuple(zip(at, sizes, strict=True)))


def test_a_matrix_used_twice_and_transposed():
    judged(
        (
            product("c", (W, h), ((COLUMN, N),), (N,)),
            product("d", (slot("W", (COLUMN, ROW)), slot("c", (COLUMN,))), ((COLUMN, N),), (N,)),
            plain("e", slot("d", (ROW,)) + slot("c", (ROW,)) ** 2, (N,)),
            squares("e", (N,)),
        ),
        ("W", "h"),
    )


def test_one_definition_with_a_matrix_and_its_transpose():
    judged(
        (
            plain("A", W - slot("W", (COLUMN, ROW)) * slot("W", (ROW, COLUMN)), (N, N)),
            product("c", (slot("A", (ROW, COLUMN)), h), ((COLUMN, N),), (N,)),
            squares("c", (N,)),
        ),
        ("W", "h"),
    )


def test_a_broadcast_is_summed_over_and_a_shared_one_averaged():
    judged(
        (
            plain("X", slot("h", (ROW,)) * slot("u", (COLUMN,)) + b * g + slot("s"), (N, M)),
            squares("X", (N, M)),
        ),
        ("h", "u", "b", "g", "s"),
    )


def test_an_output_index_that_no_factor_has_is_a_broadcast():
    judged(
        (
            product("X", (slot("h", (ROW,)), slot("h", (ROW,))), ((slot_index(2), M),), (N, M)),
            product("Y", (slot("X", (ROW, COLUMN)), slot("V", (ROW, COLUMN))), ((COLUMN, M),), (N,)),
            squares("Y", (N,)),
        ),
        ("h", "V"),
    )


def slot_index(position):
    return indices(position + 1)[position]


def test_an_index_that_nothing_has_counts_as_often_as_its_size():
    judged((plain("X", slot("h", (ROW,)), (N, M)), product("cost", (slot("X", (ROW, COLUMN)),), sums(N, M))), ("h",))


def sums(*sizes):
    return tuple(zip(indices(len(sizes)), sizes, strict=True))


def test_a_coefficient_is_differentiated():
    judged(
        (product("c", (W, h), ((COLUMN, N),), (N,), EXP(g) / N), squares("c", (N,))),
        ("g", "W", "h"),
    )


def test_a_factor_that_stands_twice_in_a_product():
    judged(
        (product("cost", (slot("h", (ROW,)), slot("h", (ROW,)), b), ((ROW, N),), (), g**2),),
        ("h", "b", "g"),
    )


def test_a_shared_path_and_a_path_by_every_stream_meet_in_one_parameter():
    judged(
        (
            product("decay", (b, b), ((ROW, N),)),
            product("c", (W, h), ((COLUMN, N),), (N,)),
            plain("e", slot("c", (ROW,)) * b + slot("decay"), (N,)),
            squares("e", (N,)),
        ),
        ("b", "W", "h"),
    )


@pytest.mark.parametrize("axis, sizes", [(-1, (N,)), (-2, (M,))])
def test_structured_rows_by_axis(axis, sizes):
    judged(
        (
            plain("X", slot("h", (ROW,)) * slot("u", (COLUMN,)) + slot("V", (ROW, COLUMN)), (N, M)),
            Definition("S", Structured("softmax", ("X",), (("axis", axis),)), (N, M)),
            Definition("l", Structured("logsumexp", ("X",), (("axis", axis),)), sizes),
            product("k", (slot("S", (ROW, COLUMN)), slot("V", (ROW, COLUMN))), sums(N, M)),
            product("r", (slot("l", (ROW,)), slot("l", (ROW,))), sums(*sizes)),
            plain("cost", slot("k") ** 2 + slot("r")),
        ),
        ("h", "u", "V"),
    )


def test_a_picked_entry():
    judged(
        (
            product("c", (W, h), ((COLUMN, N),), (N,)),
            Definition("p", Structured("pick", ("c", "K"))),
            Definition("l", Structured("logsumexp", ("c",), (("axis", -1),))),
            plain("cost", slot("l") - slot("p")),
        ),
        ("W", "h"),
    )


def test_a_shared_definition_whose_adjoint_is_per_stream():
    judged(
        (
            plain("a", TANH(b) * 2, (N,)),
            product("c", (W, slot("a", (COLUMN,))), ((COLUMN, N),), (N,)),
            plain("e", slot("c", (ROW,)) - slot("h", (ROW,)), (N,)),
            squares("e", (N,)),
        ),
        ("b", "W", "h"),
    )


def test_the_seed_scales_every_derivative():
    judged((squares("h", (N,)),), ("h",), seed=7)


def test_the_slope_of_a_function_reads_its_value():
    definitions = tuple(
        mended(
            (
                product("c", (W, h), ((COLUMN, N),), (N,)),
                plain("t", TANH(slot("c", (ROW,))), (N,)),
                squares("t", (N,)),
            )
        )
    )
    added, _ = derivatives(definitions, ("W",))
    expressions = [d.body.expression for d in added if isinstance(d.body, Elementwise)]
    assert not any(expression.has(TANH) for expression in expressions)
    assert any(slot("t", (ROW,)) in slots(expression) for expression in expressions)


def test_what_the_cost_does_not_depend_on_has_no_parts_and_adds_no_line():
    definitions = tuple(mended((plain("z", slot("h", (ROW,)) * b, (N,)), squares("u", (M,)))))
    workspace = Bare()
    for definition in definitions:
        workspace.append(definition)
    found = accumulate(workspace, definitions, {"cost": [Part(sympy.Integer(1), (), ())]}, ("h", "b"))
    assert found == {"b": (), "h": ()} and len(workspace.added) == len(definitions)


def test_a_definition_cannot_be_a_leaf():
    definitions = tuple(mended((plain("z", slot("h", (ROW,)) * 2, (N,)), squares("z", (N,)))))
    workspace = Bare()
    for definition in definitions:
        workspace.append(definition)
    with pytest.raises(ValueError, match="z is defined"):
        accumulate(workspace, definitions, {"cost": [Part(sympy.Integer(1), (), ())]}, ("z",))


def test_every_part_carries_its_root_and_what_reads_its_own_but_nothing_of_what_lies_between():
    first, between, last = Span(3, 9), Span(12, 18), Span(20, 30)
    chain = (product("c", (W, h), ((COLUMN, N),), (N,)), plain("s", TANH(slot("c", (ROW,))), (N,)), squares("s", (N,)))
    definitions = tuple(replace(d, spans=(at,)) for d, at in zip(mended(chain), (first, between, last), strict=True))
    workspace = Bare()
    for definition in definitions:
        workspace.append(definition)
    seeds = {"cost": [Part(sympy.Integer(1), (last,), ("fit",))]}
    (part,) = accumulate(workspace, definitions, seeds, ("W",))["W"]
    assert (part.spans, part.at, part.roots) == ((last,), (first,), ("fit",))
    assert places_of([part]) == (first, last)
    adjoints = {d.name: d for d in workspace.added[3:] if d.name.startswith("adj:")}
    assert {name: d.spans for name, d in adjoints.items()} == {"adj:s": (between, last), "adj:c": (first, last)}
    assert {d.roots for d in workspace.added[3:]} == {("fit",)}


def test_a_slot_is_differentiated_with_every_other_slot_held():
    other = slot("W", (COLUMN, ROW))
    assert slot_derivative(W**2 * other + other, W) == 2 * W * other
    assert slot_derivative(TANH(W) + other, W) == 1 - TANH(W) ** 2


def test_roots_are_named_once_in_the_order_of_their_parts():
    parts = [Part(g, (), ("fit", "h")), Part(g, (), ("decay", "fit"))]
    assert merge_roots(parts) == ("fit", "h", "decay") and total(parts) == 2 * g
    assert total([]) == 0 and slot_name(total(parts[:1])) == "g"
