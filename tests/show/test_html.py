"""HTML: one file, well formed, nothing from outside, and no text of a model taken for markup."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from hdsl.compiler import Compiler
from hdsl.show.derivation import derivation_page
from hdsl.show.html import ham_lines, page_html
from hdsl.syntax.source import Source

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
    return page_html(derivation_page(compiler.equations, compiler.step, "latex"))


def test_a_derivation_of_every_model(product, model):
    compiler = product(model)
    reader = read(page_of(compiler))
    assert compiler.model.name in reader.text
    assert {"math", "style", "table"} <= reader.tags
    assert "State equations" in reader.text or not compiler.model.dynamics


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
