"""What a page says about a model: facts, sections, the order of a step, and where each equation comes from."""

from __future__ import annotations

import pytest

from hdsl.compiler import Compiler
from hdsl.show.derivation import derivation_page
from hdsl.syntax.gather import gather
from hdsl.syntax.source import Source
from tests.show.pages import page_of as kept_page


def page_of(compiler, **options):
    return derivation_page(compiler.equations, compiler.step, **options)


def section(page, key):
    (found,) = [s for s in page.sections if s.key == key]
    return found


def equations(page, key):
    return [str(e) for row in section(page, key).rows for e in row.equations]


def test_every_update_of_a_step_is_on_the_page(product, model):
    compiler = product(model)
    page = kept_page(compiler)
    steps = [s for s in page.sections if s.key == "step"]  # a boundary problem has none
    assert bool(steps) == (compiler.model.learning.schedule != "boundary")
    made = {e.name for step in steps for row in step.rows for e in row.equations}
    assert not steps or {f"{cell}+" for cell in compiler.step.cells} <= made
    told = {e.name for row in page.rows for e in row.equations}
    assert {d.name for d in compiler.equations.all} <= told


def test_every_equation_of_the_model_names_its_lines(product, model):
    compiler = product(model)
    length = len(compiler.source.text.splitlines())
    whole = 'use "' not in compiler.source.text  # a param of a file that is used stands in no line of this one
    for key in ("where", "state", "costate", "parameter", "step"):
        for found in kept_page(compiler).sections:
            if found.key == key:
                assert all(row.lines or not whole for row in found.rows)
                assert all(1 <= line <= length for row in found.rows for line in row.lines)


def test_facts_count_the_parameters(product):
    assert page_of(product("net")).facts.replace("\N{NO-BREAK SPACE}", " ") == (
        "semi-implicit Euler, s = −1, 3 parameters (240 numbers at d = 4, k = 3, n = 30)"
    )
    assert page_of(product("two")).facts == "simultaneous Euler, s = −1, 1 parameter (3 numbers at n = 3)"


def test_facts_follow_sizes_that_are_made_of_others():
    text = "ham 1\nmodel m\ndim h = 3\ndim q = (h - 1) / 2\nstate x[q] = 0\nparam w[q] = 0\nx' = w - x\ncost c = sum(x)\n"
    compiler = Compiler(Source(text, "m.ham"))
    assert "1 numbers at q = 1" in page_of(compiler).facts


def test_several_states_and_costs(product):
    page = page_of(product("two"))
    assert equations(page, "lagrangian") == ["L = fit + small"]
    assert "fit = ½ ‖e‖²" in equations(page, "where")
    assert equations(page, "state") == ["ȧ = ω ⊙ b + u − α a", "ḃ = (F_b − b) / τ"]
    assert equations(page, "costate") == ["ż_a = φ e + ω ⊙ ā₂ − α z_a − η z_a", "ż_b = φ e + ω ⊙ z_a − z_b / τ − η z_b"]
    assert equations(page, "parameter") == ["ω̇_ω = 0.02 φ ω + a ⊙ ā₂ + b ⊙ z_a − η ω_ω", "ω̇ = −β ω_ω"]
    assert section(page, "convention").words == "θ = ω; z = (z_a, z_b)"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("leaky", "h⁺, then z⁺ at h⁺, then ω⁺ with z⁺, then θ⁺ with ω⁺"),
        ("two", "a⁺, b⁺, z⁺, ω⁺, θ⁺ from old values, all at once"),
        ("net", "ω⁺ from old values, then θ⁺ with ω⁺"),
    ],
)
def test_the_order_of_a_step_in_words(product, name, words):
    assert section(page_of(product(name)), "step").words == words


def test_settings_as_they_were_written(product):
    assert section(page_of(product("leaky")), "settings").words == "τ = 0.25, η_h = 0, η = 2, β = 0.04, φ = 1"
    assert section(page_of(product("two")), "settings").words.endswith("φ = 1 / τ, first step undamped")


def test_a_model_without_states_has_no_state_equations(product):
    keys = [s.key for s in page_of(product("net")).sections]
    assert "state" not in keys and "costate" not in keys and "parameter" in keys
    assert equations(page_of(product("net")), "robust") == ["H′ = φ L"]


