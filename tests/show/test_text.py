"""The page of the terminal, written down by hand from the mathematics and from what people should see."""

from __future__ import annotations

import pytest

from hdsl.show.derivation import derivation_page
from hdsl.show.page import Equation, Page, Row, Section
from hdsl.show.text import WIDTH, beside, columns, page_text, ranges
from tests.show.pages import page_of

LEAKY = """\
leaky                                          sequential Euler, s = −1, 4 parameters (1 120 numbers at n = 32)
Online prediction with a leaky network.

  where       a = W h + U u + b                                        16
              s = tanh(a)                                              16
              y = C h                                                  17
              e = y − v                                                19

  Lagrangian  L = ½ ‖e‖²                                               19   cost fit

  derivation  θ = (W, U, b, C)
              J[ν]  = ∫ exp(η t) (φ L + ½ ‖ν‖²) dt                     cost functional
              H     = exp(η t) (φ L + ½ ‖ν‖²) + ⟨z, f⟩ + ⟨ω, β ⊙ ν⟩    Hamiltonian of Pontryagin
              ∂H/∂ν = exp(η t) ν + β ⊙ ω = 0                           stationary in the control
              ν     = −exp(−η t) β ⊙ ω                                 the control that makes it so
              θ̇     = −β ⊙ ω                                           z and ω rescaled by exp(η t), β² named β

  robust H′   H′ = φ L + ⟨z, f⟩                                        what is left to differentiate
              H′ = φ L + ⟨z, s − h⟩

  adjoints    ā = (1 − s²) ⊙ z                                         16   adjoint of a

  state       ḣ = s − h                                                16

  costate     ż = φ Cᵀe + Wᵀā − z − η_h z                              19 | 16 | 16 | learn

  parameters  ω̇_W = ā hᵀ − η ω_W      Ẇ = −β ω_W                       16
              ω̇_U = ā uᵀ − η ω_U      U̇ = −β ω_U                       16
              ω̇_b = ā − η ω_b         ḃ = −β ω_b                       16
              ω̇_C = φ e hᵀ − η ω_C    Ċ = −β ω_C                       17, 19

  settings    τ = 0.25, η_h = 0, η = 2, β = 0.04, φ = 1

  one step    h⁺, then z⁺ at h⁺, then ω⁺ with z⁺, then θ⁺ with ω⁺
              c₂   = U u                                               16
              a    = W h + c₂ + b                                      16
              s    = tanh(a)                                           16
              h⁺   = h + τ (s − h)                                     16
              a⁺   = W h⁺ + c₂ + b                                     16
              s⁺   = tanh(a⁺)                                          16
              y⁺   = C h⁺                                              17
              e⁺   = y⁺ − v                                            19
              fit⁺ = ½ ‖e⁺‖²                                           19
              ā⁺   = (1 − (s⁺)²) ⊙ z                                   16
              z⁺   = (1 − τ η_h − τ) z + τ [v given] Cᵀe⁺ + τ Wᵀā⁺     16, learn | 19 | 16
              ā    = (1 − s²) ⊙ z⁺                                     16
              ω_W⁺ = (1 − τ η) ω_W + τ ⟨ā hᵀ⟩                          16
              W⁺   = W − τ β ω_W⁺                                      11
              ω_U⁺ = (1 − τ η) ω_U + τ ⟨ā uᵀ⟩                          16
              U⁺   = U − τ β ω_U⁺                                      12
              ω_b⁺ = (1 − τ η) ω_b + τ ⟨ā⟩                             16
              b⁺   = b − τ β ω_b⁺                                      13
              ω_C⁺ = (1 − τ η) ω_C + τ ⟨[v given] e⁺ h⁺ᵀ⟩              17, 19
              C⁺   = C − τ β ω_C⁺                                      14

  departs     from exact optimal control: forward costate (s = −1), θ frozen within a step, Euler of order 1
"""

