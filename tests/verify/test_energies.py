"""Certificates of mechanical systems: what is right holds, and what is wrong is told."""

from __future__ import annotations

import pytest

from hdsl.compiler import Compiler
from hdsl.derive import mechanics
from hdsl.syntax.source import Source
from hdsl.verify.certificate import certify
from hdsl.verify.lines import certificate_lines

TEXT = "state q[2] = [1, 2]\ncostate p of q = 0\nhamiltonian H = squared(p)/2 + sum(q^4) + {}\nlearn\n step = {}\n tau = 0.01"


@pytest.mark.parametrize(
    ("more", "step"),
    [("q[0]*q[1]", "leapfrog"), ("sin(t)*q[0]", "yoshida4"), ("p[0]*q[1]*cos(t)", "implicit-midpoint"), ("p[0]*q[1]", "rk4")],
)
def test_every_equation_holds_by_every_judge(more: str, step: str) -> None:
    made = certify(Compiler(Source(TEXT.format(more, step))), points=1)
    assert made.ok, certificate_lines(made)
    judges = {row.judge for row in made.rows if row.name.startswith("dot:")}
    assert judges == {"autograd", "differences", "change", "remainder", "sympy"}
    assert {row.name for row in made.rows if row.judge == "order"} == {"q+", "p+"}
    assert certificate_lines(made)[0] == f"model: {step}" or step in certificate_lines(made)[0]


def test_a_wrong_sign_is_found_by_autograd_differences_and_sympy(monkeypatch: pytest.MonkeyPatch) -> None:
    right = mechanics._moved
    monkeypatch.setattr(mechanics, "_moved", lambda w, name, parts, sign, spans: right(w, name, parts, 1, spans))
    made = certify(Compiler(Source(TEXT.format("0", "leapfrog"))), points=1)
    wrong = {(row.name, row.judge) for row in made.rows if not row.ok}
    assert {("dot:p", judge) for judge in ("autograd", "differences", "sympy")} <= wrong
    assert ("p+", "walk") in wrong and not any(name == "dot:q" for name, _ in wrong)


def test_a_step_that_is_not_the_one_that_it_says_is_found() -> None:
    made = Compiler(Source(TEXT.format("0", "leapfrog")))
    text = made.torch
    kicked = [line for line in text.splitlines() if line.strip().startswith("p.") or "p_2 = " in line]
    assert len(kicked) > 3 and all("q" in line for line in kicked)
    made.__dict__["torch"] = text.replace("alpha=tau)", "alpha=0.9 * tau)")
    assert not certify(made, points=1).ok
