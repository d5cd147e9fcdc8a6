"""`hdsl verify` of a model that replays: it agrees, and says of a way back that is wrong where it is."""

from __future__ import annotations

import pytest

from hdsl.compiler import Compiler
from hdsl.syntax.source import Source
from hdsl.verify.certificate import certify
from hdsl.verify.judgement import Errors
from hdsl.verify.lines import certificate_lines
from hdsl.verify.points import sized
from hdsl.verify.replaying import judge_replay

TEXT = """ham 1
model told
dim n = 2
input u[n]
target v
state h[n] = B @ u
state s = 0.3
param W[n, n] = normal(0, 0.5)
param B[n, n] = normal(0, 0.5)
param k = 0.7
h' = -h + tanh(W @ h + u)
s' = -k*s
output y = sum(h) + s
cost fit = 1/2*(y - v)^2
cost decay = 0.1*squared(W)
cost own = 0.1*squared(h)
project k = clip(k, 0, 1) every 2
learn
    schedule = replay
    first = undamped
    tau = 0.5
    phi = 0.3 + 0.1*t
    eta.state = 0.2
    eta.param = 0.7/tau
    beta = 0.1
"""


@pytest.fixture(scope="module")
def compiler() -> Compiler:
    return Compiler(Source(TEXT, "told.ham"))


def wrong(compiler: Compiler, torch_text: str = "", numpy_text: str = "") -> set[tuple[str, str]]:
    errors, model = Errors(), compiler.model
    found = sized(model, model.written, {}, {})
    judge_replay(found, torch_text or compiler.torch, numpy_text or compiler.numpy, errors, 0)
    return {(row.name, row.judge) for row in errors.rows("step", {}) if not row.ok}


def test_a_replay_agrees_with_every_judge(compiler: Compiler) -> None:
    certificate = certify(compiler, points=1)
    assert certificate.ok, [row for row in certificate.rows if not row.ok]
    judged = {(row.name, row.judge) for row in certificate.rows if row.group == "step"}
    cells = ("h", "s", "z:h", "z:s", "w:W", "w:k", "W", "B", "k")
    assert {(f"{cell}+", judge) for cell in cells for judge in ("walk", "numpy")} <= judged
    told = certificate_lines(certificate)
    assert told[0].startswith("told: replay, n = 2") and any("goes back over a whole sequence" in line for line in told)


@pytest.mark.parametrize("tokens", [1, 2])
def test_a_replay_that_fires_before_a_window_ends_is_judged_where_it_fires(tokens: int) -> None:
    assert wrong(Compiler(Source(TEXT.replace("= replay", f"= replay({tokens})"), "told.ham"))) == set()


@pytest.mark.parametrize(("right", "instead", "cells"), [
    ("given += tuple(torch.stack(column[::-1])", "given += tuple(torch.stack(column)", {"w:W+"}),
    ("self._turn(cells, self.tau)", "pass", {"w:W+", "w:k+"}),
    ("reversed(rows), reversed(taus)", "reversed(rows), taus", {"z:h+"}),
    ("states[1:].flatten(0, 1)", "states[:-1].flatten(0, 1)", {"z:h+"}),
    ("(~self.waits).to", "(self.waits == self.waits).to", {"w:W+"}),
    ("(self.replays == 0)", "(self.replays < 0)", {"w:W+", "z:h+"}),
])  # fmt: skip
def test_a_fault_in_the_text_is_seen(compiler: Compiler, right: str, instead: str, cells: set[str]) -> None:
    assert right in compiler.torch
    found = wrong(compiler, compiler.torch.replace(right, instead))
    assert {(cell, "walk") for cell in cells} <= found


def test_a_fault_in_the_reference_is_seen_by_the_reference_alone(compiler: Compiler) -> None:
    text = compiler.numpy
    place = text.index("def token(given)")
    changed = text[:place] + text[place:].replace("/ batch", "* 1.0")
    found = wrong(compiler, numpy_text=changed)
    assert found and {judge for _, judge in found} == {"numpy"}


def test_what_stops_the_module_is_a_finding(compiler: Compiler) -> None:
    text = compiler.torch.replace("def _before(self,", "def _behind(self,")
    assert wrong(compiler, text) == {("the generated replay", "walk")}
