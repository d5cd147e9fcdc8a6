"""Equations as they are printed with their indices, read again by a reader of this file's own and put into numbers.

The printed page must say what the definitions say: every row of every model that ships, and of harder ones below, is
evaluated entry by entry and compared with `hdsl.verify.interpret`. No row may read what no row and no declaration gives.
"""

from __future__ import annotations

import itertools
import math
import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

from hdsl.api import read
from hdsl.compiler import Compiler
from hdsl.show.derivation import derivation_page
from hdsl.show.latex import page_latex
from hdsl.show.mathml import mathml
from hdsl.show.notations import model_notation
from hdsl.syntax.source import Source
from hdsl.verify.interpret import interpret
from hdsl.verify.points import readings, smallest, smooth_point
from tests.proofs.windows import WINDOWED, windowed

MODELS = Path(__file__).resolve().parents[2] / "models"

LSTM = """ham 1
model lstm
dim n = 8, m = 3
input x[m]
target v[1]
state h[n] = 0
state c[n] = 0
param Wf[n, m] = glorot
param Uf[n, n] = glorot
param bf[n] = 1
param Wi[n, m] = glorot
param Ui[n, n] = glorot
param bi[n] = 0
param Wo[n, m] = glorot
param Uo[n, n] = glorot
param bo[n] = 0
param Wg[n, m] = glorot
param Ug[n, n] = glorot
param bg[n] = 0
param C[1, n] = glorot
let forget = sigmoid(Wf @ x + Uf @ h + bf)
let insert = sigmoid(Wi @ x + Ui @ h + bi)
let out = sigmoid(Wo @ x + Uo @ h + bo)
let g = tanh(Wg @ x + Ug @ h + bg)
next c = forget*c + insert*g
next h = out*tanh(forget*c + insert*g)
output y = C @ h
cost fit = 1/2 * squared(y - v)
cost decay = 0.001 * squared(Uf)
learn
  eta = 1
"""

ATTENTION = """ham 1
model attending
dim n = 5, d = 4, k = 3
input X[n, d]
target c : index(k)
param Q[d, d] = glorot
param K[d, d] = glorot
param V[d, d] = glorot
param O[k, d] = glorot
let q = X @ Q
let key = X @ K
let val = X @ V
let A = softmax(q @ key.T / sqrt(d))
let z = mean(A @ val, 0)
output y = O @ z
cost class = cross_entropy(y, c)
learn
  eta = 1
"""

DEEP = """ham 1
model deep
dim d = 4, n = 6, k = 3
input u[d]
target c : index(k)
param W1[n, d] = glorot
param W2[n, n] = glorot
param W3[n, n] = glorot
param W4[n, n] = glorot
param W5[n, n] = glorot
param W6[k, n] = glorot
param b1[n] = 0
param b2[n] = 0
param b3[n] = 0
param b4[n] = 0
param b5[n] = 0
param b6[k] = 0
let h1 = tanh(W1 @ u + b1)
let h2 = tanh(W2 @ h1 + b2)
let h3 = tanh(W3 @ h2 + b3)
let h4 = tanh(W4 @ h3 + b4)
let h5 = tanh(W5 @ h4 + b5)
output y = W6 @ h5 + b6
cost class = cross_entropy(y, c)
cost decay = 0.5e-3 * (squared(W1) + squared(W2) + squared(W6))
learn
  eta = 1
"""

SHARED = """ham 1
model shared
dim n = 4, m = 2
input u[m]
target v[n]
state h[n] = 0
state slow[n, m] = 0
param W[n, m] = glorot
const r = 0.05
next h = tanh(W @ u + slow @ u)
slow' = r * (W - slow)
output y = h
cost fit = 1/2 * squared(y - v)
cost near = 0.1 * squared(W - slow)
cost sparse = 0.01 * sum(abs(W))
learn
  eta = 1
"""

