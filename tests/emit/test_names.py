"""Identifiers of generated text: one a name, never one of Python's, torch's or the module's own."""

from __future__ import annotations

import keyword

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import hdsl
from hdsl.emit.names import MODULE_NAMES, TAKEN, Names, class_name, escape, spell

written = st.sampled_from(["a", "h", "W", "a_bar", "z_h", "h_new", "class", "half", "torch", "state", "é", "to"])
derived = st.builds(
    lambda kind, name, new: kind + name + new,
    st.sampled_from(["", "z:", "w:", "adj:", "f:", "F:", "seed:", "half:", "present:", "column:present:", "initial:"]),
    written,
    st.sampled_from(["", "+"]),
)


def test_no_public_attribute_of_a_module_can_be_hidden():
    assert {name for name in dir(torch.nn.Module) if not name.startswith("_")} - MODULE_NAMES == set()


def test_no_attribute_of_a_generated_module_can_be_hidden():
    own = {"qq_input", "qq_target", "qq_state", "qq_param", "qq_size", "tau", "eta", "beta", "phi"}
    text = "dim qq_size = 2\ninput qq_input[qq_size]\ntarget qq_target[qq_size]\nstate qq_state[qq_size] = 0\n"
    text += "param qq_param[qq_size] = 0\nqq_state' = qq_param*qq_input - qq_state\noutput qq_output = qq_state\n"
    text += "cost qq_cost = squared(qq_state - qq_target)\ncost qq_decay = squared(qq_param)\n"
    net = hdsl.loads(text).compile()()
    shown = {name for name in (*dir(net), *vars(net)) if not name.startswith("_")}
    assert own & shown >= {"qq_param", "qq_size"}
    assert shown - own - MODULE_NAMES - TAKEN == set()


@pytest.mark.parametrize("role", ["param {}[2] = 0", "state {}[2] = 0", "const {}[2] = [1, 2]"])
def test_every_name_of_the_module_may_be_a_users(role):
    texts = []
    for k, name in enumerate(sorted(MODULE_NAMES | TAKEN)):
        text = f"{role.format(name)}\ncost qq_cost_{k} = squared({name})\n"
        try:
            hdsl.loads(text)
        except hdsl.ModelError as error:  # kept by the language itself
            assert {found.code for found in error.diagnostics} <= {"reserved-name", "syntax"}, name
            continue
        texts.append(text)
    for k in range(0, len(texts), 8):
        hdsl.loads("".join(texts[k : k + 8])).compile()().step()


@given(st.lists(written, unique=True), st.lists(derived, max_size=30))
def test_every_name_has_one_identifier_and_no_two_have_the_same(own, asked):
    names = Names(own, MODULE_NAMES)
    given_ = {name: names[name] for name in (*own, *asked)}
    assert len(set(given_.values())) == len(given_)
    for name, identifier in given_.items():
        assert identifier.isidentifier() and not keyword.iskeyword(identifier)
        assert identifier not in TAKEN | MODULE_NAMES
        assert names[name] == identifier


def test_users_names_come_first():
    names = Names(["a", "a_bar"])
    assert (names["a_bar"], names["adj:a"]) == ("a_bar", "a_bar_")


@pytest.mark.parametrize(
    "name, identifier",
    [
        ("z:h", "z_h"),
        ("w:W", "w_W"),
        ("h+", "h_new"),
        ("z:h+", "z_h_new"),
        ("adj:a", "a_bar"),
        ("half:a", "a_half"),
        ("present:v", "has_v"),
        ("column:present:v", "has_v_column"),
        ("eta.h", "eta_h"),
        ("adj:a~2", "a_2_bar"),
        ("h@2", "h_2"),
        ("dot:z:h@3", "slope_z_h_3"),
        ("pull:h", "pull_h"),
    ],
)
def test_what_hdsl_makes_is_named_for_what_it_is(name, identifier):
    assert spell(name) == identifier


def test_pythons_words_get_an_underscore():
    assert [escape(word) for word in ("class", "lambda", "tanh")] == ["class_", "lambda_", "tanh"]


@pytest.mark.parametrize(
    "model, name",
    [("iris_mlp", "IrisMlp"), ("sunspots", "Sunspots"), ("2layers", "Model2layers"), ("none", "None_"), ("", "Model")],
)
def test_a_class_is_named_for_its_model(model, name):
    assert class_name(model) == name
