"""A certificate as a page."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from hdsl.compiler import Compiler
from hdsl.syntax.source import Source
from hdsl.verify.certificate import certify
from hdsl.verify.judgement import Row
from hdsl.verify.page import certificate_html

TEXT = """
input u[2]
target v[2]
state h[2] = 0
param W[2, 2] = 0
h' = -h + W @ u                               # <b>not a tag</b>
output y = h + u
cost fit = 1/2 * squared(y - v)
"""


@pytest.fixture(scope="module")
def made():
    compiler = Compiler(Source(TEXT, "page.ham"))
    return compiler, certify(compiler, points=1, pullback=True)


def test_a_line_an_equation(made):
    compiler, certificate = made
    page = certificate_html(certificate, compiler, "hdsl verify page.ham")
    assert "<h1>page: all 17 equations hold</h1>" in page
    assert page.count("<tr><th><math") == 15 and "wrong</b>" not in page
    assert len(re.findall("<h2>", page)) == 4  # three groups, and the judges
    assert "&lt;b&gt;not a tag&lt;/b&gt;" in page and "<b>not a tag" not in page
    assert "<code>hdsl verify page.ham</code>" in page
    assert "http" not in re.sub(r'xmlns="[^"]*"', "", page)
    assert page == certificate_html(certificate, compiler, "hdsl verify page.ham")


def test_what_is_wrong_is_marked(made):
    compiler, certificate = made
    wrong = Row("step", "the generated step", "the generated step", "walk", float("inf"), "TypeError: <no>")
    rows = (replace(certificate.rows[0], error=1.0), *certificate.rows[1:], wrong)
    page = certificate_html(replace(certificate, rows=rows, faults=("no point",)), compiler)
    assert "<h1>page: 2 of 18 equations do not hold</h1>" in page
    assert page.count('<tr class="wrong">') == 2 and "<i>TypeError: &lt;no&gt;</i>" in page
    assert "not judged: no point" in page