RECURRENT = ("sunspots", "oscillators", "gru", "lstm_online", "rnn", "leaky_layers", "state_space", "diagonal", "skew")
SMALL = {name: {"n": 3} for name in (*RECURRENT, "complex_diagonal", "deep_delayed", "digits_mlp", "rotations")}
SMALL |= {name: {"d": 4, "n": 3, "k": 3} for name in ("skew_tanh", "autonomous", "resnet")}
SMALL["characters"] = {"n": 3, "v": 4}
SMALL["vit"] = {"side": 2, "patch": 1, "m": 2, "k": 3}
SMALL["attention"] = {"rows": 2, "pixels": 2, "heads": 2, "size": 2, "m": 4, "k": 3}
APART = ("step", "project", "convention", "robust")  # what is put back is made of definitions of its own
HARDER = {"lstm": LSTM, "attending": ATTENTION, "deep": DEEP, "shared": SHARED}
WHOLE = {"characters", "rotations"}  # the reader knows no (one_hot(k) āᵀ)[i,j], and no φ₁ of a complex number
NAMES = sorted(path.stem for path in MODELS.glob("*.ham")) + list(HARDER)

# A reader of printed equations -------------------------------------------------------------------------------------------

FUNCTIONS = {
    "tanh": math.tanh,
    "exp": math.exp,
    "log": math.log,
    "sin": math.sin,
    "cos": math.cos,
    "sign": np.sign,
    "relu": lambda x: max(x, 0.0),
    "min": min,
    "max": max,
    "clip": lambda x, low, high: min(max(x, low), high),
    "sigmoid": lambda x: 1 / (1 + math.exp(-x)),
    "softmax": lambda x: np.exp(x) / np.exp(x).sum(axis=-1, keepdims=True),
    "logsumexp": lambda x: np.log(np.exp(x).sum(axis=-1)),
}


NUMBERS = {"½": 1 / 2, "⅓": 1 / 3, "⅔": 2 / 3, "¼": 1 / 4, "¾": 3 / 4, "π": math.pi, "∞": math.inf}
RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
SUMMED = str.maketrans("ᵢⱼₖₗₘₚᵣ", "ijklmpr")


