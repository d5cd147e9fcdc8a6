from __future__ import annotations

from typing import Any

import pytest
import sympy

from hdsl.model.learning import GROUPED, NUMBERS, STAGED, WORDS
from hdsl.syntax.words import SETTINGS
from hdsl.terms.term import size, slot

HEAD = """dim n = 4
input u
const alpha = 0.5
state h = 0
state g = 0
param W = 1
param V = 1
h' = u*W*V - h*g
g' = -g
cost c = h^2
"""


def learning(checked: Any, *settings: str, **outside: Any) -> Any:
    return checked(HEAD + "learn\n" + "".join(f"    {line}\n" for line in settings), **outside).learning


def test_every_setting_of_the_syntax_is_a_word_or_a_number() -> None:
    assert {*WORDS, *NUMBERS} == set(SETTINGS)
    assert set(GROUPED) - {"step"} <= set(NUMBERS)


def test_defaults(checked: Any) -> None:
    found = checked(HEAD).learning
    assert (found.step, found.order, found.schedule, found.first) == ("euler", "sequential", "online", "damped")
    assert found.phi == 1
    assert found.values == {"tau": 1, "eta": 0, "beta": sympy.Rational(1, 100)}
    assert found.eta == {"h": "eta", "g": "eta", "W": "eta", "V": "eta"}
    assert found.beta == {"W": "beta", "V": "beta"}
    assert found.spans == {}


def test_a_name_goes_before_its_group_and_a_group_before_all(checked: Any) -> None:
    found = learning(checked, "eta = 1", "eta.state = 2", "eta.h = 3", "eta.W = 4", "beta.W = 5")
    assert found.eta == {"h": "eta.h", "g": "eta.state", "W": "eta.W", "V": "eta"}
    assert found.beta == {"W": "beta.W", "V": "beta"}
    assert found.values == {
        "tau": 1, "eta": 1, "eta.state": 2, "eta.h": 3, "eta.W": 4, "beta": sympy.Rational(1, 100), "beta.W": 5
    }  # fmt: skip


def test_what_holds_for_nothing_is_not_in_force(checked: Any) -> None:
    found = learning(checked, "eta = 1", "eta.state = 2", "eta.param = 3")
    assert set(found.values) == {"tau", "eta.state", "eta.param", "beta"}


def test_words_and_expressions(checked: Any) -> None:
    found = learning(
        checked, "order = semi-implicit", "first = undamped", "step = euler", "schedule = online", "tau = alpha/n",
        "eta = 1/tau", "phi = exp(-t)/tau", "dissipation = euler",
    )  # fmt: skip
    assert (found.order, found.first) == ("semi-implicit", "undamped")
    assert found.values["tau"] == slot("alpha") / size("n")
    assert found.values["eta"] == 1 / slot("tau")
    assert {symbol.name for symbol in found.phi.free_symbols} == {"t", "tau"}


@pytest.mark.parametrize("step", STAGED)
def test_a_step_of_several_stages_moves_all_at_once(checked: Any, said: Any, step: str) -> None:
    for order in ("", "    order = simultaneous\n"):
        assert checked(HEAD + f"learn\n    step = {step}\n{order}    eta = 1\n").learning.order == "simultaneous"
    wrong = said(HEAD + f"learn\n    order = semi-implicit\n    step = {step}\n")
    label = "its stages move all cells at once: `simultaneous` is expected, or no order"
    assert wrong == [("step-order", 12, label)]


def test_states_with_a_step_of_their_own_are_told(checked: Any) -> None:
    assert learning(checked, "step.h = exact", "eta = 1").exact == ("h",)
    assert learning(checked, "eta = 1").exact == ()


def test_spans_are_those_of_the_settings(checked: Any) -> None:
    model = checked(HEAD + "learn\n    tau = 1\n    eta.h = 2\n")
    written = {path: model.source.text[span.start : span.end] for path, span in model.learning.spans.items()}
    assert written == {"tau": "tau = 1", "eta.h": "eta.h = 2"}


TOKENS = "`replay(r)` takes the number of tokens, a whole number from 1 on"


