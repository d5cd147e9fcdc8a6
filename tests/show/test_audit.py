"""The audit as tables: what they say, and that every format holds them."""

from __future__ import annotations

import pytest

import hdsl
from hdsl.show.audit import WIDTH, Naming, audit_html, audit_markdown, audit_page, audit_text
from hdsl.show.text import columns

TEXT = """
dim n = 3
input u[n]
target v[n]
param W[n, n] = glorot
param A[n, n] = glorot
let a = delay(W @ u)
output y = A @ a
cost fit_it = squared(y - v)
learn
    order = simultaneous
    eta.param = 1
"""


def rows(audit, key):
    (table,) = [table for table in audit_page(audit).tables if table.key == key]
    return table.rows


def test_names_are_those_that_users_write():
    name = Naming(hdsl.load("sunspots").audit).name
    assert [name(given) for given in ("h", "h+", "z:h", "z:h+", "w:W", "W")] == ["h", "h⁺", "z.h", "z.h⁺", "ω.W", "W"]
    assert name("s") == "s"


def test_parameters_that_are_alike_stand_in_one_row():
    (params, costate) = rows(hdsl.load("sunspots").audit, "locality")
    assert params == ("W, U, b, C, D", "local in space", "no connections", "the two ends of the synapse")
    assert costate == ("z.h", "local in space", "1 connection", "from units connected to its own")


def test_a_weight_that_is_made_of_parameters_is_told_where_it_is_used_transposed():
    text = '''dim n = 3
input u[n]
target v[n]
const mask[n, n] = ones
param W[n, n] = glorot
state h[n] = 0
let A = mask*W
h' = -h + tanh({} @ h + u)
cost fit = squared(h - v)
learn
    eta = 0.5
'''
    named, forward = (hdsl.loads(text.format(weight)).audit for weight in ("A", "(2*W - W.T)"))
    assert rows(named, "transposed") == (("A, made of W, mask", "z.h"),)
    assert [row[2] for row in rows(named, "updates")][1] == "s⁺, z.h by Aᵀ"
    assert [row[0].partition(", ")[2] for row in rows(forward, "transposed")] == ["made of W"]


def test_what_is_set_outside_the_file_has_no_line():
    departures = rows(hdsl.loads(TEXT, settings={"eta.param": 0.5}).audit, "departures")
    assert [line for what, _, line in departures if what == "dissipation eta.param = 0.5"] == ["set outside"]
    assert [line for what, _, line in departures if what.startswith("all from old values")] == ["11"]


def test_a_way_is_told_by_its_connections():
    first, *_ = rows(hdsl.load("attention").audit, "locality")
    assert first[1:3] == ("non-local", "6 connections")
    assert first[3].startswith("cost class → y.W (20) → hidden.W (19)")


def test_a_delay_with_its_bytes():
    assert rows(hdsl.loads(TEXT).audit, "delays") == (
        ("a.delay", "n", "n", "12 + 12 bytes", "24 + 24 bytes", "for each stream", "7"),
    )
    assert rows(hdsl.loads(TEXT.replace("n = 3", "n")).audit, "delays")[0][3:5] == ("4 bytes each", "8 bytes each")


def test_departures_name_their_line_or_the_default():
    told = {what: line for what, _, line in rows(hdsl.loads(TEXT).audit, "departures")}
    assert told["dissipation eta.param = 1"] == "12"
    assert told["one pass over the stream (schedule online)"] == "default"
    assert told["forward costate (s = −1)"] == "always"


def test_what_torch_equals_and_what_is_stable():
    torch = dict(row[:2] for row in rows(hdsl.loads(TEXT).audit, "optimiser"))
    late = "torch.optim.SGD(params, lr=0.01, momentum=0), its gradient applied one step late, with a.delay held as it is"
    assert torch["A"] == late
    assert torch["W"] == "none: credit reaches it by the costate of a.delay, a step late or more"
    ((of, where, here, _),) = rows(hdsl.loads(TEXT).audit, "stability")
    assert (of, where, here) == ("A, λ of the cost", "τβφλ < η", "λ < 100")


@pytest.mark.parametrize("name", ["sunspots", "attention", "deep_delayed", "lstm_online"])
def test_the_text_keeps_to_its_width(name):
    lines = audit_text(hdsl.load(name).audit).splitlines()
    assert max(map(columns, lines)) <= WIDTH + 4
    assert not [line for line in lines if line != line.rstrip()]


def test_every_cell_is_in_every_format():
    audit = hdsl.loads(TEXT).audit
    text, html, markdown = audit_text(audit), audit_html(audit), audit_markdown(audit)
    for told in ("z.a.delay", "ω.W", "12 + 12 bytes"):
        assert told in text and told in html and told in markdown
    assert "fit\\_it" in markdown  # what Markdown would read as its own
    assert html.startswith("<!DOCTYPE html>") and "<script" not in html


def test_a_table_in_markdown_has_as_many_cells_in_each_row():
    lines = [line for line in audit_markdown(hdsl.load("sunspots").audit).splitlines() if line.startswith("|")]
    tables = {line.count(" | ") for line in lines if "parameter" in line and "transposed" in line}
    assert tables == {1}
    assert all(line.endswith(" |") for line in lines)


def test_text_of_the_model_is_escaped_in_html():
    audit = hdsl.loads(TEXT, name="<b>.ham").audit
    assert "<b>" not in audit_html(audit)
