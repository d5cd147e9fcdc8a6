"""How local models are, and that an audit of every model that ships can be shown."""

from __future__ import annotations

import copy
import pickle

import pytest

import hdsl
from hdsl.audit.audit import build_audit
from tests.model.test_locality import DEEP
from tests.proofs.drawing import draw_model


def classes(audit):
    return {one.target: one.kind for one in audit.locality}


def test_delaying_nothing_every_layer_and_one():
    plain, every, one = (hdsl.loads(DEEP.format(delayed=""), delay=names).audit for names in ((), "all", "body.1"))
    assert (plain.scheme, every.scheme, one.scheme) == ("non-local", "local", "weakly local")
    assert (plain.connections, every.connections, one.connections) == (4, 1, 3)
    assert classes(one) == {
        "first.W": "weakly local",
        "body.1.W": "local",
        "body.2.W": "non-local",
        "body.3.W": "non-local",
        "y.W": "local",
        "body.1.delay": "non-local",
    }


@pytest.mark.parametrize(("order", "in_time"), [("simultaneous", True), ("semi-implicit", True), ("sequential", False)])
def test_only_from_old_values_is_a_net_of_delays_local_in_time(order, in_time):
    audit = hdsl.loads(DEEP.format(delayed="delay"), settings={"order": order, "eta": 1}).audit
    assert audit.scheme == "local"
    assert audit.in_time == in_time


def test_a_classifier_without_states_is_local_in_time_in_every_order():
    assert hdsl.load("iris_linear").audit.in_time


def test_every_cell_has_its_update_and_what_it_uses_transposed():
    audit = hdsl.load("sunspots").audit
    assert [update.cell for update in audit.updates] == list(audit.step.cells)
    assert {update.cell: update.transposed for update in audit.updates if update.transposed} == {"z:h": ("C", "W")}
    assert {update.kind for update in audit.updates} == {"state", "costate", "parameter costate", "parameter"}


def test_what_nothing_reaches_is_untaught():
    audit = hdsl.loads("input u\nparam w = 1\nstate h = 0\nh' = u - h\noutput y = w * h").audit
    assert audit.scheme == "untaught"
    assert set(classes(audit).values()) == {"untaught"}


@pytest.mark.parametrize("seed", [2, 14, 21, 30])
def test_drawn_models_are_audited(seed):
    audit = hdsl.loads(draw_model(seed).text).audit
    assert [update.cell for update in audit.updates] == list(audit.step.cells)
    assert {one.param for one in audit.equivalences} == {param.name for param in audit.model.of_role("param")}


def test_an_audit_is_the_product_of_the_step():
    model = hdsl.load("gru")
    assert model.audit == build_audit(model.product("step"))
    assert copy.deepcopy(model).audit is model.audit
    assert pickle.loads(pickle.dumps(model)).audit.scheme == model.audit.scheme
