"""What is put back after a step: in a step, in a run, after a checkpoint, and not while a module only observes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from hdsl.compiler import Compiler
from hdsl.runtime.load import class_of
from hdsl.runtime.loop import loop
from hdsl.runtime.text import load_text
from hdsl.syntax.source import Source

TEXT = """ham 1
dim n = 4
input u[n]
target v[n]
state x[n] = 1
state y[n] = 0
param a[n] = uniform(0.4, 0.8)
param b[n] = uniform(0.4, 0.8)
param c[n] = uniform(0.1, 0.9)
next x = a * x - b * y + u
next y = b * x + a * y
output o = c * x
cost fit = 1/2 * squared(o - v)
learn
    tau = 0.5
    eta = 0.5
    beta = 0.01
"""
UNIT = "project a = a / sqrt(a^2 + b^2){0}\nproject b = b / sqrt(a^2 + b^2){0}\n"


def with_lines(lines: str) -> str:
    return TEXT.replace("learn\n", lines + "learn\n")


def net_of(lines: str, **options: Any) -> Any:
    compiler = Compiler(Source(with_lines(lines), "m.ham"))
    return class_of(load_text(compiler.torch, "m"))(dtype=torch.float64, **options)  # type: ignore[call-arg]


def stream(steps: int) -> tuple[torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    return tuple(torch.randn(2, steps, 1, 4, generator=generator, dtype=torch.float64).unbind())  # type: ignore[return-value]


def off(net: Any) -> float:
    """How far the moduli are from 1."""
    return float((torch.hypot(net.a, net.b) - 1).abs().max().detach())


def test_a_unit_modulus_is_kept_to_round_off() -> None:
    net = net_of(UNIT.format(""))
    for u, v in zip(*stream(50), strict=True):
        net.step(u, v)
        assert off(net) < 4 * torch.finfo(torch.float64).eps


def test_only_when_due() -> None:
    net = net_of(UNIT.format(" every 3"))
    kept = []
    for u, v in zip(*stream(9), strict=True):
        net.step(u, v)
        kept.append(off(net) < 1e-15)
    assert kept == [False, False, True] * 3


def test_each_reads_what_was_there_before() -> None:
    free, net = net_of(""), net_of("project a = b\nproject b = a\n")
    (u,), (v,) = stream(1)
    free.step(u, v)
    net.step(u, v)
    assert torch.equal(net.a, free.b)
    assert torch.equal(net.b, free.a)


def test_a_value_that_would_be_a_view_is_made_before_any_is_put_back() -> None:
    sizes = "param p[1] = 3\nparam s = 5\nparam M[2, 2] = [[1, 2], [3, 4]]\nparam r[2] = 7\n"
    cost = "cost more = 0 * (squared(p) + s^2 + squared(M) + squared(r))\n"
    net = net_of(sizes + cost + "project p = 2\nproject s = sum(p)\nproject M = M.T\nproject r = M[0]\n")
    (u,), (v,) = stream(1)
    net.step(u, v)
    assert [net.p.tolist(), net.s.tolist(), net.M.tolist(), net.r.tolist()] == [[2], 3, [[1, 3], [2, 4]], [1, 2]]


def test_a_let_has_its_value_at_the_parameters_before_any_is_put_back() -> None:
    free, net = net_of(""), net_of("let r = sqrt(a^2 + b^2)\nproject a = a / r\nproject b = b / r\n")
    (u,), (v,) = stream(1)
    free.step(u, v)
    net.step(u, v)
    modulus = torch.sqrt(free.a**2 + free.b**2)
    assert torch.allclose(net.a, free.a / modulus, rtol=1e-15, atol=0)
    assert torch.allclose(net.b, free.b / modulus, rtol=1e-15, atol=0)


def test_a_let_that_would_be_a_view_is_made_before_any_is_put_back() -> None:
    sizes = "param p[1] = 3\nparam s = 5\nparam M[2, 2] = [[1, 2], [3, 4]]\nparam r[2] = 7\n"
    cost = "cost more = 0 * (squared(p) + s^2 + squared(M) + squared(r))\n"
    lets = "let all = sum(p)\nlet turned = M.T\nlet row = M[0]\n"
    net = net_of(sizes + cost + lets + "project p = 2\nproject s = all\nproject M = turned\nproject r = row\n")
    (u,), (v,) = stream(1)
    net.step(u, v)
    assert [net.p.tolist(), net.s.tolist(), net.M.tolist(), net.r.tolist()] == [[2], 3, [[1, 3], [2, 4]], [1, 2]]


def test_costates_stay() -> None:
    free, net = net_of(""), net_of(UNIT.format(""))
    (u,), (v,) = stream(1)
    free.step(u, v)
    net.step(u, v)
    assert all(torch.equal(net.costate.get_buffer(k), free.costate.get_buffer(k)) for k in ("a", "b", "c", "x", "y"))


def test_a_module_that_observes_puts_nothing_back_but_counts() -> None:
    net = net_of(UNIT.format(" every 3"))
    before = net.a.clone()
    samples = list(zip(*stream(3), strict=True))
    net.eval()
    for u, v in samples[:2]:
        net.step(u, v)
    assert torch.equal(net.a, before)
    net.train().step(*samples[2])
    assert off(net) < 1e-15


def by_steps(net: Any, u: torch.Tensor, v: torch.Tensor) -> None:
    for row in zip(u, v, strict=True):
        net.step(*row)


def by_loop(net: Any, u: torch.Tensor, v: torch.Tensor) -> None:
    with torch.no_grad():
        loop(net, {"steps": len(u)}, net._sample(u, v, lead=(len(u),)))


def by_loop_with_boundaries(net: Any, u: torch.Tensor, v: torch.Tensor) -> None:
    with torch.no_grad():
        chunk = {"steps": len(u), "boundary": torch.zeros(len(u), 1, dtype=torch.bool)}
        loop(net, chunk, net._sample(u, v, lead=(len(u),)))


def resumed(net: Any, u: torch.Tensor, v: torch.Tensor) -> None:
    """Half of the stream by another module, whose state is then taken over."""
    other = net_of(UNIT.format(" every 3"))
    by_steps(other, u[:4], v[:4])
    net.load_state_dict(other.state_dict())
    by_loop(net, u[4:], v[4:])


def resumed_within_another(net: Any, u: torch.Tensor, v: torch.Tensor) -> None:
    other, outer = net_of(UNIT.format(" every 3")), torch.nn.ModuleDict({"inner": net})
    by_steps(other, u[:4], v[:4])
    outer.load_state_dict({f"inner.{name}": value for name, value in other.state_dict().items()})
    by_loop(net, u[4:], v[4:])


def after_a_reset(net: Any, u: torch.Tensor, v: torch.Tensor) -> None:
    start = {name: value.clone() for name, value in net.named_parameters()}
    by_steps(net, u[:2], v[:2])
    net.reset()
    with torch.no_grad():
        for name, value in start.items():
            net.get_parameter(name).copy_(value)
    by_steps(net, u, v)


@pytest.mark.parametrize("way", [by_loop, by_loop_with_boundaries, resumed, resumed_within_another, after_a_reset])
def test_every_way_to_run_gives_the_same(way: Callable[[Any, torch.Tensor, torch.Tensor], None]) -> None:
    """To round-off: a run has parameters side by side, whose products add up in another order than a step's."""
    one, other = net_of(UNIT.format(" every 3")), net_of(UNIT.format(" every 3"))
    by_steps(one, *stream(10))
    way(other, *stream(10))
    for name, value in one.state_dict().items():
        torch.testing.assert_close(other.state_dict()[name], value, rtol=1e-13, atol=1e-14)
    assert other.ticks == int(other.clock) == 10


def test_a_run_gives_the_same_bits_however_it_is_cut() -> None:
    one, other = net_of(UNIT.format(" every 3")), net_of(UNIT.format(" every 3"))
    u, v = stream(10)
    by_loop(one, u, v)
    for part in (slice(0, 1), slice(1, 5), slice(5, 10)):
        by_loop_with_boundaries(other, u[part], v[part])
    for name, value in one.state_dict().items():
        assert torch.equal(value, other.state_dict()[name]), name


def test_the_step_reads_no_clock() -> None:
    text = Compiler(Source(with_lines(UNIT.format(" every 3")), "m.ham")).torch
    assert "self._project(cells, self.ticks + 1)" in text
    assert "if tick % 3 == 0:" in text
    assert text.count("int(self.clock)") == 1  # where a state is loaded


def test_a_model_without_projections_has_none_of_it() -> None:
    text = Compiler(Source(TEXT, "m.ham")).torch
    assert "ticks" not in text and "_project" not in text
