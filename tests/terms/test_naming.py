"""Names look as people write them, and no two look the same."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hdsl.terms.naming import Look, Naming, is_made, owner
from hdsl.terms.spelling import LATEX, SPELLINGS, TEXT


def looks(names, states=(), nexts=()):
    naming = Naming(names, states, nexts)
    return {name: naming.of(name).spell(TEXT) for name in names}


@pytest.mark.parametrize(
    ("name", "text", "latex"),
    [
        ("h", "h", "h"),
        ("alpha", "α", r"\alpha"),
        ("Omega", "Ω", r"\Omega"),
        ("lambda", "λ", r"\lambda"),
        ("phi1", "φ₁", r"\varphi_{1}"),
        ("W1", "W₁", "W_{1}"),
        ("W12", "W₁₂", "W_{12}"),
        ("W_1", "W₁", "W_{1}"),
        ("tau_h", "τ_h", r"\tau_{h}"),
        ("h_in", "h_in", r"h_{\mathrm{in}}"),
        ("w_alpha", "w_α", r"w_{\alpha}"),
        ("Ba", "Ba", r"\mathrm{Ba}"),
        ("gain", "gain", r"\mathrm{gain}"),
        ("a_b_c", "a_b_c", r"a_{\mathrm{b\_c}}"),
        ("W1_x", "W1_x", r"\mathrm{W1\_x}"),
        ("a.W", "W_a", "W_{a}"),
        ("a.W1", "W₁_a", "W_{1,a}"),
        ("alpha.w_in", "w_in_α", r"w_{\mathrm{in},\alpha}"),
        ("body.2.r.W", "W_body.2.r", r"W_{\mathrm{body.2.r}}"),
        ("body.2", "body₂", r"\mathrm{body}_{2}"),
        ("r.body.2", "body₂_r", r"\mathrm{body}_{2,r}"),
        ("a.delay", "delay_a", r"\mathrm{delay}_{a}"),
        ("learn:eta.body.2.W", "η_W_body.2", r"\eta_{W_{\mathrm{body.2}}}"),
        ("größe", "größe", r"\mathrm{größe}"),
        ("learn:eta.h", "η_h", r"\eta_{h}"),
        ("learn:beta.W1", "β_W₁", r"\beta_{W_{1}}"),
        ("learn:eta.state", "η_state", r"\eta_{\mathrm{state}}"),
    ],
)
def test_a_users_name(name, text, latex):
    naming = Naming([name], ())
    assert naming.of(name).spell(TEXT) == text
    assert naming.of(name).spell(LATEX) == latex


@pytest.mark.parametrize(
    ("name", "text", "latex"),
    [
        ("z:h", "z", "z"),
        ("z:h+", "z⁺", "z^{+}"),
        ("w:W", "ω_W", r"\omega_{W}"),
        ("w:omega", "ω_ω", r"\omega_{\omega}"),
        ("w:W1", "ω_W₁", r"\omega_{W_{1}}"),
        ("f:h", "f", "f"),
        ("adj:a", "ā", r"\bar{a}"),
        ("adj:a+", "ā⁺", r"\bar{a}^{+}"),
        ("adj:a~2", "ā′", r"\bar{a}^{\prime }"),
        ("adj:a~4", "ā⁽⁴⁾", r"\bar{a}^{(4)}"),
        ("adj:s_new", "s̄_new", r"\bar{s}_{\mathrm{new}}"),
        ("adj:gain", "ḡain", r"\overline{\mathrm{gain}}"),
        ("dot:h", "ḣ", r"\dot{h}"),
        ("dot:W1", "Ẇ₁", r"\dot{W}_{1}"),
        ("dot:z:h", "ż", r"\dot{z}"),
        ("dot:w:W", "ω̇_W", r"\dot{\omega}_{W}"),
        ("seed:fit", "φ_fit", r"\varphi_{\mathrm{fit}}"),
        ("present:v", "[v given]", r"\left[v\text{ given}\right]"),
        ("present:v_x", "[v_x given]", r"\left[v_{x}\text{ given}\right]"),
        ("half:a", "â", r"\hat{a}"),
        ("initial:h", "h₀", "h_{0}"),
        ("all:omega", "ω", r"\omega"),
        ("dot:all:theta", "θ̇", r"\dot{\theta}"),
    ],
)
def test_a_made_name(name, text, latex):
    naming = Naming([name], ["h"])
    assert naming.of(name).spell(TEXT) == text
    assert naming.of(name).spell(LATEX) == latex


def test_several_states_have_costates_with_a_subscript():
    found = looks(["z:a", "z:b", "dot:z:b", "f:a"], ["a", "b"])
    assert found == {"z:a": "z_a", "z:b": "z_b", "dot:z:b": "ż_b", "f:a": "f_a"}


def test_the_dynamics_of_a_next_state_is_a_capital():
    assert looks(["f:h"], ["h"], nexts=["h"]) == {"f:h": "F"}


def test_users_names_that_look_alike_stay_as_they_were_written():
    assert looks(["W1", "W_1"]) == {"W1": "W1", "W_1": "W_1"}
    assert looks(["alpha", "α"]) == {"alpha": "alpha", "α": "α"}


def test_a_made_name_gives_way_to_a_users():
    assert looks(["z", "z:h"], ["h"]) == {"z": "z", "z:h": "z_h"}
    assert looks(["z", "z_h", "z:h"], ["h"]) == {"z": "z", "z_h": "z_h", "z:h": "costate(h)"}
    assert looks(["omega_W", "w:W"]) == {"omega_W": "ω_W", "w:W": "costate(W)"}
    assert looks(["omega", "all:omega"]) == {"omega": "ω", "all:omega": "ω_all"}
    assert looks(["h0", "initial:h"]) == {"h0": "h₀", "initial:h": "initial(h)"}


def test_an_accent_that_cannot_be_seen_is_a_word():
    assert looks(["dot:i", "dot:j"]) == {"dot:i": "derivative(i)", "dot:j": "derivative(j)"}
    assert looks(["adj:i", "adj:j"]) == {"adj:i": "ī", "adj:j": "j̄"}  # the bar stands in place of the dot


def test_owner_and_made():
    assert [owner(n) for n in ("h", "z:h+", "dot:w:W", "adj:a~2", "adj:a+")] == ["h", "h", "W", "a", "a"]
    assert [is_made(n) for n in ("h", "a.W", "z:h", "h+", "adj:a~2")] == [False, False, True, True, True]


def test_free_letters_are_those_of_no_name():
    assert Naming(["i", "k"], ()).free("ijkl") == ("j", "l")


def test_a_superscript_joins_the_marks():
    assert Look("h", marks=("⁺",)).spell(TEXT, "ᵀ") == "h⁺ᵀ"
    assert Look("h", marks=("⁺",)).spell(LATEX, r"\top") == r"h^{+\top}"


AWKWARD = [
    "h", "z", "f", "F", "w", "omega", "ω", "z_h", "omega_W", "ω_W", "W", "W1", "W_1", "W11", "W1_1", "alpha", "α",
    "phi", "φ", "given_v", "given", "h0", "h_0", "phi_fit", "eta", "eta_h", "a", "a1", "ā", "costate", "adjoint",
    "s_new", "s", "Ba", "i", "j", "i1", "n", "first", "a.W", "a.W1", "a.W_1", "W1_a", "W_1_a", "W_a", "body.1.W",
    "body.11.W", "b.body.1.W", "body.1", "body1", "body_1", "W_body_1", "a.b", "b_a", "a.z", "z_a", "a.alpha", "a.α", "1.W",
    "a.b.W", "a.b_W",
]  # fmt: skip
USERS = st.one_of(st.sampled_from(AWKWARD), st.from_regex(r"[abzW][_a-z0-9]{0,3}", fullmatch=True))
KINDS = ["{}", "z:{}", "w:{}", "f:{}", "adj:{}", "dot:{}", "dot:z:{}", "dot:w:{}", "seed:{}", "present:{}"]
KINDS += ["half:{}", "initial:{}"]
MARKS = ["", "+", "~2", "+~2", "~11"]


@st.composite
def name_sets(draw):
    users = draw(st.sets(USERS, min_size=1, max_size=8))
    of = st.sampled_from(sorted(users))
    chosen = draw(st.sets(st.tuples(st.sampled_from(KINDS), of, st.sampled_from(MARKS))))
    made = {kind.format(name) + mark for kind, name, mark in chosen}
    return users | made | draw(st.sets(st.sampled_from(["learn:eta", "learn:eta.h", "learn:eta.W1", "learn:beta.W", "tau"])))


@given(name_sets(), st.sets(USERS, max_size=2))
@settings(max_examples=300, deadline=None)
def test_two_names_never_look_the_same(names, states):
    naming = Naming(names, states)
    for style, spelling in SPELLINGS.items():
        spelt = {name: naming.of(name).spell(spelling) for name in names}
        assert len(set(spelt.values())) == len(names), (style, spelt)


LOOKS = st.sampled_from(
    ["W", "x", r"\theta", r"\theta_f", r"\theta_{\mathrm{f}}", "h^{+}", "{a}_b", r"\bar{a}", "a'", r"W_{1,a}", "z"]
)


@given(name_sets(), st.dictionaries(USERS, LOOKS, max_size=3))
@settings(max_examples=300, deadline=None)
def test_two_names_never_look_the_same_whatever_a_file_says(names, latex):
    naming = Naming(names, (), latex=latex)
    for style, spelling in SPELLINGS.items():
        spelt = {name: naming.of(name).spell(spelling) for name in names}
        assert len(set(spelt.values())) == len(names), (style, spelt)


@pytest.mark.parametrize(
    ("latex", "name", "expected"),
    [
        (r"\theta", "W", r"\theta"),
        (r"\theta", "W+", r"\theta^{+}"),
        (r"\theta", "w:W", r"\omega_{\theta}"),
        (r"\theta", "dot:W", r"\dot{\theta}"),
        (r"\theta", "adj:W~2", r"\bar{\theta}^{\prime }"),
        (r"\theta", "initial:W", r"\theta_{0}"),
        (r"W_f", "dot:W", r"\dot{W}_{f}"),
        (r"W_{\mathrm{rec}}", "W+", r"W_{\mathrm{rec}}^{+}"),
        (r"W_\alpha", "initial:W", r"W_{\alpha,0}"),
        (r"\theta^{(1)}", "W", r"{\theta^{(1)}}"),
        (r"\theta^{(1)}", "W+", r"{\theta^{(1)}}^{+}"),
        (r"\bar{h}", "W+", r"\bar{h}^{+}"),
        ("W_{a}{b}", "W+", "{W_{a}{b}}^{+}"),
        (r"\mathrm{a_{b}}", "W+", r"\mathrm{a_{b}}^{+}"),
        (r"\mathrm{fit}", "adj:W", r"\overline{\mathrm{fit}}"),
    ],
)
def test_a_look_that_a_file_gives(latex, name, expected):
    naming = Naming(["W", name], (), latex={"W": latex})
    assert naming.of(name).spell(LATEX) == expected
    assert naming.of(name).spell(TEXT) == Naming(["W", name], ()).of(name).spell(TEXT)


@given(name_sets())
@settings(max_examples=50, deadline=None)
def test_looks_do_not_depend_on_the_order_of_names(names):
    assert looks(sorted(names)) == looks(sorted(names, reverse=True))


def test_a_stage_is_told_by_its_number_in_brackets():
    names = ("h", "h@2", "z:h@3", "adj:a~2@4", "dot:w:W@2", "pull:h", "W2", "all:X@2", "dot:all:X")
    told = looks(names, states=("h",))
    assert told["h@2"] == "h⁽²⁾" and told["z:h@3"] == "z⁽³⁾" and told["adj:a~2@4"] == "ā′⁽⁴⁾"
    assert told["dot:w:W@2"] == "ω̇_W⁽²⁾" and told["pull:h"] == "g_h" and told["all:X@2"] == "X⁽²⁾" and told["dot:all:X"] == "Ẋ"
    assert [owner(name) for name in names[:5]] == ["h", "h", "h", "a", "W"] and all(map(is_made, names[1:6]))
    assert Naming(["h", "h@2"], ()).of("h@2").spell(LATEX) == "h^{(2)}"
