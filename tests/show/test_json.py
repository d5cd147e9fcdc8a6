"""JSON: the same page for programs."""

from __future__ import annotations

import json
from pathlib import Path

from hdsl.compiler import Compiler
from hdsl.show.derivation import derivation_page
from hdsl.show.json import page_json
from hdsl.syntax.source import Source
from tests.show.pages import page_of

DOCS = Path(__file__).resolve().parents[2] / "docs"
SCHEMA = json.loads((DOCS / "derivation.schema.json").read_text(encoding="utf-8"))


def record(compiler, **options):
    if options.keys() <= {"form"}:
        text, latex = (page_of(compiler, style, **options) for style in ("text", "latex"))
    else:
        text, latex = (derivation_page(compiler.equations, compiler.step, style, **options) for style in ("text", "latex"))
    return json.loads(page_json(text, latex))


def told(text, latex, line, root):
    return {"text": text, "latex": latex, "lines": [line], "used": {}, "roots": [root]}


def test_an_equation_in_both_spellings(product):
    found = record(product("leaky"))
    assert found["model"] == "leaky" and found["source"] == "leaky.ham"
    (section,) = [s for s in found["sections"] if s["key"] == "costate"]
    assert section["rows"] == [
        {
            "paths": ["costate.h"],
            "equations": [
                {
                    "name": "dot:z:h",
                    "text": "ż = φ Cᵀe + Wᵀā − z − η_h z",
                    "latex": r"\dot{z} = \varphi C^{\top} e + W^{\top} \bar{a} - z - \eta_{h} z",
                    "summands": [
                        told("φ Cᵀe", r"\varphi C^{\top} e", 19, "cost fit"),
                        told("+ Wᵀā", r"+ W^{\top} \bar{a}", 16, "dynamics of h"),
                        told("− z", "- z", 16, "dynamics of h"),
                        told("− η_h z", r"- \eta_{h} z", 25, "learn eta.h"),
                    ],
                }
            ],
            "lines": [16, 17, 19],
            "used": {},
            "note": "",
        }
    ]


def test_every_row_of_the_page_is_there(product, model):
    compiler = product(model)
    page = page_of(compiler)
    found = record(compiler)
    assert [s["key"] for s in found["sections"]] == [s.key for s in page.sections]
    assert [len(s["rows"]) for s in found["sections"]] == [len(s.rows) for s in page.sections]


def test_one_equation(product):
    found = record(product("leaky"), only="state.h")
    assert [s["key"] for s in found["sections"]] == ["where", "state"]


def fits(value, schema):
    """Whether a value is what a schema says, for the words that ours uses."""
    if "const" in schema:
        return value == schema["const"]
    if "enum" in schema:
        return value in schema["enum"]
    if schema["type"] == "object":
        if "properties" not in schema:
            return all(fits(item, schema["additionalProperties"]) for item in value.values())
        known = schema["properties"]
        return value.keys() == known.keys() == {*schema["required"]} and all(fits(value[key], known[key]) for key in known)
    if schema["type"] == "array":
        return isinstance(value, list) and all(fits(item, schema["items"]) for item in value)
    return type(value) is {"string": str, "integer": int}[schema["type"]]


def test_it_is_what_the_schema_says(product, model):
    for form in ("matrix", "index"):
        found = record(product(model), form=form)
        assert fits(found, SCHEMA)
        assert not fits({**found, "sections": [{"key": "where"}]}, SCHEMA)
        assert not fits(found | {"schema": "another"}, SCHEMA)


def test_states_that_begin_from_the_stream_are_what_the_schema_says():
    text = "dim n = 2\ninput u[n]\ntarget v\nparam B[n, n] = 1\nstate h[n] = B @ u\nh' = -h\noutput y = sum(h)\n"
    text += "cost c = (y - v)^2\n"
    found = record(Compiler(Source(text, "begins.ham")))
    assert "beginning" in [s["key"] for s in found["sections"]]
    assert fits(found, SCHEMA)
