"""Every structured row at fitting shapes: sizes, both spellings for every sharing, and the pullback against differences.

The meaning is that of `hdsl.verify.interpret`, which is numpy written once more, and of `hdsl.terms.expand`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import product
from typing import Any

import numpy as np
import pytest
import sympy
import torch

from hdsl.emit import numpy_module, torch_functions
from hdsl.terms.expand import scalars
from hdsl.terms.row import Written
from hdsl.terms.structured import STRUCTURED
from hdsl.terms.term import Definition, Elementwise, Structured, indices, size, slot
from hdsl.verify.interpret import Readings, interpret

N, M = size("n"), size("m")
SIZES = {"n": 3, "m": 4}
NUMBERS = {N: 3, M: 4}
REFERENCE: dict[str, object] = {}
exec("import math\n" + numpy_module.HEADER.partition("import math")[2], REFERENCE)
exec("".join(numpy_module.FUNCTIONS.values()), REFERENCE)
OF_TORCH: dict[str, object] = {"torch": torch}
exec("".join(torch_functions.FUNCTIONS.values()), OF_TORCH)
ZERO, ONE, TWO, FIVE, SIX = map(sympy.Integer, (0, 1, 2, 5, 6))


def cut(*places: Any, of: Any) -> dict[str, Any]:
    return {"places": tuple(places), "of": of}


ALL_N, ALL_M = (ZERO, N, 1), (ZERO, M, 1)
# Row, sizes of the operands (None: an index below n), attributes.
CASES: list[tuple[str, list[Any], dict[str, Any]]] = [
    ("softmax", [(N, M)], {"axis": -1}),
    ("softmax", [(N, M)], {"axis": -2}),
    ("softmax", [(M,)], {"axis": -1}),
    ("logsumexp", [(N, M)], {"axis": -2}),
    ("logsumexp", [(M,)], {"axis": -1}),
    ("slice", [(M,)], cut((ONE,), of=(M,))),
    ("slice", [(M,)], cut((ONE, M, 1), of=(M,))),
    ("slice", [(M,)], cut((ZERO, TWO + 1, 2), of=(M,))),
    ("slice", [(N, M)], cut(ALL_N, (M - 1,), of=(N, M))),
    ("slice", [(N, M)], cut((ZERO, N - 1, 1), (ONE, M, 1), of=(N, M))),
    ("slice", [(N, M)], cut((TWO,), (ZERO, M - 1, 1), of=(N, M))),
    ("slice", [(N, M)], cut((ONE,), (ONE,), of=(N, M))),
    ("place", [()], cut((ONE,), of=(M,))),
    ("place", [(M - 1,)], cut((ONE, M, 1), of=(M,))),
    ("place", [(TWO,)], cut((ZERO, TWO + 1, 2), of=(M,))),
    ("place", [(N,)], cut(ALL_N, (M - 1,), of=(N, M))),
    ("place", [(N - 1, M - 1)], cut((ZERO, N - 1, 1), (ONE, M, 1), of=(N, M))),
    ("place", [(M - 1,)], cut((TWO,), (ZERO, M - 1, 1), of=(N, M))),
    ("place", [(N, M, TWO)], cut((ONE,), ALL_N, ALL_M, (ZERO, TWO, 1), of=(TWO, N, M, TWO))),
    ("flip", [(N,)], {"axis": -1}),
    ("flip", [(N, M)], {"axis": -2}),
    ("concat", [(N,), (M,), (N,)], {"axis": -1}),
    ("concat", [(N, M), (TWO, M)], {"axis": -2}),
    ("stack", [(), ()], {"axis": -1}),
    ("stack", [(N,), (N,)], {"axis": -1}),
    ("stack", [(N,), (N,)], {"axis": -2}),
    ("stack", [(N, M), (N, M)], {"axis": -2}),
    ("reshape", [(N, M)], {"sizes": (N * M,)}),
    ("reshape", [(N, M)], {"sizes": (M, ONE, N)}),
    ("reshape", [(ONE,)], {"sizes": ()}),
    ("diag", [(N,)], {}),
    ("diagonal", [(N, N)], {}),
    ("eye", [], {"sizes": (N, N)}),
    ("eye", [], {"sizes": (N, M)}),
    ("inv", [(N, N)], {}),
    ("inv", [(ONE, ONE)], {}),
    ("solve", [(N, N), (N,)], {"turned": 0}),
    ("solve", [(N, N), (N,)], {"turned": 1}),
    ("solve", [(N, N), (N, M)], {"turned": 0}),
    ("solve", [(N, N), (N, N)], {"turned": 1}),
    ("expm", [(TWO, TWO)], {}),
    ("expm", [(ONE, ONE)], {}),
    ("phi1m", [(TWO, TWO)], {}),
    ("phi1m", [(ONE, ONE)], {}),
    ("conv2d", [(TWO, N, M), (N, TWO, TWO, TWO)], {"stride": 1, "pad": 0}),
    ("conv2d", [(ONE, N, M), (TWO, ONE, N, TWO)], {"stride": 1, "pad": 2}),
    ("conv2d", [(TWO, N, N), (ONE, TWO, ONE, N)], {"stride": 1, "pad": 1}),
    ("conv2d", [(TWO, FIVE, SIX), (N, TWO, TWO, TWO + 1)], {"stride": 2, "pad": 0}),
    ("conv2d", [(ONE, FIVE, SIX), (ONE, ONE, TWO, TWO)], {"stride": 3, "pad": 1}),
    ("conv2d", [(TWO, 2 * N, SIX), (TWO, TWO, ONE, TWO)], {"stride": 2, "pad": 1}),
    ("conv2d_image", [(N, N - 1, M - 1), (N, TWO, TWO, TWO)], {"stride": 1, "pad": 0, "rest": (0, 0)}),
    ("conv2d_image", [(TWO, N, TWO), (TWO, ONE, TWO, TWO + 1)], {"stride": 2, "pad": 1, "rest": (1, 0)}),
    ("conv2d_image", [(ONE, TWO, TWO), (ONE, N, TWO, ONE)], {"stride": 3, "pad": 0, "rest": (0, 2)}),
    ("conv2d_kernel", [(TWO, N, M), (N, N - 1, M - 1)], {"stride": 1, "pad": 0, "rest": (0, 0)}),
    ("conv2d_kernel", [(TWO, FIVE, SIX), (N, TWO, N)], {"stride": 2, "pad": 1, "rest": (1, 0)}),
    ("conv2d_kernel", [(ONE, FIVE, SIX), (TWO, TWO, TWO)], {"stride": 3, "pad": 0, "rest": (0, 2)}),
    ("avgpool2d", [(TWO, N, M)], {"size": 2, "stride": 1, "pad": 0}),
    ("avgpool2d", [(N, FIVE, SIX)], {"size": 2, "stride": 2, "pad": 1}),
    ("avgpool2d", [(ONE, FIVE, SIX)], {"size": 3, "stride": 2, "pad": 0}),
    ("avgpool2d", [(ONE, 2 * N, SIX)], {"size": 2, "stride": 2, "pad": 0}),
    ("avgpool2d_image", [(TWO, N - 1, M - 1)], {"size": 2, "stride": 1, "pad": 0, "rest": (0, 0)}),
    ("avgpool2d_image", [(N, TWO, TWO)], {"size": 3, "stride": 2, "pad": 1, "rest": (0, 1)}),
    ("maxpool2d", [(TWO, N, M)], {"size": 2, "stride": 1, "pad": 0}),
    ("maxpool2d", [(N, FIVE, SIX)], {"size": 2, "stride": 2, "pad": 1}),
    ("maxpool2d", [(ONE, FIVE, SIX)], {"size": 3, "stride": 2, "pad": 1}),
    ("maxpool2d_image", [(TWO, N - 1, M - 1), (TWO, N, M)], {"size": 2, "stride": 1, "pad": 0, "rest": (0, 0)}),
    ("maxpool2d_image", [(ONE, TWO + 1, TWO + 1), (ONE, FIVE, SIX)], {"size": 3, "stride": 2, "pad": 1, "rest": (0, 1)}),
    ("maxpool2d_taken", [(TWO, N, M), (TWO, N, M)], {"size": 2, "stride": 1, "pad": 0}),
    ("maxpool2d_taken", [(ONE, FIVE, SIX), (ONE, FIVE, SIX)], {"size": 3, "stride": 2, "pad": 1}),
    ("pick", [(N,), None], {}),
    ("embed", [(N, M), None], {}),
    ("scatter", [(M,), None], {"below": N}),
    ("one_hot", [None], {"below": N}),
]
BY_NAME = [f"{row}-{k}" for k, (row, _, _) in enumerate(CASES)]


def definition_of(case: tuple[str, list[Any], dict[str, Any]], shared: bool = False) -> Definition:
    row, operands, attributes = case
    names = tuple(f"x{k}" for k in range(len(operands)))
    sizes = STRUCTURED[row].sizes([one or () for one in operands], attributes)
    return Definition("y", Structured(row, names, tuple(attributes.items())), sizes, shared)


def shape_of(sizes: Any) -> tuple[int, ...]:
    return tuple(int(sympy.sympify(n).subs(NUMBERS)) for n in sizes)


def drawn(case: tuple[str, list[Any], dict[str, Any]], seed: int = 0) -> dict[str, Any]:
    source = np.random.default_rng(seed)
    operands = case[1]
    return {
        f"x{k}": np.array(source.integers(SIZES["n"])) if sizes is None else source.normal(size=shape_of(sizes))
        for k, sizes in enumerate(operands)
    }


@dataclass
class Making:
    """A Maker that remembers what a pullback adds."""

    sizes: dict[str, Any]
    shared: frozenset[str] = frozenset()
    added: list[Definition] = field(default_factory=list)

    def sizes_of(self, name: str) -> Any:
        return self.sizes[name]

    def is_shared(self, name: str) -> bool:
        return name in self.shared

    def averages(self, name: str) -> bool:
        return self.is_shared(name)

    def wants(self, name: str) -> bool:
        return True

    def add(self, stem: str, body: Any, sizes: Any, shared: bool | None = None) -> str:
        name = f"{stem}~{len(self.added)}"
        self.sizes[name] = sizes
        self.added.append(Definition(name, body, sizes, bool(shared)))
        return name


def test_every_row_has_a_case() -> None:
    assert {row for row, _, _ in CASES} == STRUCTURED.keys()


@pytest.mark.parametrize("case", CASES, ids=BY_NAME)
def test_the_size_rule_is_that_of_numpy(case: Any) -> None:
    definition = definition_of(case)  # `interpret` holds the shape against the sizes
    made = interpret([definition], Readings({}, (drawn(case),)), SIZES).of("y")
    assert made.shape == (1, *shape_of(definition.sizes))


LONG = {"conv2d_kernel-54", "maxpool2d-63", "maxpool2d-64", "maxpool2d_image-66", "maxpool2d_taken-68"}
SCALARS = [pytest.param(c, id=n, marks=[pytest.mark.slow] * (n in LONG)) for c, n in zip(CASES, BY_NAME, strict=True)]


@pytest.mark.parametrize("case", SCALARS)
def test_what_is_written_out_has_the_same_numbers(case: Any) -> None:
    definition, given = definition_of(case), drawn(case)
    sizes = {f"x{k}": one or () for k, one in enumerate(case[1])}
    expanded = scalars([definition], SIZES, sizes=sizes)
    swap = {}
    for name, value in given.items():
        for place in np.ndindex(*value.shape):
            symbol = expanded[name][place] if place else sympy.sympify(expanded[name][()])
            swap[symbol] = sympy.sympify(value[place].item())
    shape = shape_of(definition.sizes)
    found = [
        float(sympy.sympify(expanded["y"][place] if place else expanded["y"][()]).subs(swap))
        for place in np.ndindex(*shape)
    ]
    expected = interpret([definition], Readings({}, (given,)), SIZES).of("y")[0]
    assert np.allclose(np.reshape(found, shape), expected, atol=1e-14)


@pytest.mark.parametrize("case", CASES, ids=BY_NAME)
def test_each_pullback_is_the_slope_along_every_entry(case: Any) -> None:
    definition, given = definition_of(case), drawn(case)
    maker = Making({name: sizes or () for name, sizes in zip(given, case[1], strict=True)})
    pulled = STRUCTURED[case[0]].pullback(definition, "adj", maker)
    assert len(pulled) == len(case[1])
    seed = np.random.default_rng(9).normal(size=shape_of(definition.sizes))

    def value(values: dict[str, Any]) -> float:
        made = interpret([definition], Readings({}, (values,)), SIZES)
        return float((made.of("y")[0] * seed).sum())

    for k, (sizes, expression) in enumerate(zip(case[1], pulled, strict=True)):
        assert (expression is None) == (sizes is None)
        if expression is None:
            continue
        answer = Definition("answer", Elementwise(expression), sizes)
        found = interpret([definition, *maker.added, answer], Readings({}, ({**given, "adj": seed},)), SIZES).of(
            "answer"
        )[0]
        for place in np.ndindex(*given[f"x{k}"].shape):
            nudge = np.zeros_like(given[f"x{k}"])
            nudge[place] = 1e-6
            slope = (
                value({**given, f"x{k}": given[f"x{k}"] + nudge}) - value({**given, f"x{k}": given[f"x{k}"] - nudge})
            ) / 2e-6
            assert found[place] == pytest.approx(slope, abs=1e-8)


def spelt(backend: str, case: Any, own: tuple[bool, ...], batched: bool, values: list[Any], dtype: Any) -> Any:
    definition, row = definition_of(case), STRUCTURED[case[0]]
    names = [f"o{k}" for k in range(len(values))]
    batch = next((len(v) for v, mine in zip(values, own, strict=True) if mine), 1)
    if row.together and batched:
        values = [v if mine else np.broadcast_to(v, (batch, *v.shape)) for v, mine in zip(values, own, strict=True)]
        own = (True,) * len(own)
    written = Written(
        tuple(names), own, batched, definition.sizes, case[2], lambda n: str(sympy.sympify(n).subs(NUMBERS))
    )
    text = row.spell(backend, written)
    if backend == "numpy":
        given = dict(zip(names, values, strict=True))
        return eval(text, {**REFERENCE, "dtype": dtype, "batch": batch, **given})
    given = {name: torch.from_numpy(np.array(v)) for name, v in zip(names, values, strict=True)}
    kind = torch.float32 if dtype == np.float32 else torch.float64
    made = eval(text, {**OF_TORCH, "dtype": kind, "device": "cpu", "mean": 1 / batch, **given})
    assert made.dtype == kind
    return made.numpy()


@pytest.mark.parametrize("dtype", [np.float32, np.float64], ids=["float32", "float64"])
@pytest.mark.parametrize("streams", [1, 3])
@pytest.mark.parametrize("case", CASES, ids=BY_NAME)
def test_both_spellings_for_operands_of_each_stream_and_of_all(case: Any, streams: int, dtype: Any) -> None:
    definition = definition_of(case)
    draws = [drawn(case, seed) for seed in range(streams)]
    for own in product((True, False), repeat=len(case[1])):
        if any(sizes is None and not mine for sizes, mine in zip(case[1], own, strict=True)):
            continue  # an index belongs to a stream
        one = [{name: d[name] if mine else draws[0][name] for name, mine in zip(d, own, strict=True)} for d in draws]
        expected = interpret([definition], Readings({}, tuple(one)), SIZES).of("y")
        expected = expected if any(own) else expected[0]
        values = [
            np.stack([d[name] for d in one]) if mine else one[0][name] for name, mine in zip(one[0], own, strict=True)
        ]
        values = [v if v.dtype.kind == "i" else v.astype(dtype) for v in values]
        for backend in ("torch", "numpy"):
            found = spelt(backend, case, own, any(own), values, dtype)
            assert np.allclose(found, expected, atol=1e-6 if dtype == np.float32 else 1e-14), (backend, own)


@pytest.mark.parametrize("rows", [True, False], ids=["a row a stream", "one row"])
def test_a_mean_over_streams_adds_the_rows_in_their_places(rows: bool) -> None:
    case = ("scatter", [(M,), None], {"below": N})
    chosen, row = np.array([2, 0, 2]), np.random.default_rng(1).normal(size=(3, 4) if rows else (4,))
    expected = (
        sum(np.outer(np.arange(3) == c, r) for c, r in zip(chosen, np.broadcast_to(row, (3, 4)), strict=True)) / 3
    )
    for backend in ("torch", "numpy"):
        found = spelt(backend, case, (rows, True), False, [row, chosen], np.float64)
        assert np.allclose(found, expected, atol=1e-15)


def test_the_derivative_of_a_shared_table_is_a_mean_that_is_made_on_the_rows_alone() -> None:
    definition = Definition("y", Structured("embed", ("x0", "x1")), (M,))
    maker = Making({"x0": (N, M), "x1": ()}, frozenset({"x0"}))
    expression, none = STRUCTURED["embed"].pullback(definition, "adj", maker)
    assert none is None and maker.added[0].shared
    assert expression == slot(maker.added[0].name, indices(2))


def test_a_view_is_said_to_be_one_exactly_where_torch_makes_one() -> None:
    for case in CASES:
        if None in case[1] or not case[1]:
            continue
        definition, row, given = definition_of(case), STRUCTURED[case[0]], drawn(case)
        tensors = {f"o{k}": torch.from_numpy(value) for k, value in enumerate(given.values())}
        own = (False,) * len(tensors)
        written = Written(
            tuple(tensors), own, False, definition.sizes, case[2], lambda n: str(sympy.sympify(n).subs(NUMBERS))
        )
        made = eval(row.spell("torch", written), {**OF_TORCH, **tensors})
        shares = made.untyped_storage().data_ptr() == tensors["o0"].untyped_storage().data_ptr()
        assert shares == row.view, case
