"""Estimators for river: its own checks, its own figures by the same model, and what a stream of rows brings."""

from __future__ import annotations

import pickle
import random
from pathlib import Path
from typing import Any

import pytest
import torch
from river import base, checks, datasets, evaluate, linear_model, metrics, preprocessing

import hdsl
from hdsl.runtime.nonfinite import NonFinite

LINEAR = """model line
dim m
input u[m]
target v
param w[m] = 0
param b = 0
output y = dot(w, u) + b
cost fit = 1/2 * (y - v)^2
learn
    eta = 1                                   # no momentum: one step is one of gradient descent
    beta = 0.02
    beta.b = 0.2
"""
NET = """model net
dim m, n = 20, k = 2
input u[m]
target c : index(k)
param W[n, m] = glorot
param a[n] = 0
param C[k, n] = 0
param D[k, m] = 0
param b[k] = 0
output y = C @ tanh(W @ u + a) + D @ u + b
cost class = cross_entropy(y, c)
learn
    eta = 1
    beta = 0.01
"""
STATE = """model state
input u[2]
target v
state h = 0.5
param w[2] = 1
next h = 0.5*h + dot(w, u)
output y = h
cost fit = (y - v)^2
learn
    eta = 1
    beta = 0.05
"""


def line(**more: Any) -> hdsl.Regressor:
    return hdsl.Regressor(hdsl.loads(LINEAR), **more)


def net(text: str = NET, **more: Any) -> hdsl.Classifier:
    return hdsl.Classifier(hdsl.loads(text), **more)


@pytest.mark.parametrize("kind", ["Regressor", "Classifier"])
def test_it_passes_river_s_own_checks(kind: str) -> None:
    random.seed(0)  # the checks drop features at random
    made = getattr(hdsl, kind)
    (params,) = made._unit_test_params()
    assert made(**params)._unit_test_skips() == set()
    checks.check_estimator(made(**params))


def test_a_pipeline_passes_river_s_own_checks() -> None:
    random.seed(0)
    (params,) = hdsl.Regressor._unit_test_params()
    checks.check_estimator(preprocessing.StandardScaler() | hdsl.Regressor(**params))


def test_a_linear_model_has_the_figure_of_river_s_own() -> None:
    """River's squared loss is twice ours, so its rates are half of ours: 0.01 and 0.1."""
    figures = [
        evaluate.progressive_val_score(datasets.TrumpApproval(), preprocessing.StandardScaler() | model, metrics.MAE()).get()
        for model in (line(dtype="float64"), linear_model.LinearRegression(intercept_lr=0.1))
    ]
    assert figures[0] == pytest.approx(figures[1], rel=1e-9) == pytest.approx(0.5587, abs=1e-4)


def test_a_net_beats_river_s_logistic_regression() -> None:
    figures = [
        evaluate.progressive_val_score(datasets.Phishing(), preprocessing.StandardScaler() | model, metrics.LogLoss()).get()
        for model in (net(), linear_model.LogisticRegression())
    ]
    assert figures[0] < 0.31 < 0.33 < figures[1]


def test_predicting_moves_nothing_and_learning_is_one_step() -> None:
    one, x = hdsl.Regressor(hdsl.loads(STATE)), {"a": 1.0, "b": -0.5}
    one.learn_one(x, 1.0)
    before = {name: value.clone() for name, value in one.net.state_dict().items()}
    first = one.predict_one(x)
    assert one.predict_one(x) == first
    assert all(torch.equal(value, before[name]) for name, value in one.net.state_dict().items())
    by_hand = hdsl.loads(STATE).compile()()
    for target in (1.0, 2.0):
        y, _ = by_hand.step([[1.0, -0.5]], [target])
    one.learn_one(x, 2.0)
    assert float(y) == first
    assert all(torch.equal(value, by_hand.state_dict()[name]) for name, value in one.net.state_dict().items())


def test_a_sample_without_a_target_moves_the_state_and_teaches_nothing() -> None:
    one = hdsl.Regressor(hdsl.loads(STATE))
    one.learn_one({"a": 1.0, "b": 1.0}, None)
    assert one.net.w.tolist() == [1.0, 1.0] and float(one.net.state.h) == 2.25
    other = net()
    other.learn_one({"a": 1.0}, None)
    assert other.predict_proba_one({"a": 1.0}) == {}


def test_the_first_sample_decides_an_open_size() -> None:
    one = line()
    assert (one.net, one.predict_one({"a": 1.0})) == (None, 0.0)
    one.learn_one({"a": 1.0, "b": 2.0}, 3.0)
    assert one.net.m == 2 and line(m=5).net.m == 5
    with pytest.raises(ValueError, match="the feature `c` is one more than the 2 that `u` of line takes"):
        one.learn_one({"c": 1.0}, 3.0)
    assert one.clone().net is None


