"""Ways laid over one another, as a page."""

from __future__ import annotations

import re

import numpy as np
import pytest

import hdsl
from hdsl.show.overlay import Course, Overlay, figures, overlay_html
from hdsl.show.report import Line, Results

T = np.linspace(0, 2, 41)
LATE = np.linspace(0, 2, 11)


def overlay(**changed: object) -> Overlay:
    given = {
        "name": "two <ways>",
        "courses": [
            Course("slow", T, {"h": np.sin(T), "W": np.ones((41, 2, 4)), "p": np.stack([T, T**2], 1)}),
            Course("fast", LATE, {"h": np.cos(LATE), "W": np.ones((11, 2, 4)), "p": np.stack([LATE, LATE], 1)}),
        ],
        "names": ["h", "W", "p"],
        "marks": {"h": 0.75},
        "mark": "they part",
        "tables": [Results("costs", ("J",), (Line("slow", ("1.5",), True),), "a note")],
        "headline": [("1.5", "J of slow")],
        "settings": {"horizon": "2"},
        "command": "hdsl optimum <file>",
    }
    return Overlay(**{**given, **changed})  # type: ignore[arg-type]


def test_few_numbers_have_a_plot_each_and_many_their_norm() -> None:
    told = [figure.caption for figure in figures(overlay())]
    assert told == [
        "h over time; they part at t = 0.75.",
        "norm2(W) over time.",
        "p[0] over time.",
        "p[1] over time.",
    ]


def test_each_way_is_in_each_plot_that_has_it() -> None:
    first, *_ = figures(overlay())
    assert re.findall(r">(slow|fast)</text>", str(first.svg)) == ["slow", "fast"]
    alone = Course("slow", T, {"h": np.sin(T)})
    (only,) = figures(overlay(courses=[alone, Course("fast", LATE, {})], names=["h"]))
    assert re.findall(r">(slow|fast)</text>", str(only.svg)) == ["slow"]


def test_a_mark_is_a_line_of_its_own() -> None:
    marked, plain = (
        str(figures(overlay(marks=m, names=["h"]))[0].svg).count("stroke-dasharray") for m in ({"h": 1}, {})
    )
    assert marked == plain + 1


def test_the_page_tells_all_and_is_the_same_again() -> None:
    model = hdsl.loads("ham 1\nstate h = 1\nparam w = 1\nh' = -w*h\ncost c = h^2\nlearn\n    eta = 1\n")
    made = overlay_html(overlay(), model.compiler.equations, model.compiler.step, "9.9")
    assert made == overlay_html(overlay(), model.compiler.equations, model.compiler.step, "9.9")
    for told in ("two &lt;ways&gt;", "hdsl optimum &lt;file&gt;", "a note", "J of slow", "<td>1.5</td>", "hdsl 9.9"):
        assert told in made
    assert made.count("<svg") == 4
    assert "http://" not in made.replace("http://www.w3.org", "")


@pytest.mark.parametrize("values", [np.array([0.0, np.nan, 1.0]), np.array([0.0, np.inf, 1.0])])
def test_what_is_not_finite_is_left_out(values: np.ndarray) -> None:
    (figure,) = figures(overlay(courses=[Course("slow", T[:3], {"h": values})], names=["h"]))
    assert "nan" not in str(figure.svg).lower() and "inf" not in re.sub(
        r"<[^>]*info[^>]*>", "", str(figure.svg).lower()
    )
