"""That both backends agree with these meanings at every shape is judged in `tests/terms/test_row.py`; here by hand."""

from __future__ import annotations

import numpy as np

from hdsl.terms.arranged import ARRANGED
from hdsl.terms.chosen import CHOSEN
from hdsl.verify.arrangements import ARRANGEMENTS

X = np.arange(6.0).reshape(2, 3)


def test_every_row_that_moves_or_chooses_has_its_meaning():
    assert ARRANGEMENTS.keys() == {row.name for row in (*ARRANGED, *CHOSEN)}


def test_a_slice_and_what_puts_it_back():
    places = {"places": ((1,), (0, 3, 2))}
    assert ARRANGEMENTS["slice"]([X], places, (2,)).tolist() == [3, 5]
    assert ARRANGEMENTS["place"]([np.array([1.0, 2.0])], places, (2, 3)).tolist() == [[0, 0, 0], [1, 0, 2]]


def test_pieces_and_diagonals():
    assert ARRANGEMENTS["concat"]([X, X], {"axis": -1}, (2, 6)).tolist() == np.hstack([X, X]).tolist()
    assert ARRANGEMENTS["stack"]([X[0], X[1]], {"axis": -1}, (3, 2)).tolist() == X.T.tolist()
    assert ARRANGEMENTS["diag"]([X[0]], {}, (3, 3)).tolist() == np.diag(X[0]).tolist()
    assert ARRANGEMENTS["diagonal"]([X[:, :2]], {}, (2,)).tolist() == [0, 4]


def test_rows_that_an_index_chooses():
    k = np.array(1)
    assert ARRANGEMENTS["embed"]([X, k], {}, (3,)).tolist() == [3, 4, 5]
    assert ARRANGEMENTS["scatter"]([X[0], k], {"below": 2}, (2, 3)).tolist() == [[0, 0, 0], [0, 1, 2]]