@dataclass
class Reader:
    """Evaluates the right side of one equation. ``looks`` gives the names by how they look, ``known`` their numbers."""

    text: str
    looks: dict[str, str]
    known: dict[str, np.ndarray]
    at: dict[str, int]
    place: int = 0
    read: set[str] = field(default_factory=set)

    def value(self):
        found = self.sum()
        assert self.place == len(self.text), f"{self.text[self.place :]!r} is left of {self.text!r}"
        return found

    def takes(self, mark):
        if self.text.startswith(mark, self.place):
            self.place += len(mark)
            return True
        return False

    def sum(self):
        total = -self.product() if self.takes("−") else self.product()
        while True:
            if self.takes(" + "):
                total = total + self.product()
            elif self.takes(" − "):
                total = total - self.product()
            else:
                return total

    def product(self):
        total = self.factor()
        while True:
            rest = self.text[self.place :]
            if self.takes(" / "):
                total = total / self.factor()
            elif rest.startswith(" ") and not re.match(r" [+−<>≤≥] ", rest):
                self.place += 1
                total = total * self.factor()
            else:
                return total

    def factor(self):
        if found := re.compile(r"Σ(?:_(\S+)|([ᵢⱼₖₗₘₚᵣ]+)) ").match(self.text, self.place):
            return self.total(found)
        base = self.atom()
        if found := re.compile("[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+").match(self.text, self.place):
            self.place = found.end()
            return base ** int(found[0].translate(RAISED))
        if self.takes("^("):
            exponent = self.sum()
            assert self.takes(")")
            return base**exponent
        return base

    def total(self, found):
        """The rest of the product for every value of the summed indices, which the arrays that have them tell."""
        letters = found[1].split(",") if found[1] else list(found[2].translate(SUMMED))
        start, total = found.end(), 0.0
        for numbers in itertools.product(*(range(self.length(letter, start)) for letter in letters)):
            inner = Reader(self.text, self.looks, self.known, self.at | dict(zip(letters, numbers, strict=True)), start)
            total += inner.product()
            self.place = inner.place
            self.read |= inner.read
        return total

    def length(self, letter, start):
        for found in re.compile(r"([^\s(|−]+)\[([^\]]*)\]").finditer(self.text, start):
            if letter in found[2].split(",") and found[1] in self.looks:
                return self.known[self.looks[found[1]]].shape[found[2].split(",").index(letter)]
        raise AssertionError(f"nothing tells how far {letter} goes in {self.text!r}")

    def atom(self):
        if self.takes("("):
            inner = self.sum()
            assert self.takes(")"), self.text[self.place :]
            return inner
        if self.takes("|"):
            inner = self.sum()
            assert self.takes("|")
            return abs(inner)
        if self.takes("["):  # Iverson's bracket: 1 where it holds, else 0; or vectors one behind another
            inner = self.sum()
            if self.text.startswith(";", self.place):
                return self.joined(inner)
            assert self.takes(" > 0]"), self.text[self.place :]
            return float(inner > 0)
        if self.takes("√"):
            return math.sqrt(self.atom())
        if found := re.compile(r"\d+(\.\d+)?").match(self.text, self.place):
            self.place = found.end()
            return float(found[0])
        for mark, number in NUMBERS.items():
            if self.takes(mark):
                return number
        if found := re.compile(r"(\w+)\(").match(self.text, self.place):
            return self.called(found)
        look = max((look for look in self.looks if self.text.startswith(look, self.place)), key=len, default="")
        assert look, f"{self.text[self.place :]!r} of {self.text!r} is nothing that is known"
        self.place += len(look)
        self.read.add(self.looks[look])
        return self.indexed(self.known[self.looks[look]])

    def called(self, found):
        self.place = found.end()
        if found[1] == "one_hot":
            look = re.compile(r"([^)]+)\)\[(\w+)\]").match(self.text, self.place)
            self.place = look.end()
            return float(self.known[self.looks[look[1]]] == self.at[look[2]])
        if found[1] in WINDOWED:
            operands, named = self.operands()
            return self.indexed(windowed(found[1], *operands, **named))
        if found[1] == "reshape":
            value, sizes = self.sum(), re.compile(r", \[([^\]]+)\]\)").match(self.text, self.place)
            self.place = sizes.end()
            return self.indexed(np.reshape(value, [self.bound(size, 0) for size in sizes[1].split(", ")]))
        arguments = [self.sum()]
        while self.takes(", "):
            arguments.append(self.sum())
        assert self.takes(")"), self.text[self.place :]
        return self.indexed(FUNCTIONS[found[1]](*arguments))

    def operands(self):
        """What stands in the brackets of a call: values, lists of sizes, and numbers with names."""
        values, named = [], {}
        while True:
            if found := re.compile(r"(\w+) = (\d+)").match(self.text, self.place):
                self.place = found.end()
                named[found[1]] = int(found[2])
            elif found := re.compile(r"\[([\d, ]+)\]").match(self.text, self.place):
                self.place = found.end()
                values.append([int(number) for number in found[1].split(", ")])
            else:
                values.append(self.sum())
            if self.takes(")"):
                return values, named
            assert self.takes(", "), self.text[self.place :]

    def joined(self, first):
        """The rest of ``[a; b]`` after a."""
        parts = [first]
        while self.takes("; "):
            parts.append(self.sum())
        assert self.takes("]"), self.text[self.place :]
        return self.indexed(np.concatenate([np.atleast_1d(part) for part in parts]))  # scalars, where they are stacked

    def bound(self, text, otherwise):
        return int(Reader(text, self.looks, self.known, {}).value()) if text else otherwise

    def indexed(self, array):
        if found := re.compile(r"\[([^\[\]:,;]*):([^\[\]:,;]*)\]").match(self.text, self.place):
            self.place = found.end()
            return self.indexed(array[self.bound(found[1], 0) : self.bound(found[2], len(array))])
        if found := re.compile(r"\[([^\]]*)\]").match(self.text, self.place):
            self.place = found.end()
            indices = found[1].split(",")
            return float(array[tuple(self.at[i] if i in self.at else int(self.known[self.looks[i]]) for i in indices)])
        return array if np.ndim(array) else float(array)


