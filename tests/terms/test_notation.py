"""Equations as a person would write them, written here by hand before they were printed."""

from __future__ import annotations

from fractions import Fraction

import sympy

from hdsl.terms.elementwise import ROWS
from hdsl.terms.notation import Notation
from hdsl.terms.term import Contraction, Definition, Elementwise, Structured, indices, size, slot

ROW, COLUMN, THIRD = indices(3)
N, M = size("n"), size("m")
ONE = sympy.Integer(1)
TANH, SIGMOID = ROWS["tanh"].function, ROWS["sigmoid"].function


def vector(name):
    return slot(name, (ROW,))


def matrix(name):
    return slot(name, (ROW, COLUMN))


def times(name, weight, what, sizes=(N,), over=N, **more):
    """name = weight what, a matrix times a vector."""
    return Definition(name, Contraction((matrix(weight), slot(what, (COLUMN,))), ((COLUMN, over),)), sizes, **more)


def transposed(name, weight, what, **more):
    """name = weightᵀ what"""
    return Definition(
        name, Contraction((slot(weight, (COLUMN, ROW)), slot(what, (COLUMN,))), ((COLUMN, N),)), (N,), **more
    )


def outer(name, left, right):
    """The mean of left rightᵀ over the streams."""
    return Definition(name, Contraction((vector(left), slot(right, (COLUMN,)))), (N, N), shared=True)


def vectors(**expressions):
    return [Definition(name, Elementwise(expression), (N,)) for name, expression in expressions.items()]


def scalar(name, expression):
    return Definition(name, Elementwise(expression))


def equations(definitions, style="text", **options):
    notation = Notation(style, definitions, **options)
    return [notation.equation(d) for d in definitions if d.name not in notation.inlined]


def one(definition, *before, style="text", **options):
    return Notation(style, (*before, definition), **options).equation(definition)


def sunspots():
    """h' = −h + tanh(W h + U u + b), y = C h + D u, fit = ½ |y − v|², and what the lead's derivation makes of it."""
    return (
        times("c", "W", "h"),
        times("c2", "U", "u", over=ONE),
        *vectors(a=vector("c") + vector("c2") + vector("b"), s=TANH(vector("a"))),
        Definition("f:h", Elementwise(-vector("h") + vector("s")), (N,)),
        times("c3", "C", "h", (ONE,)),
        times("c4", "D", "u", (ONE,), ONE),
        Definition("y", Elementwise(vector("c3") + vector("c4")), (ONE,)),
        Definition("e", Elementwise(vector("y") - vector("v")), (ONE,)),
        Definition("fit", Contraction((vector("e"), vector("e")), ((ROW, ONE),), sympy.Rational(1, 2))),
        Definition("adj:e", Elementwise(slot("learn:phi") * vector("e")), (ONE,), roots=("fit",)),
        Definition("adj:a", Elementwise((1 - vector("s") ** 2) * vector("z:h")), (N,), roots=("h",)),
        transposed("c5", "C", "adj:e", roots=("fit",)),
        transposed("c6", "W", "adj:a", roots=("h",)),
        outer("c7", "adj:a", "h"),
        outer("c8", "adj:e", "u"),
        Definition("c9", Contraction((vector("adj:a"),)), (N,), shared=True),
        Definition("dot:h", Elementwise(vector("f:h")), (N,)),
        Definition(
            "dot:z:h",
            Elementwise(vector("c5") + vector("c6") - vector("z:h") - slot("learn:eta") * vector("z:h")),
            (N,),
        ),
        Definition("dot:w:W", Elementwise(matrix("c7") - slot("learn:eta") * matrix("w:W")), (N, N), shared=True),
        Definition("dot:w:D", Elementwise(matrix("c8") - slot("learn:eta") * matrix("w:D")), (ONE, ONE), shared=True),
        Definition("dot:w:b", Elementwise(vector("c9") - slot("learn:eta") * vector("w:b")), (N,), shared=True),
        Definition("dot:W", Elementwise(-slot("learn:beta") * matrix("w:W")), (N, N), shared=True),
    )


