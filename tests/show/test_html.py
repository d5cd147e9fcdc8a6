"""HTML: one file, well formed, nothing from outside, and no text of a model taken for markup."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from hdsl.compiler import Compiler
from hdsl.show.derivation import derivation_page
from hdsl.show.html import COLOURS, ham_lines, page_html
from hdsl.syntax.source import Source
from tests.show.pages import page_of as kept_page

VOID = {"meta", "br", "hr", "img", "link", "input"}


class Reader(HTMLParser):
    """Checks that what is opened is closed, and collects ids, links and text."""

    def __init__(self, text):
        super().__init__()
        self.open, self.ids, self.links, self.tags, self.text = [], [], [], set(), ""
        self.feed(text)
        self.close()
        assert not self.open, self.open

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        found = dict(attributes)
        self.ids += [found["id"]] if "id" in found else []
        self.links += [found[name] for name in ("href", "src", "xlink:href") if name in found]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        self.open.pop()

    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag, tag

    def handle_data(self, data):
        self.text += data


def read(text):
    """A page that is well formed, has every id once, and links to nothing but itself."""
    reader = Reader(text)
    assert len(reader.ids) == len(set(reader.ids))
    assert all(link.startswith("#") and link[1:] in reader.ids for link in reader.links)
    assert not reader.tags & {"script", "iframe", "link", "object", "img"}
    outside = set(re.findall(r"https?://[^\"' )<]+", text))
    assert outside <= {"http://www.w3.org/1998/Math/MathML", "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert "@import" not in text and "url(h" not in text
    return reader


def page_of(compiler):
    return page_html(kept_page(compiler, "latex"))


def test_a_derivation_of_every_model(product, model):
    compiler = product(model)
    reader = read(page_of(compiler))
    assert compiler.model.name in reader.text
    assert {"math", "style", "table"} <= reader.tags
    assert "State equations" in reader.text or not compiler.model.dynamics


def test_a_summand_has_the_colour_of_its_root_and_says_where_that_stands(product):
    page = page_of(product("leaky"))
    found = re.findall(r'<span class="summand ([^"]*)" title="([^"]*)">', page)
    assert {
        ("root-1 of--16", "dynamics of h, line 16"),
        ("root-2 of--19", "cost fit, line 19"),
        ("root-learn of--25", "learn eta.h, line 25"),
        ("root-1 of--16 of--25", "dynamics of h, line 16; learn eta.h, line 25"),
    } <= set(found)
    legend = re.findall(r'<li class="(root-[^"]*)">([^<]*)</li>', page)
    assert legend[:3] == [("root-1", "dynamics of h"), ("root-2", "cost fit"), ("root-learn", "learn eta.h")]
    assert '<a href="#line-19">19</a> | <a href="#line-16">16</a> | <a href="#line-16">16</a> | learn' in page


def test_a_summand_and_its_line_are_shaded_together(product, model):
    page = page_of(product(model))
    rules = re.findall(r'main:has\(\[id="([^"]*)"\]:hover\) \.(\S+), main:has\(\.(\S+):hover\) \[id="([^"]*)"\] \{', page)
    assert rules and len(rules) == page.count("main:has") / 2
    ids = set(read(page).ids)
    words = {name for found in re.findall(r'class="summand ([^"]*)"', page) for name in found.split()}
    classes = {name for name in words if name.startswith("of-")}
    assert {line for line, *_ in rules} <= ids and {name for _, name, *_ in rules} == classes
    assert all(line == again and name == other for line, name, other, again in rules)


def test_more_roots_than_colours_have_them_again_and_a_summand_of_several_is_told_apart():
    states = "".join(f"state s{k} = 0\nnext s{k} = w*u\n" for k in range(20))
    costs = "output y = w*u\ncost a = (y - v)^2\ncost b = y^4\n"
    page = page_of(Compiler(Source(f"input u\ntarget v\nparam w = 0\n{states}{costs}", "m.ham")))
    legend = re.findall(r'<li class="(root-[^"]*)">', page)
    assert len(legend) == 12 and legend[0] == legend[COLOURS] != legend[1]
    assert "<li>and 12 more</li>" in page
    assert re.search(r'class="summand root-several [^"]*" title="cost a, line 45; cost b, line 46"', page)


def test_a_models_words_are_not_markup():
    text = "ham 1\n## <script>alert(1)</script> & <b>\nmodel m\nparam w = 0\ncost c = w^2\n"
    page = page_of(Compiler(Source(text, "m.ham")))
    assert "<script>" not in page and "&lt;script&gt;alert(1)&lt;/script&gt; &amp; &lt;b&gt;" in page
    read(page)


def test_a_models_text_by_lines():
    lines = ham_lines("state h[n] = 0   # <b> & state\r\n\nx = 1 < 2\x0b\n")
    assert lines == [
        '<span class="keyword">state</span> h[n] = 0   <span class="comment"># &lt;b&gt; &amp; state</span>',
        "",
        "x = 1 &lt; 2\x0b",
    ]


def test_lines_are_counted_as_messages_count_them(product, model):
    text = product(model).source.text
    assert len(ham_lines(text)) == text.removesuffix("\n").count("\n") + 1


def test_a_page_in_another_spelling_is_refused(product):
    compiler = product("leaky")
    with pytest.raises(ValueError, match="style latex"):
        page_html(derivation_page(compiler.equations, compiler.step, "text"))
