"""The page of a failure: what it was, what led to it, which line."""

from __future__ import annotations

import importlib.util
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hdsl.compiler import Compiler
from hdsl.show.failure import MOST, Failure, failure_html, lead_up
from hdsl.syntax.gather import gather
from hdsl.syntax.source import Source


def reader():
    """The reader of the tests of HTML, beside this file."""
    spec = importlib.util.spec_from_file_location("reading", Path(__file__).with_name("test_html.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.read


STEPS = np.arange(100, 150)
GROWTH = np.append(2.0 ** np.arange(49), np.inf)
FAILURE = Failure(
    "leaky", "W became infinite at step 149; made by leaky.ham:16: <W>", 16, STEPS, {"fit": GROWTH},
    {"state": {"h": GROWTH}, "costate": {f"z.{k}": (k + 1) * GROWTH for k in range(6)}, "param": {"W": np.full(50, np.nan)}},
    "hdsl run leaky --report leaky.html",
)  # fmt: skip


@pytest.fixture
def page(product):
    compiler = product("leaky")
    return failure_html(FAILURE, compiler.equations, compiler.step, "1.2.3")


def test_everything_is_in_it(page, product):
    found = reader()(page)
    for words in ("leaky: a value is not finite", FAILURE.message,
                  "The last 50 steps", "Derivation", "hdsl run leaky", "1.2.3"):
        assert words in found.text, words
    assert re.search(r'<li id="line-16" class="wrong">h&#39; = -h', page) and page.count('class="wrong"') == 1
    compiler = product("leaky")
    assert failure_html(FAILURE, compiler.equations, compiler.step, "1.2.3") == page


def test_a_plot_of_each_kind_of_which_the_highest_are_drawn():
    figures = lead_up(FAILURE)
    assert [f.caption.split(",")[0] for f in figures] == [
        "The costs", "Euclidean norms of the states", "Euclidean norms of the costates",
    ]  # fmt: skip
    assert figures[2].caption.endswith(f"The {MOST} that end highest of 6.")
    assert ">z.5<" in figures[2].svg and ">z.1<" not in figures[2].svg


def test_every_line_that_is_linked_is_there(tmp_path):
    (tmp_path / "parts.ham").write_text("component logged(x) {\n    param w = 1\n    return tanh(log(w * x))\n}\n")
    text = 'use "parts.ham"\ninput u\ntarget v\noutput y = logged(u)\ncost fit = (y - v)^2\n'
    compiler = Compiler(gather(Source(text, "net.ham"), tmp_path))
    page = failure_html(replace(FAILURE, line=4), compiler.equations, compiler.step, "1.2.3")
    lines, links = set(re.findall('id="(line-[^"]*)"', page)), set(re.findall('href="#(line-[^"]*)"', page))
    assert "line-parts.ham-3" in links and links <= lines
    assert re.search('<li id="line-4" class="wrong">', page) and page.count('class="wrong"') == 1
    assert "line-7" not in lines  # the model has five lines of its own, and one parts it from what it uses
