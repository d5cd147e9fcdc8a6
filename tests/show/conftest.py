"""Models of the tests' own: those that ship may be tuned without a word here changing."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from hdsl.api import find, read
from hdsl.compiler import Compiler
from hdsl.syntax.source import Source

LEAKY = """ham 1
## Online prediction with a leaky network.
model leaky

dim n = 32

input  u[1]
target v[1]

state h[n] = 0
param W[n, n] = normal(0, 1/sqrt(n))   # recurrent
param U[n, 1] = normal(0, 0.25)
param b[n]    = 0
param C[1, n] = 0

h' = -h + tanh(W @ h + U @ u + b)
output y = C @ h

cost fit = 1/2 * squared(y - v)

learn
    order = sequential
    tau = 0.25
    eta = 2
    eta.h = 0
    beta = 0.04
"""

TWO = """ham 1
model two

dim n = 3
const alpha = 0.2                      # a scalar
input  u[n]
target v[n]
state a[n] = 1
state b[n] = [1, 2, 0.5]
## the frequency of each oscillator
param omega[n] = uniform(0, 1)

a' = -alpha*a + omega*b + u
next b = tanh(omega*a)
output y = a + b

cost fit = 1/2 * squared(y - v)
cost small = 0.01 * squared(omega)

learn
    order = simultaneous
    tau = 0.5
    eta = 1
    phi = 1/tau
    first = undamped
"""

NET = """ham 1
model net

dim d = 4, n = 30, k = 3
input  u[d]
target c : index(k)
param W1[n, d] = glorot
param b1[n]    = 0
param W2[k, n] = glorot

let a = tanh(W1 @ u + b1)
output y = W2 @ a
cost class = cross_entropy(y, c)

learn
    order = semi-implicit
    eta = 0.95
    phi = 0.4
    beta = 0.01
"""

TEXTS = {"leaky": LEAKY, "two": TWO, "net": NET}


@cache
def compiled(name: str) -> Compiler:
    """A model of this file, or one that ships, with every product at hand."""
    if name in TEXTS:
        return Compiler(Source(TEXTS[name], f"{name}.ham"))
    return Compiler(read(find(name), f"{name}.ham"))


@pytest.fixture
def product():
    """``product("leaky")`` is the compiler of a model."""
    return compiled


def pytest_generate_tests(metafunc):
    """A test that asks for ``model`` runs over every model that ships and every one of this file."""
    if "model" in metafunc.fixturenames:
        shipped = sorted(p.stem for p in (Path(__file__).resolve().parents[2] / "models").glob("*.ham"))
        metafunc.parametrize("model", [*TEXTS, *shipped])