# Models in numbers -------------------------------------------------------------------------------------------------------


@cache
def compiled(name):
    if name in HARDER:
        return Compiler(Source(HARDER[name], f"{name}.ham"))
    source = read(MODELS / f"{name}.ham", f"{name}.ham")
    return Compiler(source, dims=SMALL.get(name, {}))


@cache
def numbers(name):
    """Every quantity and definition at one random point of one stream."""
    compiler = compiled(name)
    equations = compiler.equations
    found = smallest(compiler.model, compiler.model.written, {})
    given = readings(found, smooth_point(found, 1, torch.Generator().manual_seed(0)))
    made = interpret((*equations.definitions, *equations.all), given, found.sizes)
    sizes = {size: np.asarray(float(number)) for size, number in found.sizes.items()}
    return {**sizes, **made.shared, **made.streams[0]}


@pytest.mark.parametrize("name", [name for name in NAMES if name not in WHOLE])
def test_a_page_with_indices_says_what_the_definitions_say(name):
    equations, known = compiled(name).equations, numbers(name)
    page = derivation_page(equations, compiled(name).step, "text", form="index")
    notation = model_notation(compiled(name).model, (*equations.definitions, *equations.all), "text", form="index")
    looks = {notation.name(one): one for one in known}
    shown = [e for s in page.sections if s.key not in APART for row in s.rows for e in row.equations]
    given = {e.name for e in shown} | (known.keys() - {d.name for d in (*equations.definitions, *equations.all)})
    judged = 0
    for equation in shown:
        if equation.name not in known:  # L, a sum of costs
            continue
        if equation.name in compiled(name).model.controls:  # drawn with the point: partials of H′ hold it
            continue
        left, _, letters = equation.left.partition("[")
        indices = letters.rstrip("]").split(",") if letters else []
        assert looks[left] == equation.name
        shape = known[equation.name].shape
        assert len(shape) == len(indices)
        for at in itertools.product(*map(range, shape)):
            reader = Reader(equation.right, looks, known, dict(zip(indices, at, strict=True)))
            assert reader.value() == pytest.approx(float(known[equation.name][at]), rel=1e-9, abs=1e-12), equation
            assert reader.read <= given, f"{equation} reads what no line of the page says"
            judged += 1
    assert judged >= len(equations.state) + len(equations.costate) > 0
    assert {f"dot:{q}" for q in (*equations.state, *equations.parameter)} <= {e.name for e in shown}


@pytest.mark.parametrize("name", list(HARDER))
@pytest.mark.parametrize("form", ["matrix", "index"])
def test_harder_models_in_latex_and_mathml(name, form):
    page = derivation_page(compiled(name).equations, compiled(name).step, "latex", form=form)
    assert page_latex(page).isascii()
    for row in page.rows:
        for equation in row.equations:
            assert "\\" not in mathml(str(equation))


def test_the_lstm_as_a_textbook_has_it():
    """The new cell is written twice in the file and once on the page; every gate's adjoint is one line."""
    page = derivation_page(compiled("lstm").equations, compiled("lstm").step)
    told = {str(e) for row in page.rows for e in row.equations}
    assert {
        "F_c = forget ⊙ c + insert ⊙ g",
        "F̄_c = out ⊙ (1 − s²) ⊙ F̄_h + z_c / τ",
        "ż_c = forget ⊙ F̄_c − z_c / τ − η z_c",
    } <= told