def test_labels_are_numbered_as_they_appear_and_have_an_end() -> None:
    one = net(k=3)
    assert one.predict_one({"a": 1.0}) is None
    for label in ("x", 7, "x", (1, 2)):
        one.learn_one({"a": 1.0}, label)
    found = one.predict_proba_one({"a": 1.0})
    assert list(found) == ["x", 7, (1, 2)] and sum(found.values()) == pytest.approx(1)
    assert one.predict_one({"a": 1.0}) == "x"
    with pytest.raises(ValueError) as caught:
        one.learn_one({"a": 1.0}, "fourth")
    assert str(caught.value) == "the label 'fourth' is one more than the 3 classes of `c` of net"


def test_an_output_that_gives_probabilities_is_taken_as_it_is() -> None:
    text = NET.replace("output y = C", "output y = softmax(C").replace("D @ u + b", "D @ u + b)")
    one = net(text.replace("cross_entropy(y, c)", "cross_entropy(log(y), c)"))
    for k in range(20):
        one.learn_one({"a": float(k % 2)}, k % 2 == 0)
    y = one.net.predict([[1.0]])[0].tolist()
    assert list(one.predict_proba_one({"a": 1.0}).values()) == pytest.approx(y)


def test_settings_sizes_and_the_seed_make_the_module() -> None:
    one = net(settings={"beta": 0.5}, seed=3, dtype="float64", n=4, m=2)
    wanted = hdsl.loads(NET, settings={"beta": 0.5}, n=4, m=2).compile(dtype=torch.float64)(seed=3)
    assert one.net.beta == 0.5 and torch.equal(one.net.W, wanted.W)
    again = one.clone({"seed": 4})
    assert (again.seed, again.settings, again.dims) == (4, {"beta": 0.5}, {"n": 4, "m": 2})
    assert not torch.equal(again.net.W, one.net.W)


def test_it_is_pickled_with_what_it_has_learned(tmp_path: Path) -> None:
    (tmp_path / "line.ham").write_text(LINEAR, encoding="utf-8")
    one = preprocessing.StandardScaler() | hdsl.Regressor(tmp_path / "line.ham")
    for k in range(10):
        one.learn_one({"a": float(k), "b": float(k % 3)}, 2.0 * k)
    other = pickle.loads(pickle.dumps(one))
    for model in (one, other):
        model.learn_one({"a": 5.0, "b": 1.0}, 10.0)
    assert one.predict_one({"a": 4.0}) == other.predict_one({"a": 4.0}) != 0
    assert isinstance(one, base.Regressor)


def test_what_diverges_is_told_at_once() -> None:
    one = line()
    with pytest.raises(NonFinite) as caught:
        for _ in range(1000):
            one.learn_one({"a": 1e6}, 1.0)
    assert "the output `y` of line is not finite at sample " in str(caught.value)
    assert "StandardScaler() | …" in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [
        ("Regressor", NET, "hdsl.Regressor takes a model with one target, a real number; net has c"),
        ("Classifier", LINEAR, "hdsl.Classifier takes a model with one target, an index; line has v"),
        ("Regressor", "model m\ninput u\nparam w = 1\ncost c = (w - u)^2", "hdsl.Regressor takes a model with one target, "
         "a real number; m has none"),
        ("Regressor", "model m\ninput u\ntarget v\nparam w = 1\noutput z = [1, 2]\noutput y = w*u\ncost c = (y - v)^2",
         "the first output of m must predict the target `v`: be of its size, and stand in one of its costs"),
        ("Regressor", "model m\ninput u\ntarget v[2]\nparam w = 1\noutput y = [1, 2]*w*u\ncost c = squared(y - v)",
         "hdsl.Regressor predicts one number; the target `v` of m is v[2]"),
    ],
)
def test_a_model_that_is_no_such_estimator_is_refused(kind: str, text: str, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        getattr(hdsl, kind)(hdsl.loads(text))
    assert str(caught.value) == message


def test_models_that_ship_are_estimators() -> None:
    one = hdsl.Regressor("oscillators", m=2)  # its target is v[d], d = 1
    one.learn_one({"a": 1.0, "b": 2.0}, 0.5)
    other = hdsl.Classifier("iris_mlp")
    other.learn_one({"length": 1.0}, "setosa")
    assert one.predict_one({"a": 1.0}) != 0 and other.predict_one({"length": 1.0}) == "setosa"


def test_a_size_that_no_feature_tells_is_asked_for() -> None:
    one = hdsl.Regressor(hdsl.loads(LINEAR.replace("dim m", "dim m, n").replace("param b = 0", "param b = 0\nparam c[n] = 0")))
    with pytest.raises(ValueError, match="the size `m` of line has no default: give m=…"):
        one.learn_one({"a": 1.0}, 1.0)
