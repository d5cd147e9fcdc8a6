"""The driver: every pass by name, each run once and told to a watcher; a wrong text stops it with all findings."""

from __future__ import annotations

import pytest

import hdsl
from hdsl.compiler import PASSES, VERSION, Compiler
from hdsl.syntax.source import Source

TEXT = "input u\ntarget v\nparam w = 1\nparam spare = 1\noutput y = w * u\ncost fit = (y - v)^2\n"
WRONG = "input u\noutput y = w * u\noutput x = q\n"


def test_every_pass_has_a_product():
    compiler = Compiler(Source(TEXT))
    assert all(compiler.product(name) is not None for name in PASSES)
    assert compiler.product("equations") is compiler.equations


def test_each_pass_runs_once_in_order_and_is_told():
    told = []
    compiler = Compiler(Source(TEXT), watch=lambda name, product: told.append((name, product)))
    assert told == []
    compiler.torch, compiler.torch, compiler.numpy  # noqa: B018 - asking is what runs the passes
    names = [name for name, _ in told]
    assert names == ["model", "step", "program", "torch", "numpy"]
    compiler.equations  # noqa: B018
    assert [name for name, _ in told[len(names) :]] == ["hamiltonian", "equations"]
    assert dict(told)["torch"] is compiler.torch


def test_a_wrong_text_raises_with_every_finding_in_the_order_of_the_text():
    compiler = Compiler(Source(WRONG))
    with pytest.raises(hdsl.ModelError) as caught:
        compiler.torch  # noqa: B018
    spans = [finding.span for finding in caught.value.diagnostics if finding.severity == "error"]
    assert len(spans) == 2 and spans == sorted(spans)
    assert tuple(caught.value.diagnostics) == compiler.diagnostics


def test_a_warning_stops_nothing():
    compiler = Compiler(Source(TEXT))
    assert compiler.torch and {finding.severity for finding in compiler.diagnostics} == {"warning"}


def test_sizes_and_settings_reach_the_model():
    text = "dim n = 2\ninput u[n]\nparam w[n] = 1\noutput y = w * u\nlearn\n    eta = 0.1\n"
    compiler = Compiler(Source(text), dims={"n": 5}, settings={"eta": 0.5})
    assert int(compiler.model.dims["n"]) == 5 and float(compiler.model.learning.values["eta"]) == 0.5


def test_the_version_stands_in_the_text():
    assert f"Made by hdsl {VERSION} from <text>" in Compiler(Source(TEXT)).torch


def test_what_is_known_of_names_comes_from_the_same_check():
    compiler = Compiler(Source(WRONG))
    assert {name: entry.kind for name, entry in compiler.known.entries.items()} == {"u": "input", "y": "output", "x": "output"}
    assert set(compiler.known.sizes) == {"u"}
    assert compiler.known is compiler.known