def test_a_long_dynamics_is_not_written_out_in_the_hamiltonian():
    terms = " + ".join(f"w * x ^ {k}" for k in range(1, 9))
    text = f"ham 1\nmodel m\ndim n = 2\nstate x[n] = 0\nparam w[n] = 0\nx' = {terms}\ncost c = sum(x)\n"
    assert equations(page_of(Compiler(Source(text, "m.ham"))), "robust")[-1] == "H′ = φ L + ⟨z, ẋ⟩"


def test_an_equation_that_is_asked_for(product):
    whole = page_of(product("leaky"))
    assert {"costate.h", "costate.W", "parameter.W", "state.h", "step.h", "step.z.h", "step.w.W", "J", "H"} <= {*whole.paths}
    only = whole.only("step.h")
    assert [s.key for s in only.sections] == ["step"]
    assert [str(e) for row in only.rows for e in row.equations][-1] == "h⁺ = h + τ (s − h)"
    assert whole.only("parameter.W").sections[-1].rows[0].equations[1].left == "Ẇ"
    with pytest.raises(ValueError, match=r"there is no equation 'costate.x'; there are L, J,"):
        page_of(product("leaky"), only="costate.x")


def test_what_is_put_back_stands_behind_the_step() -> None:
    text = "input u[3]\ntarget v[3]\nparam W[3] = ones\ncost fit = squared(W * u - v)\nproject W = W / norm2(W) every 10\n"
    compiler = Compiler(Source(text, "m.ham"))
    plain, latex = (derivation_page(compiler.equations, compiler.step, style) for style in ("text", "latex"))
    assert [section.key for section in plain.sections][-3:] == ["step", "project", "departures"]
    row = plain.only("project.W").sections[-1].rows[-1]
    assert (str(row.equations[0]).partition(" ← ")[0], row.note, row.lines) == ("W", "every 10 steps", (5,))
    assert r"W \leftarrow" in str(latex.only("project.W").sections[-1].rows[-1].equations[0])


def test_a_line_of_a_file_that_is_used_stands_beside_that_of_the_instance(tmp_path):
    (tmp_path / "parts.ham").write_text("component logged(x) {\n    param w = 1\n    return tanh(log(w * x))\n}\n")
    text = 'use "parts.ham"\ninput u\ntarget v\noutput y = logged(u)\ncost fit = (y - v)^2\n'
    compiler = Compiler(gather(Source(text, "net.ham"), tmp_path))
    rows = [row for row in page_of(compiler).rows if any(e.left == "s" for e in row.equations)]
    assert rows and all(row.lines == (4,) and row.used == (("parts.ham", (3,)),) for row in rows)
    assert "net.ham:4, parts.ham:3" in compiler.torch and "net.ham:4, parts.ham:3" in compiler.numpy


BEGINS = (
    "input u\ntarget v\nparam w = 1\nstate h = w*u\nstate S = w\nreset S never\nh' = -h*S\nS' = w - S\noutput y = h\n"
    "cost c = (y - v)^2\n"
)


def test_what_states_begin_from_is_told_with_when_and_who_learns_by_it():
    compiler = Compiler(Source(BEGINS, "begins.ham"))
    page = page_of(compiler)
    assert {"h₀ = w u", "S₀ = w"} <= set(equations(page, "where"))
    when = "h = h₀ at the first sample of a sequence; S = S₀ at the very first sample"
    assert section(page, "beginning").words == f"{when}; there ω takes (∂h₀/∂θ)ᵀ z besides"
    assert r"\(h = h_{0}\) at the first sample" in section(page_of(compiler, style="latex"), "beginning").words
    assert "h̃ = h if begins = 0 else h₀" in equations(page, "step")


def test_nothing_is_told_of_beginnings_in_numbers(product):
    assert not [s for s in page_of(product("leaky")).sections if s.key == "beginning"]


def test_layers_that_take_turns_are_told_and_gates_shown_with_their_lines() -> None:
    text = (
        "ham 1\ninput u\ntarget v\nstate a = 0\nstate b = 0\nparam w = 1\nnext a = w*u\nnext b = tanh(a)\noutput y = b\n"
        "cost fit = (y - v)^2\nlearn\n    schedule = layerwise\n    eta = 1\n"
    )
    page = page_of(Compiler(Source(text, "two.ham")))
    assert page.facts.startswith("layerwise, sequential Euler")
    step = section(page, "step")
    assert step.words.endswith("of 2 layers a tick moves one, in turn, and leaves all else")
    told = {row.equations[0].left: row.equations[0].right for row in step.rows}
    assert told["b⁺"] == "tanh(a) if layer = 2 else b"
    assert told["w⁺"].endswith("if layer = 1 else w")
