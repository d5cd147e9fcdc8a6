"""Each rewrite on lines made by hand; then whole steps run as they are printed, in place, against their plain meaning."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hdsl
from hdsl.optimise.lower import forward, fuse, halve, lower, share, split_costs
from hdsl.syntax.source import Span
from hdsl.terms.elementwise import ROWS
from hdsl.terms.term import Contraction, Definition, Elementwise, indices, keep_needed, size, slot, slots
from hdsl.verify.interpret import Readings, interpret, value

ROW, COLUMN = indices(2)
N = size("n")
TANH = ROWS["tanh"].function


def x(name):
    return slot(name, (ROW,))


def plain(name, expression, shared=False, sizes=(N,)):
    return Definition(name, Elementwise(expression), sizes, shared)


def product(name, matrix, vector):
    return Definition(name, Contraction((slot(matrix, (ROW, COLUMN)), slot(vector, (COLUMN,))), ((COLUMN, N),)), (N,))


def names(lines):
    return [line.name for line in lines]


# --- one rewrite at a time ------------------------------------------------------------------------


def test_what_no_result_needs_goes():
    lines = (plain("a", x("u")), plain("b", x("a")), plain("c", x("a") * 2), plain("d", x("c")))
    assert names(keep_needed(lines, {"c"})) == ["a", "c"]


def test_a_line_that_only_repeats_is_read_through():
    swap = {}
    lines = (plain("y", x("h")), plain("e", x("y") - x("v")), plain("f", x("e")), plain("g", x("f") * 2))
    kept = forward(lines, {"g"}, swap)
    assert names(kept) == ["e", "g"] and swap == {"y": "h", "f": "e"}
    assert kept[0].body.expression == x("h") - x("v") and kept[1].body.expression == 2 * x("e")


def test_a_line_at_other_indices_is_no_repetition():
    turned = Definition("B", Elementwise(slot("A", (COLUMN, ROW))), (N, N))
    reader = Definition("C", Elementwise(slot("B", (ROW, COLUMN)) * 2), (N, N))
    assert names(forward((turned, reader), {"C"}, {})) == ["B", "C"]


def test_a_new_state_takes_the_place_of_the_definition_that_it_repeats():
    swap = {}
    lines = (plain("s", TANH(x("a"))), plain("h+", x("s")), plain("e", x("s") - x("v")))
    kept = forward(lines, {"h+", "e"}, swap)
    assert names(kept) == ["h+", "e"] and swap == {"s": "h+"}
    assert kept[1].body.expression == x("h+") - x("v")


def test_two_results_may_repeat_one_definition():
    lines = (plain("s", TANH(x("a"))), plain("h+", x("s")), plain("g+", x("s")))
    kept = forward(lines, {"h+", "g+"}, {})
    assert names(kept) == ["h+", "g+"] and kept[1].body.expression == x("h+")


def test_a_result_that_repeats_a_cell_stays():
    assert names(forward((plain("y", x("h")),), {"y"}, {})) == ["y"]


def test_what_is_computed_twice_is_computed_once_by_whatever_name():
    swap = {}
    lines = (
        product("c", "W", "h"),
        product("d", "W", "h"),
        plain("a", TANH(x("c"))),
        plain("b", TANH(x("d"))),
        plain("e", x("a") + x("b")),
    )
    kept = share(lines, {"e"}, swap)
    assert names(kept) == ["c", "a", "e"] and swap == {"d": "c", "b": "a"}
    assert kept[-1].body.expression == 2 * x("a")


def test_a_mean_is_not_the_same_as_the_value_of_each_stream():
    own = product("c", "W", "h")
    assert names(share((own, replace(own, name="m", shared=True)), {"m"}, {})) == ["c", "m"]


def test_a_result_stays_though_it_is_computed_twice():
    assert names(share((product("c", "W", "h"), product("y", "W", "h")), {"y"}, {})) == ["c", "y"]


def test_sums_at_the_old_and_the_new_state_share_what_they_have_in_common():
    old = plain("a", x("c") + x("d") + x("b"))
    new = plain("a+", x("c+") + x("d") + x("b"))
    half, first, second = halve((old, new))
    assert half.name == "half:a" and half.body.expression == x("d") + x("b")
    assert first.body.expression == x("c") + x("half:a") and second.body.expression == x("c+") + x("half:a")


def test_one_common_term_is_no_sum_to_save():
    lines = (plain("a", x("c") + x("b")), plain("a+", x("c+") + x("b")))
    assert halve(lines) == lines


def test_arithmetic_that_hdsl_made_moves_into_its_one_reader():
    lines = (plain("f:h", x("s") - x("h")), plain("h+", x("h") + slot("tau") * x("f:h")))
    (made,) = fuse(lines, {"h+"})
    assert made.body.expression == x("h") + slot("tau") * (x("s") - x("h"))


@pytest.mark.parametrize(
    "reader",
    [
        plain("e", TANH(x("adj:a"))),  # a function's argument stays a line
        plain("e", x("adj:a") ** 2 + x("adj:a")),  # it would be computed twice
        Definition("e", Elementwise(x("adj:a") * slot("u", (COLUMN,))), (N, N)),  # on more numbers than before
        Definition("e", Contraction((x("adj:a"), x("h")), ((ROW, N),))),
    ],
)
def test_what_would_cost_more_in_its_reader_stays(reader):
    assert names(fuse((plain("adj:a", x("s") - x("h")), reader), {"e"})) == ["adj:a", "e"]


def test_what_the_user_named_and_what_two_lines_read_stays():
    named = (plain("d", x("s") - x("h")), plain("e", x("d") * 2))
    assert fuse(named, {"e"}) == named
    twice = (plain("adj:d", x("s") - x("h")), plain("e", x("adj:d") * 2), plain("g", x("adj:d") * 3))
    assert fuse(twice, {"e", "g"}) == twice


def test_a_moved_line_leaves_its_place_in_the_text():
    first = replace(plain("f:h", x("s") - x("h")), spans=(Span(1, 2),))
    second = replace(plain("h+", x("h") + x("f:h")), spans=(Span(5, 6),))
    (made,) = fuse((first, second), {"h+"})
    assert made.spans == (Span(1, 2), Span(5, 6))


def test_costs_are_worked_out_apart_from_what_a_step_needs():
    step = hdsl.load("sunspots").product("step")
    handed, tail = split_costs(step.lines, {"y+", "h+"}, ("fit+",), step)
    assert names(tail) == ["e+", "fit+"] and handed == {"y+"}


def test_a_cost_that_a_step_needs_is_handed_on():
    step = hdsl.load("sunspots").product("step")
    handed, tail = split_costs(step.lines, {"fit+"}, ("fit+",), step)
    assert tail == () and handed == {"fit+"}


# --- whole steps ----------------------------------------------------------------------------------

HEAD = "dim n = 2\ninput u[n]\ntarget v[n]\n"
STATES = {
    "h": ["-h + tanh(W @ h + u)", "W @ h", "g - h", "k * h + u"],
    "g": ["W @ g + h", "-h", "tanh(V @ h) - g", "h * g"],
}
OUTPUTS = ["h", "h + g", "V @ h", "tanh(W @ g) + V @ u", "V @ (h * g)"]


@st.composite
def models(draw):
    """Two states that read one another in many ways, by flow or at once, with an output and a decay."""
    lines = [HEAD, "param W[n, n] = 0\nparam V[n, n] = 0\nparam k = 0\n"]
    for state, choices in STATES.items():
        dynamics = draw(st.sampled_from(choices))
        kind = draw(st.sampled_from([f"{state}' =", f"next {state} ="]))
        lines.append(f"state {state}[n] = 0\n{kind} {dynamics}\n")
        if draw(st.booleans()):
            lines.append(f"reset {state} each sample\n")
    lines.append(f"output y = {draw(st.sampled_from(OUTPUTS))}\ncost fit = squared(y - v)\n")
    lines.append(draw(st.sampled_from(["", "cost decay = squared(W) + k^2\n", "cost both = dot(h, g) * k\n"])))
    order = draw(st.sampled_from(["sequential", "simultaneous", "semi-implicit"]))
    return "".join(lines) + f"learn\n    order = {order}\n    eta = 0.3\n    beta = 0.2\n    tau = 0.5\n"


def cells_of(model, cells, streams):
    made = np.random.default_rng(8)
    numbers = {"tau": 0.5, "learn:eta": 0.3, "learn:beta": 0.2, "learn:phi": 1.0}
    shared = {name: np.array(value) for name, value in numbers.items()}
    own = [{"present:v": np.array(1.0)} for _ in range(streams)]
    for name in ("u", "v", *cells, "initial:h", "initial:g"):
        quantity = model.quantities[name.rpartition(":")[2]]
        for where in [shared] if quantity.shared else own:
            where[name] = made.normal(size=(2,) * len(quantity.sizes))
    return Readings(shared, tuple(own))


def in_place(program, given):
    """Run the lines with each new value written over its cell where it stands, those held back put in at the end."""
    made = Readings(dict(given.shared), tuple(dict(s) for s in given.streams))

    def put(name, values):
        for where, one in zip(
            [made.shared] if not isinstance(values, list) else made.streams, _each(values), strict=True
        ):
            where[name] = one

    for line in program.lines:
        later = {f"{c}+": c for c in program.cells if f"{c}+" in _done(program, line) - program.held}
        known = [{**made.shared, **stream} for stream in made.streams]
        for scope in known:
            scope.update({new: scope[cell] for new, cell in later.items()})
        values = [value(line, scope, {"n": 2}) for scope in known]
        values = sum(values) / len(values) if line.shared else values
        if program.is_update(line) and line.name not in program.held:
            put(line.name[:-1], values)
        else:
            put(line.name, values)
    for name in program.held:
        put(name[:-1], made.shared[name] if name in made.shared else [s[name] for s in made.streams])
    return made


def _each(values):
    return values if isinstance(values, list) else [values]


def _done(program, line):
    names_before = [other.name for other in program.lines]
    return set(names_before[: names_before.index(line.name)])


@given(models())
@settings(max_examples=30)
def test_in_place_every_program_gives_what_its_lines_mean(text):
    step = hdsl.loads(text).product("step")
    programs = lower(step)
    given_ = cells_of(step.model, step.cells, 2)
    pure = interpret(step.lines, given_, {"n": 2})
    for program in (programs.learn, programs.observe, programs.predict):
        made = in_place(program, given_)
        for cell in program.cells:
            assert np.allclose(made.of(cell), pure.of(f"{cell}+"), atol=1e-12), (program.name, cell)
        still = {cell for cell in step.cells if cell not in program.cells}
        for cell in still:
            assert np.array_equal(made.of(cell), given_.of(cell)), (program.name, cell)
    costs = interpret(programs.costs.lines, interpret(programs.learn.lines, given_, {"n": 2}), {"n": 2})
    for name, told in zip(step.costs.values(), programs.costs.results, strict=True):
        assert np.allclose(costs.of(told), pure.of(name), atol=1e-12)


@given(models())
@settings(max_examples=15)
def test_costs_read_no_cell_and_programs_move_what_they_say(text):
    step = hdsl.loads(text).product("step")
    programs = lower(step)
    assert programs.learn.cells == step.cells and programs.predict.cells == ()
    assert set(programs.observe.cells) == set(step.model.dynamics)
    assert not set(programs.costs.reads()) & {*step.cells, "k"}
    for program in (programs.observe, programs.predict):
        assert not {name for name in program.reads() if name.startswith(("z:", "w:"))}


def test_sunspots_keeps_its_lines_few_and_its_names():
    learn = lower(hdsl.load("sunspots").product("step")).learn
    assert {"half:a", "a", "s", "h+", "a+", "s+", "y+"} <= set(names(learn.lines))
    assert [line for line in names(learn.lines) if line.startswith("f:")] == []
    assert learn.held == {"h+"}
    (tanh_pulled,) = (line for line in learn.lines if line.name == "adj:a")
    assert {str(s.base.label) for s in slots(tanh_pulled.body.expression)} == {"s", "z:h+"}
