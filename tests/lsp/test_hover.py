from __future__ import annotations

from pathlib import Path

import pytest

from hdsl.compiler import Compiler
from hdsl.lsp.analysis import MOST_DERIVED, Analysis
from hdsl.lsp.hover import TOO_LONG, explained, hover, locality, of_equations
from hdsl.resources import folder
from hdsl.show.derivation import derivation_page
from hdsl.syntax.source import Source
from tests.lsp.conftest import analysed, cursor

NET = """ham 1
dim n = 3                                     # cells
input u[n]
target v[n]
component cell(x[m], n) {
    ## What the cell remembers.
    state s[n] = 0
    param K[n, m] = glorot
    next s = tanh(K @ x)
    return s
}
## How fast h forgets.
const rate = 0.5
param W[n, n] = normal(0, 1/sqrt(n))
state h[n] = 0
let a = W @ h + u
h' = -rate*h + tanh(a)
let c = cell(h, n) + cell(u, n)
output y = c
cost fit = squared(y - v)
learn
    order = sequential
    beta.c.K = 0.1
"""


def shown(text: str, place: str, more: int = 0) -> str:
    """What is shown where a piece of a text begins."""
    found = hover(analysed(text), text.index(place) + more)
    return "" if found is None else found.contents.value  # type: ignore[union-attr]


def equations(text: str) -> dict[str, str]:
    """Every equation of the derivation, by what the shell's page calls it."""
    compiler = Compiler(Source(text, "<text>"))
    page = derivation_page(compiler.equations, compiler.step)
    return {path: str(e) for row in page.rows for path, e in zip(row.paths, row.equations, strict=False)}


def test_a_state_has_its_dynamics_and_its_costate() -> None:
    told, derived = shown(NET, "h[n]"), equations(NET)
    assert "```ham\nstate h[n] = 0\n```" in told and "state · line 15 · one for each stream" in told
    assert "- `h`: [n] = [3]" in told
    assert derived["state.h"] in told and derived["costate.h"] in told
    assert "its costate is local in space: from units connected to its own" in told


def test_a_parameter_has_its_costate_and_its_update() -> None:
    told, derived = shown(NET, "W @"), equations(NET)
    assert "param W[n, n] = normal(0, 1/sqrt(n))" in told and "shared by all streams" in told
    assert derived["costate.W"] in told and derived["parameter.W"] in told
    assert "its update is local in space: the two ends of the synapse" in told


def test_a_definition_has_its_adjoint_and_what_that_reads() -> None:
    told = shown(NET, "a = W")
    assert "definition · line 16" in told and "ā = " in told and "adjoint of a" in told


def test_doc_comments_and_sizes() -> None:
    assert "How fast h forgets." in shown(NET, "rate*h") and "const · line 13" in shown(NET, "rate*h")
    assert "```ham\ndim n = 3\n```\n\nsize · line 2" in shown(NET, "n = 3")
    sizes = "dim n = 7, m = (n - 1)/2, k\ninput u[n + m]\ninput w[k, n]\noutput y = sum(u) + sum(w)\n"
    assert "- `m` = 3" in shown(sizes, "m = ") and "- `u`: [m + n] = [10]" in shown(sizes, "u[n")
    assert "- `w`: [k, n] = [k, 7]" in shown(sizes, "w[k") and "- `y`: a scalar\n" in shown(sizes, "y = ") + "\n"


def test_what_a_component_declares_is_told_of_its_instances() -> None:
    told, derived = shown(NET, "K @"), equations(NET)
    assert "param of `cell` · line 8" in told and "- `c.K`: [n, n]" in told and "- `c.cell_2.K`: [n, n]" in told
    assert derived["costate.c.K"] in told and derived["parameter.c.cell_2.K"] in told
    one = shown(NET, "beta.c.K", 7)
    assert derived["costate.c.K"] in one and derived["costate.c.cell_2.K"] not in one and "c.cell_2.K" not in one
    assert "What the cell remembers." in shown(NET, "s[n]")
    assert "```ham\ncomponent cell(x[m], n)\n```" in shown(NET, "cell(h")


def test_a_file_with_mistakes_tells_what_is_known_and_no_derivation() -> None:
    for wrong in ("output z = nowhere", "output z = (", "component q(x) {\n    let a = )\n"):
        text = NET.replace("learn", f"{wrong}\nlearn")
        told = shown(text, "h[n]")
        assert "state h[n] = 0" in told and "- `h`: [n]" in told and "ḣ" not in told
    assert "param K[n, m]" in shown(NET.replace("return s", "return ("), "K[n")


