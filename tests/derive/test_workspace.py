"""The table a derivation adds to: fresh names, sizes, sharing, and what a pullback's additions carry."""

from __future__ import annotations

import hdsl
from hdsl.derive.workspace import Tracing, Workspace
from hdsl.syntax.source import Span
from hdsl.terms.term import Contraction, Definition, Elementwise, indices, size, slot

TEXT = """
dim n = 2
input u[n]
target v[n]
state h[n] = 0
param W[n, n] = 0
const gain = 2
h' = -h + W @ u
output y = gain * h
cost fit = squared(y - v)
learn
    eta.h = 0.5
"""
ROW, COLUMN = indices(2)
N = size("n")


def workspace():
    return Workspace(hdsl.loads(TEXT).product("model"))


def test_it_knows_cells_costates_marks_and_settings():
    table = workspace()
    assert table.sizes_of("z:h") == table.sizes_of("z:h+") == (N,)
    assert table.sizes_of("w:W") == (N, N) and table.sizes_of("present:v") == ()
    assert all(table.shared([name]) for name in ("W", "w:W", "t", "tau", "learn:phi", "learn:first", "learn:eta.h", "gain"))
    assert not any(table.shared([name]) for name in ("u", "h", "z:h", "present:v", "fit"))


def test_names_are_shared_together_only_if_each_is():
    table = workspace()
    assert table.shared([]) and table.shared(["W", "tau"]) and not table.shared(["W", "h"])
    assert table.reads_only_shared(Elementwise(slot("gain"))) and not table.reads_only_shared(Elementwise(slot("fit")))


def test_a_fresh_name_is_no_name_that_there_is():
    table = workspace()
    assert table.fresh("q") == "q" and not table.knows("q")
    made = []
    for _ in range(3):
        made.append(table.fresh("adj:a"))
        table.append(Definition(made[-1], Elementwise(slot("tau")), (), True))
    assert made == ["adj:a", "adj:a~2", "adj:a~3"]
    assert table.fresh("W") == "W2"


def test_what_is_appended_is_known_and_stands_last():
    table = workspace()
    made = table.append(Definition("X", Elementwise(slot("tau")), (N,), True))
    assert table.added[-1] is made and table.sizes_of("X") == (N,) and table.shared(["X"])


def test_a_pullbacks_definition_carries_spans_roots_and_its_sharing():
    table = workspace()
    maker = Tracing(table, (Span(1, 2),), ("fit",))
    product = Contraction((slot("W", (ROW, COLUMN)), slot("h", (COLUMN,))), ((COLUMN, N),))
    name = maker.add("p", product, (N,))
    mean = maker.add("p", Contraction((slot("h", (ROW,)),)), (N,), shared=True)
    own, averaged = table.added[-2:]
    assert (own.name, averaged.name) == (name, mean) and name != mean
    assert (own.shared, averaged.shared) == (False, True)
    assert own.spans == (Span(1, 2),) and own.roots == ("fit",) and maker.sizes_of(mean) == (N,)


def test_what_nothing_reads_yet_can_have_another_name():
    table = workspace()
    table.append(Definition("c", Elementwise(slot("h", (ROW,))), (N,)))
    table.append(Definition("c2", Elementwise(slot("c", (ROW,))), (N,)))
    assert not table.rename("c", "adj:h", (), ())  # c2 reads it
    assert not table.rename("h", "adj:h", (), ())  # it was not added
    span = Span(1, 2)
    assert table.rename("c2", "adj:h", (span,), ("fit",))
    assert [(d.name, d.spans, d.roots) for d in table.added] == [("c", (), ()), ("adj:h", (span,), ("fit",))]
    assert table.knows("adj:h") and not table.knows("c2") and table.fresh("c") == "c2"