@pytest.mark.parametrize(
    ("setting", "code", "label"),
    [
        ("step = exact", "setting-value", "it is set for a state that is linear in itself, by its name: `step.h = exact`"),
        ("step.h = euler", "setting-value", "`exact` is expected: other steps are for all that flows together, `step = euler`"),
        ("step.h = exact(2)", "setting-value", "`exact` is expected"),
        ("step.W = exact", "unknown-setting", "`W` is a param (line 6), not a state"),
        ("schedule = replay(0)", "setting-value", TOKENS),
        ("schedule = replay(1/2)", "setting-value", TOKENS),
        ("schedule = replay(n)", "setting-value", TOKENS),
        ("schedule = replay(2, 3)", "setting-value", TOKENS),
        ("states = recomputed(0)", "setting-value", TOKENS.replace("replay", "recomputed")),
        ("states = recomputed(n)", "setting-value", TOKENS.replace("replay", "recomputed")),
        ("states = stored(2)", "setting-value", "`stored` or `recomputed` is expected"),
        ("schedule = online(3)", "setting-value", "`online`, `replay`, `layerwise` or `boundary` is expected"),
        ("tol = 0", "setting-value", "it is 0"),
        ("order = sequentially", "setting-value", "`sequential`, `simultaneous` or `semi-implicit` is expected"),
        ("order = 1", "setting-value", "`sequential`, `simultaneous` or `semi-implicit` is expected"),
        ("first = dampened", "setting-value", "`damped` or `undamped` is expected"),
        ("schedule = offline", "setting-value", "`online`, `replay`, `layerwise` or `boundary` is expected"),
        ("etta = 1", "unknown-setting", "did you mean `eta`?"),
        ("order.h = simultaneous", "unknown-setting", "did you mean `order`?"),
        ("tau.h = 1", "unknown-setting", "did you mean `eta.h`?"),
        ("eta.hh = 1", "unknown-setting", "did you mean `eta.h`?"),
        ("eta.u = 1", "unknown-setting", "`u` is an input (line 2), not a state or a param"),
        ("beta.h = 1", "unknown-setting", "`h` is a state (line 4), not a param"),
        ("beta.param = 1", "unknown-setting", "did you mean `eta.param`?"),
        ("tau = 0", "setting-value", "it is 0"),
        ("tau = alpha - 1", "setting-value", "it is -0.5"),
        ("eta.h = -1", "setting-value", "it is -1"),
        ("beta = 1 - 2*tau", "setting-value", "it is -1"),
        ("beta = 1/(1 - tau)", "not-real", "it is not real, or beyond the range of doubles"),
        ("phi = -1", "setting-value", "it is -1"),
        ("eta = t", "not-constant", "it belongs to the stream; numbers, sizes, scalar consts and `tau` can"),
        ("tau = tau", "not-constant", "it belongs to the stream; numbers, sizes and scalar consts can"),
        ("eta = W", "not-constant", "a param (line 6); numbers, sizes, scalar consts and `tau` can"),
    ],
)
def test_a_wrong_setting_is_one_finding(setting: str, code: str, label: str, said: Any) -> None:
    assert said(HEAD + f"learn\n    {setting}\n") == [(code, 12, label)]


def test_what_goes_with_a_schedule_is_not_asked_of_one_that_was_misspelt(said: Any) -> None:
    for word, expected in (("offline", "`online`, `replay`, `layerwise` or `boundary` is expected"), ("replay(0)", TOKENS)):
        text = HEAD + f"learn\n    schedule = {word}\n    step = two-step\n    states = recomputed\n"
        assert said(text) == [("setting-value", 12, expected)]


def test_a_setting_given_twice_points_to_the_first_and_the_first_holds(found: Any) -> None:
    text = HEAD + "learn\n    eta = -1\n    eta = 2\n"
    wrong = found(text)
    assert [one.code for one in wrong] == ["setting-value", "duplicate-setting"]
    assert text[wrong[1].span.start :].startswith("eta = 2")
    assert text[wrong[1].others[0].span.start :].startswith("eta = -1")


def test_states_are_recomputed_from_those_of_one_token_in_so_many(checked: Any) -> None:
    replay = ("schedule = replay", "eta.param = 1/tau")
    asked = ("states = stored", "states = recomputed", "states = recomputed(5)")
    found = [learning(checked, *replay, one) for one in asked]
    assert [(one.states, one.stored_every) for one in found] == [("stored", None), ("recomputed", None), ("recomputed", 5)]


def test_a_replay_has_its_number_of_tokens(checked: Any) -> None:
    whole = learning(checked, "schedule = replay", "eta.param = 1/tau")
    assert (whole.replays, whole.tokens, whole.how_often) == (True, None, "replay")
    cut = learning(checked, "schedule = replay(20)", "eta.param = 1/tau")
    assert (cut.replays, cut.tokens, cut.how_often) == (True, 20, "replay(20)")
