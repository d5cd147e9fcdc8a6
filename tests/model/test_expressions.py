"""Expressions against numpy: what is written, worked out by numpy from the same text's meaning."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import sympy
from hypothesis import given, settings
from hypothesis import strategies as st

from hdsl.model.check import check
from hdsl.model.model import Model
from hdsl.syntax.parse import parse
from hdsl.syntax.source import Source
from hdsl.terms.elementwise import RowFunction
from hdsl.terms.term import Contraction, Elementwise, Structured, index, indices, slot_indices, slots
from hdsl.verify.interpret import value as number

HEAD = """
dim n = 3, m = 2, b = 2
input u[m]
input k : index(n)
state h[n] = 0
state g[n] = 0
state s = 0
param W[n, m] = 0
param A[n, n] = 0
param B[b, n, m] = 0
param O[1, m] = 0
param R[n, 1] = 0
param o[1] = 0
const alpha = 0.5
"""
SHAPES = {
    "u": (2,), "h": (3,), "g": (3,), "s": (), "W": (3, 2), "A": (3, 3), "B": (2, 3, 2), "O": (1, 2), "R": (3, 1), "o": (1,)
}  # fmt: skip


def point(seed: int = 1) -> dict[str, Any]:
    generator = np.random.default_rng(seed)
    values: dict[str, Any] = {name: generator.normal(size=shape) for name, shape in SHAPES.items()}
    return values | {"alpha": 0.5, "t": 2.0, "tau": 0.25, "k": 1}


@dataclass(frozen=True)
class Names:
    """The numbers of a point as attributes."""

    values: Mapping[str, Any]

    def __getattr__(self, name: str) -> Any:
        return self.values[name]


CASES: dict[str, Callable[[Any], Any]] = {
    # arithmetic
    "1/3 + 0.1": lambda v: 1 / 3 + 0.1,
    "-h^2": lambda v: -(v.h**2),
    "2^3^2 * s": lambda v: 512 * v.s,
    "h - g - h/alpha": lambda v: v.h - v.g - v.h / 0.5,
    "h*pi + t - tau": lambda v: v.h * np.pi + 2 - 0.25,
    "W*u + s": lambda v: v.W * v.u + v.s,
    "W.T * h - W.T": lambda v: v.W.T * v.h - v.W.T,
    "h + R": lambda v: v.h + v.R,
    "W + o": lambda v: v.W + v.o,
    "O + R": lambda v: v.O + v.R,
    "B * W + O": lambda v: v.B * v.W + v.O,
    "(A @ h) * (A @ h) - A @ g": lambda v: (v.A @ v.h) ** 2 - v.A @ v.g,
    "h^-2": lambda v: v.h**-2.0,
    "(h*h)^0.5": lambda v: np.abs(v.h),
    "exp(s)^s": lambda v: np.exp(v.s) ** v.s,
    "2^n * m": lambda v: 16.0,
    "(h*h + 1)^s": lambda v: (v.h * v.h + 1) ** v.s,
    "sqrt(n) * s": lambda v: np.sqrt(3) * v.s,
    "exp(-m) + sin(n*pi/4)": lambda v: np.exp(-2) + np.sin(3 * np.pi / 4),
    # contractions
    "W @ u": lambda v: v.W @ v.u,
    "h @ W": lambda v: v.h @ v.W,
    "h @ g": lambda v: v.h @ v.g,
    "A @ A.T @ W": lambda v: v.A @ v.A.T @ v.W,
    "(A @ W).T": lambda v: (v.A @ v.W).T,
    "B @ u": lambda v: v.B @ v.u,
    "h @ B": lambda v: v.h @ v.B,
    "B @ W.T": lambda v: v.B @ v.W.T,
    "A @ B": lambda v: v.A @ v.B,
    "B.T": lambda v: v.B.T,
    "R @ o": lambda v: v.R @ v.o,
    "(-W) @ (2*u)": lambda v: -2 * v.W @ v.u,
    "(A + A.T) @ (h + g)": lambda v: (v.A + v.A.T) @ (v.h + v.g),
    "3 * (W @ u) / alpha": lambda v: 6 * v.W @ v.u,
    "s * (W @ u)": lambda v: v.s * (v.W @ v.u),
    "(1 - n) * (h @ g)": lambda v: -2 * v.h @ v.g,
    "sum(W)": lambda v: v.W.sum(),
    "sum(W, 0)": lambda v: v.W.sum(0),
    "sum(B, axis=-2)": lambda v: v.B.sum(-2),
    "sum(A * A.T)": lambda v: (v.A * v.A.T).sum(),
    "sum(h^2 * g)": lambda v: (v.h**2 * v.g).sum(),
    "sum(s*h)": lambda v: v.s * v.h.sum(),
    "sum(alpha*h*h)": lambda v: 0.5 * v.h @ v.h,
    "sum(W*0 + u)": lambda v: 3 * v.u.sum(),
    "sum(W*0 + 2, 1)": lambda v: np.full(3, 4.0),
    "mean(W)": lambda v: v.W.mean(),
    "mean(B, 1)": lambda v: v.B.mean(1),
    "mean(h + 1)": lambda v: v.h.mean() + 1,
    "h - mean(h)": lambda v: v.h - v.h.mean(),
    "dot(h, g)": lambda v: v.h @ v.g,
    "dot(W, 2*W)": lambda v: 2 * (v.W**2).sum(),
    "squared(h - g)": lambda v: ((v.h - v.g) ** 2).sum(),
    "squared(-3*B)": lambda v: 9 * (v.B**2).sum(),
    "squared(s + 1)": lambda v: (v.s + 1) ** 2,
    "sum(s) + mean(s) + dot(s, s)": lambda v: 2 * v.s + v.s**2,
    "squared(W @ u)": lambda v: ((v.W @ v.u) ** 2).sum(),
    # functions
    "tanh(W @ u + h)": lambda v: np.tanh(v.W @ v.u + v.h),
    "tanh(h) - tanh(h)/2": lambda v: np.tanh(v.h) / 2,
    "exp(sin(h))": lambda v: np.exp(np.sin(v.h)),
    "max(h, 0)": lambda v: np.maximum(v.h, 0),
    "min(h, R)": lambda v: np.minimum(v.h, v.R),
    "clip(W, -alpha, u*u)": lambda v: np.minimum(np.maximum(v.W, -0.5), v.u**2),
    "clip(h, -inf, s)": lambda v: np.minimum(v.h, v.s),
    "clip(h, 0, inf)": lambda v: np.maximum(v.h, 0),
    "abs(W.T)": lambda v: np.abs(v.W.T),
    "softmax(h)": lambda v: np.exp(v.h) / np.exp(v.h).sum(),
    "softmax(W.T, 0)": lambda v: np.exp(v.W.T) / np.exp(v.W.T).sum(0),
    "logsumexp(W, axis=0)": lambda v: np.log(np.exp(v.W).sum(0)),
    "logsumexp(2*h) / 3": lambda v: np.log(np.exp(2 * v.h).sum()) / 3,
    "cross_entropy(h + g, k)": lambda v: np.log(np.exp(v.h + v.g).sum()) - (v.h + v.g)[1],
    "cross_entropy(h, softmax(g))": lambda v: np.log(np.exp(v.h).sum()) - v.h @ np.exp(v.g) / np.exp(v.g).sum(),
    "cross_entropy(h, g)": lambda v: np.log(np.exp(v.h).sum()) * v.g.sum() - v.h @ v.g,
}


@pytest.mark.parametrize("written", CASES)
@pytest.mark.parametrize("role", ["output", "let"])
def test_an_expression_has_the_value_that_numpy_gives(written: str, role: str, checked: Any, numbers: Any) -> None:
    # As the whole of a definition, and as a part of a larger expression.
    text = f"output y = {written}\n" if role == "output" else f"output y = ({written})*2 + 1\n"
    model = checked(HEAD + text)
    values = point()
    wanted = CASES[written](Names(values))
    found = numbers(model, values)["y"]
    assert found.shape == np.shape(wanted)
    np.testing.assert_allclose(found, wanted if role == "output" else wanted * 2 + 1, rtol=1e-12, atol=1e-12)
    keeps_the_form(model)


def keeps_the_form(model: Model) -> None:
    """The rules of index notation that the derivation stands on."""
    known = set(model.quantities) | {"t", "tau"}
    for definition in model.definitions:
        assert set(definition.reads()) <= known, f"{definition.name} is read before it is defined"
        assert definition.name not in known
        known.add(definition.name)
        at = definition.indices
        match definition.body:
            case Elementwise(expression=expression):
                inner = expression.atoms(RowFunction)
                assert not inner or inner == {expression}
                if inner:
                    assert all(argument in slots(argument) or not slots(argument) for argument in expression.args)
                for occurrence in slots(expression):
                    assert set(slot_indices(occurrence)) <= set(at)
                plain(slots(expression))
            case Contraction(factors=factors, bound=bound, coefficient=coefficient):
                assert tuple(i for i, _ in bound) == tuple(index(len(at) + k) for k in range(len(bound)))
                within = {i for factor in factors for i in slot_indices(factor)}
                assert {i for i, _ in bound} <= within <= {*at, *(i for i, _ in bound)}
                assert not any(map(slot_indices, slots(coefficient)))
                assert not coefficient.atoms(RowFunction)
                plain(factors)
            case Structured(attributes=attributes):
                assert all(number < 0 for _, number in attributes)


def plain(occurrences: tuple[Any, ...]) -> None:
    for occurrence in occurrences:
        own = slot_indices(occurrence)
        assert len(set(own)) == len(own)
        assert all(i.is_Symbol for i in own)


# The names and forms of definitions -----------------------------------------------------------------------------------


def forms(model: Model) -> dict[str, Any]:
    return {definition.name: definition.body for definition in model.definitions}


def test_a_layer_gives_what_a_person_would_write(checked: Any) -> None:
    model = checked(HEAD + "let a = tanh(A @ h + g)\noutput y = a\n")
    i, j = indices(2)
    made = forms(model)
    assert list(made)[:4] == ["c", "a2", "a", "y"]
    assert made["c"].factors == (sympy.IndexedBase("A")[i, j], sympy.IndexedBase("h")[j])
    assert str(made["a2"].expression) in ("c[i] + g[i]", "g[i] + c[i]")
    assert str(made["a"].expression) == "tanh(a2[i])"


def test_a_cost_is_one_contraction_with_its_coefficient(checked: Any) -> None:
    made = forms(checked(HEAD + "target v[n]\noutput y = A @ h\ncost fit = 1/2*squared(y - v)\n"))
    assert [name for name in made if ":" not in name] == ["y", "e", "fit"]
    assert isinstance(made["y"], Contraction)
    assert made["fit"].coefficient == sympy.Rational(1, 2)
    assert [str(factor) for factor in made["fit"].factors] == ["e[i]", "e[i]"]


def test_a_mean_times_a_shared_scalar_is_one_contraction_and_times_a_state_is_not(checked: Any) -> None:
    made = forms(checked(HEAD + "input r\noutput y = alpha*mean(h)\noutput z = r*mean(g)\n"))
    assert str(made["y"].coefficient) == "alpha/n"
    assert str(made["z"].expression) == "c*r/n"


def test_what_is_written_twice_is_defined_once(checked: Any) -> None:
    model = checked(HEAD + "output y = tanh(A @ h) + 1\noutput z = tanh(A @ h)*tanh(A @ h)\n")
    assert [d.name for d in model.definitions if ":" not in d.name] == ["c", "s2", "y", "z"]
    assert len(next(d for d in model.definitions if d.name == "c").spans) == 3


def test_a_long_expression_is_cut_by_definitions(checked: Any, numbers: Any) -> None:
    written = " + ".join(f"{k + 2}*h^{k + 2}" for k in range(60))
    model = checked(HEAD + f"output y = {written}\n")
    assert [d.name for d in model.definitions if ":" not in d.name] == ["x", "y"]
    values = point()
    found = numbers(model, values)["y"]
    np.testing.assert_allclose(found, sum((k + 2) * values["h"] ** (k + 2) for k in range(60)), rtol=1e-12)


# Random expressions ---------------------------------------------------------------------------------------------------

Written = tuple[str, tuple[str, ...], Any]  # text, sizes by name, numbers
SIZES = {"n": 3, "m": 2, "b": 2, "1": 1}
LEAVES = {
    "u": ("m",), "h": ("n",), "g": ("n",), "s": (), "W": ("n", "m"), "A": ("n", "n"), "B": ("b", "n", "m"),
    "O": ("1", "m"), "R": ("n", "1"), "o": ("1",), "alpha": (), "2": (), "0.5": (), "tau": (), "n": ()
}  # fmt: skip
FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "tanh": np.tanh, "sin": np.sin, "abs": np.abs, "relu": lambda x: np.maximum(x, 0), "cos": np.cos
}  # fmt: skip


def leaves() -> st.SearchStrategy[Written]:
    values = point(7) | {"2": 2.0, "0.5": 0.5, "n": 3.0}
    return st.sampled_from([(name, sizes, np.asarray(values[name], float)) for name, sizes in LEAVES.items()])


def joined(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[str, ...] | None:
    """What numpy's broadcasting gives of named sizes, where only a literal 1 broadcasts."""
    rank = max(len(one), len(other))
    pairs = zip(("1",) * (rank - len(one)) + one, ("1",) * (rank - len(other)) + other, strict=True)
    sizes = [b if a == "1" else a if b in ("1", a) else None for a, b in pairs]
    return None if None in sizes else tuple(size for size in sizes if size is not None)


