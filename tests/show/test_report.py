"""The report of a run: everything is there, the same each time, in a file that needs nothing."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from hdsl.resources import folder
from hdsl.show.report import ZOOM, Line, Record, Results, Run, Series, began, figures, model_card, report_html
from hdsl.terms.notation import Notation

MODELS = sorted(path.stem for path in folder("models").glob("*.ham"))
DAILY = ("lqr", "gru", "pendulum", "sunspots")  # the page inside it is judged for every model by test_html.py


def reader():
    """The reader of the tests of HTML, beside this file."""
    spec = importlib.util.spec_from_file_location("reading", Path(__file__).with_name("test_html.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.read


T = 1200
AT = np.arange(float(T))
TARGET = np.sin(AT / 20)
RUN = Run(
    name="leaky",
    stream="waves.csv",
    steps=T,
    seconds=0.5,
    rate=2400.0,
    costs={"fit": (0.1 * np.cos(AT / 20)) ** 2 + 0.01},
    series=(Series("v", AT, TARGET, TARGET + 0.1, others={"last value": np.r_[np.nan, TARGET[:-1]]}),),
    results=(Results("error / variance", ("all", "second half"), (
        Line("leaky", ("0.02", "0.02"), own=True), Line("last <value>", ("0.03", "0.03")),
    ), "figures are test-then-train"),),
    headline=(("0.83", "of the last value's error"),),
    settings={"seed": "7", "scale": "by the past"},
    command="hdsl run leaky --report leaky.html",
)  # fmt: skip


@pytest.fixture(scope="module")
def page():
    from hdsl.compiler import Compiler
    from hdsl.syntax.source import Source

    spec = importlib.util.spec_from_file_location("models", Path(__file__).with_name("conftest.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    compiler = Compiler(Source(module.LEAKY, "leaky.ham"))
    return report_html(RUN, compiler.equations, compiler.step, "1.2.3")


def test_everything_is_in_it(page):
    found = reader()(page)
    for words in (
        "Results", "Curves", "Model", "Derivation", "This run", "0.83", "of the last value's error", "1\u202f200",
        "2\u202f400", "steps a second", "waves.csv", "by the past", "hdsl run leaky --report leaky.html", "1.2.3",
        "figures are test-then-train", "last <value>", "Costate equations", "h' = -h + tanh(W @ h + U @ u + b)",
    ):  # fmt: skip
        assert words in found.text, words
    assert {"svg", "math", "table"} <= found.tags


def test_equations_lead_to_their_lines(page):
    lines = set(re.findall(r'id="line-(\d+)"', page))
    linked = set(re.findall(r'href="#line-(\d+)"', page))
    assert linked and linked <= lines
    assert re.search(r'<li id="line-16">h&#39; = -h', page)


def test_it_is_the_same_each_time(page, product):
    compiler = product("leaky")
    assert report_html(RUN, compiler.equations, compiler.step, "1.2.3") == page


def test_it_adapts_to_dark_and_to_paper(page):
    assert "prefers-color-scheme: dark" in page and "@media print" in page and 'name="viewport"' in page


@pytest.mark.parametrize("name", [pytest.param(n, marks=[pytest.mark.slow] * (n not in DAILY)) for n in MODELS])
def test_a_report_of_every_model(product, name):
    compiler = product(name)
    bare = Run(name, "none", 1, 0.1, 10.0, costs={})
    found = reader()(report_html(bare, compiler.equations, compiler.step, "1"))
    assert "Curves" not in found.text and "Results" not in found.text


def test_a_long_series_is_shown_late_and_whole():
    assert [f.caption.split(" of ")[0] for f in figures(RUN)] == [
        f"The last {ZOOM} samples",
        f"All {T} samples",
        "Squared error over the variance",
        "The costs as they were learned from, running means over 20 steps.",
    ]
    short = replace(RUN.series[0], at=AT[:90], target=TARGET[:90], prediction=TARGET[:90], others={})
    assert len(figures(replace(RUN, series=(short,)))) == 2


def test_what_was_never_there_has_no_plot():
    nothing = np.full(5, np.nan)
    empty = Series("v", np.arange(5.0), nothing, nothing)
    assert figures(replace(RUN, series=(empty,), costs={"fit": nothing})) == ()


def test_the_card_of_a_model(product):
    card = {entry.symbol: entry for entry in model_card(product("two").model)}
    omega = card[r"\omega"]
    assert (omega.role, omega.size, omega.begins) == ("param", "n", "uniform(0, 1)")
    assert omega.doc == "the frequency of each oscillator" and omega.line == 11
    assert card["b"].begins == "[1, 2, 0.5]" and card[r"\alpha"].role == "const"
    assert card["y"].role == "output" and card[r"\mathrm{fit}"].role == "cost"
    net = {entry.symbol: entry for entry in model_card(product("net").model)}
    assert net["c"].begins == "index below k" and net["W_{1}"].size == r"n \times d" and net["W_{1}"].begins == "glorot"


def test_beginnings_as_they_were_written(product):
    plain = Notation("text", ())
    quantities = product("leaky").model.quantities
    assert began(quantities["W"].initial, plain) == "normal(0, 1 / √n)"
    assert began(quantities["U"].initial, plain) == "normal(0, 0.25)"
    assert began(quantities["h"].initial, plain) == "0"


def test_what_is_heavy_is_imported_late():
    names = "hdsl.show.report, hdsl.show.html, hdsl.show.plots, hdsl.show.mathml"
    late = "matplotlib", "jinja2", "latex2mathml", "torch", "markupsafe"
    program = f"import sys, {names}; print(*[n for n in {late!r} if n in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == ""


def test_links_lead_to_the_lines_of_files_that_are_used(tmp_path):
    from hdsl.compiler import Compiler
    from hdsl.syntax.gather import gather
    from hdsl.syntax.source import Source

    (tmp_path / "parts.ham").write_text("component logged(x) {\n    param w = 1\n    return tanh(log(w * x))\n}\n")
    text = 'use "parts.ham"\ninput u\ntarget v\noutput y = logged(u)\ncost fit = (y - v)^2\n'
    compiler = Compiler(gather(Source(text, "net.ham"), tmp_path))
    told = report_html(RUN, compiler.equations, compiler.step, "1.2.3")
    assert '<a href="#line-4">4</a>, <a href="#line-parts.ham-3">parts.ham:3</a>' in told
    assert '<a href="#line-parts.ham-2">parts.ham:2</a>' in told
    assert set(re.findall('href="#(line-[^"]*)"', told)) <= set(re.findall('id="(line-[^"]*)"', told))


def test_a_record_is_drawn_number_by_number_or_as_a_whole():
    few, many = Record("H", AT, TARGET[:, None]), Record("z.h", AT, np.outer(TARGET, np.arange(9.0)))
    drawn = figures(replace(RUN, series=(), costs={}, records=(few, many)))
    assert [f.caption for f in drawn] == [
        "H, as recorded after each step.",
        "The 9 numbers of z.h, as recorded after each step: Euclidean norm, lowest and highest.",
    ]
    assert ">lowest<" in drawn[1].svg
