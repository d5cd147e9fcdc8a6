"""Why each summand of an equation is there: roots, lines, and ways of credit that the definitions do have."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

import hdsl
from hdsl.show.why import MOST, WHY_FORMATS, Reason, Stop, told_way, why_html, why_json, why_markdown

TEXT = """ham 1
model m
input u[2]
target v
state h[2] = 0
param W[2, 2] = 0
param p = 1          # a scale
let s = p * h        # scaled
let r = s + tanh(s)
h' = -h + W @ s + u
output y = sum(r)
cost fit = (y - v)^2       # what is wanted
cost decay = 0.1*squared(h)
learn
    eta.h = 0.5
"""


@pytest.fixture(scope="module")
def small():
    return hdsl.loads(TEXT, name="m.ham")


def reasons_of(model, path):
    return {text: reasons for text, reasons in model.why(path).summands}


def test_each_summand_has_its_roots_their_lines_and_the_way_of_the_credit(small):
    why = small.why("costate.h")
    assert why.path == "costate.h" and why.source == "m.ham"
    by_root = {reason.root: reason for _, reasons in why.summands for reason in reasons}
    assert by_root["cost decay"].place == "line 13" and by_root["cost decay"].line == "cost decay = 0.1*squared(h)"
    assert by_root["cost fit"].line == "cost fit = (y - v)^2"  # without its comment
    assert by_root["cost fit"].way[0] == Stop("fit", "12") and by_root["cost fit"].ways == 2
    assert [stop.text for stop in by_root["cost fit"].way][-2:] == ["s", "h"]
    assert by_root["learn eta.h = 0.5"] == Reason("learn eta.h = 0.5", "line 15", "eta.h = 0.5")


def test_the_shortest_of_several_ways_is_told_and_how_many_there_are(small):
    every = (reason for reasons in reasons_of(small, "costate.p").values() for reason in reasons)
    (reason,) = (reason for reason in every if reason.root == "cost fit")
    assert [stop.text for stop in reason.way if stop.text in ("fit", "y", "r", "s", "p")] == ["fit", "y", "r", "s", "p"]
    assert reason.ways == 2 and told_way(reason).endswith("the shortest of 2 ways")


@pytest.mark.parametrize(
    ("path", "roots"),
    [
        ("state.h", {"dynamics of h"}),
        ("step.h", {"dynamics of h"}),
        ("param.W", {"learn beta = 0.01"}),
        ("parameter.W", {"learn beta = 0.01"}),
        ("costate.W", {"dynamics of h", "learn eta = 0"}),
        ("step.w.W", {"dynamics of h", "learn eta = 0"}),
        ("step.z.h", {"cost fit", "cost decay", "dynamics of h", "learn eta.h = 0.5"}),
        ("y", {"cost fit"}),
        ("s", {"cost fit", "dynamics of h"}),
        ("fit", {"cost fit"}),
        ("adjoint.s", {"cost fit", "dynamics of h"}),
        ("adj:s", {"cost fit", "dynamics of h"}),
    ],
)
def test_whatever_has_a_name_can_be_asked_for(small, path, roots):
    assert {reason.root for _, reasons in small.why(path).summands for reason in reasons} == roots


def test_what_is_not_there_is_told_with_the_nearest_name(small):
    with pytest.raises(ValueError, match=r"there is no equation `costat.h`; did you mean `costate.h`"):
        small.why("costat.h")
    with pytest.raises(ValueError, match=r"there is no equation `qqqqqq`; there are state.h, costate.h, "):
        small.why("qqqqqq")


def ways_by_hand(model, start, end):
    """All ways down the definitions from one to another, walked one by one."""
    by_name = {d.name: d for d in model.compiler.model.definitions}
    if start == end:
        return [[end]]
    reads = dict.fromkeys(by_name[start].reads()) if start in by_name else ()
    return [[start, *way] for read in reads for way in ways_by_hand(model, read, end)]


@pytest.mark.parametrize("name", ["sunspots", "lstm_online", "gru", "oscillators", "deep_delayed", "slow_copy", "iris_mlp"])
def test_ways_are_those_that_one_finds_by_walking_the_definitions(name):
    model = hdsl.load(name)
    checked, judged = model.compiler.model, 0
    for of, equation in model.equations.costate.items():
        told = [reason for _, reasons in model.why(f"costate.{of}").summands for reason in reasons if reason.way]
        given = [(summand, root) for summand in equation.summands for root in summand.roots if ":" not in root]
        assert len(told) == len(given)
        lengths = []
        for summand, root in given:
            start = root if root in checked.costs else checked.dynamics[root].definition
            ends = summand.through or (start,)
            ways = [way for end in ends for way in ways_by_hand(model, start, end)]
            lengths.append((len(min(ways, key=len)) + (of not in ends), len(ways)))
        assert sorted((len(reason.way), reason.ways) for reason in told) == sorted(lengths)
        judged += len(lengths)
    assert judged


def test_a_long_way_is_told_by_its_ends():
    way = tuple(Stop(f"s{k}", str(k)) for k in range(40))
    told = told_way(Reason("cost fit", "line 1", "", way))
    assert told.split(" → ")[MOST // 2] == f"… {40 - MOST} more …"
    assert told.startswith("s0 (0) → ") and told.endswith(" → s39 (39)") and told.count("→") == MOST


def test_text_has_a_line_for_each_summand(small):
    lines = str(small.why("costate.h")).splitlines()
    assert lines[0].startswith("costate.h   ż = ") and lines[1] == ""
    (last,) = [line for line in lines if "η_h z" in line and "eta.h" in line]
    assert re.fullmatch(r"  − η_h z +learn eta\.h = 0\.5, line 15 +eta\.h = 0\.5", last)


def test_every_format(small):
    why = small.why("costate.h")
    record = json.loads(why_json(why))
    assert record["schema"] == "hdsl why 1" and record["path"] == "costate.h"
    assert [summand["text"] for summand in record["summands"]] == [text for text, _ in why.summands]
    assert record["summands"][-1]["reasons"][0]["root"] == "learn eta.h = 0.5"
    assert "| summand | there for | line | way of the credit |" in why_markdown(why)
    assert "<code>cost decay = 0.1*squared(h)</code>" in why_html(why)
    assert set(WHY_FORMATS) == {"text", "json", "markdown", "html"}


def test_words_of_a_model_are_not_markup():
    why = hdsl.loads("input u\nparam w = 0\ncost c = w if w < u else u\n").why("costate.w")
    assert "w if w &lt; u else u" in why_html(why) and "w < u" not in why_html(why)
    assert r"w if w \< u else u" in why_markdown(why)


def test_the_docs_show_what_is_printed():
    docs = (Path(__file__).resolve().parents[2] / "docs" / "forms.md").read_text(encoding="utf-8")
    assert str(hdsl.load("sunspots").why("costate.h")) in docs
