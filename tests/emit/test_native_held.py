"""Which moves can be held back, and by which numbers; what it takes for each to be refused."""

from __future__ import annotations

import math

import pytest

import hdsl
from hdsl.emit.holding import Holding, holding_of
from hdsl.emit.native_expression import NativePrinter
from hdsl.emit.native_held import Held, held_back, without
from hdsl.emit.native_module import _Module, emit_native
from hdsl.optimise.program import check_program
from hdsl.terms.term import slot_name
from tests.proofs.held_models import DEEP

NET = """ham 1
dim n = 8, m = 6
input u[m]
target v[n]
state h[n] = 0
param W[n, n] = normal(0, 1)
param U[n, m] = normal(0, 1)
h' = -h + tanh({sum})
output y = h
cost fit = 1/2 * squared(y - v){further}
learn
    eta = 0.5
    beta = 0.1
    tau = 0.4
    order = {order}
"""


def found(text: str, batch: int = 1, holding: Holding | None = None, **sizes: int) -> dict[str, Held]:
    programs = hdsl.loads(text).product("program")
    module = _Module(programs, "0", sizes or {"n": 8, "m": 6}, batch, "double")
    projections = programs.projections.values()
    held = held_back(module.native, programs.learn, projections, module.outside, holding or holding_of(5))
    return {each.param: each for each in held}


def net(sum: str = "W @ h + U @ u", further: str = "", order: str = "semi-implicit") -> str:
    return NET.format(sum=sum, further=further, order=order)


@pytest.mark.parametrize(
    ("text", "held"),
    [
        (net(), {"W", "U"}),
        (net("W.T @ h + U @ u"), {"W", "U"}),
        (net("(W - W.T) @ h + U @ u"), {"U"}),  # read as a matrix
        (net("W @ tanh(W @ h) + U @ u"), {"U"}),  # two outer products a step
        (net(further=" + 0.1*sum(U * U)"), {"W"}),  # a cost wants to know it
        (net(further="\nproject W = W / sqrt(sum(W * W)) every 3"), {"U"}),
        (net(further="\nconst r[n] = 1").replace("tanh(W", "tanh(r * (W").replace("u)", "u))"), {"W", "U"}),
    ],
)  # fmt: skip
def test_what_meets_vectors_alone_is_held_back(text: str, held: set[str]) -> None:
    assert found(text).keys() == held


def test_streams_beside_one_another_and_small_matrices_are_not() -> None:
    assert not found(net(), batch=2)
    assert found(net(), holding=Holding(5, 64, 64, 1, 512, 0)).keys() == {"W"}
    assert not found(net(), holding=holding_of(0))
    assert not found(net(), holding=holding_of(None))


@pytest.mark.parametrize("order", ["simultaneous", "semi-implicit", "sequential"])
def test_the_numbers_of_a_step_are_those_of_the_order(order: str) -> None:
    """W ← W + rate w + own₀ g and w ← keep w + own₁ g, as `1-mathematics` has them for each order."""
    values = {"learn:eta": 0.5, "learn:beta": 0.1, "tau": 0.4}
    printer = NativePrinter("double", lambda slot: repr(values[slot_name(slot)]), lambda _: True, None)
    held = found(net(order=order))["W"]
    told = [eval(printer.double(number), {"d_square": lambda x: x * x}) for number in (held.rate, held.keep, *held.own)]
    keep, old = 1 - 0.4 * 0.5, order == "simultaneous"
    wanted = [-0.04 * (1 if old else keep), keep, 0 if old else -0.04 * 0.4, 0.4]
    assert all(math.isclose(a, b, rel_tol=1e-12) for a, b in zip(told, wanted, strict=True))


def test_a_product_goes_from_one_step_to_the_next_where_the_new_state_is_met_too() -> None:
    for order, carried in (("sequential", "h"), ("semi-implicit", ""), ("simultaneous", "")):
        held = found(DEEP.format(order=order, eta=1), n=37, m=21, d=3)
        assert {name: each.carried for name, each in held.items() if name != "W"} == dict.fromkeys("UVRC", "")
        assert held["W"].carried == carried


def test_the_program_without_moves_holds_together() -> None:
    programs = hdsl.loads(net()).product("program")
    held = found(net())
    rest = without(programs.learn, tuple(held.values()))
    check_program(rest)
    assert {"W", "w:W", "U", "w:U"}.isdisjoint(rest.cells) and {"h", "z:h"} <= {*rest.cells}
    assert not {f"{name}+" for name in ("W", "w:W")} & {line.name for line in rest.lines}


def test_the_text_tells_what_it_holds_back() -> None:
    text = emit_native(hdsl.loads(net()).product("program"), "0", {"n": 8, "m": 6}, 1, "float", holding_of(4))
    assert (text.held, text.over) == (("W", "U"), 4) and "learn_held" in text.text
    plain = emit_native(hdsl.loads(net()).product("program"), "0", {"n": 8, "m": 6}, 1, "float")
    assert (plain.held, plain.held_work) == ((), 0) and "held" not in plain.text
    assert plain.work == text.work