def test_sunspots_in_text():
    assert equations(sunspots(), mean=False) == [
        "a = W h + U u + b",
        "s = tanh(a)",
        "y = C h + D u",
        "e = y − v",
        "fit = ½ ‖e‖²",
        "ā = (1 − s²) ⊙ z",
        "ḣ = s − h",
        "ż = φ Cᵀe + Wᵀā − z − η z",
        "ω̇_W = ā hᵀ − η ω_W",
        "ω̇_D = φ e uᵀ − η ω_D",
        "ω̇_b = ā − η ω_b",
        "Ẇ = −β ω_W",
    ]


def test_sunspots_in_latex():
    assert equations(sunspots(), "latex", mean=False) == [
        "a = W h + U u + b",
        r"s = \tanh\left(a\right)",
        "y = C h + D u",
        "e = y - v",
        r"\mathrm{fit} = \tfrac{1}{2} \left\lVert e \right\rVert^{2}",
        r"\bar{a} = \left(1 - s^{2}\right) \odot z",
        r"\dot{h} = s - h",
        r"\dot{z} = \varphi C^{\top} e + W^{\top} \bar{a} - z - \eta z",
        r"\dot{\omega}_{W} = \bar{a} h^{\top} - \eta \omega_{W}",
        r"\dot{\omega}_{D} = \varphi e u^{\top} - \eta \omega_{D}",
        r"\dot{\omega}_{b} = \bar{a} - \eta \omega_{b}",
        r"\dot{W} = -\beta \omega_{W}",
    ]


def test_sunspots_with_indices():
    assert equations(sunspots(), mean=False, form="index") == [
        "a[i] = Σⱼ W[i,j] h[j] + Σₖ U[i,k] u[k] + b[i]",
        "s[i] = tanh(a[i])",
        "y[i] = Σⱼ C[i,j] h[j] + Σₖ D[i,k] u[k]",
        "e[i] = y[i] − v[i]",
        "fit = ½ Σᵢ e[i]²",
        "ā[i] = (1 − s[i]²) z[i]",
        "ḣ[i] = s[i] − h[i]",
        "ż[i] = φ Σⱼ C[j,i] e[j] + Σₖ W[k,i] ā[k] − z[i] − η z[i]",
        "ω̇_W[i,j] = ā[i] h[j] − η ω_W[i,j]",
        "ω̇_D[i,j] = φ e[i] u[j] − η ω_D[i,j]",
        "ω̇_b[i] = ā[i] − η ω_b[i]",
        "Ẇ[i,j] = −β ω_W[i,j]",
    ]


def test_the_mean_over_the_streams():
    shown = equations(sunspots())
    assert "ω̇_W = ⟨ā hᵀ⟩ − η ω_W" in shown
    assert "ω̇_b = ⟨ā⟩ − η ω_b" in shown
    assert "ω̇_D = ⟨φ e uᵀ⟩ − η ω_D" in shown
    assert "ż = φ Cᵀe + Wᵀā − z − η z" in shown


def test_a_shared_state_has_no_mean():
    """Nothing per stream is read, so there is nothing to average."""
    decay = Definition("c", Contraction((vector("z:h"), slot("h", (COLUMN,)))), (N, N), shared=True)
    moved = Definition("f:h", Elementwise(-vector("h")), (N,), shared=True)
    assert one(decay, moved) == "c = z hᵀ"
    assert one(decay, shared=["h"]) == "c = z hᵀ"
    assert one(decay, shared=["W"]) == "c = ⟨z hᵀ⟩"
    moved = Definition("W+", Elementwise(matrix("W") - slot("tau") * matrix("w:W")), (N, N), shared=True)
    assert one(moved, shared=["W"]) == "W⁺ = W − τ ω_W"


