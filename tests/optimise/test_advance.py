"""The step as a run makes it, beside the step as it is written."""

import sympy

import hdsl
from hdsl.terms.term import Contraction, Elementwise, slot_name, slots


def lines(name):
    programs = hdsl.load(name).product("program")
    return {line.name: line for line in programs.advance.lines}, programs


def test_a_sum_of_products_stays_whole_at_both_points():
    made, programs = lines("sunspots")
    assert "half:a" in {line.name for line in programs.learn.lines}
    assert "half:a" not in made


def test_new_values_are_sums_of_products():
    made, _ = lines("oscillators")
    for name in ("a+", "b+"):
        factors = [f for term in sympy.Add.make_args(made[name].body.expression) for f in sympy.Mul.make_args(term)]
        brackets = [f for f in factors if isinstance(f, sympy.Add)]
        assert factors and not any(slot_name(s) in made for bracket in brackets for s in slots(bracket))


def test_means_that_are_added_up_are_the_mean_of_one_sum():
    made, programs = lines("oscillators")
    whole = made["half:w:omega"]
    assert not whole.shared and isinstance(whole.body, Elementwise)
    means = [line for line in made.values() if isinstance(line.body, Contraction) and "half:w:omega" in line.reads()]
    assert len(means) == 1 and means[0].shared
    before = next(line for line in programs.learn.lines if line.name == "w:omega+")
    assert len(before.reads()) == len(made["w:omega+"].reads()) + 1


def test_the_two_programs_return_and_move_the_same():
    for name in ("sunspots", "oscillators", "lstm_online"):
        _, programs = lines(name)
        assert programs.handed.results == programs.learn.results and programs.advance.cells == programs.learn.cells
    assert hdsl.load("kepler").product("program").advance is None


def test_what_follows_from_outputs_and_samples_is_made_after_the_steps():
    _, programs = lines("sunspots")
    assert programs.advance.results == ("y+",) and [line.name for line in programs.handed.lines] == ["e+"]
    _, programs = lines("iris_mlp")
    assert programs.handed.lines == () and programs.advance.results == ("y",) and programs.handed.results == ("y", "y")
