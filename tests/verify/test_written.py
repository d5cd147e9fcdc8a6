"""What the judge reads out of a text: sizes, values, settings, and who is shared."""

import math

import pytest
import torch

from hdsl.syntax.parse import parse
from hdsl.syntax.source import Source
from hdsl.verify.written import Written, names_in

F64 = torch.float64

TEXT = """ham 1
model everything

dim q = (h - 1)/2 + 1, h = 2*n + 1
dim n = 3, m

input u[m]
input token : index(n)
target v[n]
target c : index(n)

state a[n] = 1
state b[n] = [1, sqrt(n), -2*gain]
state E[n, n] = eye
state s = 0.5
state r = 0
state still[2]

param W[n, m] = normal(0, 1)
param p = 0
const gain = 0.25
const K[2, 2] = [[1, 0], [gain, pi]]

let double = 2*s
let driven = W @ u
a' = -a + driven
next b = tanh(a) + double
E' = -E
next s = p*s + t
r' = double * tau + r

output y = b
cost fit = squared(y - v)
cost class = cross_entropy(y, c) + fit_free
let fit_free = sum(a)
cost price = 1/2*p^2 + double

reset a each sample
reset b never

learn
    order = semi-implicit
    tau = 2*gain
    eta = 0.1
    eta.state = 0.2
    eta.b = 0.3/tau
    phi = gain + t/tau
    beta.W = 0.5
"""


def written(text=TEXT, dims=None, settings=None):
    tree, diagnostics = parse(Source(text))
    assert not diagnostics
    return Written(tree, {"m": 2} if dims is None else dims, settings)


def test_sizes_may_be_expressions_in_sizes_that_stand_later():
    model = written()
    assert model.sizes == {"n": 3, "m": 2, "h": 7, "q": 4}
    assert model.shape("W") == (3, 2)
    assert model.shape("p") == ()
    assert written(dims={"m": 5, "n": 4}).sizes == {"n": 4, "m": 5, "h": 9, "q": 5}


def test_a_size_needs_a_number():
    with pytest.raises(ValueError, match="no number for the size m"):
        written(dims={})


def test_a_fractional_size_is_refused():
    with pytest.raises(ValueError, match="whole number"):
        written("dim n = 3\nstate a[n/2] = 0\n").shape("a")


def test_initial_values():
    model = written()
    assert model.initial("a").tolist() == [1.0, 1.0, 1.0]
    assert model.initial("b").tolist() == [1.0, math.sqrt(3), -0.5]
    assert model.initial("E").tolist() == [[1, 0, 0], [0, 1, 0], [0, 0, 1]]
    assert model.initial("s").item() == 0.5
    assert model.initial("still").tolist() == [0.0, 0.0]
    assert model.consts["K"].tolist() == [[1.0, 0.0], [0.25, math.pi]]
    assert all(model.initial(name).dtype == F64 for name in model.states)


def test_settings():
    model = written()
    assert model.word("order") == "semi-implicit"
    assert model.word("first") == "damped"
    assert model.setting("tau") == 0.5
    assert model.phi(t=3.0, tau=1.5, first=True) == 2.25


def test_phi_of_the_first_sample():
    model = written(settings={"first": "undamped"})
    assert model.phi(t=3.0, tau=1.6, first=True) == 1 / 1.6
    assert model.phi(t=3.0, tau=1.6, first=False) == 0.25 + 3.0 / 1.6


def test_rates_by_name_over_group_over_all():
    model = written()
    assert model.rate("eta", "b", tau=0.6) == 0.5
    assert model.rate("eta", "a", tau=0.6) == 0.2
    assert model.rate("eta", "W", tau=0.6) == 0.1
    assert model.rate("beta", "W", tau=0.6) == 0.5
    assert model.rate("beta", "p", tau=0.6) == 0.01


def test_settings_given_stand_over_those_written():
    model = written(settings={"gain": 2, "eta.b": 0.7, "eta.param": 0.6, "order": "sequential"})
    assert model.setting("tau") == 4.0
    assert model.initial("b").tolist() == [1.0, math.sqrt(3), -4.0]
    assert (model.rate("eta", "b", 1.0), model.rate("eta", "W", 1.0)) == (0.7, 0.6)
    assert model.word("order") == "sequential"


def test_defaults():
    model = written("state a = 0\n")
    assert model.word("order") == "sequential"
    assert [model.setting(path) for path in ("tau", "eta", "phi", "beta")] == [1.0, 0.0, 1.0, 0.01]


@pytest.mark.parametrize("settings", [{"step": "exact"}, {"schedule": "backwards"}, {"gian": 1.0}, {"step.h": "rk4"}])
def test_settings_that_the_judge_does_not_know(settings):
    with pytest.raises(ValueError, match="judge knows"):
        written(settings=settings)


def test_a_step_of_several_stages_has_one_order_where_none_is_written():
    assert written("state a = 0\n", settings={"step": "rk4"}).word("order") == "simultaneous"
    assert written("state a = 0\n", settings={"step": "rk4", "order": "sequential"}).word("order") == "sequential"


def test_shared_and_per_stream():
    model = written()
    # a reads the input, b reads a; E, s, r and what has no dynamics read nothing of a stream. t and tau are shared.
    assert model.per_stream == {"u", "token", "v", "c", "a", "b"}
    assert {name for name in model.defined if model.is_shared(name)} == {"double", "price"}
    assert [name for name in model.states if model.is_shared(name)] == ["E", "s", "r", "still"]
    assert all(model.is_shared(name) for name in model.parameters)


def test_targets_are_read_through_definitions():
    model = written()
    assert model.targets_of("fit") == {"v"}
    assert model.targets_of("class") == {"c"}
    assert model.targets_of("price") == set()


def test_reads_goes_through_definitions():
    model = written()
    assert model.reads(model.defined["class"]) == {"b", "c", "a"}
    assert model.reads(model.dynamics["a"].value) == {"a", "W", "u"}


def test_names_in_keywords_lists_and_transposes():
    tree, diagnostics = parse(Source("let x = sum(-A.T @ [b, 2], axis=k)^e\n"))
    assert not diagnostics
    assert names_in(tree.statements[0].value) == {"A", "b", "k", "e"}


def test_sizes_are_exact():
    # In binary floating point 0.1*3 is not 0.3, and the size would not be whole.
    assert written("dim n = (0.1*3 + 0.7) * 5\nstate a[n] = 0\n").shape("a") == (5,)
