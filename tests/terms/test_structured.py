"""Every structured operation: its value in both backends against plain numpy, its pullback against finite differences."""

from __future__ import annotations

import numpy as np
import pytest
import sympy
import torch

from hdsl.emit import numpy_module
from hdsl.terms.structured import STRUCTURED
from hdsl.terms.term import Definition, Elementwise, Structured, indices, size, slot
from hdsl.verify.interpret import Readings, interpret

N, M = size("n"), size("m")
SIZES = {"n": 3, "m": 4}
GENERATOR = np.random.default_rng(5)
REFERENCE: dict[str, object] = {}
exec("import math\n" + numpy_module.HEADER.partition("import math")[2], REFERENCE)  # its softmax and logsumexp
X = GENERATOR.normal(size=(3, 4))
CASES = [
    (Definition("s", Structured("softmax", ("x",), (("axis", -1),)), (N, M)), {"x": X}),
    (Definition("s", Structured("softmax", ("x",), (("axis", -2),)), (N, M)), {"x": X}),
    (Definition("s", Structured("softmax", ("x",), (("axis", -1),)), (M,)), {"x": X[0]}),
    (Definition("l", Structured("logsumexp", ("x",), (("axis", -1),)), (N,)), {"x": X}),
    (Definition("l", Structured("logsumexp", ("x",), (("axis", -2),)), (M,)), {"x": X}),
    (Definition("l", Structured("logsumexp", ("x",), (("axis", -1),)), ()), {"x": X[0]}),
    (Definition("p", Structured("pick", ("x", "c"))), {"x": X[0], "c": np.array(2)}),
]


class Making:
    """A Maker that remembers what a pullback adds."""

    def __init__(self, sizes):
        self.sizes, self.added = sizes, []

    def sizes_of(self, name):
        return self.sizes[name]

    def add(self, stem, body, sizes):
        name = f"{stem}{len(self.added)}"
        self.sizes[name] = sizes
        self.added.append(Definition(name, body, sizes))
        return name


def names(case):
    return f"{case[0].body.row}{dict(case[0].body.attributes)}"


@pytest.mark.parametrize("case", CASES, ids=names)
def test_each_pullback_is_the_slope_along_every_entry(case):
    definition, given = case
    at_of = {"x": (N, M) if given["x"].ndim == 2 else (M,), "c": ()}
    maker = Making(dict(at_of))
    expression, *rest = STRUCTURED[definition.body.row].pullback(definition, "adj", maker)
    assert all(other is None for other in rest)
    seed = GENERATOR.normal(size=tuple(SIZES[str(n)] for n in definition.sizes))

    def value(x):
        made = interpret([definition], Readings({}, ({**given, "x": x},)), SIZES)
        return float((made.of(definition.name)[0] * seed).sum())

    answer = Definition("answer", Elementwise(expression), at_of["x"])
    made = interpret([definition, *maker.added, answer], Readings({}, ({**given, "adj": seed},)), SIZES)
    found = made.of("answer")[0]
    for place in np.ndindex(*given["x"].shape):
        nudge = np.zeros_like(given["x"])
        nudge[place] = 1e-6
        slope = (value(given["x"] + nudge) - value(given["x"] - nudge)) / 2e-6
        assert found[place] == pytest.approx(slope, abs=1e-8)


@pytest.mark.parametrize("case", CASES, ids=names)
@pytest.mark.parametrize("streams", [1, 2])
def test_both_spellings_lead_with_the_batch_and_count_axes_from_the_end(case, streams):
    definition, given = case
    own = [{name: value + k if name == "x" else value for name, value in given.items()} for k in range(streams)]
    expected = interpret([definition], Readings({}, tuple(own)), SIZES).of(definition.name)
    operands = [np.stack([stream[name] for stream in own]) for name in definition.body.operands]
    row = STRUCTURED[definition.body.row]
    assert np.allclose(_torch(row.torch, operands, definition), expected, atol=1e-14)
    assert np.allclose(_numpy(row.numpy, operands, definition), expected, atol=1e-14)


def test_a_shared_table_is_picked_from_by_each_stream():
    row, x, c = STRUCTURED["pick"], X[0], np.array([2, 0, 3])
    definition = Definition("p", Structured("pick", ("x", "c")))
    assert np.array_equal(_torch(row.torch_shared, [x, c], definition), x[c])
    assert np.array_equal(_numpy(row.numpy_shared, [x, c], definition), x[c])


def test_a_class_is_marked_by_a_one_in_its_place():
    definition = Definition("o", Structured("one_hot", ("c",)), (M,))
    for spelling, run in ((STRUCTURED["one_hot"].torch, _torch), (STRUCTURED["one_hot"].numpy, _numpy)):
        assert np.array_equal(run(spelling, [np.array([1, 3])], definition), [[0, 1, 0, 0], [0, 0, 0, 1]])


def test_softmax_and_logsumexp_are_finite_for_large_numbers():
    x = np.array([[1000.0, 1001.0, -1000.0]])
    share = np.exp(-1.0) / (1 + np.exp(-1.0))
    for name, expected in (("softmax", [[share, 1 - share, 0.0]]), ("logsumexp", [1001 + np.log1p(np.exp(-1.0))])):
        definition = Definition("d", Structured(name, ("x",), (("axis", -1),)), (M,))
        assert np.allclose(_torch(STRUCTURED[name].torch, [x], definition), expected)
        assert np.allclose(_numpy(STRUCTURED[name].numpy, [x], definition), expected)


def test_an_operation_without_a_derivative_pulls_nothing_back():
    definition = Definition("o", Structured("one_hot", ("c",)), (M,))
    assert STRUCTURED["one_hot"].pullback(definition, "adj", Making({})) == (None,)


def test_the_logsumexp_of_a_vector_pulls_back_to_its_softmax():
    maker = Making({"x": (M,)})
    definition = Definition("l", Structured("logsumexp", ("x",), (("axis", -1),)))
    (pulled,) = STRUCTURED["logsumexp"].pullback(definition, "adj", maker)
    (share,) = maker.added
    assert share.body == Structured("softmax", ("x",), (("axis", -1),))
    assert sympy.expand(pulled - slot("adj") * slot(share.name, indices(1))) == 0


def _torch(template, operands, definition):
    given = {f"o{k}": torch.from_numpy(np.asarray(o)) for k, o in enumerate(operands)}
    names = {"torch": torch, "dtype": torch.float64, "device": None, **given}
    return eval(_text(template, operands, definition), names).numpy()


def _numpy(template, operands, definition):
    given = {f"o{k}": np.asarray(o) for k, o in enumerate(operands)}
    return eval(_text(template, operands, definition), {**REFERENCE, "dtype": np.float64, **given})


def _text(template, operands, definition):
    last = SIZES[str(definition.sizes[-1])] if definition.sizes else ""
    names = [f"o{k}" for k in range(len(operands))]
    return template.format(*names, size=last, **dict(definition.body.attributes))
