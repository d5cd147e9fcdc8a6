"""Numbers in place of a quantity; that what comes of it is right is judged in test_stationarity.py."""

from __future__ import annotations

import sympy

from hdsl.compiler import Compiler
from hdsl.derive.fixed import Fixed
from hdsl.derive.workspace import Workspace
from hdsl.syntax.source import Source
from hdsl.terms.term import Contraction, Definition, Elementwise, Structured, indices, size, slot

i, j = indices(2)
N = size("n")


def fixed(number: int, *lines: Definition) -> tuple[Fixed, Workspace]:
    text = "ham 1\ndim n = 2\nparam A[n, n] = 1\nparam b[n] = 1\nstate v[n] = 0\nv' = A @ b\n"
    workspace = Workspace(Compiler(Source(text, "m.ham")).model)
    for line in lines:
        workspace.append(line)
    return Fixed(workspace, {line.name: line for line in lines}, "v", sympy.Integer(number)), workspace


def test_plain_arithmetic_is_put_into_its_readers() -> None:
    e = Definition("e", Elementwise(slot("v", (i,)) + slot("b", (i,))), (N,))
    found, workspace = fixed(0, e)
    before = workspace.mark
    assert found.value(2 * slot("e", (j,))) == 2 * slot("b", (j,))
    assert workspace.since(before) == []


def test_what_a_sum_reads_is_0() -> None:
    c = Definition("c", Contraction((slot("A", (i, j)), slot("v", (j,))), ((j, N),)), (N,))
    found, _ = fixed(0, c)
    assert found.value(slot("c", (i,)) + slot("b", (i,))) == slot("b", (i,))


def test_a_1_goes_where_its_index_is_summed_with_another() -> None:
    c = Definition("c", Contraction((slot("A", (i, j)), slot("v", (j,))), ((j, N),)), (N,))
    found, workspace = fixed(1, c)
    before = workspace.mark
    found.value(slot("c", (i,)))
    (made,) = workspace.since(before)
    assert made.body == Contraction((slot("A", (i, j)),), ((j, N),))


def test_a_1_alone_is_kept_for_its_sum() -> None:
    c = Definition("c", Contraction((slot("v", (i,)),), ((i, N),)))
    found, workspace = fixed(1, c)
    before = workspace.mark
    found.value(slot("c"))
    one, made = workspace.since(before)
    assert one.body == Elementwise(sympy.Integer(1)) and made.body == Contraction((slot(one.name, (i,)),), ((i, N),))


def test_a_structured_operation_reads_a_definition() -> None:
    s = Definition("s", Structured("softmax", ("v",), (("axis", -1),)), (N,))
    found, workspace = fixed(0, s)
    before = workspace.mark
    found.value(slot("s", (i,)))
    zero, made = workspace.since(before)
    assert zero.sizes == (N,) and isinstance(made.body, Structured) and made.body.operands == (zero.name,)
