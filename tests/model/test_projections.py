"""`project`: what is read of it, and what a model holds of it. Its mistakes stand in tests/bad/project*.ham."""

from __future__ import annotations

from hdsl.compiler import Compiler
from hdsl.model.model import Model
from hdsl.syntax.source import Source

TEXT = """ham 1
dim n = 3
input u[n]
target v[n]
const k = 2
param W[n] = ones
param V[n] = ones
cost fit = squared(W * V * u - v)
"""


def model(text: str, **settings: float) -> Model:
    return Compiler(Source(text, "m.ham"), settings=settings).model


def test_how_often() -> None:
    found = model(TEXT + "project W = W / norm2(W)\nproject V = 2 * V every 3 * k + 1\n")
    assert [(p.param, p.every, p.definition) for p in found.projections] == [("W", 1, "P:W"), ("V", 7, "P:V")]


def test_how_often_by_a_const_from_outside() -> None:
    assert model(TEXT + "project W = 1 every k\n", k=5).projections[0].every == 5


def test_definitions_stand_apart() -> None:
    plain, found = model(TEXT), model(TEXT + "project W = W / norm2(W) every k\n")
    assert found.definitions == plain.definitions
    assert found.projected[-1].name == "P:W"
    assert all(definition.shared for definition in found.projected)
    assert not {d.name for d in found.projected} & {d.name for d in found.definitions}


def test_a_number_is_put_everywhere() -> None:
    assert model(TEXT + "project W = 1/2\n").projected[-1].sizes == model(TEXT).quantities["W"].sizes


def test_in_components_and_through_functions() -> None:
    parts = """
def unit(x) = x / norm2(x)
component scaled(x[m], often) {
    param s[m] = ones
    project s = unit(s) every often
    return s * x
}
let a = scaled(u, 4)
cost more = squared(a - v)
"""
    found = model(TEXT + parts + "project V = unit(V)\n")
    assert {(p.param, p.every) for p in found.projections} == {("a.s", 4), ("V", 1)}


def test_nothing_that_is_projected_goes_unused() -> None:
    text = TEXT + "const c = 2\nproject W = c * W / norm2(W) every k\n"
    assert [d.code for d in Compiler(Source(text, "m.ham")).diagnostics] == []


LET = "let w = W * V\nlet size = norm2(w)\ncost more = 0 * size\n"


def test_a_let_of_params_is_read_through_copies_of_its_definitions() -> None:
    found = model(TEXT + LET + "project W = W / size\n")
    own = {d.name: d for d in found.definitions}
    *copies, put = found.projected
    assert {"w", "size"} <= {d.name for d in copies} and put.name == "P:W"
    assert all(d == own[d.name] for d in copies)


def test_a_let_by_indices_and_one_that_only_projections_read() -> None:
    text = TEXT + "let w[i] = W[i] / (1 + sum[j](W[j]^2))\nproject W = w every k\n"
    assert [d.code for d in Compiler(Source(text, "m.ham")).diagnostics] == []


def test_a_let_that_is_delayed_belongs_to_a_step() -> None:
    compiler = Compiler(Source(TEXT + LET + "project W = W / size\n", "m.ham"), delay=("w",))
    (found,) = compiler.diagnostics
    assert found.code == "project-reads" and "`w.delay`, a state" in found.message