COSTATE = """\
leaky     sequential Euler, s = −1, 4 parameters (1 120 numbers at n = 32)

  where     a = W h + U u + b              16
            s = tanh(a)                    16
            y = C h                        17
            e = y − v                      19

  adjoints  ā = (1 − s²) ⊙ z               16   adjoint of a

  costate   ż = φ Cᵀe + Wᵀā − z − η_h z    19 | 16 | 16 | learn
"""


def pages(compiler, **options):
    if options.keys() <= {"form"}:
        return page_text(page_of(compiler, **options))
    return page_text(derivation_page(compiler.equations, compiler.step, **options))


def test_a_whole_derivation(product):
    assert pages(product("leaky")).replace("\N{NO-BREAK SPACE}", " ") == LEAKY


def test_one_equation_with_what_it_reads(product):
    shown = pages(product("leaky"), only="costate.h").replace("\N{NO-BREAK SPACE}", " ")
    assert [line.split() for line in shown.splitlines()] == [line.split() for line in COSTATE.splitlines()]


LONG_NAMES = {"complex_diagonal", "resnet", "vit"}  # parts of parts: `centred_hidden.layer_norm_rows_2` is no name to break


@pytest.mark.parametrize("form", ["matrix", "index"])
def test_lines_fit_the_width(product, model, form):
    compiler = product(model)
    for line in pages(compiler, form=form).splitlines():
        assert line == line.rstrip()
        assert columns(line) <= WIDTH + 30 or compiler.name in LONG_NAMES


def test_a_long_equation_breaks_between_summands():
    terms = " + ".join(f"first_factor_{k} ⊙ (second − third_{k})" for k in range(6))
    row = Row((Equation("x", terms, "x"),), lines=(3,))
    page = Page("m", "m.ham", "facts", "", "text", (Section("state", "state", (row,)),))
    shown = page_text(page).splitlines()[2:]
    assert len(shown) > 1 and shown[0].rstrip().endswith("3")
    # The equations are whole when the lines are put together again, and no bracket was cut.
    joined = " ".join(line.split("    ")[0] if k == 0 else line for k, line in enumerate(s.strip() for s in shown))
    assert " ".join(joined.split()).removeprefix("state ").removeprefix("x = ").startswith(terms[:40])
    assert all(line.count("(") == line.count(")") for line in shown)
    assert all(columns(line) <= WIDTH for line in shown)


def test_two_equations_stand_side_by_side_where_they_fit():
    def rows(length):
        long = " + ".join(["W h"] * length)
        pair = Row((Equation("ω̇", long, "a"), Equation("Ẇ", "−β ω", "b")), lines=(3,))
        page = Page("m", "m.ham", "", "", "text", (Section("parameter", "parameters", (pair,)),))
        return [line.strip() for line in page_text(page).splitlines()[2:]]

    assert rows(2) == ["parameters  ω̇ = W h + W h    Ẇ = −β ω    3"]
    assert rows(30)[-1] == "Ẇ = −β ω" and all("Ẇ" not in line for line in rows(30)[:-1])


def test_columns_count_what_is_seen():
    assert columns("ω̇_W") == 3  # the dot stands over its letter
    assert columns("ż") == 1
    assert columns("漢") == 2


def test_beside_an_equation():
    assert beside(Row((), (17, 20), "adjoint of a")) == "17, 20   adjoint of a"
    assert beside(Row((), (), "cost functional")) == "cost functional"
    assert beside(Row(())) == ""
    assert beside(Row((), (17,), "adjoint of a", used=(("x.ham", (2, 3, 4)),))) == "17, x.ham:2–4   adjoint of a"
    assert beside(Row((), used=(("x.ham", (2,)), ("y.ham", (1, 5))))) == "x.ham:2, y.ham:1, 5"
    assert beside(Row((), (17,), used=(("x.ham", (2, 3, 4)), ("y.ham", (1, 5))))) == "17, x.ham, y.ham"


def test_lines_in_a_row_are_a_range():
    assert ranges(()) == ""
    assert ranges((7,)) == "7"
    assert ranges((7, 8)) == "7, 8"
    assert ranges((3, 5, 6, 7, 9, 10)) == "3, 5–7, 9, 10"
