"""That both backends agree with these meanings at every shape is judged in `tests/terms/test_row.py`; here by hand."""

from __future__ import annotations

import numpy as np

from hdsl.terms import windows as rows
from hdsl.terms.term import Definition, Structured, size
from hdsl.verify.interpret import Readings, distance_to_kinks
from hdsl.verify.windows import WINDOWS, distance_to_tie

X = np.arange(12.0).reshape(1, 3, 4)
TWO = {"size": 2, "stride": 2, "pad": 0}


def test_every_row_with_windows_has_its_meaning() -> None:
    assert WINDOWS.keys() == {row.name for row in rows.WINDOWS}


def test_a_convolution_by_hand() -> None:
    kernel = np.array([[[[1.0, 0.0], [0.0, -1.0]]]])
    assert WINDOWS["conv2d"]([X, kernel], {"stride": 1, "pad": 0}, (1, 2, 3)).tolist() == [[[-5, -5, -5], [-5, -5, -5]]]
    assert WINDOWS["conv2d"]([X, kernel], {"stride": 3, "pad": 1}, (1, 2, 2)).tolist() == [[[0, -3], [0, 10]]]


def test_what_no_window_reaches_is_left_out() -> None:
    assert WINDOWS["avgpool2d"]([X], TWO, (1, 1, 2)).tolist() == [[[2.5, 4.5]]]
    assert WINDOWS["maxpool2d"]([X], TWO, (1, 1, 2)).tolist() == [[[5, 7]]]
    pulled = np.ones((1, 1, 2))
    back = {**TWO, "rest": (1, 0)}
    assert WINDOWS["avgpool2d_image"]([pulled], back, (1, 3, 4)).tolist() == [[[0.25] * 4, [0.25] * 4, [0] * 4]]
    assert WINDOWS["maxpool2d_image"]([pulled, X], back, (1, 3, 4)).tolist() == [[[0] * 4, [0, 1, 0, 1], [0] * 4]]


def test_the_border_of_an_average_counts_and_is_no_largest_entry() -> None:
    given = {"size": 2, "stride": 2, "pad": 1}
    assert WINDOWS["avgpool2d"]([-X], given, (1, 2, 3))[0, 0].tolist() == [0, -0.75, -0.75]
    assert WINDOWS["maxpool2d"]([-1 - X], given, (1, 2, 3))[0, 0].tolist() == [-1, -2, -4]


def test_a_tie_is_a_kink() -> None:
    image = np.array([[[1.0, 1.5, 0.0], [0.0, 0.0, 1.25]]])
    one_apart = {"size": 2, "stride": 1, "pad": 0}
    assert distance_to_tie(image, one_apart) == 0.25
    assert distance_to_tie(image, {"size": 1, "stride": 1, "pad": 0}) == np.inf
    sizes = (size("c"), size("h"), size("w"))
    definition = Definition("y", Structured("maxpool2d", ("x",), tuple(one_apart.items())), sizes)
    made = Readings({}, ({"x": image}, {"x": 0 * image}))
    assert distance_to_kinks([definition], made, {"c": 1, "h": 1, "w": 2}) == 0
