"""The audit for programs."""

from __future__ import annotations

import json

import hdsl
from hdsl.show.audit_json import SCHEMA, audit_json, audit_record


def test_an_audit_is_one_object_with_every_record():
    audit = hdsl.load("deep_delayed").audit
    told = json.loads(audit_json(audit))
    assert told == json.loads(json.dumps(audit_record(audit)))
    assert (told["schema"], told["model"], told["scheme"]) == (SCHEMA, "deep_delayed", "local")
    counts = {"locality": 16, "updates": 32, "delays": 5, "torch_optim": 11}
    assert {key: len(told[key]) for key in counts} == counts
    assert told["delays"][0]["bytes"]["float32"] == {"forward": 128, "back": 128}


def test_a_way_is_told_at_length_and_places_are_lines():
    told = audit_record(hdsl.load("iris_mlp").audit)
    (first, *_) = told["locality"]
    assert first["way"] == "cost class (19) → y → a, through y.W transposed (14) → a.W"
    assert told["departures"][2]["key"] == "euler"
    assert [one["lines"] for one in told["departures"] if one["key"] == "order"] == [[22]]
    assert {one["sgd"]["lr"] for one in told["torch_optim"]} == {0.004}


def test_lines_of_files_that_are_used_have_their_names():
    told = audit_record(hdsl.load("gru").audit)
    (state,) = [one for one in told["updates"] if one["of"] == "cell.h"]
    assert list(state["used"]) == ["cells.ham"]


def test_reads_say_from_where_and_by_what():
    told = audit_record(hdsl.load("sunspots").audit)
    (costate,) = [one for one in told["updates"] if one["of"] == "z.h"]
    assert costate["transposed"] == ["C", "W"]
    assert {"name": "e⁺", "where": "other", "at": [], "by": ["C"], "transposed": True, "before": False} in costate["reads"]