def test_nobody_waits_for_the_equations_of_a_very_long_model() -> None:
    chain = "".join(f"let a{k} = tanh(W * a{k - 1} + {k})\n" for k in range(1, MOST_DERIVED))
    text = f"input u\nparam W = 1\nlet a0 = u\n{chain}output y = a{MOST_DERIVED - 1}\ncost c = squared(y)\n"
    told = shown(text, "W = 1")
    assert TOO_LONG in told and "shared by all streams" in told and "ω̇" not in told
    assert TOO_LONG not in shown(text, "u\n") and TOO_LONG not in shown(text.replace("= u\n", "= q\n"), "W = 1")


@pytest.mark.parametrize(
    ("place", "told"),
    [
        ("tanh(a", "```ham\ntanh(x)\n```"),
        ("glorot", "```ham\nglorot\n```"),
        ("learn", "```ham\nlearn\n```"),
        ("state h", "```ham\nstate h[n] = 0\n```\nMoves by"),
        ("next", "```ham\nnext h"),
        ("return", "What a component gives"),
        ("order", "```ham\norder = sequential\n```"),
        ("sequential", "`sequential`: h, then z"),
        ("beta", "How fast parameters follow"),
        ("# cells", ""),
        ("= 3", ""),
        ("0.5", ""),
    ],
)
def test_words_of_the_language(place: str, told: str) -> None:
    found = shown(NET, place)
    assert told in found and bool(found) is bool(told)


def test_a_name_of_the_file_goes_before_a_word_of_the_language() -> None:
    text = "input u\nparam eta = 1\nlet order = eta*u\noutput y = order\nlearn\n    eta = 0.1\n"
    assert "param eta = 1" in shown(text, "eta*u") and "definition · line 3" in shown(text, "order\nlearn")
    assert "Dissipation" in shown(text, "eta = 0.1")


def test_a_diagnostic_is_explained_where_it_is() -> None:
    found = hover(*cursor("input u\noutput y = w|rong*u\n"))
    assert found is not None and explained("unknown-name") in found.contents.value  # type: ignore[union-attr]
    assert "`hdsl explain unknown-name`" in explained("unknown-name")
    both = shown("input u\nparam q = 0\noutput y = u\n", "q")
    assert "param q = 0" in both and "---" in both


def test_what_stands_in_another_file_is_named_with_it() -> None:
    path = folder("models") / "attention.ham"
    text = path.read_text(encoding="utf-8")
    found = hover(Analysis(path.as_uri(), text), text.index("dense("))
    assert found is not None and "component · layers.ham:" in found.contents.value  # type: ignore[union-attr]


@pytest.mark.parametrize("part", [0, *(pytest.param(k, marks=pytest.mark.slow) for k in range(1, 5))])
def test_every_name_of_every_file_that_ships_has_something_to_show(part: int) -> None:
    for path in sorted(Path(folder("models")).rglob("*.ham"))[part::5]:
        analysis = Analysis(path.as_uri(), path.read_text(encoding="utf-8"))
        for declared in analysis.occurrences.declared.values():
            if analysis.file_of(declared.span.start)[0] == 0:
                found = hover(analysis, declared.span.start)
                assert found is not None and declared.kind[:3] in found.contents.value  # type: ignore[union-attr]


DEEP = """ham 1
dim n = 3
input u[n]
target v[n]
param A[n, n] = glorot
param B[n, n] = glorot
let a = {}
output y = B @ a
cost fit = squared(y - v)
"""


def test_locality_is_told_as_the_audit_tells_it() -> None:
    plain = Analysis("file:///deep.ham", DEEP.format("tanh(A @ u)"))
    delayed = Analysis("file:///deep.ham", DEEP.format("delay(tanh(A @ u))"))
    assert locality(plain, "A") == "`A`: its update is non-local: 1 connection, cost fit → B (8)"
    assert locality(plain, "B").startswith("`B`: its update is local in space")
    assert locality(delayed, "A").startswith("`A`: its update is local in space")
    assert locality(delayed, "a.delay").startswith("`a.delay`: its costate is local in space")
    assert locality(plain, "u") == ""


def test_a_projection_is_not_explained_by_a_definition_of_the_same_symbol() -> None:
    text = DEEP.format("tanh(A @ u)") + "target q : index(n)\noutput z = A @ u\ncost cls = cross_entropy(z, q)\n"
    text += "project A = A/norm2(A) every 5\n"
    found = of_equations(Analysis("file:///deep.ham", text), "A")
    (line,) = [line for line in found.splitlines() if "←" in line]
    assert line.startswith("A ← A / s") and "every 5 steps" in line
    symbol = line.split(" / ")[1].split()[0]
    assert f"    {symbol} = " not in found
