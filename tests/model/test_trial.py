from __future__ import annotations

import pytest

from hdsl.compiler import Compiler
from hdsl.resources import folder
from hdsl.syntax.source import Source

REST = "input u[3]\noutput y = 2*u\ncost fit = squared(y)\n"


def said(text: str) -> list[str]:
    return [found.message for found in Compiler(Source(text + REST)).diagnostics if found.severity == "error"]


@pytest.mark.parametrize(
    "component",
    [
        "component c(x[m], n) {\n param W[n, m] = glorot\n return W @ x\n}\n",
        "component c(x, n) {\n param W[n, n] = glorot\n return W @ x\n}\n",  # x may be anything
        "component c(x[m], count) {\n return repeat(count, d, x)\n}\ncomponent d(x[m]) { return x }\n",
        "component c(x[m], k = 2) {\n return x[k] + x[5]\n}\n",  # positions are looked at where the sizes are known
        "component c(x[m]) {\n return x + [1, 2, 3]\n}\n",
        "def f(x[m], y[m]) = x*y\n",
        "component c(x[m]) {\n param P[m] = 0\n return d(x, x) + P\n}\ndef d(x, y) = x*y\n",
    ],
)
def test_what_some_sizes_would_put_right_is_not_reported(component: str) -> None:
    assert said(component) == []


@pytest.mark.parametrize(
    "component, message",
    [
        ("component c(x[m], n) {\n param W[n, n] = glorot\n return W @ x\n}\n", "`W @ x` contracts n with m"),
        ("def f(x[m], y[n]) = x + y\n", "`x + y` adds [m] and [n]"),
        ("component c(x[m], y) { return inv(x) + y }\n", "`inv` takes a square matrix"),
        ("component c(x[m]) { return d(x) }\ncomponent d(x[m, m]) { return x }\n", "the argument `x` of `d` is [m]"),
    ],
)
def test_what_no_sizes_put_right_is_said_once(component: str, message: str) -> None:
    (told,) = said(component)
    assert told.startswith(message)


@pytest.mark.parametrize(
    "component",
    [
        "component c(x, n) {\n param W[n, n] = glorot\n let e = 2*x\n return W @ e + BAD\n}\n",
        "component c(x, n) {\n param W[n, n] = glorot\n state s[n] = 0\n let e = 2*x\n s' = e + BAD\n return s\n}\n",
        "component c(x, n) {\n param W[n, n] = glorot\n return delay(2*x) + BAD\n}\n",
        "component c(x, n) {\n let e = d(2*x, n)\n return e\n}\n"
        "component d(y[m], n) {\n param W[n, n] = glorot\n param V[m] = 0\n return y + V + BAD\n}\n",
        "component c(x, n) {\n let e = sum(2*x)\n return repeat(2, d, e, n)\n}\n"
        "component d(y, n) {\n param W[n, n] = glorot\n return y + BAD\n}\n",
    ],
)
def test_a_trial_goes_on_behind_what_may_be_anything(component: str) -> None:
    assert said(component.replace("BAD", "sum(W)")) == []
    assert said(component.replace("BAD", "sum(concat(W, W) + W)")) == ["`concat(W, W) + W` adds [2*n, n] and [n, n]"]


def test_the_parts_that_ship_pass_their_trial() -> None:
    for path in sorted((folder("models") / "parts").glob("*.ham")):
        assert said(path.read_text(encoding="utf-8") + "\n") == []


def test_a_trial_leaves_the_model_alone() -> None:
    unused = "component c(x[m], n) {\n param W[n, m] = glorot\n state s[n] = 0\n next s = W @ x\n return s\n}\n"
    model = Compiler(Source(unused + REST)).model
    assert set(model.quantities) == {"u"} and not model.dynamics and not model.dims
