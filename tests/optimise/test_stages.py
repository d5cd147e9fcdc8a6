"""Slopes that stages hold: the new value says the same in terms of the stages, and the slope is read once."""

from __future__ import annotations

import numpy as np
import pytest
import sympy

import hdsl
from hdsl.optimise.stages import read_stages, spread
from hdsl.terms.elementwise import ROWS
from hdsl.terms.term import Contraction, Definition, Elementwise, Summand, indices, size, slot, slots
from hdsl.verify.interpret import Readings, interpret

(ROW, COLUMN), N, TAU, ETA = indices(2), size("n"), slot("tau"), slot("learn:eta")
exp = ROWS["exp"].function


def x(name):
    return slot(name, (ROW,))


def plain(name, expression, summands=()):
    return Definition(name, Elementwise(expression), (N,), False, (), (), summands)


def read(lines, name):
    (found,) = [line for line in lines if line.name == name]
    return found.body.expression


def steps(kept=sympy.Integer(1), half=sympy.Integer(1)):
    """Two stages by hand, with factors as an integrating factor has them."""
    return [
        plain("dot:h", -x("h")),
        plain("h@2", half * x("h") + TAU * half * x("dot:h") / 2),
        plain("dot:h@2", -x("h@2")),
        plain("h+", kept * x("h") + TAU * kept * x("dot:h") / 3 + 2 * TAU * half * x("dot:h@2") / 3),
    ]


def values(lines):
    given = Readings({"tau": np.asarray(0.3), "learn:eta": np.asarray(0.7)}, ({"h": np.array([1.0, -2.0])},))
    return interpret(lines, given, {"n": 2}).streams[0]["h+"]


@pytest.mark.parametrize("factors", [{}, {"kept": exp(-TAU * ETA), "half": exp(-TAU * ETA / 2)}])
def test_a_slope_that_one_stage_holds_is_not_read_again(factors):
    before = steps(**factors)
    after = read_stages(before)
    assert x("dot:h") not in slots(read(after, "h+")) and x("dot:h@2") in slots(read(after, "h+"))
    assert np.allclose(values(before), values(after), rtol=0, atol=1e-15)


def test_factors_of_decay_become_one():
    made = read(read_stages(steps(kept=exp(-TAU * ETA), half=exp(-TAU * ETA / 2))), "h+")
    assert made.coeff(x("h@2")) == sympy.Rational(2, 3) * exp(-TAU * ETA / 2)
    assert sympy.simplify(made.coeff(x("h")) - exp(-TAU * ETA) / 3) == 0


def test_a_slope_that_others_read_stays():
    more = [*steps(), plain("y", x("dot:h"))]
    assert read_stages(more) == tuple(more)
    other = [plain("g@2", x("h") + TAU * x("dot:h")) if line.name == "h@2" else line for line in steps()]
    assert x("dot:h") in slots(read(read_stages(other), "h+"))  # the stage of another cell


def test_a_stage_that_holds_the_slope_in_another_way_is_let_alone():
    bent = [plain("h@2", x("h") + TAU * x("dot:h") ** 2) if line.name == "h@2" else line for line in steps()]
    assert read_stages(bent) == tuple(bent)
    weighed = [plain("h@2", x("h") + x("w") * x("dot:h")) if line.name == "h@2" else line for line in steps()]
    assert read_stages(weighed) == tuple(weighed)


def test_what_a_summand_is_there_for_goes_on():
    told = (Summand(x("h"), (), ("learn:eta",)), Summand(TAU * x("dot:h") / 3, (), ("fit",)))
    lines = [*steps()[:3], plain("h+", x("h") + TAU * x("dot:h") / 3, told)]
    (made,) = [line for line in read_stages(lines) if line.name == "h+"]
    roots = {summand.expression: summand.roots for summand in made.summands}
    assert sympy.Add(*roots) == made.body.expression and "fit" in roots[sympy.Rational(2, 3) * x("h@2")]


def test_costates_of_stages_take_products_in():
    c = Definition("c", Contraction((slot("q", (ROW,)), slot("h", (COLUMN,)))), (N, N), True)
    w, made = slot("w:W", (ROW, COLUMN)), slot("c", (ROW, COLUMN))
    line = Definition("w:W@2", Elementwise(TAU * (made - ETA * w) / 2 + w), (N, N), True)
    (_, after) = spread([c, line])
    assert after.body.expression == TAU * made / 2 + (1 - TAU * ETA / 2) * w
    alone = Definition("w:W+", line.body, (N, N), True)
    assert spread([c, alone]) == (c, alone)  # an Euler step is left as it is
    zero = Definition("z:h@2", Elementwise(sympy.Integer(0)), (N,))
    assert spread([zero]) == (zero,)


@pytest.mark.parametrize("dissipation", ["euler", "exact"])
def test_no_slope_of_a_parameter_is_kept(dissipation):
    text = "dim n = 3\ninput u[n]\ntarget v[n]\nparam W[n, n] = normal(0, 1)\noutput y = tanh(W @ u)\ncost c = squared(y - v)\n"
    text += f"learn\n    step = rk4\n    eta = 1\n    dissipation = {dissipation}\n"
    lines = hdsl.loads(text).product("program").learn.lines
    assert not [line.name for line in lines if line.name.startswith("dot:w:")]
    contractions = {line.name for line in lines if isinstance(line.body, Contraction) and len(line.sizes) == 2}
    reads = [name for line in lines for name in line.reads() if name in contractions]
    assert len(reads) == len(contractions) == 4  # each outer product goes into its stage, or into the new value
