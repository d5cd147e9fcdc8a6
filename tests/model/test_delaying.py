"""Definitions delayed from outside: the model is that of the file in which the delays are written."""

from __future__ import annotations

from pathlib import Path

import pytest

import hdsl
from hdsl.emit.content import content_hash

HEAD = """ham 1
model net
dim n = 3, m = 2
input u[n]
target v[m]
component dense(x[k], n) {
    param W[n, k] = glorot
    return tanh(W @ x)
}
component block(x[n]) {
    param V[n, n] = orthogonal
    let inner = tanh(V @ x)
    return RETURN
}
def twice(x[n]) = TWICE
"""
TAIL = """param C[m, n] = glorot
output y = C @ last
let away = C @ last - v
cost fit = squared(away)
learn
    eta = 1
    beta = 0.1
"""


def text_of(lines: str, inner: str = "x + inner", twice: str = "2 * x") -> str:
    return HEAD.replace("RETURN", inner).replace("TWICE", twice) + lines + TAIL


PLAIN = "param A[n, n] = orthogonal\nlet a = tanh(A @ u)\nlet b = dense(a, n)\nlet last = repeat(2, block, b)\n"


@pytest.mark.parametrize(
    ("delay", "lines", "inner"),
    [
        (["a"], PLAIN.replace("tanh(A @ u)", "delay(tanh(A @ u))"), "x + inner"),
        ("b", PLAIN.replace("dense(a, n)", "delay(dense(a, n))"), "x + inner"),
        ("last.1, last.2", PLAIN, "delay(x + inner)"),
        ("last", PLAIN.replace("repeat(2, block, b)", "delay(repeat(2, block, b))"), "x + inner"),
        (["a", "b"], PLAIN.replace("tanh(A @ u)", "delay(tanh(A @ u))").replace("dense(a, n)", "delay(dense(a, n))"), None),
    ],
)
def test_the_model_is_that_of_the_file_with_its_delays_written(delay: list[str] | str, lines: str, inner: str | None) -> None:
    delayed = hdsl.loads(text_of(PLAIN), delay=delay).product("model")
    written = hdsl.loads(text_of(lines, inner or "x + inner")).product("model")
    assert content_hash(delayed) == content_hash(written) != content_hash(hdsl.loads(text_of(PLAIN)).product("model"))


def test_a_definition_inside_a_component_and_copies_of_a_function() -> None:
    inside = HEAD.replace("tanh(V @ x)", "delay(tanh(V @ x))").replace("RETURN", "x + inner").replace("TWICE", "2 * x") + PLAIN
    found = hdsl.loads(text_of(PLAIN), delay="last.1.inner,last.2.inner").product("model")
    assert content_hash(found) == content_hash(hdsl.loads(inside + TAIL).product("model"))
    copies = "let last = repeat(2, twice, u)\n"
    found = hdsl.loads(text_of(copies), delay="last.1,last.2").product("model")
    assert list(found.dynamics) == ["last.1.delay", "last.2.delay"]


def test_all_is_every_definition_on_the_way_that_reads_a_parameter() -> None:
    """Not `away`, which knows the target, nor names that only stand for others, nor what is delayed as it is written."""
    lines = PLAIN.replace("let b", "let slow = A + A\nlet same = a\nlet b") + "param D[n, n] = 0\nlet idle = D @ u\n"
    found = hdsl.loads(text_of(lines), delay="all").product("model")
    assert list(found.dynamics) == ["a.delay", "b.delay", "last.1.inner.delay", "last.2.inner.delay"]
    again = hdsl.loads(text_of(lines.replace("tanh(A @ u)", "delay(tanh(A @ u))")), delay="all").product("model")
    assert content_hash(again) == content_hash(found)


def test_a_plain_deep_net_with_all_delayed_is_the_one_that_ships(tmp_path: Path) -> None:
    """The layers of `deep_delayed`, its delay taken out, are delayed again as definitions of their own."""
    from hdsl.resources import folder

    shipped = (folder("models") / "deep_delayed.ham").read_text(encoding="utf-8")
    assert shipped.count("return delay(relu(W @ x + b))") == 1
    plain = shipped.replace("return delay(relu(W @ x + b))", "return relu(W @ x + b)")
    (tmp_path / "plain.ham").write_text(plain, encoding="utf-8")
    found, wanted = hdsl.load(tmp_path / "plain.ham", delay="all"), hdsl.load("deep_delayed")
    assert content_hash(found.product("model")) == content_hash(wanted.product("model"))
    net = found.compile()(batch=1)
    assert net.content == wanted.compile()(batch=1).content
    assert "first.delay" in net.equations.state


@pytest.mark.parametrize(
    ("delay", "message"),
    [
        ("y", r"`y` cannot be delayed[\s\S]*it is an output \(line 21\), not a `let` definition"),
        ("last.3", "there is no `let` definition `last.3` to delay"),
        ("lsat", r"to delay[\s\S]*did you mean `last`\?"),
        ("A", r"`A` cannot be delayed[\s\S]*it is a param"),
        ("away", "the dynamics of `away.delay` depends? on"),
    ],
)
def test_what_cannot_be_delayed_is_said(delay: str, message: str) -> None:
    with pytest.raises(hdsl.ModelError, match=message):
        hdsl.loads(text_of(PLAIN), delay=delay)
