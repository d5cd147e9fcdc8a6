"""Which matrices a run leaves where they lie."""

import hdsl
from hdsl.emit import large
from hdsl.runtime import loop

TEXT = """ham 1
model wide
dim n = 4, m = 3
input u[m]
target v[n]
state h[n] = 0.1
param W[n, n] = normal(0, 0.3)
param U[n, m] = normal(0, 0.3)
param b[n] = 0.1
h' = -h + tanh(W @ h + U @ u + b)
output y = h
cost fit = 1/2 * squared(y - v)
"""


def left(**sizes):
    model = hdsl.loads(TEXT, **sizes).product("model")
    return large.too_large(model, ("W", "U"))


def test_the_largest_are_left_until_the_others_may_be_copied():
    assert left(n=700) == frozenset()
    assert left(n=1024) == {"W"}
    assert left(n=1024, m=1024) == {"W", "U"}


def test_it_is_what_a_run_copies_at_most():
    assert large.MANY == loop.MANY


def test_a_size_without_a_number_counts_as_nothing():
    model = hdsl.loads(TEXT.replace("n = 4", "n").replace("param b[n] = 0.1", "param b[m] = 0").replace(" + b)", ")"))
    assert large.too_large(model.product("model"), ("W", "U")) == frozenset()


def test_a_large_module_is_not_copied_and_runs_as_a_small_one_does():
    net = hdsl.loads(TEXT, n=1024).compile()()
    assert {net.cells[k] for k in net.beside} == {"U", "b", "w:U", "w:b"}
    assert loop.pays(net, net._cells())
