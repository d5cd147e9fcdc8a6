"""What notebooks show: well-formed parts of a page, and the derivation in them."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import pytest

import hdsl
from hdsl.show.notebook import page_of, shown


def test_each_product_shows_its_part(product):
    compiler = product("leaky")
    keys = {name: [s.key for s in page_of(compiler.product(name)).sections] for name in ("model", "hamiltonian", "equations")}
    assert keys["hamiltonian"] == ["where", "lagrangian", "convention", "robust"]
    assert keys["equations"] == ["where", "adjoint", "state", "costate", "parameter", "settings"]
    assert keys["model"][-2:] == ["step", "departures"]


def test_the_html_is_a_part_of_a_page_and_changes_nothing_outside_itself(product):
    found = shown(product("leaky").equations, "html")
    assert "<html" not in found and "<script" not in found and "<math" in found
    tree = ElementTree.fromstring(re.sub(r"&(?!#|lt;|gt;|amp;)", "&amp;", found))
    assert tree.get("class") == "hdsl"
    (style,) = [e.text for e in tree.iter() if e.tag == "style"]
    assert all(line.startswith(".hdsl ") for line in style.strip().splitlines())


@pytest.mark.parametrize("layout", ["markdown", "latex"])
def test_formulas_stand_between_dollars(product, layout):
    found = shown(product("leaky").equations, layout)
    assert found.count("$$") % 2 == 0 and found.count("$$") >= 2
    assert r"\dot{z} &= \varphi C^{\top} e" in found
    assert found.count(r"\begin{") == found.count(r"\end{")


def test_what_has_no_page():
    with pytest.raises(TypeError, match="there is no page for int"):
        page_of(3)


def test_an_audit_shows_its_tables_and_has_no_latex() -> None:
    audit = hdsl.load("iris_linear").audit
    html, markdown = audit._repr_html_(), audit._repr_markdown_()
    assert html is not None and "torch.optim.SGD" in html and "<html" not in html and "<style" not in html
    assert ElementTree.fromstring(html).get("class") == "hdsl"
    assert markdown is not None and markdown.startswith("# iris\\_linear: audit")
    assert audit._repr_latex_() is None