def test_a_step():
    tau, eta = slot("tau"), slot("learn:eta.h")
    step = (
        *vectors(s=TANH(vector("a"))),
        Definition("f:h", Elementwise(vector("s") - vector("h")), (N,)),
        Definition("h+", Elementwise(vector("h") + tau * vector("f:h")), (N,)),
        transposed("c", "W", "adj:a", roots=("h",)),
        Definition("z:h+", Elementwise(tau * vector("c") + (1 - tau * eta) * vector("z:h")), (N,)),
        Definition("w:W+", Elementwise((1 - tau * eta) * matrix("w:W") + tau * matrix("c2")), (N, N), shared=True),
        Definition("W+", Elementwise(matrix("W") - tau * slot("learn:beta") * matrix("w:W+")), (N, N), shared=True),
    )
    assert equations(step) == [
        "s = tanh(a)",
        "h⁺ = h + τ (s − h)",
        "z⁺ = (1 − τ η_h) z + τ Wᵀā",
        "ω_W⁺ = (1 − τ η_h) ω_W + τ c₂",
        "W⁺ = W − τ β ω_W⁺",
    ]


def test_an_lstm():
    gates = vectors(
        i=SIGMOID(vector("a")),
        f=SIGMOID(vector("a2")),
        o=SIGMOID(vector("a3")),
        g=TANH(vector("a4")),
        s_new=vector("f") * vector("s") + vector("i") * vector("g"),
        s2=TANH(vector("s_new")),
    )
    more = (
        Definition("f:h", Elementwise(vector("o") * vector("s2")), (N,)),
        Definition("f:s", Elementwise(vector("s_new")), (N,)),
        Definition("adj:o", Elementwise(vector("z:h") * vector("s2")), (N,)),
        Definition("adj:a3", Elementwise(vector("o") * (1 - vector("o")) * vector("adj:o")), (N,)),
        Definition("h+", Elementwise(vector("f:h")), (N,)),
        Definition("dot:h", Elementwise((vector("f:h") - vector("h")) / slot("tau")), (N,)),
    )
    written = ["i", "f", "o", "g", "s_new"]
    assert equations((*gates, *more), written=written, nexts=["h", "s"]) == [
        "i = sigmoid(a)",
        "f = sigmoid(a₂)",
        "o = sigmoid(a₃)",
        "g = tanh(a₄)",
        "s_new = i ⊙ g + f ⊙ s",
        "s₂ = tanh(s_new)",
        "F_h = o ⊙ s₂",
        "F_s = s_new",
        "ā₃ = o ⊙ (1 − o) ⊙ s₂ ⊙ z_h",
        "h⁺ = F_h",
        "ḣ = (F_h − h) / τ",
    ]


def test_an_mlp_with_cross_entropy():
    net = (
        times("c", "W1", "u"),
        *vectors(a2=vector("c") + vector("b1"), a=TANH(vector("a2"))),
        times("c2", "W2", "a"),
        *vectors(y=vector("c2") + vector("b2")),
        Definition("x", Structured("logsumexp", ("y",), (("axis", -1),))),
        Definition("x2", Structured("pick", ("y", "k"))),
        scalar("class", slot("x") - slot("x2")),
        Definition("s", Structured("softmax", ("y",), (("axis", -1),)), (N,)),
        Definition("o", Structured("one_hot", ("k",)), (N,)),
        Definition("adj:y", Elementwise(slot("learn:phi") * (vector("s") - vector("o"))), (N,), roots=("class",)),
        outer("c3", "adj:y", "a"),
        Definition("dot:w:W2", Elementwise(matrix("c3") - slot("learn:eta") * matrix("w:W2")), (N, N), shared=True),
    )
    assert equations(net, written=["a", "y", "class"]) == [
        "a₂ = W₁ u + b₁",
        "a = tanh(a₂)",
        "y = W₂ a + b₂",
        "x = logsumexp(y)",
        "x₂ = y[k]",
        "class = x − x₂",
        "s = softmax(y)",
        "o = one_hot(k)",
        "ȳ = φ (s − o)",
        "ω̇_W₂ = ⟨ȳ aᵀ⟩ − η ω_W₂",
    ]