@st.composite
def grown(draw: st.DrawFn, parts: st.SearchStrategy[Written]) -> Written:
    """A larger expression, whatever the sizes of its parts allow."""
    text, sizes, value = draw(parts)
    choice = draw(st.sampled_from(["+", "-", "*", "@", "@", "f", "T", "sum", "mean", "squared", "softmax", "neg", "dot"]))
    match choice:
        case "f":
            name = draw(st.sampled_from(sorted(FUNCTIONS)))
            return f"{name}({text})", sizes, FUNCTIONS[name](value)
        case "T":
            return f"({text}).T", sizes[::-1], value.T
        case "neg":
            return f"(-{text})", sizes, -value
        case "squared":
            return f"squared({text})", (), np.sum(value * value)
        case "sum" | "mean" if sizes:
            axis = draw(st.integers(-len(sizes), len(sizes) - 1))
            kept = tuple(size for k, size in enumerate(sizes) if k != axis % len(sizes))
            return f"{choice}({text}, {axis})", kept, getattr(value, choice)(axis)
        case "softmax" if sizes:
            shifted = np.exp(value - value.max(-1, keepdims=True))
            return f"softmax({text})", sizes, shifted / shifted.sum(-1, keepdims=True)
    right, others, second = draw(parts)
    if choice == "@" and sizes and others and sizes[-1] == (others[-2] if len(others) > 1 else others[0]):
        batch = joined(sizes[:-2], others[:-2])
        if batch is not None:
            kept = batch + sizes[-2:-1] + (others[-1:] if len(others) > 1 else ())
            return f"({text} @ {right})", kept, value @ second
    if choice == "dot" and sizes == others:
        return f"dot({text}, {right})", (), np.sum(value * second)
    both = joined(sizes, others)
    if both is None or len(both) > 4:
        return text, sizes, value
    sign = choice if choice in "+-*" else "*"
    return f"({text} {sign} {right})", both, {"+": np.add, "-": np.subtract, "*": np.multiply}[sign](value, second)


@given(written=st.recursive(leaves(), grown, max_leaves=12))
@settings(max_examples=80)
def test_random_expressions_have_the_value_that_numpy_gives(written: Written) -> None:
    text, sizes, wanted = written
    model, found = check(parse(Source(HEAD + f"output y = {text}\n"))[0])
    assert model is not None, found
    keeps_the_form(model)
    known = {name: np.asarray(given, float) for name, given in point(7).items()}
    for definition in model.definitions:
        known[definition.name] = number(definition, known, SIZES)
    assert [str(size) for size in next(d for d in model.definitions if d.name == "y").sizes] == list(sizes)
    np.testing.assert_allclose(known["y"], wanted, rtol=1e-9, atol=1e-9)