def test_what_the_user_named_stays():
    chain = (times("c", "W", "h"), *vectors(a=vector("c") + vector("b")))
    assert equations(chain) == ["a = W h + b"]
    assert equations(chain, written=["c"]) == ["c = W h", "a = c + b"]
    assert equations(chain, inline=()) == ["c = W h", "a = c + b"]


def test_what_is_read_twice_stays():
    chain = (times("c", "W", "h"), *vectors(a=vector("c") + vector("b"), y=vector("c") * vector("a")))
    assert equations(chain) == ["c = W h", "a = c + b", "y = c ⊙ a"]


def test_a_definition_given_twice_is_one():
    chain = (times("c", "W", "h"), *vectors(a=vector("c") + vector("b")))
    notation = Notation("text", (*chain, *chain))
    assert notation.equation(chain[1]) == "a = W h + b"


def test_chains_of_contractions_flatten():
    chain = (times("c", "B", "x"), times("c2", "A", "c"), *vectors(y=2 * vector("c2")))
    assert equations(chain, written=["y"]) == ["y = 2 A B x"]


def test_an_inlined_sum_keeps_its_brackets_in_a_product():
    chain = (
        Definition("f:h", Elementwise(vector("x") - vector("y")), (N,)),
        Definition("r", Contraction((matrix("A"), slot("f:h", (COLUMN,))), ((COLUMN, N),)), (N,)),
    )
    assert equations(chain) == ["r = A (x − y)"]


def test_indices_that_are_quantities_are_not_used():
    chain = times("a", "i", "j")
    assert one(chain, form="index") == "a[k] = Σₗ i[k,l] j[l]"


def test_softmax_over_another_axis_says_so():
    assert one(Definition("p", Structured("softmax", ("x",), (("axis", -2),)), (N, N))) == "p = softmax(x, axis −2)"
    assert one(Definition("p", Structured("softmax", ("x",), (("axis", -1),)), (N,)), form="index") == (
        "p[i] = softmax(x)[i]"
    )


def test_expressions_by_themselves():
    notation = Notation("text", sunspots(), order=["tau_h"])
    assert notation.expression(sympy.Rational(1, 20)) == "0.05"
    assert notation.expression(1 / slot("tau")) == "1 / τ"
    assert notation.expression(slot("tau_h") * slot("learn:eta.h") / 2) == "½ η_h τ_h"
    assert notation.name("z:h") == "z"


def test_numbers_of_any_length_are_written():
    long = sympy.Rational(Fraction(10**40 + 1, 3**80))
    assert "/" in one(scalar("r", slot("x") * long))


def test_printing_is_the_same_each_time():
    first, second = (Notation("text", sunspots()) for _ in range(2))
    assert [first.equation(d) for d in sunspots()] == [second.equation(d) for d in reversed(sunspots())][::-1]


def test_summands_are_those_that_are_printed():
    inner = Definition("f:h", Elementwise(vector("s") - 2 * vector("h")), (N,))
    outside = Definition("dot:h", Elementwise(vector("u") - vector("f:h")), (N,))
    notation = Notation("text", (inner, outside), inline=("f:h",))
    assert sorted(notation.sides(one)[1] for one in notation.taken_apart(outside)) == ["2 h", "u", "−s"]
    assert notation.sides(outside)[1] == "u − s + 2 h"
    apart = Notation("text", (inner, outside), inline=())
    assert [apart.sides(one)[1] for one in apart.taken_apart(outside)] == ["u", "−f"]
    product = times("a", "W", "h")
    assert notation.taken_apart(product) == (product,)
